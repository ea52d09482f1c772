"""The file of an export in parts: each is packed by itself, so that the parts one after the other are one gzip file."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator
from typing import Any

from django.db.models import Max, Sum

from monitoring.exports.models import Export, ExportPart

_PART_BYTES = 1024 * 1024
_LEVEL = 3
_GZIP = 31


class PartWriter:
    """Takes lines and stores them as parts behind those that are there; the caller's transaction makes them hold."""

    def __init__(self, export: Export) -> None:
        self._export = export
        self._open: dict[str, _Packing] = {}
        self.row_count = 0
        self.byte_count = 0

    def add(self, file: str, line: bytes) -> None:
        packing = self._open.get(file)
        if packing is None:
            packing = self._open[file] = _Packing(self._next_number(file))
        packing.add(line)
        self.row_count += 1
        if packing.size >= _PART_BYTES:
            self._store(file, packing)
            self._open[file] = _Packing(packing.number + 1)

    def close(self) -> None:
        """Store what is left."""
        for file, packing in self._open.items():
            if packing.row_count:
                self._store(file, packing)
        self._open.clear()

    def _next_number(self, file: str) -> int:
        found = ExportPart.objects.filter(export=self._export, file=file).aggregate(last=Max("number"))["last"]
        return (found or 0) + 1

    def _store(self, file: str, packing: _Packing) -> None:
        data = packing.packed()
        self.byte_count += len(data)
        ExportPart.objects.create(
            project_id=self._export.project_id, export=self._export, file=file, number=packing.number,
            row_count=packing.row_count, data=data,
        )  # fmt: skip


class _Packing:
    """One part that is being packed."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.row_count = 0
        self.size = 0
        self._pieces: list[bytes] = []
        self._packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)

    def add(self, line: bytes) -> None:
        self.row_count += 1
        if piece := self._packer.compress(line):
            self._pieces.append(piece)
            self.size += len(piece)

    def packed(self) -> bytes:
        return b"".join([*self._pieces, self._packer.flush()])


def pack(data: bytes) -> bytes:
    """Return a text as a gzip file that may stand before or behind others."""
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
    return packer.compress(data) + packer.flush()


def read(export: Export, file: str) -> Iterator[bytes]:
    """Yield the packed file, one part in memory at a time."""
    parts, number = ExportPart.objects.filter(export=export, file=file), 1
    while (data := parts.filter(number=number).values_list("data", flat=True).first()) is not None:
        yield bytes(data)
        number += 1


def described(export: Export, file: str) -> dict[str, Any]:
    """Return the name, the rows, the bytes and the SHA-256 of a whole file, as somebody who has it would compute them."""
    packed, plain, size, plain_size = hashlib.sha256(), hashlib.sha256(), 0, 0
    for data in read(export, file):
        packed.update(data)
        size += len(data)
        for piece in unpacked(data):
            plain.update(piece)
            plain_size += len(piece)
    rows = ExportPart.objects.filter(export=export, file=file).aggregate(rows=Sum("row_count"))["rows"]
    return {
        "name": file, "rows": rows or 0, "bytes": size, "sha256": packed.hexdigest(), "plain_bytes": plain_size,
        "plain_sha256": plain.hexdigest(),
    }  # fmt: skip


def unpacked(data: bytes) -> Iterator[bytes]:
    """Yield what a part holds: it may be several packed pieces in a row."""
    while data:
        unpacker = zlib.decompressobj(_GZIP)
        yield unpacker.decompress(data)
        data = unpacker.unused_data
