"""One look at the alerts of a project. Two at once, or one that ends anywhere, do no harm: what was decided applies only to the
alert as it was seen, and is kept in one transaction with its messages.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import transaction

from monitoring.alerts import grid, happenings, sending
from monitoring.alerts.decisions import Event, State, play
from monitoring.alerts.models import Alert
from monitoring.alerts.rules import Kind, News, Reading
from monitoring.alerts.watches import watch_of
from monitoring.trace_volume import TookTooLong, at_most

log = structlog.get_logger("callboard.alerts")

PLAN_KIND, RUN_KIND = "alerts.plan", "alerts.run"
# After a longer stop nobody wants to hear what came and went meanwhile.
MOST_BEHIND = timedelta(hours=6)
_MOST_MILLISECONDS = 10_000
_TOO_LONG = "Its numbers could not be read in time. Choose a shorter window, or name a prompt."


def waiting() -> list[int]:
    """Return the projects that have alerts."""
    return list(Alert.objects.kept().order_by("project").values_list("project", flat=True).distinct())


def look_at_all(*, project_id: int, now: datetime, keep: Callable[[], None] = lambda: None) -> None:
    """Look at every alert of a project; one that cannot be looked at does not keep the others waiting."""
    for alert in Alert.objects.kept().filter(project=project_id).select_related("project").order_by("pk"):
        keep()
        try:
            look(alert=alert, now=now)
        except TookTooLong:
            _trouble(alert, _TOO_LONG)
        except Exception as error:  # the edge of one alert
            log.exception("an alert could not be looked at", alert=alert.pk)
            _trouble(alert, f"It could not be looked at: {type(error).__name__}. It is tried again every minute.")


def look(*, alert: Alert, now: datetime) -> bool:
    """Decide about one alert up to what is complete; tell whether anything was kept."""
    if alert.kind == Kind.HAPPENING:
        return happenings.look(alert=alert, now=now)
    watch = watch_of(alert)
    until = watch.complete_until(now)
    if until is None:
        return False
    after = max(alert.looked_until, until - MOST_BEHIND)
    moments = grid.instants(after=after, until=until, step=watch.step)
    if not moments:
        return False
    with at_most(_MOST_MILLISECONDS):
        readings = watch.readings(moments)
    state, events = play(
        watch.rule, readings, state=State.from_json(alert.progress), muted_until=alert.muted_until
    )  # fmt: skip
    return _keep(alert, state, events, readings)


@transaction.atomic
def _keep(alert: Alert, state: State, events: Sequence[Event], readings: Sequence[Reading]) -> bool:
    last = readings[-1]
    changes: dict[str, Any] = {
        "phase": state.phase, "progress": state.to_json(), "looked_until": last.at, "trouble": "",
        "last_value": last.value if last.is_enough else None,
    }  # fmt: skip
    fired = [event.at for event in events if event.news == News.FIRED]
    if fired:
        changes["last_fired_at"] = fired[-1]
    seen = Alert.objects.kept().filter(pk=alert.pk, revision=alert.revision, looked_until=alert.looked_until)
    if not seen.update(**changes):
        return False  # another worker looked at the same time, or somebody changed it
    for event in events:
        sending.write_down(alert=alert, line=sending.line_of(alert, event))
    return True


def _trouble(alert: Alert, words: str) -> None:
    Alert.objects.filter(pk=alert.pk, revision=alert.revision).update(trouble=words[:300])
