"""Files to take away: lines of CSV that no spreadsheet takes for a formula, and lines of JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.http import StreamingHttpResponse

from monitoring.exports import lines
from monitoring.exports.lines import harmless

__all__ = ["csv_lines", "download", "harmless", "json_lines"]


def csv_lines(rows: Iterable[Sequence[object]]) -> Iterator[bytes]:
    """Return rows as CSV, every cell quoted and harmless."""
    return map(lines.csv_line, rows)


def json_lines(rows: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    """Return rows as one JSON object a line."""
    return map(lines.json_line, rows)


def download(content: Iterator[bytes], *, name: str, content_type: str) -> StreamingHttpResponse:
    """Answer with a file that the browser stores and never shows."""
    response = StreamingHttpResponse(content, content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store"
    return response
