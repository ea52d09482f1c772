"""One value inside an answer that is JSON."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import orjson

from evals.errors import EvaluatorRefused
from evals.evaluators.cases import Case, Outcome, yes_or_no
from evals.evaluators.structured import MAX_ANSWER_BYTES, without_fence
from evals.evaluators.texts import plain

MAX_PATH = 200
_STEP = re.compile(r"\.?([A-Za-z_][\w-]*)|\[(\d{1,6})\]|\[\"([^\"]{1,100})\"\]|\['([^']{1,100})'\]")
_MISSING = object()


@dataclass(frozen=True, slots=True)
class PathEquals:
    """The value at the path is this one, or what the item expects when none is set."""

    path: str
    equals: str = ""
    _steps: tuple[str | int, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_steps", _steps(self.path))

    def judge(self, case: Case) -> Outcome:
        wanted = self.equals or case.demand_expected()
        if len(case.output) > MAX_ANSWER_BYTES:
            return yes_or_no(False, "The answer is too long to be read as JSON.")
        try:
            found = orjson.loads(without_fence(case.output).encode("utf-8", "replace"))
        except orjson.JSONDecodeError as error:
            return yes_or_no(False, f"The answer is not JSON: {str(error)[:120]}.")
        for step in self._steps:
            found = _below(found, step)
        if found is _MISSING:
            return yes_or_no(False, f"There is nothing at {self.path}.")
        return yes_or_no(_is_same(found, wanted), f"At {self.path} stands {_shown(found)}, expected is {wanted[:80]}.")


def _steps(path: str) -> tuple[str | int, ...]:
    rest = path.strip().removeprefix("$")
    steps: list[str | int] = []
    while rest and len(path) <= MAX_PATH and (match := _STEP.match(rest)):
        steps.append(int(match[2]) if match[2] else match[1] or match[3] or match[4])
        rest = rest[match.end() :]
    if rest or not steps:
        raise EvaluatorRefused("Write the way to the value like «order.items[0].price».")
    return tuple(steps)


def _below(value: Any, step: str | int) -> Any:
    if isinstance(step, int):
        return value[step] if isinstance(value, list) and step < len(value) else _MISSING
    return value.get(step, _MISSING) if isinstance(value, dict) else _MISSING


def _is_same(found: Any, wanted: str) -> bool:
    if isinstance(found, str):
        return plain(found) == plain(wanted)
    try:
        expected = orjson.loads(wanted)
    except orjson.JSONDecodeError:
        return False
    # In Python true is 1.
    return found == expected and isinstance(found, bool) == isinstance(expected, bool)


def _shown(value: Any) -> str:
    return orjson.dumps(value).decode("utf-8", "replace")[:80]
