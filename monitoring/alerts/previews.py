"""What an alert would have done in the last days, played by the rule that runs in earnest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from monitoring.alerts import grid, happenings
from monitoring.alerts.decisions import Event, limit_at, play
from monitoring.alerts.happenings import Happening
from monitoring.alerts.models import Alert
from monitoring.alerts.rules import Kind, News, Reading, Rule
from monitoring.alerts.watches import Watch, watch_of
from monitoring.trace_volume import TookTooLong, at_most

DAYS = 7
# A page may not take long: when a week is too much to read, a day is tried.
_TRIED = ((DAYS, 3_000), (1, 2_000))


@dataclass(frozen=True, slots=True)
class Preview:
    """What was measured from `start` to `until` and what the alert would have said; no days when that took too long."""

    start: datetime
    until: datetime
    days: int = 0
    step: timedelta = timedelta(hours=1)
    rule: Rule | None = None
    readings: Sequence[Reading] = ()
    events: Sequence[Event] = ()
    happened: Sequence[Happening] = field(default=())

    @property
    def fired(self) -> list[Event]:
        """The times it would have fired."""
        return [event for event in self.events if event.news == News.FIRED]

    @property
    def is_blind(self) -> bool:
        """Tell whether there never were enough calls for a judgement."""
        return bool(self.readings) and not any(reading.is_enough for reading in self.readings)

    @property
    def judged_share(self) -> float:
        """Return in what share of the time there were enough calls for a judgement; 1 where nothing was read."""
        enough = sum(reading.is_enough for reading in self.readings)
        return enough / len(self.readings) if self.readings else 1.0

    def limits(self) -> list[float | None]:
        """Return the limit at each reading."""
        return [limit_at(self.rule, reading) if self.rule else None for reading in self.readings]


def preview(*, alert: Alert, now: datetime, days: int = DAYS) -> Preview:
    """Return what an alert, stored or not, would have done in the last days."""
    if alert.kind == Kind.HAPPENING:
        start = now - timedelta(days=days)
        return Preview(start, now, days, happened=happenings.happened(alert=alert, since=start, until=now))
    watch = watch_of(alert)
    until = watch.complete_until(now)
    if until is None:
        return Preview(now, now)
    for tried, milliseconds in _TRIED:
        try:
            with at_most(milliseconds):
                return _played(watch, until, min(days, tried))
        except TookTooLong:
            continue
    return Preview(now, now)


def _played(watch: Watch, until: datetime, days: int) -> Preview:
    start = until - timedelta(days=days)
    readings = watch.readings(grid.instants(after=start, until=until, step=watch.step))
    _, events = play(watch.rule, readings)
    return Preview(start, until, days, watch.step, watch.rule, readings, events)
