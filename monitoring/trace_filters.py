"""Which traces a person wants to see, as checked values, and the conditions that select them."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields, replace
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db.models import F, Q, Value

from monitoring.analysis import flagged
from monitoring.issues import of_traces
from monitoring.kinds import Arm
from monitoring.models import Trace, TraceQuerySet
from projects.models import Project

MOST_WORDS = 8
_WHOLE_ID = re.compile(r"[0-9a-f]{32}")
_START_OF_ID = re.compile(r"[0-9a-f]{6,31}")


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
    """The time range and everything that narrows it; empty values leave all traces in."""

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

    @property
    def names_in_use(self) -> list[str]:
        """The fields that narrow the list, in the order they are declared."""
        names = [field.name for field in fields(self) if field.name not in ("start", "end")]
        return [name for name in names if getattr(self, name)]

    def without(self, name: str) -> TraceFilter:
        """Return the filter with one field emptied; a version goes with its prompt, a side with its rollout."""
        names = {name, {"prompt": "version", "rollout": "arm"}.get(name, name)}
        emptied: dict[str, Any] = {field.name: field.default for field in fields(self) if field.name in names}
        return replace(self, **emptied)

    def rows(self, project: Project) -> TraceQuerySet:
        """Return the traces that the indexed fields select; `rest` must still be applied."""
        traces = Trace.objects.for_project(project)
        if whole_id := self.whole_id:
            return traces.filter(trace_id=whole_id)
        return traces.between(self.start, self.end).filter(self._indexed())

    @property
    def whole_id(self) -> UUID | None:
        """The trace that the text names by its whole id; it is found at any time."""
        text = self.text.strip().lower().replace("-", "")
        return UUID(text) if _WHOLE_ID.fullmatch(text) else None

    def _indexed(self) -> Q:
        found = Q()
        if self.user:
            found &= Q(user_id=self.user)
        if self.session:
            found &= Q(session_id=self.session)
        if self.prompt:
            found &= Q(prompt_name=self.prompt)
        if self.prompt and self.version:
            found &= Q(prompt_version=self.version)
        if self.status == Outcome.ERROR:
            found &= Q(error_count__gt=0)
        if self.thumbs == Thumbs.DOWN:
            found &= Q(thumbs_down__gt=0)
        if self.among:
            found &= Q(trace_id__in=self.among)
        return found

    def found(self, project: Project, *, since: datetime, until: datetime) -> Q:
        """The condition on what was found in the calls, for traces that began between two moments of the time range."""
        whole_id, found = self.whole_id, Q()
        if self.flag and whole_id:
            found &= flagged.in_trace(project_id=project.pk, name=self.flag, trace_id=whole_id)
        elif self.flag:
            found &= flagged.in_traces(project_id=project.pk, name=self.flag, since=since, until=until)
        if self.issue and not whole_id:
            found &= of_traces.of_issue(project=project, number=self.issue, since=since, until=until)
        if self.group and not whole_id:
            found &= of_traces.of_group(project=project, cluster_id=self.group, since=since, until=until)
        return found

    @property
    def rest(self) -> Q:
        """The conditions that no index answers: every row in range has to be looked at."""
        found = Q()
        if not self.whole_id:
            for word in self.text.split()[:MOST_WORDS]:
                found &= _has_word(word)
        if self.environment:
            found &= Q(environment=self.environment)
        if self.model:
            found &= Q(model=self.model)
        if self.rollout:
            found &= Q(rollout_id=self.rollout)
        if self.rollout and self.arm:
            found &= Q(arm=int(self.arm))
        if self.status == Outcome.OK:
            found &= Q(error_count=0)
        if self.thumbs == Thumbs.UP:
            found &= Q(thumbs_up__gt=0)
        if self.min_duration_ms:
            found &= Q(end_ns__gte=F("start_ns") + Value(int(self.min_duration_ms * 1e6)))
        if self.min_cost_usd:
            found &= Q(cost_nano_usd__gte=int(self.min_cost_usd * 1e9))
        return found


def _has_word(word: str) -> Q:
    found = Q(name__icontains=word) | Q(input_preview__icontains=word) | Q(output_preview__icontains=word)
    found |= Q(user_id__icontains=word) | Q(session_id__icontains=word)
    if _START_OF_ID.fullmatch(word.lower()):
        found |= Q(trace_id__range=(UUID(word.ljust(32, "0")), UUID(word.ljust(32, "f"))))
    return found
