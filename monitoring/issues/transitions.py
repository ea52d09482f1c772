"""Moves an issue and writes down why, in one guarded step: of two who try, one does."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from monitoring.issues import news
from monitoring.issues.models import Issue, IssueEvent
from projects.models import User


@transaction.atomic
def move(
    *, issue: Issue, happened: Mapping[str, Mapping[str, Any]], now: datetime, by: User | None = None, note: str = "",
    **changes: Any,
) -> bool:  # fmt: skip
    """Change the issue as it was looked at and tell of what happened; False when it was changed meanwhile."""
    old = issue.state
    if changes.get("state", old) != old:
        changes["state_at"] = now
    unchanged = Issue.objects.filter(
        pk=issue.pk, state=old, measured_at=issue.measured_at, merged_into=issue.merged_into_id, owner=issue.owner_id,
    )  # fmt: skip
    if not unchanged.update(**changes):
        return False
    for name, value in changes.items():
        setattr(issue, name, value)
    for what, numbers in happened.items():
        tell(issue=issue, what=what, now=now, by=by, note=note, old=old, new=issue.state, numbers=numbers)
    return True


def tell(
    *, issue: Issue, what: str, now: datetime, by: User | None = None, note: str = "", old: str = "", new: str = "",
    numbers: Mapping[str, Any] | None = None,
) -> IssueEvent:  # fmt: skip
    """Write one line into the history of the issue, and tell those who want to know."""
    event = IssueEvent.objects.create(
        project_id=issue.project_id, issue=issue, kind=what, old=old[:300], new=new[:300], note=note,
        numbers=dict(numbers or {}), by=by, at=now,
    )  # fmt: skip
    news.told(issue=issue, what=what, by=by, note=note)
    return event
