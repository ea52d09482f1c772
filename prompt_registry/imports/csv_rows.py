"""Prompts out of a table: one prompt in a row, or one message in a row."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from prompt_registry.errors import ImportRefused
from prompt_registry.imports import messages, parameters
from prompt_registry.imports.values import FoundPrompt, Reading, SourceFile, distinct, short

# A prompt may have 256 KiB; Python's own limit is half of that.
csv.field_size_limit(1024 * 1024)

_TEXT_COLUMNS = ("text", "prompt", "template", "content")
_ROLE_COLUMNS = ("system", "developer", "user", "assistant")
_PARAMETERS = ("model", "temperature", "top_p", "max_tokens", "seed", "stop")
_KNOWN = frozenset({"name", "role", "note", "tags", "type", *_TEXT_COLUMNS, *_ROLE_COLUMNS, *_PARAMETERS})
_NO_COLUMNS = (
    "The first row must name the columns: «name», and «text», or «system» and «user», or «role» and «content» "
    "with one message in a row."
)


def fits(file: SourceFile, document: Any) -> bool:
    """Tell whether this is a table of prompts."""
    first = file.text.lstrip("\ufeff").split("\n", 1)[0].lower()
    return file.name.lower().endswith((".csv", ".tsv")) or (
        "name" in first and any(one in first for one in (",", ";", "\t"))
    )


def read(files: Sequence[SourceFile]) -> Reading:
    """Return the prompts of the tables."""
    found = Reading()
    for file in files:
        found += _reading(file)
    return found


def _reading(file: SourceFile) -> Reading:
    rows = _rows(file.text)
    columns = next(rows, {})
    if "name" not in columns or not columns.keys() & {*_TEXT_COLUMNS, *_ROLE_COLUMNS}:
        raise ImportRefused(_NO_COLUMNS)
    unknown = [short(column, 30) for column in columns if column and column not in _KNOWN]
    remarks = [f"Columns that were not taken: {', '.join(unknown[:12])}."] if unknown else []
    if "role" in columns:
        return Reading(list(_conversations(rows)), remarks)
    return Reading([_prompt(row) for row in rows if any(row.values())], remarks)


def _rows(text: str) -> Iterator[dict[str, str]]:
    """Yield the columns, each under its own name, and then every row."""
    text = text.removeprefix("\ufeff").replace("\x00", "")
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    columns: list[str] = []
    try:
        for cells in reader:
            if not columns:
                columns = [cell.strip().lower() for cell in cells]
                yield dict.fromkeys(columns, "")
            else:
                yield dict(zip(columns, cells, strict=False))
    except csv.Error as error:
        raise ImportRefused(f"Row {reader.line_num} cannot be read: {error}.") from None


def _prompt(row: Mapping[str, str]) -> FoundPrompt:
    chat = [{"role": role, "content": row[role]} for role in _ROLE_COLUMNS if row.get(role, "").strip()]
    if chat:
        return _found(row, {"type": "chat", "messages": chat})
    return _found(row, {"type": "text", "text": next((row[name] for name in _TEXT_COLUMNS if row.get(name)), "")})


def _conversations(rows: Iterator[dict[str, str]]) -> Iterator[FoundPrompt]:
    """Yield one prompt for the rows under each other that have the same name, or none."""
    open_row: dict[str, str] | None = None
    chat: list[dict[str, str]] = []
    for row in rows:
        if not any(row.values()):
            continue
        if open_row is not None and row.get("name") not in ("", open_row.get("name")):
            yield _found(open_row, {"type": "chat", "messages": chat})
            open_row, chat = None, []
        open_row = open_row or row
        content = next((row[name] for name in _TEXT_COLUMNS if row.get(name)), "")
        chat.append({"role": messages.role_of(row.get("role", "")), "content": content})
    if open_row is not None:
        yield _found(open_row, {"type": "chat", "messages": chat})


def _found(row: Mapping[str, str], document: dict[str, Any]) -> FoundPrompt:
    settings, remarks = parameters.read({name: row[name].strip() for name in _PARAMETERS if row.get(name, "").strip()})
    tags = tuple(tag.strip() for tag in row.get("tags", "").split(",") if tag.strip())
    document |= {"settings": settings, "variables": []}
    return FoundPrompt(row.get("name", ""), document, note=row.get("note", ""), tags=tags, remarks=distinct(remarks))
