"""Tells people what they should know: a row for each of them, which the bell at the top of the page shows."""

from __future__ import annotations

from collections.abc import Iterable

from projects.models import Membership, Notification, Project, User
from projects.roles import ROLES_ALLOWED, Action


def tell(*, project: Project, to: Iterable[User], kind: str, sentence: str, path: str) -> None:
    """Note the sentence for each of these people who is still a member; `path` is the page that it is about."""
    members = Membership.objects.filter(project=project, user__in=list(to), user__is_active=True)
    Notification.objects.bulk_create(
        Notification(project=project, user_id=user_id, kind=kind, sentence=_short(sentence), path=path)
        for user_id in members.values_list("user_id", flat=True)
    )


def who_may(*, project: Project, action: Action) -> list[User]:
    """Return the members whose role allows this, by name."""
    roles = list(ROLES_ALLOWED[action])
    members = Membership.objects.filter(project=project, role__in=roles, user__is_active=True).select_related("user")
    return [membership.user for membership in members.order_by("user__name", "user__email")]


def _short(sentence: str) -> str:
    limit = Notification._meta.get_field("sentence").max_length or 300
    sentence = sentence.replace("\x00", "")
    return sentence if len(sentence) <= limit else f"{sentence[: limit - 1]}…"
