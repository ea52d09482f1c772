"""The steps of two traces side by side: which one has which, as people compare two texts line by line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from monitoring.trace_trees import Branch

# Beyond this many steps of a trace nobody compares them one by one, and the work grows with the square.
MOST_STEPS = 400
_Key = tuple[int, str, int]


@dataclass(frozen=True, slots=True)
class Pair:
    """One step of either trace, or the same step of both."""

    before: Branch | None
    after: Branch | None

    @property
    def name(self) -> str:
        return self._any.step.name

    @property
    def depth(self) -> int:
        return self._any.depth

    @property
    def is_same(self) -> bool:
        """Whether both have the step and it ended alike in both."""
        return bool(self.before and self.after and self.before.step.is_error == self.after.step.is_error)

    @property
    def _any(self) -> Branch:
        found = self.before or self.after
        if found is None:
            raise ValueError("a pair has at least one side")
        return found


def side_by_side(before: Sequence[Branch], after: Sequence[Branch]) -> list[Pair]:
    """Return the first steps of both in reading order; those with the same name at the same depth stand together."""
    first, second = before[:MOST_STEPS], after[:MOST_STEPS]
    matcher = SequenceMatcher(None, [_key(one) for one in first], [_key(one) for one in second], autojunk=False)
    return list(_pairs(matcher, first, second))


def _pairs(matcher: SequenceMatcher[_Key], first: Sequence[Branch], second: Sequence[Branch]) -> Iterator[Pair]:
    for tag, start, end, other_start, other_end in matcher.get_opcodes():
        if tag == "equal":
            yield from map(Pair, first[start:end], second[other_start:other_end])
            continue
        yield from (Pair(one, None) for one in first[start:end])
        yield from (Pair(None, one) for one in second[other_start:other_end])


def _key(branch: Branch) -> _Key:
    return branch.depth, branch.step.name, branch.step.kind
