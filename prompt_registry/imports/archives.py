"""Unpacks what somebody uploads: text files, or a .tar.gz of them, within limits that hold while unpacking."""

from __future__ import annotations

import io
import tarfile
import zlib
from collections.abc import Iterator

from prompt_registry.errors import ImportRefused
from prompt_registry.imports.values import SourceFile

MAX_BYTES = 50 * 1024 * 1024
MAX_FILES = 5_000
_CHUNK = 1024 * 1024
_TEXT_ENDINGS = (".md", ".markdown", ".txt", ".prompt", ".json", ".jsonl", ".yaml", ".yml", ".csv")
_ZIP = "ZIP files are not read. Pack the files as .tar.gz, or choose all of them at once."
_TOO_LARGE = "This is larger than 50 MiB when unpacked. Import it in parts."


def unpack(name: str, data: bytes) -> list[SourceFile]:
    """Return the text files in an upload, or raise ImportRefused."""
    if len(data) > MAX_BYTES:
        raise ImportRefused("This file is larger than 50 MiB. Import it in parts.")
    if data.startswith(b"PK\x03\x04"):
        raise ImportRefused(_ZIP)
    if data.startswith(b"\x1f\x8b"):
        data, name = _inflated(data), name.removesuffix(".gz").removesuffix(".tgz")
    if data[257:262] == b"ustar":
        return list(_members(data))
    return [SourceFile(name[-300:], decoded(name, data))]


def decoded(name: str, data: bytes) -> str:
    """Return the text of a file in UTF-8, or in UTF-16 with its mark as spreadsheets write it."""
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return data.decode(encoding).replace("\x00", "")
    except UnicodeDecodeError:
        raise ImportRefused(f"{name[-80:]} is not text in UTF-8. Save it as UTF-8, then try again.") from None


def _inflated(data: bytes) -> bytes:
    unzip = zlib.decompressobj(wbits=31)
    parts, size, pending = list[bytes](), 0, data
    try:
        while pending and not unzip.eof:
            parts.append(unzip.decompress(pending, _CHUNK))
            pending = unzip.unconsumed_tail
            size += len(parts[-1])
            if size > MAX_BYTES:
                raise ImportRefused(_TOO_LARGE)
    except zlib.error:
        raise ImportRefused("This file says it is compressed, but it cannot be unpacked.") from None
    if not unzip.eof or unzip.unused_data.strip(b"\x00"):
        raise ImportRefused("This compressed file is cut off, or has more than one part.")
    return b"".join(parts)


def _members(data: bytes) -> Iterator[SourceFile]:
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
            for count, member in enumerate(archive, 1):
                if count > MAX_FILES:
                    raise ImportRefused(f"This archive holds more than {MAX_FILES:,} files.")
                if _is_wanted(member) and (file := archive.extractfile(member)) is not None:
                    yield SourceFile(member.name[-300:], decoded(member.name, file.read(MAX_BYTES)))
    except (tarfile.TarError, ValueError, OverflowError, OSError, EOFError, LookupError) as error:
        raise ImportRefused("This archive is damaged and cannot be unpacked.") from error


def _is_wanted(member: tarfile.TarInfo) -> bool:
    """Tell whether this is a text file; links and files that systems hide are none."""
    base = member.name.rsplit("/", 1)[-1]
    return member.isreg() and not base.startswith(".") and base.lower().endswith(_TEXT_ENDINGS)
