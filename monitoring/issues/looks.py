"""Looks at the calls of one issue: everything that its numbers, its title and the rules need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from monitoring.analysis.models import AnalysisSettings
from monitoring.clusters.models import Cluster
from monitoring.issues import counts, titles
from monitoring.issues.counts import Totals
from monitoring.issues.evidence import Count
from monitoring.issues.membership import Membership
from monitoring.issues.titles import Cause
from monitoring.streams import change_points
from monitoring.streams import harm as harms
from monitoring.streams.families import Part
from monitoring.streams.harm import Harm
from monitoring.streams.rates import Hour
from monitoring.streams.scopes import Scope

# Numbers are those of a week, as harm is; the rules look further back.
WINDOW, PAST = timedelta(days=7), timedelta(days=14)
# Nothing older is kept of calls, and none of the rules looks further back.
FURTHEST = timedelta(days=28)
_FEWEST_BAD = 5
_CALLS_BY_HOUR = """
    SELECT at, sum(call_count)::bigint FROM flag_hour WHERE project_id = %s AND at >= %s AND at < %s GROUP BY 1 ORDER BY 1
"""
_MAIN_PROMPT = """
    SELECT a.prompt_name FROM call_analysis a
     WHERE a.project_id = %(project)s AND a.call_at >= %(since)s AND ({bad}) GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Look:
    """What the calls of an issue say at a moment."""

    totals: Totals
    hours: list[Hour]
    # The calls of the project, and as bad ones those that could have the problem.
    share: list[Hour]
    usual_rate: float
    harm: float
    p_value: float
    part: Part | None = None
    also: tuple[Scope, ...] = ()

    @property
    def days(self) -> list[tuple[str, int, int]]:
        """Calls and bad calls by day, oldest first; days without calls are left out."""
        found: dict[str, tuple[int, int]] = {}
        for hour in self.hours:
            calls, bad = found.get(f"{hour.at:%Y-%m-%d}", (0, 0))
            found[f"{hour.at:%Y-%m-%d}"] = (calls + hour.calls, bad + hour.bad)
        return [(day, *counted) for day, counted in found.items()]

    @property
    def count(self) -> Count:
        return Count(self.totals.calls, self.totals.bad)

    def since(self, moment: datetime) -> Count:
        """Return the calls from a moment on; of the whole week when there are none."""
        lately = [hour for hour in self.hours if hour.at >= moment]
        found = Count(sum(hour.calls for hour in lately), sum(hour.bad for hour in lately))
        return found if found.bad else self.count


def look(
    *, project_id: int, of: Membership, ranked: Sequence[Harm], usual_rate: float, since: datetime, now: datetime,
    all_calls: Mapping[datetime, int],
) -> Look:  # fmt: skip
    """Look at the calls of an issue; `usual_rate` stands where the ranking no longer has its parts."""
    hours = counts.hours(project_id=project_id, of=of, since=since, until=now)
    calls = {hour.at: hour.calls for hour in hours}
    share = [Hour(at, max(total, calls.get(at, 0)), calls.get(at, 0)) for at, total in all_calls.items() if at >= since]
    own = [harm for harm in ranked if harm.scope in of.scopes or set(harm.also) & set(of.scopes)]
    totals = counts.totals(project_id=project_id, of=of, since=now - WINDOW, until=now)
    worst = max(own, key=lambda harm: harm.harm, default=None) or _harm_of(project_id, of, totals, usual_rate, now)
    return Look(
        totals, hours, share,
        usual_rate=worst.usual_rate if worst else usual_rate, harm=worst.harm if worst else 0.0,
        p_value=worst.p_value if worst else 1.0, part=worst.part if worst else None, also=worst.also if worst else (),
    )  # fmt: skip


