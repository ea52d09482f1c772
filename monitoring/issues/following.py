"""Follows the issues that are known: their numbers, their trend, and what happens to them by the rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from monitoring.issues import causes, lifecycle, looks, recurrences, transitions
from monitoring.issues.evidence import Count
from monitoring.issues.lifecycle import Level, Standing, Step
from monitoring.issues.looks import Look
from monitoring.issues.models import CLOSED, Happening, Issue, IssueState, Trend
from monitoring.issues.opening import Known
from monitoring.issues.titles import Cause
from monitoring.streams.harm import Harm
from monitoring.streams.rates import Hour


def follow(
    *, project_id: int, ranking: Sequence[Harm], known: Known, all_calls: Mapping[datetime, int], now: datetime
) -> None:  # fmt: skip
    """Look at every issue once; what somebody changed meanwhile is left for the next time."""
    for issue in known.issues.values():
        if issue.merged_into_id is None and (issue.measured_at is None or issue.measured_at < now):
            _follow(issue, known, ranking, all_calls, now)


def standing_of(issue: Issue, look: Look, now: datetime) -> Standing:
    """Return what the rules look at."""
    kept = issue.evidence
    return Standing(
        state=issue.state, state_at=issue.state_at, opened_at=_restarted_at(issue), began_at=issue.began_at or issue.first_at,
        usual_rate=look.usual_rate, rate_level=_level(kept.get("rate_level"), look.count, now),
        share_level=_level(kept.get("share_level"), _sum(look.share), now), muted_until=issue.muted_until,
        unmuted_state=kept.get("unmuted_state", IssueState.OPEN), closed_level=closed_level(issue, look),
        escalated_at=_moment(kept.get("escalated_at")), grew_at=_moment(kept.get("grew_at")),
        last_bad_at=look.totals.last_at or issue.last_at,
    )  # fmt: skip


def closed_level(issue: Issue, look: Look) -> Level | None:
    """Return what later calls of a closed issue are compared with: never less than what is usual."""
    if issue.state not in CLOSED:
        return None
    kept = issue.closed_level or {}
    return Level(max(float(kept.get("rate", 0.0)), look.usual_rate), _moment(kept.get("at")) or issue.state_at)


def _follow(
    issue: Issue, known: Known, ranking: Sequence[Harm], all_calls: Mapping[datetime, int], now: datetime
) -> None:  # fmt: skip
    own = known.of(issue.pk)
    since = max(now - looks.FURTHEST, min(issue.began_at or issue.first_at, now - looks.PAST))
    look = looks.look(
        project_id=issue.project_id, of=own, ranked=ranking, usual_rate=issue.usual_rate, since=since, now=now,
        all_calls=all_calls,
    )  # fmt: skip
    standing = standing_of(issue, look, now)
    step = lifecycle.decide(standing, look.hours, look.share, now=now)
    changes = _changes(issue, known, look, standing, step, now)
    happened = dict(step.happened)
    if Happening.REGRESSED in happened and standing.closed_level is not None:
        level = standing.closed_level
        changed = recurrences.changed_since(project_id=issue.project_id, of=own, closed_at=level.at, now=now)
        happened[Happening.REGRESSED] = {**happened[Happening.REGRESSED], "changed": changed}
    transitions.move(issue=issue, happened=happened, now=now, **changes)


def _changes(
    issue: Issue, known: Known, look: Look, standing: Standing, step: Step, now: datetime
) -> dict[str, Any]:  # fmt: skip
    changes = looks.numbers(look, now=now) | {"state": step.state, "trend": step.trend}
    kept = (
        _as_kept(standing.rate_level, standing.share_level)
        | issue.evidence
        | _levels(step, now)
        | looks.drawn(look, now=now)
    )
    if issue.state == IssueState.MUTED and step.state != IssueState.MUTED:
        changes["muted_until"] = None
    if step.state == IssueState.RESOLVED and issue.state != IssueState.RESOLVED:
        gone = step.happened[Happening.RESOLVED]
        changes["closed_level"] = {"rate": gone.get("rate", 0.0), "at": now.isoformat()}
    if step.state in CLOSED or step.trend == Trend.QUIET:
        # What it was called while it was there says more than «0 %».
        return changes | {"evidence": kept}
    if Happening.REGRESSED in step.happened:
        changes |= {"began_at": None, "cause_dimension": "", "cause_value": "", "closed_level": None}
    return changes | _described(issue, known, look, kept, now, changes)


def _described(
    issue: Issue, known: Known, look: Look, kept: dict[str, Any], now: datetime, changes: Mapping[str, Any]
) -> dict[str, Any]:  # fmt: skip
    """Return the cause, the beginning and the title as they are known now."""
    scope = known.scopes[issue.pk][0]
    began_at = changes.get("began_at", issue.began_at)
    cause = Cause(changes.get("cause_dimension", issue.cause_dimension), changes.get("cause_value", issue.cause_value))
    if began_at is None:
        change = looks.began(look.hours)
        began_at = change.at if change is not None and change.after > change.before else None
    since = began_at or now - looks.WINDOW
    found = causes.find(project_id=issue.project_id, scope=scope, part=look.part, since=now - looks.PAST, until=now)
    if found.ranked:
        kept["causes"] = found.ranked
    # The first cause stays: later ones are often only where it is still to be seen.
    cause = cause if cause.dimension else found.first
    count = look.since(since)
    kept |= looks.found(look, count)
    described: dict[str, Any] = {
        "began_at": began_at, "cause_dimension": cause.dimension[:40], "cause_value": cause.value[:300], "evidence": kept,
    }  # fmt: skip
    if not issue.is_title_own:
        described["title"] = looks.title(
            project_id=issue.project_id, scope=scope, rate=count.rate, people=look.totals.people, cause=cause,
            began_at=began_at,
        )  # fmt: skip
    return described


def _levels(step: Step, now: datetime) -> dict[str, Any]:
    levels = _as_kept(step.rate_level, step.share_level)
    for what, name in ((Happening.ESCALATED, "escalated_at"), (Happening.GREW, "grew_at")):
        if what in step.happened:
            levels[name] = now.isoformat()
    return levels


def _as_kept(rate: Level | None, share: Level | None) -> dict[str, Any]:
    named = (("rate_level", rate), ("share_level", share))
    return {name: {"rate": level.rate, "at": level.at.isoformat()} for name, level in named if level is not None}


def _level(kept: Mapping[str, Any] | None, count: Count, now: datetime) -> Level:
    """Return a level that was kept; without one, the highest that the present one may be, from now on."""
    if not kept:
        return Level(count.interval[1], now)
    return Level(float(kept["rate"]), _moment(kept["at"]) or now)


def _sum(hours: Sequence[Hour]) -> Count:
    return Count(sum(hour.calls for hour in hours), sum(hour.bad for hour in hours))


def _moment(kept: str | None) -> datetime | None:
    return datetime.fromisoformat(kept) if kept else None


def _restarted_at(issue: Issue) -> datetime:
    return issue.state_at if issue.state == IssueState.REGRESSED else issue.created_at
