"""What somebody wants an alert to be, and whether that makes sense."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from math import isfinite

from monitoring.alerts import words
from monitoring.alerts.errors import AlertRefused
from monitoring.alerts.measures import MEASURES, SCORE, Unit
from monitoring.alerts.models import Alert
from monitoring.alerts.rules import Direction, Kind, Period
from projects.models import Membership, Project
from prompt_registry import texts

WINDOWS = (5, 15, 30, 60, 180, 360, 1440)
# Past weeks are compared by whole hours.
WINDOWS_OF_HOURS = tuple(minutes for minutes in WINDOWS if minutes >= 60)
_MOST_MINUTES = 7 * 1440
_MOST_CALLS = 1_000_000
_MOST_TOLD = 50


@dataclass(frozen=True, slots=True)
class Wanted:
    """Everything about an alert that people choose; the limit is a share, milliseconds, dollars or a count."""

    kind: Kind
    measure: str = "calls"
    score_name: str = ""
    direction: Direction = Direction.ABOVE
    limit: float = 0.0
    window_minutes: int = 15
    least_calls: int = 30
    pending_minutes: int = 0
    recovery_minutes: int = 15
    remind_minutes: int = 240
    quiet_from: int | None = None
    quiet_until: int | None = None
    period: Period = Period.DAY
    shares: tuple[int, ...] = ()
    happenings: tuple[str, ...] = ()
    environment: str = ""
    prompt_name: str = ""
    prompt_version: int = 0
    model: str = ""
    tells_everybody: bool = False
    people_ids: tuple[int, ...] = ()
    endpoint_ids: tuple[int, ...] = ()
    name: str = ""


def of(alert: Alert) -> Wanted:
    """Return what an alert is now."""
    values = {name: getattr(alert, name) for name in Wanted.__slots__}
    lists = {name: tuple(value) for name, value in values.items() if isinstance(value, list)}
    return Wanted(**values | lists)


def sense(wanted: Wanted) -> Wanted:
    """Return what is meant, whoever is told; AlertRefused with the field that is wrong and what to do about it."""
    wanted = _tidy(wanted)
    for field, flaw, is_wrong in _rules(wanted):
        if is_wrong:
            raise AlertRefused(flaw, field=field)
    return wanted


def checked(*, project: Project, wanted: Wanted) -> Wanted:
    """Return what may be stored: what makes sense, and tells somebody who is there."""
    wanted = sense(wanted)
    members = Membership.objects.filter(project=project, user__in=wanted.people_ids, user__is_active=True)
    people = tuple(members.order_by("user").values_list("user", flat=True))
    endpoints = tuple(
        project.webhook_endpoints.filter(pk__in=wanted.endpoint_ids).order_by("pk").values_list("pk", flat=True)
    )
    if not (wanted.tells_everybody or people or endpoints):
        raise AlertRefused("Choose at least one person or webhook to tell.", field="people_ids")
    return replace(wanted, people_ids=people, endpoint_ids=endpoints)


def _rules(wanted: Wanted) -> Iterator[tuple[str, str, bool]]:
    """Yield what may be wrong: the field, what to say, and whether it is so."""
    yield "measure", "Choose a number to look at.", wanted.measure not in MEASURES
    yield from _of_kind[wanted.kind](wanted)
    times = (wanted.pending_minutes, wanted.recovery_minutes, wanted.remind_minutes)
    yield (
        "pending_minutes",
        "Waiting times are from 0 minutes to 7 days.",
        not all(0 <= one <= _MOST_MINUTES for one in times),
    )
    yield "least_calls", "The least number of calls is from 0 to 1,000,000.", not 0 <= wanted.least_calls <= _MOST_CALLS
    hours = (wanted.quiet_from, wanted.quiet_until)
    is_half = (hours[0] is None) != (hours[1] is None)
    yield "quiet_until", "Quiet hours need a beginning and an end.", is_half
    is_no_hour = any(hour is not None and not 0 <= hour <= 23 for hour in hours)
    yield "quiet_from", "Hours of the day are from 0 to 23.", is_no_hour
    yield (
        "quiet_until",
        "Quiet hours that last the whole day would never tell anybody.",
        hours[0] is not None and hours[0] == hours[1],
    )
    yield (
        "prompt_version",
        "A version goes with a prompt: name the prompt, too.",
        bool(wanted.prompt_version and not wanted.prompt_name),
    )
    too_many = max(len(wanted.people_ids), len(wanted.endpoint_ids)) > _MOST_TOLD
    yield "people_ids", "An alert can tell up to 50 people and 50 webhooks.", too_many


def _threshold(wanted: Wanted) -> Iterator[tuple[str, str, bool]]:
    yield "window_minutes", "Choose one of the times.", wanted.window_minutes not in WINDOWS
    yield from _score(wanted)
    unit = MEASURES[wanted.measure].unit
    is_number = isfinite(wanted.limit) and (unit == Unit.NUMBER or wanted.limit >= 0)
    yield "limit", "The limit is a number that is not negative.", not is_number
    yield "limit", "A share is from 0% to 100%.", unit == Unit.SHARE and wanted.limit > 1
    is_never = wanted.direction == Direction.BELOW and wanted.limit <= 0 and unit != Unit.NUMBER
    yield "limit", "Nothing is below zero. Choose a higher limit.", is_never


def _change(wanted: Wanted) -> Iterator[tuple[str, str, bool]]:
    yield (
        "window_minutes",
        "Past weeks are compared by whole hours: choose one hour or more.",
        wanted.window_minutes not in WINDOWS_OF_HOURS,
    )
    yield from _score(wanted)
    is_sense = isfinite(wanted.limit) and 0 < wanted.limit <= 100
    yield "limit", "Say by how many percent it differs, such as 50.", not is_sense
    is_never = wanted.direction == Direction.BELOW and wanted.limit >= 1
    yield (
        "limit",
        "Nothing falls by 100% or more and still has a value. To hear of no calls at all, choose «No calls arrive».",
        is_never,
    )


def _silence(wanted: Wanted) -> Iterator[tuple[str, str, bool]]:
    yield "window_minutes", "Choose one of the times.", wanted.window_minutes not in WINDOWS


def _budget(wanted: Wanted) -> Iterator[tuple[str, str, bool]]:
    yield "limit", "A budget is an amount above $0.", not (isfinite(wanted.limit) and 0 < wanted.limit <= 1e9)
    yield (
        "shares",
        "Say at which parts of the money to warn, such as 80 and 100 (percent, at most 200).",
        not wanted.shares or not all(1 <= one <= 200 for one in wanted.shares),
    )


def _happening(wanted: Wanted) -> Iterator[tuple[str, str, bool]]:
    is_known = all(name in words.HAPPENINGS for name in wanted.happenings)
    yield "happenings", "Tick at least one thing to hear of.", not wanted.happenings or not is_known


def _score(wanted: Wanted) -> Iterator[tuple[str, str, bool]]:
    yield "score_name", "Name the check whose score counts.", wanted.measure == SCORE and not wanted.score_name


_of_kind: dict[Kind, Callable[[Wanted], Iterator[tuple[str, str, bool]]]] = {
    Kind.THRESHOLD: _threshold, Kind.CHANGE: _change, Kind.SILENCE: _silence, Kind.BUDGET: _budget, Kind.HAPPENING: _happening,
}  # fmt: skip


def _tidy(wanted: Wanted) -> Wanted:
    """Return the choice without what its kind does not use, and with texts as they can be kept."""
    fixed = {Kind.BUDGET: "cost", Kind.SILENCE: "calls", Kind.HAPPENING: "calls"}.get(wanted.kind, wanted.measure)

    def text(value: str, most: int) -> str:
        return " ".join(texts.clean(value).split())[:most]

    return replace(
        wanted, measure=fixed, name=text(wanted.name, 120), environment=text(wanted.environment, 255),
        prompt_name=text(wanted.prompt_name, 255), model=text(wanted.model, 255),
        score_name=text(wanted.score_name, 80) if fixed == SCORE else "",
        shares=tuple(sorted(set(wanted.shares))) if wanted.kind == Kind.BUDGET else (),
        happenings=tuple(dict.fromkeys(wanted.happenings)) if wanted.kind == Kind.HAPPENING else (),
        least_calls=max(1, wanted.least_calls) if wanted.kind == Kind.SILENCE else wanted.least_calls,
    )  # fmt: skip
