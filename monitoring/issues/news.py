"""Tells the webhooks of a project, and those who care for an issue, what happens to it; in the same transaction."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db.models import QuerySet

from monitoring.issues.models import Happening, Issue, IssueEvent
from monitoring.streams import attribution
from projects import notifications, webhooks
from projects.models import User, WebhookEvent
from projects.roles import Action
from prompt_registry.models import PromptVersion

_EVENTS: dict[str, WebhookEvent] = {
    Happening.OPENED: WebhookEvent.ISSUE_OPENED, Happening.ESCALATED: WebhookEvent.ISSUE_ESCALATING,
    Happening.RESOLVED: WebhookEvent.ISSUE_RESOLVED, Happening.VERIFIED: WebhookEvent.ISSUE_RESOLVED,
    Happening.REGRESSED: WebhookEvent.ISSUE_REGRESSED,
}  # fmt: skip
_PEOPLE_HEAR_OF: dict[str, str] = {
    Happening.OPENED: "was found", Happening.ESCALATED: "gets worse", Happening.RESOLVED: "is gone",
    Happening.VERIFIED: "is proved gone", Happening.NOT_CONFIRMED: "has a fix that is not confirmed",
    Happening.REGRESSED: "came back", Happening.ASSIGNED: "is yours now", Happening.NOTED: "has a new note",
}  # fmt: skip
_MOST_TOLD = 100


def path(issue: Issue) -> str:
    """Return the page of the issue."""
    return f"/p/{issue.project.slug}/issues/{issue.number}/"


def told(*, issue: Issue, what: str, by: User | None, note: str = "") -> None:
    """Tell of what happened, with the numbers as they stand."""
    if what in _EVENTS:
        webhooks.emit(project=issue.project, event=_EVENTS[what], data=about(issue, by=by, note=note))
    if what in _PEOPLE_HEAR_OF:
        people = _first_to_know(issue) if what == Happening.OPENED else _who_cares(issue)
        sentence = f"Issue {issue.number} {_PEOPLE_HEAR_OF[what]}: {issue.title}"
        others = people.exclude(pk=by.pk) if by else people
        notifications.tell(
            project=issue.project, to=others[:_MOST_TOLD], kind=f"issue.{what}", sentence=sentence, path=path(issue)
        )


def about(issue: Issue, *, by: User | None, note: str = "") -> dict[str, Any]:
    """Return what events say about an issue; the texts of calls are not part of it."""
    return {
        "issue": issue.number, "title": issue.title, "state": issue.state, "trend": issue.trend,
        "signals": list(issue.scopes.order_by("pk").values_list("signal", flat=True)),
        "cause": {"dimension": issue.cause_dimension, "value": issue.cause_value} if issue.cause_dimension else None,
        "calls": issue.call_count, "bad_calls": issue.bad_count, "people": issue.user_count,
        "began_at": issue.began_at.isoformat() if issue.began_at else None,
        "reason": note, "by": by.display_name if by else None, "url": f"{settings.PUBLIC_URL}{path(issue)}",
    }  # fmt: skip


def _who_cares(issue: Issue) -> QuerySet[User]:
    """Return the owner and everybody who did something about it."""
    involved = IssueEvent.objects.filter(issue=issue, by__isnull=False).values("by")
    owner = User.objects.filter(pk=issue.owner_id or 0)
    return User.objects.filter(is_active=True).filter(pk__in=owner.values("pk").union(involved))


def _first_to_know(issue: Issue) -> QuerySet[User]:
    """Return who wrote the version that raised it; the admins, when nobody did."""
    authors = _authors(issue)
    admins = [user.pk for user in notifications.who_may(project=issue.project, action=Action.MANAGE_PROJECT)]
    return User.objects.filter(is_active=True, pk__in=authors or admins)


def _authors(issue: Issue) -> list[int]:
    named, _, number = issue.cause_value.rpartition(" ")
    prompt_name = named or issue.evidence.get("prompt_name", "")
    if issue.cause_dimension != attribution.PROMPT_VERSION or not number.isdecimal() or not prompt_name:
        return []
    versions = PromptVersion.objects.filter(project_id=issue.project_id, prompt__name=prompt_name)
    found = versions.filter(number=int(number), author__isnull=False)
    return list(found.values_list("author", flat=True))
