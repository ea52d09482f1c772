"""Files to take away: lines of CSV that no spreadsheet takes for a formula, and lines of JSON."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import orjson
from django.http import StreamingHttpResponse

_STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def harmless(cell: object) -> str:
    """Return the text of a cell; what a spreadsheet would run gets a quote in front."""
    text = "" if cell is None else str(cell)
    return f"'{text}" if text.startswith(_STARTS_A_FORMULA) else text


def csv_lines(rows: Iterable[Sequence[object]]) -> Iterator[bytes]:
    """Yield rows as CSV, every cell quoted and harmless."""
    for row in rows:
        line = io.StringIO()
        csv.writer(line, quoting=csv.QUOTE_ALL).writerow([harmless(cell) for cell in row])
        yield line.getvalue().encode()


def json_lines(rows: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    """Yield rows as one JSON object a line."""
    for row in rows:
        yield orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)


def download(lines: Iterator[bytes], *, name: str, content_type: str) -> StreamingHttpResponse:
    """Answer with a file that the browser stores and never shows."""
    response = StreamingHttpResponse(lines, content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store"
    return response
