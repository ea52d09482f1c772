"""What may happen to the people of a rollout, and the SQL that tells whether a call is one of these."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any

from monitoring.analysis.flags import Flag
from monitoring.kinds import Arm, Status
from monitoring.models import ScoreSource
from monitoring.streams.scopes import Scope, is_bad


class Event(StrEnum):
    """What may happen to a unit at a step."""

    DISLIKED = "disliked"
    ERROR = "error"
    SLOW = "slow"
    LATE_START = "late start"
    DEAR = "dear"
    # What the analysis found in an answer.
    REFUSED = "refused"
    UNSUPPORTED = "unsupported"
    LONG_WINDED = "long_winded"
    # A bad verdict of an evaluator that judges live calls; a call that belongs to an issue.
    JUDGED_BAD = "judged bad"
    ISSUE = "issue"


MEASURES = {Event.SLOW: "duration_ns", Event.LATE_START: "ttft_ns", Event.DEAR: "cost_nano_usd"}
FLAGS = {Event.REFUSED: Flag.REFUSED, Event.UNSUPPORTED: Flag.UNSUPPORTED, Event.LONG_WINDED: Flag.LONG_WINDED}


@dataclass(frozen=True, slots=True)
class Watch:
    """One event to count: of each unit's first calls only, and beyond which thresholds (by model; «» for any other).

    Thresholds are nanoseconds or billionths of a dollar; the candidate may exceed them by `allowance`, and each is counted for
    itself. A verdict is bad below its one threshold. `subject` is the name of its score, `scopes` are those of an issue.
    """

    event: Event
    first_calls: int
    thresholds: Mapping[str, Sequence[float]] = field(default_factory=dict)
    allowance: float = 0.0
    # Not of the first calls at a step: a provider's cache is cold for a version that hardly anybody has. By step.
    not_before: Sequence[timedelta] = ()
    subject: str = ""
    scopes: Sequence[Scope] = ()

    @property
    def parts(self) -> int:
        """How many counts this watch makes."""
        return max((len(values) for values in self.thresholds.values()), default=1)

    @property
    def needs_analysis(self) -> bool:
        """Whether it is known only of calls that detectors looked at."""
        return self.event in FLAGS or (self.event == Event.ISSUE and any(_needs_flags(scope) for scope in self.scopes))


def happened(watch: Watch, *, prefix: str, part: int, values: dict[str, Any]) -> str:
    """Return the SQL that tells whether a call `c` with its trace `t` and analysis `a` is the event; what it needs is put in `values`.

    All that was not written here is a parameter. `prefix` keeps the parameters of several watches apart.
    """
    if watch.event == Event.DISLIKED:
        return "coalesce(t.thumbs_down, 0) > 0"
    if watch.event == Event.ERROR:
        return f"c.status = {int(Status.ERROR)}"
    if watch.event in FLAGS:
        return f"coalesce(a.flags, 0) & {int(FLAGS[watch.event])} <> 0"
    if watch.event == Event.JUDGED_BAD:
        values[f"{prefix}limit"] = watch.thresholds[""][0]
        return f"EXISTS (SELECT {scored(watch, prefix=prefix, values=values)} AND score.value < %({prefix}limit)s)"
    if watch.event == Event.ISSUE:
        return _in_issue(watch, prefix, values)
    values[f"{prefix}allowance"] = 1 + watch.allowance
    values[f"{prefix}thresholds"] = json.dumps({model: list(each) for model, each in watch.thresholds.items()})
    by_model = f"coalesce(%({prefix}thresholds)s::jsonb -> c.model, %({prefix}thresholds)s::jsonb -> '')"
    allowance = f"CASE WHEN c.arm = {int(Arm.CANDIDATE)} THEN %({prefix}allowance)s ELSE 1 END"
    return f"c.{MEASURES[watch.event]} > ({by_model} ->> {part})::float8 * {allowance}"


def scored(watch: Watch, *, prefix: str, values: dict[str, Any]) -> str:
    """Return the SQL after SELECT that finds the verdicts of an evaluator on a call `c`."""
    values[f"{prefix}subject"] = watch.subject
    return (
        f"FROM score WHERE score.project_id = %(project)s AND score.trace_id = c.trace_id AND score.name = %({prefix}subject)s "
        f"AND score.source = '{ScoreSource.EVALUATOR.value}' AND (score.span_id IS NULL OR score.span_id = c.span_id)"
    )


def _in_issue(watch: Watch, prefix: str, values: dict[str, Any]) -> str:
    found = []
    for number, scope in enumerate(watch.scopes):
        condition, needed = scope.calls()
        values |= {f"{prefix}{number}_{name}": value for name, value in needed.items()}
        found.append(f"({condition.replace('%(', f'%({prefix}{number}_')} AND {is_bad(scope.signal)})")
    # Without an analysis the row is empty, which is no event.
    return f"coalesce({' OR '.join(found)}, false)" if found else "false"


def _needs_flags(scope: Scope) -> bool:
    return scope.signal != "disliked" or scope.cluster_id is not None
