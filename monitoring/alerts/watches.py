"""Everything that decides what an alert sees and says, as plain values: the same for one that is stored and one being written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitoring.alerts import grid, sources, windows
from monitoring.alerts.measures import MEASURES, Measure
from monitoring.alerts.models import Alert
from monitoring.alerts.rules import Kind, Period, Reading, Rule
from monitoring.alerts.sources import Scope

_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Watch:
    """What is looked at, over which time, and the rule it is judged by."""

    scope: Scope
    rule: Rule
    measure: Measure = MEASURES["calls"]
    score_name: str = ""
    window: timedelta = _HOUR
    least_calls: int = 0
    period: Period = Period.DAY

    @property
    def step(self) -> timedelta:
        return grid.step_of(self.rule.kind, self.window)

    def complete_until(self, now: datetime) -> datetime | None:
        """Return up to which moment everything is there to be judged."""
        by_hours = self.step >= _HOUR
        return sources.complete_until(
            project_id=self.scope.project_id, measure=self.measure, by_hours=by_hours, now=now
        )

    def readings(self, moments: Sequence[datetime]) -> list[Reading]:
        """Return what is measured at some moments, in order."""
        if not moments:
            return []
        match self.rule.kind:
            case Kind.BUDGET:
                return self._spent(moments)
            case Kind.SILENCE:
                hours = self._series(moments[0] - self.window - grid.WEEK, moments[-1], step=_HOUR)
                return windows.of_silence(
                    self._series(moments[0] - self.window, moments[-1]), hours, window=self.window, moments=moments,
                    least_calls=self.least_calls,
                )  # fmt: skip
            case Kind.CHANGE:
                counted = self._series(moments[0] - self.window - grid.WEEK * grid.PAST_WEEKS, moments[-1])
                return windows.of_change(
                    self.measure, counted, window=self.window, moments=moments, least_calls=self.least_calls
                )
        counted = self._series(moments[0] - self.window, moments[-1])
        return windows.of_threshold(
            self.measure, counted, window=self.window, moments=moments, least_calls=self.least_calls
        )

    def _spent(self, moments: Sequence[datetime]) -> list[Reading]:
        began, today = (grid.period_start(period, moments[0]) for period in (self.period, Period.DAY))
        before = sources.spent_on_days(scope=self.scope, start=began, end=today)
        counted = self._series(today, moments[-1])
        return windows.of_budget(counted, period=self.period, moments=moments, before=before)

    def _series(self, start: datetime, end: datetime, *, step: timedelta | None = None) -> windows.Series:
        return sources.read(
            scope=self.scope, measure=self.measure, start=start, end=end, step=step or self.step, score_name=self.score_name
        )  # fmt: skip


def watch_of(alert: Alert) -> Watch:
    """Return what an alert looks at; one of a kind that watches money always looks at the cost, one of silence at calls."""
    measure = {Kind.BUDGET: "cost", Kind.SILENCE: "calls"}.get(Kind(alert.kind), alert.measure)
    return Watch(
        scope=Scope(alert.project_id, alert.environment, alert.prompt_name, alert.prompt_version, alert.model),
        rule=alert.rule, measure=MEASURES[measure], score_name=alert.score_name,
        window=timedelta(minutes=alert.window_minutes), least_calls=alert.least_calls, period=Period(alert.period),
    )  # fmt: skip
