"""Counts what a body holds before it is decoded: a few bytes can stand for an object of a hundred."""

from __future__ import annotations

from collections.abc import Iterator

from monitoring.ingest.limits import MAX_NODES, MAX_SPANS
from monitoring.ingest.spans import BodyTooRich, TooManySpans

# Bodies below this cannot hold enough small things to matter.
_SMALL_BYTES = 2 * 1024 * 1024
# Field numbers of the OTLP messages: the spans of a request, and what stands in a span by the dozen.
_RESOURCE_SPANS, _SCOPE_SPANS, _SPANS = 1, 2, 2
_REPEATED_IN_SPAN = frozenset({9, 11, 13})
# What else holds values: for each kind of message, the fields that hold another, and its kind.
_PARTS: dict[str, dict[int, str]] = {
    "request": {1: "resource spans"},
    "resource spans": {1: "resource", 2: "scope spans"},
    "resource": {1: "pair"},
    "scope spans": {1: "scope", 2: "span"},
    "scope": {3: "pair"},
    "span": {9: "pair", 11: "event", 13: "link"},
    "event": {3: "pair"},
    "link": {4: "pair"},
    "pair": {2: "value"},
    "value": {5: "list", 6: "pairs"},
    "list": {1: "value"},
    "pairs": {1: "pair"},
}
# Every element of a list, and every pair, begins with this byte.
_ELEMENT = b"\n"
_LENGTH_DELIMITED = 2
_SIZES = {1: 8, 5: 4}


def check_protobuf(body: bytes) -> None:
    """Raise TooManySpans or BodyTooRich when the body holds more than a request may; what is no protobuf is left alone."""
    looks_inside = len(body) > _SMALL_BYTES
    spans = nodes = 0
    try:
        for start, end in _spans(body):
            spans += 1
            if spans > MAX_SPANS:
                raise TooManySpans
            if looks_inside:
                nodes += sum(
                    number in _REPEATED_IN_SPAN for number, _, _ in _fields(body, start, end, most=2 * MAX_NODES)
                )
                if nodes > MAX_NODES:
                    raise BodyTooRich
        # Few bodies hold that many of this byte, which is also a line break, so few are looked through.
        if looks_inside and body.count(_ELEMENT) > MAX_NODES:
            _count_all(body)
    except IndexError:
        return  # broken: the decoder says so


def check_json(body: bytes) -> None:
    """Raise BodyTooRich when the body opens more objects and lists than a request may; those inside texts count too."""
    if len(body) > _SMALL_BYTES and body.count(b"{") + body.count(b"[") > MAX_NODES:
        raise BodyTooRich


def _count_all(body: bytes) -> None:
    nodes, waiting = 0, [("request", 0, len(body))]
    while waiting:
        kind, start, end = waiting.pop()
        for number, first, last in _fields(body, start, end):
            if part := _PARTS[kind].get(number):
                nodes += 1
                if nodes > MAX_NODES:
                    raise BodyTooRich
                waiting.append((part, first, last))


def _spans(body: bytes) -> Iterator[tuple[int, int]]:
    for number, start, end in _fields(body, 0, len(body)):
        if number == _RESOURCE_SPANS:
            for inner, first, last in _fields(body, start, end):
                if inner == _SCOPE_SPANS:
                    for innermost, begin, stop in _fields(body, first, last):
                        if innermost == _SPANS:
                            yield begin, stop


def _fields(body: bytes, place: int, end: int, *, most: int = 0) -> Iterator[tuple[int, int, int]]:
    """Yield the length-delimited fields of a message: number, start and end; at most `most` of them when given."""
    seen = 0
    while place < end:
        tag, place = _varint(body, place)
        kind = tag & 7
        if kind == _LENGTH_DELIMITED:
            length, place = _varint(body, place)
            yield tag >> 3, place, min(place + length, end)
            place += length
            seen += 1
            if most and seen > most:
                return
        elif kind == 0:
            _, place = _varint(body, place)
        else:
            place += _SIZES.get(kind, end)


def _varint(body: bytes, place: int) -> tuple[int, int]:
    byte = body[place]
    if byte < 128:
        return byte, place + 1
    number, shift = byte & 127, 7
    while byte >= 128:
        place += 1
        byte = body[place]
        number |= (byte & 127) << shift
        shift += 7
    return number, place + 1
