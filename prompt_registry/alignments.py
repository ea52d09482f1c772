"""Finds what two sequences have in common, in bounded time whatever they hold."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

# difflib is quadratic at best: a gap with more pairs than this is taken as replaced in one piece.
MAX_PAIRS = 1_000_000


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch that is the same in both, or was replaced (one side may be empty)."""

    is_same: bool
    a_start: int
    a_end: int
    b_start: int
    b_end: int


def align(a: Sequence[str], b: Sequence[str]) -> list[Block]:
    """Return the blocks that lead from `a` to `b`, in order.

    Items that stand once on each side are matched first (as in patience diff), difflib works between them.
    """
    blocks: list[Block] = []
    budget = MAX_PAIRS
    at_a = at_b = 0
    for next_a, next_b in [*_anchors(a, b), (len(a), len(b))]:
        for block, cost in _gap(a, b, Block(False, at_a, next_a, at_b, next_b), budget):
            _append(blocks, block)
            budget -= cost
        if next_a < len(a):
            _append(blocks, Block(True, next_a, next_a + 1, next_b, next_b + 1))
        at_a, at_b = next_a + 1, next_b + 1
    return blocks


def _anchors(a: Sequence[str], b: Sequence[str]) -> list[tuple[int, int]]:
    counts_a, counts_b = Counter(a), Counter(b)
    places = {item: place for place, item in enumerate(b) if counts_b[item] == 1}
    pairs = [(place, places[item]) for place, item in enumerate(a) if counts_a[item] == 1 and item in places]
    return _longest_rising(pairs)


def _longest_rising(pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the longest run of pairs whose second numbers rise; the first ones rise already."""
    lowest: list[int] = []  # the lowest end of a run, by its length
    ends: list[int] = []  # the pair that this run ends with
    before: list[int] = []  # for each pair, the one before it in its run
    for index, (_, place) in enumerate(pairs):
        length = bisect_left(lowest, place)
        before.append(ends[length - 1] if length else -1)
        lowest[length : length + 1] = [place]
        ends[length : length + 1] = [index]
    chosen: list[tuple[int, int]] = []
    index = ends[-1] if ends else -1
    while index >= 0:
        chosen.append(pairs[index])
        index = before[index]
    return chosen[::-1]


def _gap(a: Sequence[str], b: Sequence[str], gap: Block, budget: int) -> Iterator[tuple[Block, int]]:
    head = _common(a, b, gap)
    tail = _common_tail(a, b, gap, head)
    yield Block(True, gap.a_start, gap.a_start + head, gap.b_start, gap.b_start + head), 0
    inner = Block(False, gap.a_start + head, gap.a_end - tail, gap.b_start + head, gap.b_end - tail)
    yield from _inner(a, b, inner, budget)
    yield Block(True, inner.a_end, gap.a_end, inner.b_end, gap.b_end), 0


def _inner(a: Sequence[str], b: Sequence[str], gap: Block, budget: int) -> Iterator[tuple[Block, int]]:
    cost = (gap.a_end - gap.a_start) * (gap.b_end - gap.b_start)
    if not cost or cost > budget:
        yield gap, 0
        return
    matcher = SequenceMatcher(None, a[gap.a_start : gap.a_end], b[gap.b_start : gap.b_end])
    for tag, a_start, a_end, b_start, b_end in matcher.get_opcodes():
        yield (
            Block(
                tag == "equal", gap.a_start + a_start, gap.a_start + a_end, gap.b_start + b_start, gap.b_start + b_end
            ),
            cost,
        )
        cost = 0


def _common(a: Sequence[str], b: Sequence[str], gap: Block) -> int:
    length = 0
    while (
        gap.a_start + length < gap.a_end
        and gap.b_start + length < gap.b_end
        and a[gap.a_start + length] == b[gap.b_start + length]
    ):
        length += 1
    return length


def _common_tail(a: Sequence[str], b: Sequence[str], gap: Block, head: int) -> int:
    length = 0
    while (
        gap.a_end - length > gap.a_start + head
        and gap.b_end - length > gap.b_start + head
        and a[gap.a_end - length - 1] == b[gap.b_end - length - 1]
    ):
        length += 1
    return length


def _append(blocks: list[Block], block: Block) -> None:
    if block.a_start == block.a_end and block.b_start == block.b_end:
        return
    if blocks and blocks[-1].is_same == block.is_same:
        last = blocks.pop()
        block = Block(block.is_same, last.a_start, block.a_end, last.b_start, block.b_end)
    blocks.append(block)
