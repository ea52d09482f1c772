"""Calls as a Parquet file: one fixed schema, rows in groups, so that what is in memory does not grow with the file.

The library is large and loaded where a file is written, which is in workers; web processes never write one.
"""

from __future__ import annotations

import functools
import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow.parquet import ParquetWriter

# What a column is; a `?` may be empty. Columns are only ever added, at the end: docs/guide/data.md.
COLUMNS = {
    "trace_id": "text", "span_id": "text", "parent_span_id": "text?", "name": "text", "kind": "text", "started_at": "moment",
    "duration_ms": "number", "first_token_ms": "number?", "environment": "text", "service": "text", "release": "text",
    "prompt": "text?", "prompt_version": "count?", "rollout": "text?", "arm": "text?", "provider": "text", "model": "text",
    "status": "text", "error": "text?", "user": "text?", "session": "text?", "input_tokens": "count?", "output_tokens": "count?",
    "cached_tokens": "count?", "reasoning_tokens": "count?", "cost_usd": "number?", "flags": "words", "scores": "scores",
    "input": "text?", "output": "text?", "metadata": "text?",
}  # fmt: skip
MOST_ROWS = 20_000
MOST_BYTES = 16 * 1024 * 1024
_GROUP_ROWS = 5_000
_GROUP_BYTES = 8 * 1024 * 1024


class TablePacking:
    """One Parquet file that is being written in memory."""

    def __init__(self) -> None:
        self.row_count = 0
        self._rows: list[Mapping[str, Any]] = []
        self._text_bytes = 0
        self._file = io.BytesIO()
        self._writer: ParquetWriter | None = None

    @property
    def size(self) -> int:
        return self._file.tell() + self._text_bytes

    @property
    def is_full(self) -> bool:
        return self.row_count >= MOST_ROWS or self.size >= MOST_BYTES

    def add(self, row: Mapping[str, Any]) -> None:
        self.row_count += 1
        self._rows.append(row)
        self._text_bytes += sum(len(row[name] or "") for name in ("input", "output", "metadata"))
        if len(self._rows) >= _GROUP_ROWS or self._text_bytes >= _GROUP_BYTES:
            self._write_group()

    def packed(self) -> bytes:
        if self._rows or self._writer is None:
            self._write_group()
        if self._writer is not None:
            self._writer.close()
        return self._file.getvalue()

    def _write_group(self) -> None:
        import pyarrow as pa
        from pyarrow.parquet import ParquetWriter

        if self._writer is None:
            self._writer = ParquetWriter(self._file, schema(), compression="zstd")
        self._writer.write_table(pa.Table.from_pylist(self._rows, schema=schema()))
        self._rows, self._text_bytes = [], 0


@functools.cache
def schema() -> pa.Schema:
    """Return the types of the columns as the library knows them."""
    import pyarrow as pa

    moment = pa.timestamp("us", tz="UTC")
    score = pa.struct([
        ("name", pa.string()), ("type", pa.string()), ("source", pa.string()), ("number", pa.float64()), ("text", pa.string()),
        ("comment", pa.string()), ("at", moment), ("is_of_step", pa.bool_()),
    ])  # fmt: skip
    types = {
        "text": pa.string(), "number": pa.float64(), "count": pa.int64(), "moment": moment, "words": pa.list_(pa.string()),
        "scores": pa.list_(score),
    }  # fmt: skip
    return pa.schema([
        pa.field(name, types[kind.removesuffix("?")], nullable=kind.endswith("?")) for name, kind in COLUMNS.items()
    ])  # fmt: skip
