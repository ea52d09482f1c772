"""The file of an export in parts: each is packed by itself, and a part is there whole or not at all.

Texts one after the other are one gzip file. Parquet files stand side by side: one is taken away as it is, several in a zip.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator
from typing import Any

from django.db.models import Max, Sum

from monitoring.exports import archives
from monitoring.exports.models import Export, ExportKind, ExportPart
from monitoring.exports.packing import Packing, packing_of

_GZIP = 31


class PartWriter:
    """Takes lines and stores them as parts behind those that are there; the caller's transaction makes them hold."""

    def __init__(self, export: Export) -> None:
        self._export = export
        self._open: dict[str, Packing] = {}
        self.row_count = 0
        self.byte_count = 0

    def add(self, file: str, line: Any) -> None:
        packing = self._open.get(file)
        if packing is None:
            packing = self._open[file] = packing_of(self._export.kind)
        packing.add(line)
        self.row_count += 1
        if packing.is_full:
            self._store(file, self._open.pop(file))

    def close(self) -> None:
        """Store what is left."""
        for file, packing in self._open.items():
            self._store(file, packing)
        self._open.clear()

    def _store(self, file: str, packing: Packing) -> None:
        data = packing.packed()
        self.byte_count += len(data)
        ExportPart.objects.create(
            project_id=self._export.project_id, export=self._export, file=file, number=_last_number(self._export, file) + 1,
            row_count=packing.row_count, data=data,
        )  # fmt: skip


def _last_number(export: Export, file: str) -> int:
    found = ExportPart.objects.filter(export=export, file=file).aggregate(last=Max("number"))["last"]
    return int(found or 0)


def read(export: Export, file: str) -> Iterator[bytes]:
    """Yield the packed file, one part in memory at a time."""
    parts, number = ExportPart.objects.filter(export=export, file=file), 1
    while (data := parts.filter(number=number).values_list("data", flat=True).first()) is not None:
        yield bytes(data)
        number += 1


def is_archive(export: Export, file: str) -> bool:
    """Tell whether the file is taken away as a zip of several."""
    return export.kind == ExportKind.PARQUET and _last_number(export, file) > 1


def whole(export: Export, file: str) -> Iterator[bytes]:
    """Yield the file as it is kept: packed text, a Parquet file, or a zip of several."""
    pieces = read(export, file)
    return archives.zipped(pieces, ending=ExportKind.PARQUET) if is_archive(export, file) else pieces


def plain(export: Export, file: str) -> Iterator[bytes]:
    """Yield the file as programs read it: texts are unpacked, Parquet stays as it is."""
    pieces = whole(export, file)
    return pieces if export.kind == ExportKind.PARQUET else (text for data in pieces for text in unpacked(data))


def described(export: Export, file: str) -> dict[str, Any]:
    """Return the name, the rows, the bytes and the SHA-256 of a whole file, as somebody who has it would compute them."""
    packed = _weighed(whole(export, file))
    unpacked = packed if export.kind == ExportKind.PARQUET else _weighed(plain(export, file))
    rows = ExportPart.objects.filter(export=export, file=file).aggregate(rows=Sum("row_count"))["rows"]
    return {
        "name": file, "rows": rows or 0, "bytes": packed[0], "sha256": packed[1], "plain_bytes": unpacked[0],
        "plain_sha256": unpacked[1],
    }  # fmt: skip


def _weighed(pieces: Iterator[bytes]) -> tuple[int, str]:
    digest, size = hashlib.sha256(), 0
    for piece in pieces:
        digest.update(piece)
        size += len(piece)
    return size, digest.hexdigest()


def unpacked(data: bytes) -> Iterator[bytes]:
    """Yield what a part holds: it may be several packed pieces in a row."""
    while data:
        unpacker = zlib.decompressobj(_GZIP)
        yield unpacker.decompress(data)
        data = unpacker.unused_data
