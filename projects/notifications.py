"""Tells people what they should know: a row for each of them, which the bell at the top of the page shows."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from projects import notification_kinds, notification_mail
from projects.models import Channel, Membership, Notification, NotificationChoice, Project, User
from projects.roles import ROLES_ALLOWED, Action

# The bell says «99+» beyond this, so counting stays cheap.
MOST_COUNTED = 100


@transaction.atomic
def tell(*, project: Project, to: Iterable[User], kind: str, sentence: str, path: str) -> list[Notification]:
    """Note the sentence for each of these people who is still a member, and return what was noted.

    `path` is the page that it is about. Who chose so gets it by mail too, or not at all.
    """
    members = Membership.objects.filter(project=project, user__in=list(to), user__is_active=True)
    user_ids = list(members.values_list("user_id", flat=True))
    channels = _channels(user_ids, kind)
    told = Notification.objects.bulk_create(
        Notification(project=project, user_id=user_id, kind=kind, sentence=_short(sentence), path=path)
        for user_id in user_ids
        if channels[user_id] != Channel.OFF
    )
    notification_mail.queue([(one, channels[one.user_id]) for one in told])
    return told


def who_may(*, project: Project, action: Action) -> list[User]:
    """Return the members whose role allows this, by name."""
    roles = list(ROLES_ALLOWED[action])
    members = Membership.objects.filter(project=project, role__in=roles, user__is_active=True).select_related("user")
    return [membership.user for membership in members.order_by("user__name", "user__email")]


def unread_count(user: User) -> int:
    """Return how many notifications the person has not opened; a hundred stands for more."""
    return Notification.objects.filter(user=user, read_at=None)[:MOST_COUNTED].count()


def listed(
    *, user: User, before: int | None = None, only_unread: bool = False, limit: int
) -> tuple[list[Notification], bool]:
    """Return the person's notifications, newest first, older than one of them, and whether there are more."""
    rows = Notification.objects.filter(user=user).select_related("project", "mail")
    if only_unread:
        rows = rows.filter(read_at=None)
    if before is not None and (last := Notification.objects.filter(user=user, pk=before).first()):
        rows = rows.filter(Q(created_at__lt=last.created_at) | Q(created_at=last.created_at, pk__lt=last.pk))
    found = list(rows.order_by("-created_at", "-pk")[: limit + 1])
    return found[:limit], len(found) > limit


def mark_read(*, notifications: QuerySet[Notification]) -> int:
    """Note that these were read; return how many were not before."""
    return notifications.filter(read_at=None).update(read_at=Now())


def choices_of(user: User) -> dict[str, str]:
    """Return how the person hears of every kind of news."""
    chosen = dict(NotificationChoice.objects.filter(user=user).values_list("kind", "channel"))
    return {name: chosen.get(name, kind.default.value) for name, kind in notification_kinds.KINDS.items()}


@transaction.atomic
def choose(*, user: User, channels: Mapping[str, str]) -> None:
    """Keep how the person wants to hear of each kind."""
    for name, channel in channels.items():
        if name in notification_kinds.KINDS:
            NotificationChoice.objects.update_or_create(
                user=user, kind=name, defaults={"channel": Channel(channel).value}
            )


def _channels(user_ids: Collection[int], kind: str) -> dict[int, str]:
    found = notification_kinds.find(kind)
    chosen = NotificationChoice.objects.filter(user__in=user_ids, kind=found.name).values_list("user_id", "channel")
    return dict.fromkeys(user_ids, found.default.value) | dict(chosen)


def _short(sentence: str) -> str:
    limit = Notification._meta.get_field("sentence").max_length or 300
    sentence = sentence.replace("\x00", "")
    return sentence if len(sentence) <= limit else f"{sentence[: limit - 1]}…"
