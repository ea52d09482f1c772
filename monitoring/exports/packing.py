"""Packs lines into a stretch of a file that stands for itself."""

from __future__ import annotations

import zlib
from typing import Any, Protocol

from monitoring.exports.models import ExportKind
from monitoring.exports.tables import TablePacking

PART_BYTES = 1024 * 1024
_LEVEL = 3
_GZIP = 31


class Packing(Protocol):
    """One part that is being packed; what a line is depends on the kind of file."""

    row_count: int

    def add(self, line: Any) -> None:
        """Take one more line."""
        ...

    @property
    def size(self) -> int:
        """How many bytes it has by now, about."""
        ...

    @property
    def is_full(self) -> bool:
        """Tell whether the next line belongs into the next part."""
        ...

    def packed(self) -> bytes:
        """Return the whole part; nothing can be added any more."""
        ...


class GzipPacking:
    """A text packed by itself: the parts one after the other are one gzip file."""

    def __init__(self, *, head: bytes = b"", most_bytes: int = PART_BYTES) -> None:
        self.row_count = 0
        self.size = 0
        self._most_bytes = most_bytes
        self._pieces: list[bytes] = []
        self._packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
        self._take(head)

    @property
    def is_full(self) -> bool:
        return self.size >= self._most_bytes

    def add(self, line: bytes) -> None:
        self.row_count += 1
        self._take(line)

    def packed(self) -> bytes:
        return b"".join([*self._pieces, self._packer.flush()])

    def _take(self, data: bytes) -> None:
        if piece := self._packer.compress(data):
            self._pieces.append(piece)
            self.size += len(piece)


def packing_of(kind: str, *, head: bytes = b"", most_bytes: int = PART_BYTES) -> Packing:
    """Return an empty part of a file of this kind."""
    return TablePacking() if kind == ExportKind.PARQUET else GzipPacking(head=head, most_bytes=most_bytes)


def pack(data: bytes) -> bytes:
    """Return a text as a gzip file that may stand before or behind others."""
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
    return packer.compress(data) + packer.flush()
