"""Items as other programs read them: JSON documents and rows of a table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from evals.models import DatasetItem, DatasetItemQuerySet

_CHUNK = 500
MOST_COLUMNS = 500


def of_item(item: DatasetItem) -> dict[str, Any]:
    """Return an item as JSON; the same names are read back by the import."""
    return {
        "id": item.number, "input": item.input, "expected_output": item.expected_output, "context": item.context,
        "metadata": item.metadata, "tags": item.tags, "split": item.split, "source": item.source,
        "source_trace_id": item.source_trace_id.hex if item.source_trace_id else None,
        "revision": item.valid_from_revision,
    }  # fmt: skip


def in_chunks(items: DatasetItemQuerySet) -> Iterator[DatasetItem]:
    """Yield all items by number, a few in memory at a time."""
    last = 0
    while chunk := list(items.filter(number__gt=last).order_by("number")[:_CHUNK]):
        yield from chunk
        last = chunk[-1].number


def table(items: DatasetItemQuerySet) -> Iterator[list[str]]:
    """Yield the items as the rows of a table, its head first: a column for each blank and each note, as promptfoo has them."""
    blanks, notes = _names(items)
    yield [*blanks, "__expected", "__context", "__split", "__tags", *(f"__metadata:{name}" for name in notes)]
    for item in in_chunks(items):
        yield [
            *_cells(item.input, blanks), _cell(item.expected_output), item.context, item.split, ",".join(item.tags),
            *_cells(item.metadata, notes),
        ]  # fmt: skip


def _names(items: DatasetItemQuerySet) -> tuple[list[str], list[str]]:
    blanks, notes = dict[str, None](), dict[str, None]()
    for item in in_chunks(items):
        blanks |= dict.fromkeys(item.input)
        notes |= dict.fromkeys(item.metadata)
    return list(blanks)[:MOST_COLUMNS], list(notes)[:MOST_COLUMNS]


def _cells(values: dict[str, Any], names: Iterable[str]) -> list[str]:
    return [_cell(values.get(name)) for name in names]


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else orjson.dumps(value).decode()
