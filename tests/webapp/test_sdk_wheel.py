"""The client that this server hands out."""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile

from webapp import sdk_wheel


def archive() -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(sdk_wheel.content()))


def described(name: str) -> str:
    (path,) = [path for path in archive().namelist() if path.endswith(f".dist-info/{name}")]
    return archive().read(path).decode()


def test_the_wheel_carries_the_package_with_its_types_and_command():
    names = archive().namelist()

    assert {"callboard/__init__.py", "callboard/py.typed"} <= set(names)
    assert "callboard = callboard.cli.main:main" in described("entry_points.txt")
    assert not [name for name in names if not name.startswith("callboard")]


def test_the_wheel_needs_nothing_but_python():
    metadata = described("METADATA").splitlines()

    assert "Requires-Python: >=3.11" in metadata
    assert [line for line in metadata if line.startswith("Requires-Dist") and "extra ==" not in line] == []
    assert 'Requires-Dist: openai>=1.40; extra == "openai"' in metadata


def test_the_record_fits_every_file():
    for line in described("RECORD").splitlines():
        name, digest, size = line.rsplit(",", 2)
        if not digest:
            continue
        body = archive().read(name)
        expected = base64.urlsafe_b64encode(hashlib.sha256(body).digest()).rstrip(b"=").decode()
        assert (digest, int(size)) == (f"sha256={expected}", len(body))


def test_the_file_is_an_attachment_of_its_version(client):
    answer = client.get(f"/sdk/{sdk_wheel.file_name()}")

    assert answer.content == sdk_wheel.content()
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{sdk_wheel.file_name()}"'


def test_other_files_do_not_exist(client):
    for name in ("callboard-9.9.9-py3-none-any.whl", "pyproject.toml", "..%2fwebapp%2fsettings.py"):
        assert client.get(f"/sdk/{name}").status_code == 404
