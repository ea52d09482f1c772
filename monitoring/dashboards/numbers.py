"""The numbers that answer the question of a chart, over time and as a whole, beside those of the period before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.utils import timezone

from monitoring import retention, usage_periods
from monitoring.dashboards import call_by_call, counted, found_hourly, label_times, questions, tallies
from monitoring.dashboards.measures import Source
from monitoring.dashboards.parts import MOST_PARTS, Asked, Found
from monitoring.dashboards.questions import Question
from monitoring.dashboards.tallies import Tally
from monitoring.trace_volume import TookTooLong
from monitoring.usage_periods import Period
from projects.models import Project

__all__ = ["Numbers", "Part", "TookTooLong", "answer"]


@dataclass(frozen=True, slots=True)
class Part:
    """One line of a chart: all calls together, or one part of them."""

    name: str
    points: list[Tally]
    total: Tally
    before: Tally | None = None
    points_before: list[Tally] | None = None


@dataclass(frozen=True, slots=True)
class Numbers:
    """The answer to a question; `since` says where reading call by call had to end, `hidden` how many parts are not shown."""

    question: Question
    period: Period
    source: Source
    parts: list[Part]
    hidden: int = 0
    since: datetime | None = None

    @property
    def is_empty(self) -> bool:
        return not any(part.total.count for part in self.parts)

    def values(self, part: Part) -> list[float | None]:
        """Return the number of each stretch of time; None where nothing is known, or not all was read."""
        known = self.since or self.period.start
        return [
            tallies.value(self.question.measure, tally) if moment >= known else None
            for moment, tally in zip(self.period.moments, part.points, strict=True)
        ]

    def values_before(self, part: Part) -> list[float | None]:
        """Return the number of each stretch of the period before, as long as this one."""
        found = [tallies.value(self.question.measure, tally) for tally in part.points_before or []]
        count = len(self.period.moments)
        return (found + [None] * count)[:count]


def answer(
    *, project: Project, question: Question, start: datetime, end: datetime, environment: str = ""
) -> Numbers:  # fmt: skip
    """Return the numbers of a chart for a time; TookTooLong when single calls had to be read and there are too many."""
    period = usage_periods.fit(start, end)
    terms = question.within(environment)
    by_hours = period.step >= timedelta(hours=1)
    source = questions.source_of(question, terms, by_hours=by_hours)
    asked = Asked(project, question, terms, period)
    now = _found(asked, source)
    names = sorted(now.totals, key=lambda name: (-now.totals[name].count, name))[:MOST_PARTS] or [""]
    before = None
    if question.compares and now.since is None and _is_whole(asked, source, period.before()):
        found = _found(replace(asked, period=period.before(), parts=tuple(names)), source)
        before = found if found.since is None else None
    shown = [_part(name, now, before, period) for name in names]
    return Numbers(question, period, source, shown, max(0, now.part_count - len(names)), now.since)


def _is_whole(asked: Asked, source: Source, period: Period) -> bool:
    """Tell whether all of a period is still there: a part of one is nothing to compare with."""
    is_of_calls = source == Source.CALLS and asked.question.measure.name != "disliked"
    return not is_of_calls or period.start >= retention.found_since(timezone.now())


def _part(name: str, now: Found, before: Found | None, period: Period) -> Part:
    def points(found: Found, moments: list[datetime]) -> list[Tally]:
        return [found.cells.get((name, moment), tallies.NOTHING) for moment in moments]

    total = now.totals.get(name, tallies.NOTHING)
    if before is None:
        return Part(name, points(now, period.moments), total)
    earlier = points(before, period.before().moments)
    return Part(name, points(now, period.moments), total, before.totals.get(name, tallies.NOTHING), earlier)


def _found(asked: Asked, source: Source) -> Found:
    if asked.question.split.name != "label":
        return _reader(asked, source)(asked)
    labels = label_times.worn(asked)
    if asked.question.measure.is_distinct:
        # People of several hours or versions are not as many as their sum.
        return _reader(asked, source)(replace(asked, labels=tuple(labels)))
    versions = replace(asked, parts=label_times.versions(labels))
    return label_times.by_label(asked, _reader(asked, source)(versions), labels)


def _reader(asked: Asked, source: Source) -> Callable[[Asked], Found]:
    if source == Source.COUNTERS:
        return counted.read
    if source == Source.FINDINGS:
        return found_hourly.read
    if source == Source.SCORES or asked.question.measure.name == "disliked":
        return call_by_call.of_scores
    return _responses if asked.question.measure.name == "responses" else call_by_call.of_calls


def _responses(asked: Asked) -> Found:
    """Return thumbs out of calls, which are read apart; only as far back as both are."""
    calls = call_by_call.of_calls(asked)
    thumbs = call_by_call.of_scores(replace(asked, parts=tuple(calls.totals) if asked.parts is None else asked.parts))
    since = max((moment for moment in (calls.since, thumbs.since) if moment), default=None)
    cells = {
        key: Tally(tally.count, thumbs.cells.get(key, tallies.NOTHING).amount) for key, tally in calls.cells.items()
    }
    totals = {
        part: Tally(tally.count, thumbs.totals.get(part, tallies.NOTHING).amount)
        for part, tally in calls.totals.items()
    }
    return Found(cells, totals, calls.part_count, since)
