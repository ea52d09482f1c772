"""Uploads: text files and archives of them, within limits."""

from __future__ import annotations

import gzip
import io
import tarfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prompt_registry.errors import ImportRefused
from prompt_registry.imports import archives


def tar(**files: str) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(text.encode())
            archive.addfile(info, io.BytesIO(text.encode()))
    return made.getvalue()


def test_a_text_file_is_itself():
    assert archives.unpack("a.md", "Grüße".encode()) == [archives.SourceFile("a.md", "Grüße")]


def test_tables_as_spreadsheets_write_them_are_read():
    [file] = archives.unpack("a.csv", "\ufeffname,text\na,ö".encode("utf-16"))

    assert file.text.endswith("name,text\na,ö")


def test_the_files_of_an_archive_keep_their_folders_and_hidden_ones_are_left_out():
    data = gzip.compress(tar(**{"support/a.md": "A", "._a.md": "x", "image.png": "x", "b.txt": "B"}))

    assert archives.unpack("x.tar.gz", data) == [
        archives.SourceFile("support/a.md", "A"),
        archives.SourceFile("b.txt", "B"),
    ]


def test_links_in_an_archive_are_not_followed():
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        link = tarfile.TarInfo("a.md")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)

    assert archives.unpack("x.tar", made.getvalue()) == []


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"PK\x03\x04rest", "ZIP files are not read"),
        (b"\xff\xfa\xfb", "not text in UTF-8"),
        (b"\x1f\x8bnot gzip", "cannot be unpacked"),
        (gzip.compress(b"x")[:-4], "cut off"),
        (gzip.compress(b"x") + gzip.compress(b"y"), "more than one part"),
        (gzip.compress(b"\x00" * (archives.MAX_BYTES + 1)), "larger than 50 MiB"),
    ],
    # The compressed bytes carry the time of day, which the names of tests must not.
    ids=["zip", "not text", "no gzip", "cut off", "two parts", "too large"],
)
def test_what_cannot_be_unpacked_is_refused(data, sentence):
    with pytest.raises(ImportRefused, match=sentence):
        archives.unpack("x", data)


def test_a_large_file_is_refused(monkeypatch):
    monkeypatch.setattr(archives, "MAX_BYTES", 10)

    with pytest.raises(ImportRefused, match="larger than 50 MiB"):
        archives.unpack("a.md", b"x" * 11)


@settings(deadline=None)
@given(st.integers(0, 1024), st.binary(min_size=1, max_size=40))
def test_a_damaged_archive_raises_nothing_but_the_refusal(place, junk):
    good = tar(**{"a.md": "A", "b/" + "c" * 150 + ".md": "B"})
    damaged = good[:place] + junk + good[place + len(junk) :]
    try:
        found = archives.unpack("x.tar", damaged)
    except ImportRefused:
        return

    assert all(isinstance(file.text, str) for file in found)
