"""Lines of files: CSV that no spreadsheet takes for a formula, and JSON."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from typing import Any

import orjson

_NEGATIVE_NUMBER = re.compile(r"-\d{1,30}(?:\.\d{1,30})?", re.ASCII)
_STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def harmless(cell: object) -> str:
    """Return the text of a cell; what a spreadsheet would run gets a quote in front."""
    text = "" if cell is None else str(cell)
    return f"'{text}" if text.startswith(_STARTS_A_FORMULA) and not _NEGATIVE_NUMBER.fullmatch(text) else text


def csv_line(row: Sequence[object]) -> bytes:
    """Return one row as CSV, every cell quoted and harmless."""
    line = io.StringIO()
    csv.writer(line, quoting=csv.QUOTE_ALL).writerow([harmless(cell) for cell in row])
    return line.getvalue().encode("utf-8", "replace")


def json_line(row: dict[str, Any]) -> bytes:
    """Return one row as a JSON object on a line of its own."""
    return orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)
