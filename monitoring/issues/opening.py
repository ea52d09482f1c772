"""Opens an issue for each problem that nobody knows of yet, once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.db.models import Max

from monitoring.issues import causes, choosing, counts, looks, membership, transitions
from monitoring.issues.evidence import Count
from monitoring.issues.looks import Look
from monitoring.issues.membership import Membership
from monitoring.issues.models import Happening, Issue, IssueScope
from monitoring.streams import harm as harms
from monitoring.streams.harm import Harm
from monitoring.streams.scopes import Scope

_LOCK = 7_204_131
# So much of a problem among the calls of an issue with the same cause is the same problem, seen from another side.
_SAME = 0.7


@dataclass(frozen=True, slots=True)
class Known:
    """The issues of a project and what each is about, as they were read at one moment."""

    issues: Mapping[int, Issue]
    scopes: Mapping[int, tuple[Scope, ...]]
    newest: int = 0

    def all_scopes(self) -> list[Scope]:
        return [scope for own in self.scopes.values() for scope in own]

    def of(self, issue_id: int) -> Membership:
        """Return what one of the issues is about."""
        others = [scope for key, own in self.scopes.items() if key != issue_id for scope in own]
        return membership.of(self.scopes.get(issue_id, ()), others=others)


def known(*, project_id: int) -> Known:
    """Return the issues that have calls of their own; those merged into others have none."""
    # First of all: an issue that is opened while the rest is read is then seen as newer.
    newest = Issue.objects.filter(project_id=project_id).aggregate(newest=Max("pk"))["newest"] or 0
    scopes: dict[int, tuple[Scope, ...]] = {}
    for row in IssueScope.objects.filter(project_id=project_id).order_by("pk"):
        scopes[row.issue_id] = (*scopes.get(row.issue_id, ()), row.as_scope())
    rows = Issue.objects.filter(project_id=project_id, pk__in=list(scopes)).select_related("project", "owner")
    return Known({row.pk: row for row in rows}, scopes, newest)


def open_new(
    *, project_id: int, ranking: Sequence[Harm], all_calls: Mapping[datetime, int], now: datetime
) -> list[Issue]:  # fmt: skip
    """Open an issue for each harmful part of the traffic that those known so far do not explain, the worst first."""
    opened: list[Issue] = []
    for harm in chain(choosing.candidates(ranking), _beside(project_id, ranking, now)):
        issues = known(project_id=project_id)
        if harm.scope in issues.all_scopes() or not _is_news(project_id, harm, issues, of=len(ranking), now=now):
            continue
        draft = _draft(project_id, harm, all_calls, now)
        if draft is not None and not _joins(project_id, draft, issues, now):
            opened += _open(draft, newest=issues.newest)
    return opened


def _beside(project_id: int, ranking: Sequence[Harm], now: datetime) -> Iterator[Harm]:
    """Yield what else is wrong with harmful parts: when the first thing is no issue, one of the others may be."""
    # Asked for when the first things have been opened.
    known_scopes = known(project_id=project_id).all_scopes()
    left = [harm for harm in ranking if harm.is_significant and harm.scope not in known_scopes]
    for scope in dict.fromkeys(scope for harm in left for scope in harm.also):
        found = harms.of(project_id=project_id, scope=scope, now=now)
        if found is not None:
            yield from choosing.candidates([found])


@dataclass(frozen=True, slots=True)
class Draft:
    """An issue as it would be opened now."""

    project_id: int
    scope: Scope
    bad: int
    fields: dict[str, Any]
    at: datetime


def _is_news(project_id: int, harm: Harm, issues: Known, *, of: int, now: datetime) -> bool:
    """Tell whether the part is still bad without the calls that known issues have."""
    if not issues.scopes:
        return True
    calls_share, bad_share = counts.unexplained(
        project_id=project_id, of=Membership((harm.scope,)), known=Membership(tuple(issues.all_scopes())),
        since=now - looks.WINDOW, until=now,
    )  # fmt: skip
    # What the ranking counted may be less than the whole part, such as some hours of each day.
    rest = Count(round(harm.calls * calls_share), round(harm.bad * bad_share))
    return rest.bad >= choosing.FEWEST_BAD and choosing.is_surprising(rest, level=harm.usual_rate, of=of)


def _draft(project_id: int, harm: Harm, all_calls: Mapping[datetime, int], now: datetime) -> Draft | None:
    """Return the issue to open; none while too few people met it, and none for what is so by nature."""
    own = Membership((harm.scope,))
    look = looks.look(
        project_id=project_id, of=own, ranked=[harm], usual_rate=harm.usual_rate, since=now - looks.PAST, now=now,
        all_calls=all_calls,
    )  # fmt: skip
    if look.totals.people_hit < choosing.FEWEST_PEOPLE or look.totals.first_at is None:
        return None
    change = looks.began(look.hours)
    began_at = change.at if change is not None and change.after > change.before else None
    if choosing.is_natural(harm, has_begun=began_at is not None):
        return None
    found = causes.find(project_id=project_id, scope=harm.scope, part=harm.part, since=now - looks.PAST, until=now)
    count = look.since(began_at or now - looks.WINDOW)
    title = looks.title(
        project_id=project_id, scope=harm.scope, rate=count.rate, people=look.totals.people, cause=found.first,
        began_at=began_at,
    )  # fmt: skip
    fields = looks.numbers(look, now=now) | {
        "title": title, "cause_dimension": found.first.dimension[:40], "cause_value": found.first.value[:300],
        "began_at": began_at, "first_at": look.totals.first_at, "evidence": _evidence(project_id, own, look, count, found, change, now),
    }  # fmt: skip
    return Draft(project_id, harm.scope, look.totals.bad, fields, now)


def _evidence(
    project_id: int, own: Membership, look: Look, count: Count, found: causes.Causes, change: Any, now: datetime
) -> dict[str, Any]:  # fmt: skip
    calls, own_calls = sum(hour.calls for hour in look.share), sum(hour.bad for hour in look.share)
    return looks.found(look, count) | looks.drawn(look, now=now) | {
        "causes": found.ranked,
        "prompt_name": looks.main_prompt(project_id=project_id, of=own, since=now - looks.WINDOW),
        "change": {"at": change.at.isoformat(), "before": change.before, "after": change.after} if change else None,
        # Later calls are compared with the highest that these levels may be: what is known so far rests on few calls.
        "rate_level": {"rate": count.interval[1], "at": now.isoformat()},
        "share_level": {"rate": Count(calls, own_calls).interval[1], "at": now.isoformat()},
    }  # fmt: skip


def _joins(project_id: int, draft: Draft, issues: Known, now: datetime) -> bool:
    """Tell whether it is an issue that is known, seen by another signal: the same calls and the same first cause."""
    if not draft.fields["cause_dimension"]:
        return False
    for issue in issues.issues.values():
        if (issue.cause_dimension, issue.cause_value) != (draft.fields["cause_dimension"], draft.fields["cause_value"]):
            continue
        shared = counts.shared(
            project_id=project_id, bad=Membership((draft.scope,)), traffic=issues.of(issue.pk),
            since=now - looks.WINDOW, until=now,
        )  # fmt: skip
        if shared >= _SAME * draft.bad:
            return True
    return False


@transaction.atomic
def _open(draft: Draft, *, newest: int) -> list[Issue]:
    """Open the issue, unless another worker opened one since: what is left to explain is then another."""
    wait_for_number(draft.project_id)
    if Issue.objects.filter(project_id=draft.project_id, pk__gt=newest).exists():
        return []
    issue = create(project_id=draft.project_id, fields=draft.fields, at=draft.at)
    try:
        with transaction.atomic():
            add_scope(issue, draft.scope)
    except IntegrityError:
        # Its scope was given to another issue meanwhile, such as by a split.
        issue.delete()
        return []
    numbers = {
        name: draft.fields["evidence"][name] for name in ("calls", "bad", "rate", "usual_rate", "p_value", "harm")
    }
    cause = {"cause": issue.cause_dimension, "value": issue.cause_value}
    transitions.tell(issue=issue, what=Happening.OPENED, now=draft.at, new=issue.state, numbers=numbers | cause)
    return [issue]


def wait_for_number(project_id: int) -> None:
    """Let one at a time make issues of a project, until the end of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_LOCK, project_id % 2**31])


def create(*, project_id: int, fields: Mapping[str, Any], at: datetime) -> Issue:
    """Make an issue with the next number of the project; whoever calls this waited for the number."""
    last = Issue.objects.filter(project_id=project_id).aggregate(last=Max("number"))["last"]
    return Issue.objects.create(project_id=project_id, number=(last or 0) + 1, created_at=at, state_at=at, **fields)


def add_scope(issue: Issue, scope: Scope) -> IssueScope:
    """Give a part of the traffic to the issue; the database refuses one that another issue has."""
    return IssueScope.objects.create(
        project_id=issue.project_id, issue=issue, signal=scope.signal, cluster_id=scope.cluster_id,
        prompt_name=scope.prompt_name, model=scope.model, environment=scope.environment,
    )  # fmt: skip
