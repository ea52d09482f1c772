"""Shows what changed between two texts: lines first, words inside the changed lines."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from prompt_registry.alignments import Block, align
from prompt_registry.oddities import reveal

EQUAL = "equal"
INSERT = "insert"
DELETE = "delete"

_WORD = re.compile(r"\s+|\w+|[^\w\s]")
# Lines that share less than this are shown as one removed and one added, not as a soup of words.
_ALIKE = 0.35
# Beyond this many pairs of lines a replaced block is shown as removed and added: nobody reads words at that size.
_MAX_PAIRS = 20_000


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of words that is the same, was added or was removed."""

    op: str
    text: str


@dataclass(frozen=True, slots=True)
class Row:
    """One line on each side; a side without a line is None."""

    before: tuple[Piece, ...] | None
    after: tuple[Piece, ...] | None
    both: tuple[Piece, ...]

    @property
    def op(self) -> str:
        """Say whether the line is equal, insert, delete or changed."""
        if self.before is None:
            return INSERT
        if self.after is None:
            return DELETE
        return EQUAL if all(piece.op == EQUAL for piece in self.both) else "changed"


def compare(before: str, after: str) -> list[Row]:
    """Return the rows of a readable comparison; invisible characters are spelled out in them."""
    a, b = before.split("\n") if before else [], after.split("\n") if after else []
    return [row for block in align(a, b) for row in _rows(a, b, block)]


def words(before: str, after: str) -> tuple[Piece, ...]:
    """Return the words of both texts in one line of pieces."""
    a, b = _WORD.findall(before), _WORD.findall(after)
    return tuple(_calmed([piece for block in align(a, b) for piece in _pieces(a, b, block)]))


def counts(before: str, after: str) -> tuple[int, int]:
    """Return how many words were added and how many were removed."""
    pieces = [piece for row in compare(before, after) for piece in row.both]
    added, removed = (sum(_word_count(piece.text) for piece in pieces if piece.op == op) for op in (INSERT, DELETE))
    return added, removed


def _rows(a: Sequence[str], b: Sequence[str], block: Block) -> Iterator[Row]:
    if block.is_same:
        for line in a[block.a_start : block.a_end]:
            piece = (Piece(EQUAL, reveal(line)),)
            yield Row(piece, piece, piece)
        return
    for old, new in _paired(a[block.a_start : block.a_end], b[block.b_start : block.b_end]):
        yield _row(old, new)


def _row(old: str | None, new: str | None) -> Row:
    if old is None or new is None:
        piece = (Piece(DELETE, reveal(old)) if old is not None else Piece(INSERT, reveal(new or "")),)
        return Row(piece if old is not None else None, piece if new is not None else None, piece)
    both = words(old, new)
    return Row(
        before=tuple(piece for piece in both if piece.op != INSERT),
        after=tuple(piece for piece in both if piece.op != DELETE),
        both=both,
    )


def _paired(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[str | None, str | None]]:
    """Return the lines of a replaced block side by side, each with the line it most probably became."""
    at = 0
    candidates = [Counter(_WORD.findall(line)) for line in new] if len(old) * len(new) <= _MAX_PAIRS else []
    for line in old:
        match = _best_match(line, candidates, at)
        if match is None:
            yield line, None
            continue
        yield from ((None, added) for added in new[at:match])
        yield line, new[match]
        at = match + 1
    yield from ((None, added) for added in new[at:])


def _best_match(line: str, candidates: Sequence[Counter[str]], start: int) -> int | None:
    best, place = _ALIKE, None
    wanted = Counter(_WORD.findall(line))
    for index in range(start, len(candidates)):
        likeness = _likeness(wanted, candidates[index])
        if likeness > best:
            best, place = likeness, index
    return place


def _likeness(first: Counter[str], second: Counter[str]) -> float:
    shared = sum(len(word) * count for word, count in (first & second).items())
    return 2 * shared / max(1, _length(first) + _length(second))


def _length(counter: Counter[str]) -> int:
    return sum(len(word) * count for word, count in counter.items())


def _pieces(a: Sequence[str], b: Sequence[str], block: Block) -> Iterator[Piece]:
    removed, added = "".join(a[block.a_start : block.a_end]), "".join(b[block.b_start : block.b_end])
    if block.is_same:
        yield Piece(EQUAL, reveal(removed))
        return
    if removed:
        yield Piece(DELETE, reveal(removed))
    if added:
        yield Piece(INSERT, reveal(added))


def _calmed(pieces: list[Piece]) -> list[Piece]:
    """Join changes that only a space separates: «~~old~~ new ~~two~~ words» reads better in two pieces than in four."""
    calm: list[Piece] = []
    index = 0
    while index < len(pieces):
        run = _run(pieces, index)
        calm += _joined(pieces[index : index + run]) if run > 1 else [pieces[index]]
        index += run
    return calm


def _run(pieces: list[Piece], start: int) -> int:
    end = start
    while end < len(pieces) and (
        pieces[end].op != EQUAL
        or (start < end < len(pieces) - 1 and not pieces[end].text.strip(" ") and pieces[end + 1].op != EQUAL)
    ):
        end += 1
    return max(1, end - start)


def _joined(pieces: list[Piece]) -> list[Piece]:
    removed = "".join(piece.text for piece in pieces if piece.op != INSERT)
    added = "".join(piece.text for piece in pieces if piece.op != DELETE)
    return [Piece(op, text) for op, text in ((DELETE, removed), (INSERT, added)) if text]


def _word_count(text: str) -> int:
    return len(re.findall(r"\w+", text))
