"""Reads files of items row by row, whatever their layout, and never holds more of them than one row needs."""

from __future__ import annotations

import codecs
import csv
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import orjson
from django.db import models

from evals import file_documents
from evals.errors import FileNotUsable
from evals.item_contents import MAX_BYTES, UNNAMED

# A row may say the item's megabyte with everything escaped, and bring columns that are left out.
MAX_ROW = 2 * MAX_BYTES
MAX_COLUMNS = 200
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_SEPARATORS = {",": "csv", ";": "csv-semi", "\t": "csv-tab"}

csv.field_size_limit(MAX_ROW)


class Layout(models.TextChoices):
    CSV = "csv", "CSV"
    CSV_SEMICOLON = "csv-semi", "CSV with semicolons"
    CSV_TAB = "csv-tab", "columns separated by tabs"
    LINES = "jsonl", "JSON lines"
    DOCUMENT = "json", "JSON"

    @property
    def is_table(self) -> bool:
        return self in (Layout.CSV, Layout.CSV_SEMICOLON, Layout.CSV_TAB)


@dataclass(frozen=True, slots=True)
class FileRow:
    """One row of a file with the line it begins on; `problem` says why it could not be read."""

    line: int
    values: dict[str, Any] = field(default_factory=dict)
    problem: str = ""


def recognise(head: bytes) -> Layout:
    """Return how a file is laid out, by its beginning; FileNotUsable says what to do when it is none we read."""
    if head.startswith(b"PK\x03\x04"):
        raise FileNotUsable(
            "This is an Excel workbook or a ZIP archive. Save the sheet as «CSV UTF-8» and take that file."
        )
    if head.startswith((b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"(\xb5/\xfd", b"PAR1")):
        raise FileNotUsable("This file is compressed. Unpack it and take the CSV or JSON lines inside.")
    text = head.decode(_encoding(head), "replace").lstrip("\ufeff \t\r\n")
    if not text:
        raise FileNotUsable("The file is empty.")
    if text.startswith("["):
        return Layout.DOCUMENT
    if text.startswith("{"):
        return Layout.DOCUMENT if _is_document(text) else Layout.LINES
    first = text.splitlines()[0]
    return Layout(_SEPARATORS[max(_SEPARATORS, key=lambda separator: _outside_quotes(first, separator))])


def rows(chunks: Iterable[bytes], layout: Layout) -> Iterator[FileRow]:
    """Yield the rows of a file; FileNotUsable ends them where nothing behind can be read any more."""
    pieces = _texts(chunks)
    if layout == Layout.DOCUMENT:
        yield from _of_document(pieces)
    elif layout == Layout.LINES:
        yield from _of_lines(pieces)
    else:
        separator = next(sign for sign, name in _SEPARATORS.items() if name == layout)
        yield from _of_table(_lines(pieces), separator)


def _encoding(head: bytes) -> str:
    return "utf-16" if head.startswith(_UTF16) else "utf-8-sig"


def _outside_quotes(line: str, separator: str) -> int:
    return sum(part.count(separator) for part in line.split('"')[::2])


def _is_document(text: str) -> bool:
    """Tell a JSON document from JSON lines by what its first value is."""
    try:
        value, end = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        # Cut off or broken: a line that closes what it opens is one of JSON lines.
        return not text.split("\n", 1)[0].rstrip().endswith("}")
    return "\n" in text[:end].strip() or any(isinstance(value.get(name), list) for name in file_documents.HOLDERS)


def _texts(chunks: Iterable[bytes]) -> Iterator[str]:
    """Yield the text of the chunks with line ends alike."""
    source = iter(chunks)
    first = next(source, b"")
    decoder = codecs.getincrementaldecoder(_encoding(first))()
    newlines = io.IncrementalNewlineDecoder(decoder, translate=True)
    line = 1
    try:
        for chunk in chain([first], source):
            text = newlines.decode(bytes(chunk))
            line += text.count("\n")
            yield text
        yield newlines.decode(b"", final=True)
    except UnicodeDecodeError as error:
        line += error.object[: error.start].count(b"\n")
        raise FileNotUsable(
            f"Line {line} holds characters that are not UTF-8. Save the file again, in a spreadsheet as «CSV UTF-8»."
        ) from error


def _lines(pieces: Iterable[str]) -> Iterator[str]:
    pending, number = "", 1
    for piece in pieces:
        *whole, pending = (pending + piece).split("\n")
        number += len(whole)
        yield from (f"{line}\n" for line in whole)
        if len(pending) > MAX_ROW:
            raise FileNotUsable(f"Line {number} is longer than 2 MiB. No item may be that long.")
    if pending:
        yield pending


def _of_lines(pieces: Iterable[str]) -> Iterator[FileRow]:
    for number, line in enumerate(_lines(pieces), start=1):
        if not line.strip():
            continue
        try:
            yield _row(number, orjson.loads(line))
        except orjson.JSONDecodeError as error:
            yield FileRow(number, problem=f"This is not valid JSON at character {error.colno}.")
        except UnicodeEncodeError:
            yield FileRow(number, problem="This line holds a broken character.")


def _of_document(pieces: Iterable[str]) -> Iterator[FileRow]:
    for line, value in file_documents.values(pieces, longest=MAX_ROW):
        yield _row(line, value)


def _row(line: int, value: Any) -> FileRow:
    if isinstance(value, dict):
        return FileRow(line, value)
    if isinstance(value, str | list):
        return FileRow(line, {UNNAMED: value})
    return FileRow(line, problem="An item must be an object, a text or a list of messages.")


def _of_table(lines: Iterator[str], separator: str) -> Iterator[FileRow]:
    reader = csv.reader(lines, delimiter=separator, strict=True)
    heads = _heads(reader)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield FileRow(line, problem=f"The cells cannot be told apart: {error}. Look for a missing quotation mark.")
            continue
        if any(cell.strip() for cell in cells):
            yield _cells(line, heads, cells)


def _heads(reader: Iterator[list[str]]) -> list[str]:
    try:
        heads = [head.strip() for head in next(reader, [])]
    except csv.Error as error:
        raise FileNotUsable(f"The first line, with the names of the columns, cannot be read: {error}.") from error
    while heads and not heads[-1]:
        heads.pop()
    if len(heads) > MAX_COLUMNS:
        raise FileNotUsable(f"The file has {len(heads)} columns. Up to {MAX_COLUMNS} are read.")
    for place, head in enumerate(heads, start=1):
        if not head:
            raise FileNotUsable(f"Column {place} has no name in the first line. Give it one, or remove the column.")
        if head in heads[: place - 1]:
            raise FileNotUsable(f"Two columns are named «{head[:60]}». Rename one of them in the first line.")
    if not heads:
        raise FileNotUsable("The first line must name the columns.")
    return heads


def _cells(line: int, heads: list[str], cells: list[str]) -> FileRow:
    if any(cell.strip() for cell in cells[len(heads) :]):
        return FileRow(line, problem=f"This row has {len(cells)} cells, but there are {len(heads)} columns.")
    padded = [*cells[: len(heads)], *[""] * (len(heads) - len(cells))]
    return FileRow(line, {head: _unescaped(cell) for head, cell in zip(heads, padded, strict=True)})


def _unescaped(cell: str) -> str:
    """Undo the quote that our own files put before what a spreadsheet would run as a formula."""
    return cell[1:] if cell.startswith("'") and cell[1:2] in tuple("=+-@\t\r") else cell