def _harm_of(project_id: int, of: Membership, totals: Totals, usual_rate: float, now: datetime) -> Harm | None:
    """Return the harm of an issue whose calls the ranking has under another head; asked only when there seems to be some."""
    if not of.scopes or totals.bad < _FEWEST_BAD or totals.rate <= usual_rate:
        return None
    found = harms.of(project_id=project_id, scope=of.scopes[0], now=now)
    # What was usual when it was opened: where an issue is all of the traffic, nothing else tells.
    return replace(found, usual_rate=usual_rate) if found else None


def all_calls(*, project_id: int, since: datetime, until: datetime) -> dict[datetime, int]:
    """Return how many calls the project had in each hour, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(_CALLS_BY_HOUR, [project_id, since, until])
        return dict(cursor.fetchall())


def began(hours: Sequence[Hour]) -> change_points.ChangePoint | None:
    """Return since when the rate is what it is; none when it was always so."""
    return change_points.began(hours)


def main_prompt(*, project_id: int, of: Membership, since: datetime) -> str:
    """Return the prompt that most of the bad calls were made with."""
    named = {scope.prompt_name for scope in of.scopes} - {""}
    if len(named) == 1:
        return named.pop()
    bad = of.bad()
    with connection.cursor() as cursor:
        cursor.execute(_MAIN_PROMPT.format(bad=bad.sql), bad.values | {"project": project_id, "since": since})
        row = cursor.fetchone()
    return row[0] if row else ""


def title(
    *, project_id: int, scope: Scope, rate: float, people: int, cause: Cause, began_at: datetime | None
) -> str:  # fmt: skip
    """Return the title; the name of a group of questions stays out of it while too few people ask them."""
    cluster_name = cluster_name_of(project_id, scope) if people >= fewest_users(project_id) else ""
    subject = titles.subject(
        cluster_name=cluster_name, prompt_name=scope.prompt_name, model=scope.model, environment=scope.environment
    )
    # What the title names already it does not say again.
    told = cause.dimension == "model" and not cluster_name and not scope.prompt_name
    shown = Cause() if told else cause
    return titles.make(subject=subject, signal=scope.signal, rate=rate, cause=shown, began_at=began_at)


def cluster_name_of(project_id: int, scope: Scope) -> str:
    """Return the name of the group of questions that a part names."""
    if scope.cluster_id is None:
        return ""
    return (
        Cluster.objects.filter(project_id=project_id, pk=scope.cluster_id).values_list("name", flat=True).first() or ""
    )


def fewest_users(project_id: int) -> int:
    """Return from how many people on the names and examples of a group are shown."""
    row = AnalysisSettings.objects.filter(project_id=project_id).first()
    return (row or AnalysisSettings()).fewest_users


def numbers(look: Look, *, now: datetime) -> dict[str, Any]:
    """Return the columns of an issue that a look fills."""
    return {
        "harm": look.harm, "call_count": look.totals.calls, "bad_count": look.totals.bad,
        "user_count": look.totals.people_hit, "usual_rate": look.usual_rate, "measured_at": now,
    } | ({"last_at": look.totals.last_at} if look.totals.last_at else {})  # fmt: skip


def drawn(look: Look, *, now: datetime) -> dict[str, Any]:
    """Return what lists show of a look: its days, and how many calls of the project are bad ones of the issue."""
    lately = sum(hour.calls for hour in look.share if hour.at >= now - WINDOW)
    days = [list(day) for day in look.days[-int(PAST / timedelta(days=1)) :]]
    share = look.totals.bad / lately if lately else 0.0
    # Of how many people calls were once known to be stays known when they ask no more.
    people = {"people": look.totals.people} if look.totals.people else {}
    return {"days": days, "traffic_share": share} | people


def found(look: Look, count: Count) -> dict[str, Any]:
    """Return the numbers that decisions rest on, as they are kept."""
    low, high = count.interval
    return {
        "calls": count.calls, "bad": count.bad, "rate": count.rate, "low": low, "high": high, "people": look.totals.people,
        "people_hit": look.totals.people_hit, "also": [scope.signal for scope in look.also],
        "usual_rate": look.usual_rate, "harm": look.harm, "p_value": look.p_value,
    }  # fmt: skip
