"""Sorts the attributes of a span in one pass: facts, texts, what the application added, and everything else to keep."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from monitoring.ingest import dialects
from monitoring.ingest.cuts import Cuts
from monitoring.ingest.dialects import Shape
from monitoring.ingest.limits import MAX_ATTRIBUTES, MAX_VALUE_CHARS
from monitoring.ingest.messages import loaded

# What becomes of an attribute: the first three stay among the attributes, the others are set apart.
_KEPT, _FACT, _KIND, _INPUT, _OUTPUT, _INPUT_PIECE, _OUTPUT_PIECE, _ASIDE, _METADATA, _OBJECT, _TAGS, _DROPPED = range(
    12
)
# What becomes of it, and two details: for a fact its name and rank, for a text its rank and shape.
_Place = tuple[int, Any, Any]
_NOT_NAMED = 1_000
# Names are sent by clients, so what is remembered about them stays bounded.
_NAMES_REMEMBERED = 20_000

# A text with its rank among the sources of its side, and how it is written down; a flattened list as rows of pieces.
Source = tuple[int, Shape, Any]
Rows = dict[int, dict[str, Any]]
NOWHERE: Source = (_NOT_NAMED, Shape.TEXT, None)


@dataclass(slots=True)
class Sorted:
    """The attributes of one span or resource, by what becomes of them; `kind` is None when nothing names one."""

    facts: dict[str, Any]
    kept: dict[str, Any]
    metadata: dict[str, Any]
    # Said beside the texts and part of them: instructions, tool calls, events that were logged as an attribute.
    aside: dict[str, Any]
    cuts: Cuts
    kind: int | None = None
    input: Source = NOWHERE
    output: Source = NOWHERE


def sort(attributes: dict[str, Any]) -> Sorted:
    """Return the attributes sorted; a text of a lower rank than another of its side is left out, long values are cut."""
    found = Sorted({}, {}, {}, {}, Cuts())
    facts, kept, places = found.facts, found.kept, _PLACES
    ranks: dict[str, int] = {}
    kind_rank = _NOT_NAMED
    for key, value in attributes.items():
        becomes, target, rank = places.get(key) or _learn(key)
        if becomes > _KIND:
            if value is not None:
                _set_apart(found, becomes, target, rank, value)
            continue
        if type(value) is str:
            kept[key] = value if len(value) <= MAX_VALUE_CHARS else found.cuts.value(key, value)
        else:
            kept[key] = found.cuts.value(key, value) if isinstance(value, list | dict) else value
        if becomes == _FACT:
            if rank <= ranks.get(target, rank) and value is not None and value != "":
                facts[target], ranks[target] = value, rank
        elif becomes == _KIND and rank < kind_rank and isinstance(value, str) and value in target:
            found.kind, kind_rank = int(target[value]), rank
    if len(kept) > MAX_ATTRIBUTES:
        found.kept = found.cuts.attributes(kept)
    return found


def _set_apart(found: Sorted, becomes: int, target: Any, detail: Any, value: Any) -> None:
    if becomes == _INPUT:
        if target < found.input[0]:
            found.input = (target, detail, value)
    elif becomes == _OUTPUT:
        if target < found.output[0]:
            found.output = (target, detail, value)
    elif becomes == _INPUT_PIECE:
        found.input = _with_piece(found.input, target, detail, value)
    elif becomes == _OUTPUT_PIECE:
        found.output = _with_piece(found.output, target, detail, value)
    elif becomes == _ASIDE:
        found.aside[target] = value
    elif becomes == _METADATA:
        found.metadata[target] = found.cuts.value(target, value)
    elif becomes == _OBJECT:
        found.metadata.update(_members(found, value))
    elif becomes == _TAGS:
        found.metadata.setdefault("tags", found.cuts.value("tags", value))


def _with_piece(source: Source, rank: int, place: tuple[int, str], value: Any) -> Source:
    """Add one piece of a flattened list to its rows, unless a source of a higher rank is there already."""
    if rank > source[0]:
        return source
    rows: Rows = source[2] if rank == source[0] and source[1] is Shape.FLAT else {}
    index, name = place
    rows.setdefault(index, {})[name] = value
    return (rank, Shape.FLAT, rows)


def _members(found: Sorted, value: Any) -> dict[str, Any]:
    """Return the members of metadata that came as one object, or the value itself when it is none."""
    members = loaded(value)
    if not isinstance(members, dict):
        members = {"metadata": value}
    return {str(name): found.cuts.value(str(name), member) for name, member in members.items()}


def _in_the_table() -> Iterator[tuple[str, _Place]]:
    for side, sources in ((_INPUT, dialects.INPUT), (_OUTPUT, dialects.OUTPUT)):
        for rank, (name, shape) in enumerate(sources):
            if shape is not Shape.EVENTS:
                # A list that is usually flattened may also come whole, as JSON.
                yield name, (side, rank, Shape.MESSAGES if shape is Shape.FLAT else shape)
    yield from ((name, (_ASIDE, what, None)) for what, names in dialects.ASIDE.items() for name in names)
    yield from ((name, (_OBJECT, None, None)) for name in dialects.METADATA_OBJECTS)
    yield from ((name, (_TAGS, None, None)) for name in dialects.TAGS)
    for fact, names in dialects.FACTS.items():
        yield from ((name, (_FACT, fact, rank)) for rank, name in enumerate(names))
    yield from ((name, (_KIND, words, rank)) for rank, (name, words) in enumerate(dialects.KINDS))


_PLACES: dict[str, _Place] = dict(_in_the_table())
_FLAT = [
    (f"{name}.", piece, rank)
    for piece, sources in ((_INPUT_PIECE, dialects.INPUT), (_OUTPUT_PIECE, dialects.OUTPUT))
    for rank, (name, shape) in enumerate(sources)
    if shape is Shape.FLAT
]


def _learn(key: str) -> _Place:
    """Return what becomes of an attribute whose name is not in the table, and remember it."""
    place = _place(key)
    if len(_PLACES) < _NAMES_REMEMBERED:
        _PLACES[key] = place
    return place


def _place(key: str) -> _Place:
    for prefix in dialects.METADATA_PREFIXES:
        if key.startswith(prefix) and len(key) > len(prefix):
            return (_METADATA, key[len(prefix) :], None)
    for prefix, piece, rank in _FLAT:
        if key.startswith(prefix):
            index, _, name = key[len(prefix) :].partition(".")
            # Not `isdigit`, which takes superscripts for digits.
            if name and len(index) <= 6 and index.isascii() and index.isdecimal():
                return (_DROPPED, None, None) if name in dialects.UNREADABLE else (piece, rank, (int(index), name))
    return (_KEPT, None, None)
