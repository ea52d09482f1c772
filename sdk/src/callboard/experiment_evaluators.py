"""Evaluators that are functions of the application: called with what they ask for, and what they say made into a score."""

import asyncio
import hashlib
import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

_LONGEST: Final = 2_000


@dataclass(frozen=True, slots=True)
class CodeScore:
    """What a function said about one answer: a value from 0 to 1, or why there is none."""

    evaluator: str
    hash: str
    value: float | None = None
    passed: bool | None = None
    why: str = ""
    error: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the score as the server takes it."""
        return {name: getattr(self, name) for name in self.__slots__}


class CodeEvaluator:
    """A function `(output)`, `(output, expected)` or with any of the names output, expected, input, item.

    It returns True or False, a number from 0 to 1, or a mapping with `value`, and perhaps `passed` and `why`.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self.name = str(getattr(function, "__name__", type(function).__name__))[:120]
        self.hash = _hash_of(function, self.name)
        self._names = _names_of(function)

    def judge(self, output: Any, item: Mapping[str, Any]) -> CodeScore:
        """Return what the function says; when it fails that is an error, never a score."""
        try:
            said = self._function(*self._arguments(output, item))
            if inspect.isawaitable(said):
                said = asyncio.run(_wait_for(said))
            return self._score(said)
        except Exception as error:  # the edge of one evaluator: the others go on
            return CodeScore(self.name, self.hash, error=describe(error))

    def _arguments(self, output: Any, item: Mapping[str, Any]) -> list[Any]:
        known = {
            "output": output, "answer": output, "expected": item.get("expected_output"),
            "expected_output": item.get("expected_output"), "input": item.get("input"), "item": item,
        }  # fmt: skip
        usual = [output, item.get("expected_output"), item]
        return [known.get(name, usual[min(place, 2)]) for place, name in enumerate(self._names)]

    def _score(self, said: Any) -> CodeScore:
        facts = said if isinstance(said, Mapping) else {"value": said}
        value, passed = facts.get("value"), facts.get("passed")
        if isinstance(value, bool):
            passed = value if passed is None else passed
        if value is None and isinstance(passed, bool):
            value = passed
        number = float(value)  # type: ignore[arg-type]
        if not (math.isfinite(number) and 0 <= number <= 1):
            raise ValueError(f"{self.name} said {value!r}; a score is True, False or a number from 0 to 1")
        return CodeScore(
            self.name, self.hash, number, None if passed is None else bool(passed), str(facts.get("why", ""))[:_LONGEST]
        )


def describe(error: BaseException) -> str:
    """Return an exception in one line; never empty."""
    try:
        text = " ".join(str(error).split())
    except Exception:  # an exception of the host may fail to describe itself
        text = ""
    return f"{type(error).__name__}: {text}"[:_LONGEST].rstrip(": ")


async def _wait_for(awaitable: Any) -> Any:
    return await awaitable


def _names_of(function: Callable[..., Any]) -> list[str]:
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    try:
        parameters = [one for one in inspect.signature(function).parameters.values() if one.kind in positional]
    except (TypeError, ValueError):
        return ["output"]
    known = {"output", "answer", "expected", "expected_output", "input", "item"}
    return [one.name for one in parameters if one.default is inspect.Parameter.empty or one.name in known]


def _hash_of(function: Callable[..., Any], name: str) -> str:
    try:
        text = inspect.getsource(function)
    except (OSError, TypeError):
        text = f"{getattr(function, '__module__', '')}.{name}"
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:32]
