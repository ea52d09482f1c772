"""The steps of one trace in the order they are read: parents before children, earlier before later."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple

from monitoring.kinds import Kind, Mark, Status

_BACKGROUND, _ERROR, _LLM = int(Mark.BACKGROUND), int(Status.ERROR), int(Kind.LLM)


# A tuple, because a page makes twenty thousand of them before it shows the first.
class Step(NamedTuple):
    """The skeleton of a span: everything the tree and the time line need, and no text longer than a name."""

    span_id: int
    parent_id: int | None
    start_ns: int
    duration_ns: int
    kind: int = Kind.OTHER
    status: int = Status.UNSET
    marks: int = 0
    ttft_ns: int | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    name: str = ""
    model: str = ""

    @property
    def end_ns(self) -> int:
        return self.start_ns + self.duration_ns

    @property
    def duration_ms(self) -> float:
        return self.duration_ns / 1e6

    @property
    def is_error(self) -> bool:
        return self.status == _ERROR

    @property
    def is_call(self) -> bool:
        return self.kind == _LLM

    @property
    def is_background(self) -> bool:
        return bool(self.marks & _BACKGROUND)


class Oddity(StrEnum):
    """Why a step stands at the top of the tree although it names a parent."""

    NONE = ""
    ORPHAN = "its parent has not arrived"
    CIRCLE = "its parents form a circle"


class Branch(NamedTuple):
    """One step at its place in the tree; `self_ns` is its own time, without what its children took."""

    step: Step
    depth: int
    child_count: int
    self_ns: int
    oddity: Oddity = Oddity.NONE


def arrange(steps: Sequence[Step]) -> list[Branch]:
    """Return all steps in reading order, each exactly once, whatever their parents claim."""
    known = {step.span_id for step in steps}
    children = _children(steps)
    tops = [(step, Oddity.NONE) for step in steps if step.parent_id is None]
    tops += [(step, Oddity.ORPHAN) for step in steps if step.parent_id is not None and step.parent_id not in known]
    seen: set[int] = set()
    found: list[Branch] = []
    for step, oddity in sorted(tops, key=lambda top: _by_time(top[0])):
        found += _walk(step, oddity, children, seen)
    if len(found) < len(steps):
        # What no top leads to hangs in a circle; it is cut open at its earliest step.
        for step in sorted((step for step in steps if step.span_id not in seen), key=_by_time):
            found += _walk(step, Oddity.CIRCLE, children, seen)
    return found


def without_background(steps: Sequence[Step]) -> list[Step]:
    """Return the steps without requests made on the way, unless they failed, hold other steps, or are all there is."""
    if not any(step.is_background for step in steps):
        return list(steps)
    parents = {step.span_id: step.parent_id for step in steps}
    needed: set[int] = set()
    for step in steps:
        place: int | None = step.span_id if not step.is_background or step.is_error else None
        while place is not None and place not in needed:
            needed.add(place)
            place = parents.get(place)
    return [step for step in steps if step.span_id in needed] or list(steps)


def _children(steps: Iterable[Step]) -> dict[int, list[Step]]:
    children: dict[int, list[Step]] = {}
    for step in steps:
        if step.parent_id is not None:
            children.setdefault(step.parent_id, []).append(step)
    for members in children.values():
        members.sort(key=_by_time)
    return children


def _walk(top: Step, oddity: Oddity, children: dict[int, list[Step]], seen: set[int]) -> list[Branch]:
    found = []
    stack = [(top, 0, oddity)]
    while stack:
        step, depth, why = stack.pop()
        if step.span_id in seen:
            continue
        seen.add(step.span_id)
        below = children.get(step.span_id, [])
        found.append(Branch(step, depth, len(below), self_time_ns(step, below), why))
        stack += [(child, depth + 1, Oddity.NONE) for child in reversed(below)]
    return found


def self_time_ns(step: Step, children: Iterable[Step]) -> int:
    """Return the time of a step during which none of its children (sorted by start) ran."""
    covered, reached = 0, step.start_ns
    for child in children:
        start, end = max(child.start_ns, reached), min(child.end_ns, step.end_ns)
        if end > start:
            covered += end - start
            reached = end
    return max(0, step.duration_ns - covered)


def _by_time(step: Step) -> tuple[int, int]:
    return step.start_ns, -step.duration_ns


def of_interest(branches: Sequence[Branch]) -> Branch | None:
    """Return the step to show first: where the first failure began, else the last call, else the first step.

    The last call's conversation holds the calls before it; among failed steps the innermost one is the cause.
    """
    failed = _first_failure(branches)
    calls = [branch for branch in branches if branch.step.is_call]
    last_call = max(calls, key=lambda branch: branch.step.end_ns, default=None)
    return failed or last_call or (branches[0] if branches else None)


def _first_failure(branches: Sequence[Branch]) -> Branch | None:
    found: Branch | None = None
    for branch in branches:
        if found and branch.depth <= found.depth:
            break
        if branch.step.is_error:
            found = branch
    return found
