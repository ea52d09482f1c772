"""Makes one issue of two, takes that back, and splits a part off; which calls belong where follows from the scopes."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from monitoring.issues import membership, opening, transitions
from monitoring.issues.errors import (
    IssueMerged,
    IssueNotMerged,
    MergeIntoItself,
    NothingToSplit,
    OfAnotherProject,
)
from monitoring.issues.models import Happening, Issue, IssueEvent, IssueScope, IssueState
from monitoring.streams.scopes import Scope
from projects import audit
from projects.models import User
from projects.roles import Action
from prompt_registry.permissions import demand


@transaction.atomic
def merge(*, issue: Issue, into: Issue, by: User) -> Issue:
    """Make the issue a part of another one, which gets all its calls; return that one."""
    if issue.pk == into.pk:
        raise MergeIntoItself
    if issue.project_id != into.project_id:
        raise OfAnotherProject
    source, target = _both(issue, into, by)
    if source.merged_into_id is not None or target.merged_into_id is not None:
        raise IssueMerged
    moved = IssueScope.objects.filter(issue=source)
    ids = sorted(moved.values_list("pk", flat=True))
    moved.update(issue=target)
    Issue.objects.filter(pk=source.pk).update(merged_into=target)
    source.merged_into = target
    _both_told(source, target, Happening.MERGED, Happening.TOOK_IN, by, {"scopes": ids, "state": source.state})
    return target


@transaction.atomic
def unmerge(*, issue: Issue, by: User) -> Issue:
    """Take a merge back: the issue has its calls and its state again, wherever they went since."""
    if issue.merged_into is None:
        raise IssueNotMerged
    source, target = _both(issue, issue.merged_into, by)
    if source.merged_into_id is None:
        raise IssueNotMerged
    event = IssueEvent.objects.filter(issue=source, kind=Happening.MERGED).order_by("-at", "-pk").first()
    ids = event.numbers["scopes"] if event else []
    # What was given back to others, or split off, stays where it is.
    IssueScope.objects.filter(pk__in=ids, issue=_last(target)).update(issue=source)
    Issue.objects.filter(pk=source.pk).update(merged_into=None)
    source.merged_into = None
    _both_told(source, target, Happening.UNMERGED, Happening.GAVE_BACK, by, {"scopes": ids, "state": source.state})
    return source


@transaction.atomic
def split(*, issue: Issue, scope: Scope, by: User) -> Issue:
    """Make an issue of its own of one of the parts of an issue, or of a smaller part inside one of them; return the new one."""
    demand(project=issue.project, action=Action.EDIT_ISSUES, by=by)
    opening.wait_for_number(issue.project_id)
    locked = Issue.objects.select_for_update(of=("self",)).select_related("project").get(pk=issue.pk)
    if locked.merged_into_id is not None:
        raise IssueMerged
    rows = list(IssueScope.objects.filter(issue=locked).order_by("pk"))
    own = next((row for row in rows if row.as_scope() == scope), None)
    is_smaller = any(membership.is_narrower(scope, row.as_scope()) for row in rows)
    if (own is None and not is_smaller) or (own is not None and len(rows) == 1):
        raise NothingToSplit
    made = _made(locked, by)
    try:
        with transaction.atomic():
            _give(made, own, scope)
    except IntegrityError as error:
        raise NothingToSplit from error
    _both_told(made, locked, Happening.SPLIT, Happening.GAVE_UP, by, {"state": made.state})
    return made


def _last(issue: Issue) -> Issue:
    """Return the issue that has the calls of this one, through all merges since."""
    seen = {issue.pk}
    while issue.merged_into is not None and issue.merged_into_id not in seen:
        issue = issue.merged_into
        seen.add(issue.pk)
    return issue


def _give(made: Issue, own: IssueScope | None, scope: Scope) -> None:
    if own is None:
        opening.add_scope(made, scope)
    else:
        IssueScope.objects.filter(pk=own.pk).update(issue=made)


def _made(issue: Issue, by: User) -> Issue:
    """Return a new issue that begins as the one it comes from; its own numbers come with the next look."""
    now = timezone.now()
    fields: dict[str, Any] = {
        "title": f"Part of: {issue.title}"[:300], "state": IssueState.OPEN, "owner": issue.owner, "usual_rate": issue.usual_rate,
        "began_at": issue.began_at, "first_at": issue.first_at, "last_at": issue.last_at, "opened_by": by,
        "cause_dimension": issue.cause_dimension, "cause_value": issue.cause_value,
        "evidence": {name: issue.evidence[name] for name in ("prompt_name",) if name in issue.evidence},
    }  # fmt: skip
    return opening.create(project_id=issue.project_id, fields=fields, at=now)


def _both(issue: Issue, other: Issue, by: User) -> tuple[Issue, Issue]:
    """Return both, locked in the same order by everybody."""
    demand(project=issue.project, action=Action.EDIT_ISSUES, by=by)
    rows = Issue.objects.select_for_update(of=("self",)).select_related("project").order_by("pk")
    found = {row.pk: row for row in rows.filter(pk__in=[issue.pk, other.pk])}
    return found[issue.pk], found[other.pk]


def _both_told(
    issue: Issue, other: Issue, what: Happening, beside: Happening, by: User, numbers: dict[str, Any]
) -> None:  # fmt: skip
    now = timezone.now()
    for one, kind, partner in ((issue, what, other), (other, beside, issue)):
        transitions.tell(
            issue=one, what=kind, now=now, by=by, new=f"{partner.number} {partner.title}",
            numbers=numbers | {"issue": partner.number},
        )  # fmt: skip
    audit.record(
        action=f"issue.{what.value}", subject=issue.audited_name, by=by, project=issue.project,
        other=other.audited_name, **numbers,
    )  # fmt: skip
