"""Which traces a person wants to see, as checked values, and the conditions that select them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from datetime import datetime
from enum import StrEnum
from functools import reduce
from operator import and_
from typing import Any
from uuid import UUID

from django.db.models import Q

from monitoring.analysis import flagged
from monitoring.exploring import amounts, conditions
from monitoring.exploring.conditions import Within
from monitoring.exploring.terms import TEXT, Operator, Term, term
from monitoring.kinds import Arm
from monitoring.models import Trace, TraceQuerySet
from projects.models import Project

MOST_WORDS = 8
_WHOLE_ID = re.compile(r"[0-9a-f]{32}")
# The fields that are not conditions: when, and what was said in terms already.
_NO_TERM = ("start", "end", "terms", "among")


class Outcome(StrEnum):
    ANY = ""
    OK = "ok"
    ERROR = "error"


class Thumbs(StrEnum):
    ANY = ""
    UP = "up"
    DOWN = "down"


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceFilter:
    """The time range and everything that narrows it; empty values leave all traces in.

    The fields are short for the terms that are asked for most; `spelled` has all of them as terms.
    """

    start: datetime
    end: datetime
    text: str = ""
    status: Outcome = Outcome.ANY
    thumbs: Thumbs = Thumbs.ANY
    environment: str = ""
    prompt: str = ""
    version: int = 0
    model: str = ""
    user: str = ""
    session: str = ""
    # The calls of one rollout, of both sides or of one.
    rollout: UUID | None = None
    arm: Arm = Arm.NONE
    # The name of a flag that one of the calls must have, or `any`.
    flag: str = ""
    min_duration_ms: float = 0
    min_cost_usd: float = 0
    # The number of an issue, the id of a group of questions, and traces that somebody chose one by one.
    issue: int = 0
    group: int = 0
    among: tuple[UUID, ...] = ()
    # What was asked for in the language of filters.
    terms: tuple[Term, ...] = ()

    @property
    def names_in_use(self) -> list[str]:
        """The fields that narrow the list, in the order they are declared."""
        names = [field.name for field in fields(self) if field.name not in ("start", "end")]
        return [name for name in names if getattr(self, name)]

    @property
    def parts(self) -> list[str | Term]:
        """What can be dropped one by one: the fields in use by their names, and the terms."""
        return [*(name for name in self.names_in_use if name != "terms"), *self.terms]

    def without(self, part: str | Term) -> TraceFilter:
        """Return the filter without one part; a version goes with its prompt, a side with its rollout."""
        if isinstance(part, Term):
            return replace(self, terms=tuple(one for one in self.terms if one != part))
        names = {part, {"prompt": "version", "rollout": "arm"}.get(part, part)}
        emptied: dict[str, Any] = {field.name: field.default for field in fields(self) if field.name in names}
        return replace(self, **emptied)

    @property
    def spelled(self) -> tuple[Term, ...]:
        """Everything but the time and the traces that were chosen one by one, as terms."""
        names = [name for name in self.names_in_use if name not in _NO_TERM]
        return (*(one for name in names for one in self._of_field(name)), *self.terms)

    def _of_field(self, name: str) -> Iterator[Term]:
        value = getattr(self, name)
        match name:
            case "text":
                yield from (term(TEXT, word) for word in value.split()[:MOST_WORDS])
            case "status" | "thumbs":
                yield term({"status": "outcome", "thumbs": "feedback"}[name], str(value))
            case "arm":
                yield term("arm", value.name.lower())
            case "rollout":
                yield term("rollout", value.hex)
            case "min_duration_ms":
                yield term("latency", amounts.milliseconds_text(value), operator=Operator.AT_LEAST)
            case "min_cost_usd":
                yield term("cost", amounts.usd_text(value), operator=Operator.AT_LEAST)
            case _:
                yield term(name, str(value))

    def rows(self, project: Project) -> TraceQuerySet:
        """Return the traces that the indexed terms select; `rest` and `found` must still be applied."""
        traces = Trace.objects.for_project(project)
        if whole_id := self.whole_id:
            return traces.filter(trace_id=whole_id)
        indexed = _all(conditions.of_row(one) for one in self.spelled if self._is_indexed(one))
        if self.among:
            indexed &= Q(trace_id__in=self.among)
        return traces.between(self.start, self.end).filter(indexed)

    @property
    def whole_id(self) -> UUID | None:
        """The trace that the text names by its whole id; it is found at any time."""
        words = [one.only for one in self.spelled if one.field == TEXT]
        text = words[0].strip().lower().replace("-", "") if len(words) == 1 else ""
        return UUID(text) if _WHOLE_ID.fullmatch(text) else None

    @property
    def rest(self) -> Q:
        """The conditions on the rows of traces that no index answers: every row in range has to be looked at."""
        whole_id = self.whole_id
        return _all(
            conditions.of_row(one) for one in self.spelled
            if conditions.is_of_row(one) and (whole_id or not self._is_indexed(one))
        )  # fmt: skip

    @property
    def asks_calls(self) -> bool:
        """Tell whether it asks for what the row of a trace does not say."""
        return any(not conditions.is_of_row(one) for one in self.spelled)

    @property
    def asks_text(self) -> bool:
        return any(one.field == TEXT for one in self.spelled) and not self.whole_id

    @property
    def is_heavy(self) -> bool:
        """Tell whether every trace has to be looked into."""
        return any(conditions.is_heavy(one) for one in self.spelled)

    def found(self, project: Project, *, since: datetime, until: datetime) -> Q:
        """The condition on what else is known of traces that began between two moments of the time range."""
        asked = [one for one in self.spelled if not conditions.is_of_row(one)]
        if whole_id := self.whole_id:
            flags = [one.only for one in asked if one.field == "flag" and one.only]
            return _all(flagged.in_trace(project_id=project.pk, name=name, trace_id=whole_id) for name in flags)
        within = Within(project, since, until)
        return _all(conditions.of_parts(one, within) for one in asked)

    def _is_indexed(self, one: Term) -> bool:
        if one.field == "version" and one.only and not one.is_negated:
            return any(other.field == "prompt" and other.only for other in self.spelled)
        return conditions.is_indexed(one)


def _all(found: Iterator[Q]) -> Q:
    return reduce(and_, found, Q())
