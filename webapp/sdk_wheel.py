"""Hands out this version's Python client as a wheel, so that `pip install <this server>/sdk/…` works on any machine."""

from __future__ import annotations

import base64
import hashlib
import io
import re
import tomllib
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path, reverse

from webapp.access import public

_SOURCE = Path(settings.BASE_DIR) / "sdk"
_VERSION = re.compile(r'__version__\s*(?::[^=]+)?=\s*"([^"]+)"')
# Files in a zip archive need a date; a fixed one makes equal sources give equal bytes.
_DATE = (2020, 1, 1, 0, 0, 0)


@public("the client holds no secrets, and pip sends none")
def wheel(request: HttpRequest, name: str) -> HttpResponse:
    """Answer with the wheel of this version."""
    if not _SOURCE.is_dir() or name != file_name():
        raise Http404
    return HttpResponse(
        content(), content_type="application/zip", headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


def url() -> str:
    """Return the address that `pip install` takes."""
    return f"{settings.PUBLIC_URL}{reverse('sdk-wheel', args=[file_name()])}"


@cache
def file_name() -> str:
    """Return the name pip reads the version from."""
    return f"callboard-{_version()}-py3-none-any.whl"


@cache
def content() -> bytes:
    """Return the wheel: the package's files, and the three files that describe them."""
    package = _SOURCE / "src"
    files = {
        path.relative_to(package).as_posix(): path.read_bytes()
        for path in sorted(package.glob("callboard/**/*"))
        if path.is_file() and path.suffix in {".py", ".typed", ".json"}
    }
    description = f"callboard-{_version()}.dist-info"
    files[f"{description}/METADATA"] = _metadata(_project()).encode()
    files[f"{description}/WHEEL"] = (
        b"Wheel-Version: 1.0\nGenerator: callboard\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    )
    files[f"{description}/entry_points.txt"] = _entry_points(_project()).encode()
    record = f"{description}/RECORD"
    files[record] = "".join([*(_record_line(name, body) for name, body in files.items()), f"{record},,\n"]).encode()
    return _zipped(files)


def _zipped(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in files.items():
            entry = zipfile.ZipInfo(name, _DATE)
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, body)
    return buffer.getvalue()


def _record_line(name: str, body: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(body).digest()).rstrip(b"=").decode()
    return f"{name},sha256={digest},{len(body)}\n"


def _metadata(project: dict[str, Any]) -> str:
    lines = [
        "Metadata-Version: 2.1", "Name: callboard", f"Version: {_version()}", f"Summary: {project['description']}",
        f"Requires-Python: {project['requires-python']}", *(f"Requires-Dist: {need}" for need in project["dependencies"]),
    ]  # fmt: skip
    for extra, needs in project.get("optional-dependencies", {}).items():
        lines += [f"Provides-Extra: {extra}", *(f'Requires-Dist: {need}; extra == "{extra}"' for need in needs)]
    return "\n".join(lines) + "\n"


def _entry_points(project: dict[str, Any]) -> str:
    return (
        "\n".join(["[console_scripts]", *(f"{name} = {target}" for name, target in project.get("scripts", {}).items())])
        + "\n"
    )


@cache
def _project() -> dict[str, Any]:
    project: dict[str, Any] = tomllib.loads((_SOURCE / "pyproject.toml").read_text())["project"]
    return project


@cache
def _version() -> str:
    found = _VERSION.search((_SOURCE / "src" / "callboard" / "version.py").read_text())
    return found.group(1) if found else "0"


urlpatterns = [path("sdk/<str:name>", wheel, name="sdk-wheel")]
