"""Notifications as mail: claimed before they are sent, so that nobody ever gets the same one twice."""

from __future__ import annotations

import smtplib
from collections.abc import Iterable, Sequence
from datetime import datetime, time, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.db import transaction
from django.db.models.functions import Now
from django.template.loader import render_to_string
from django.utils import timezone

from projects import jobs
from projects.models import Channel, Notification, NotificationMail

AT_ONCE_KIND = "notification.mail"
DIGEST_KIND = "notification.digest"
# The hour of the day, in world time, at which the daily mails go out.
DIGEST_HOUR = 7
_MOST_IN_A_DIGEST = 100
# The server had the whole mail when these happen: it may be on its way, so it is not sent again.
_MAY_HAVE_ARRIVED = (TimeoutError, smtplib.SMTPServerDisconnected)


class MailNotSent(Exception):
    """The mail server did not take the mail; it is tried again."""


def queue(told: Iterable[tuple[Notification, str]]) -> None:
    """Ask for the mails that these people chose, once the change that they tell of is committed."""
    if not settings.IS_MAIL_CONFIGURED:
        return
    wanted = [
        NotificationMail(notification=notification, is_daily=channel == Channel.DAILY)
        for notification, channel in told
        if channel in (Channel.AT_ONCE, Channel.DAILY)
    ]
    for mail in NotificationMail.objects.bulk_create(wanted):
        if not mail.is_daily:
            jobs.add(kind=AT_ONCE_KIND, dedupe_key=str(mail.pk), payload={"mail": mail.pk})


def send(*, mail_id: int) -> None:
    """Send one mail, unless another worker has it already."""
    mails = NotificationMail.objects.filter(pk=mail_id, notification__user__is_active=True)
    if mails.filter(claimed_at=None).update(claimed_at=Now()):
        _send(list(mails.select_related("notification__user", "notification__project")))


def plan_digests() -> None:
    """Ask for the daily mail of everybody for whom something was kept since the last one."""
    due_before = last_digest_hour(timezone.now())
    waiting = NotificationMail.objects.filter(is_daily=True, claimed_at=None, created_at__lt=due_before)
    for user_id in waiting.values_list("notification__user_id", flat=True).distinct():
        jobs.add(kind=DIGEST_KIND, dedupe_key=f"{user_id} {due_before:%Y-%m-%d}", payload={"user": user_id})


def send_digest(*, user_id: int) -> None:
    """Send one person what was kept for the daily mail and what they have not read in the meantime."""
    mails = _claim_digest(user_id)
    if mails:
        _send(mails)


def last_digest_hour(now: datetime) -> datetime:
    """Return the last moment at which daily mails were due."""
    today = datetime.combine(now.date(), time(DIGEST_HOUR), now.tzinfo)
    return today if today <= now else today - timedelta(days=1)


@transaction.atomic
def _claim_digest(user_id: int) -> list[NotificationMail]:
    due_before = last_digest_hour(timezone.now())
    waiting = NotificationMail.objects.filter(
        notification__user_id=user_id, is_daily=True, claimed_at=None, created_at__lt=due_before
    )
    claimed = list(waiting.select_for_update(of=("self",), skip_locked=True).values_list("pk", flat=True))
    NotificationMail.objects.filter(pk__in=claimed).update(claimed_at=Now())
    unread = NotificationMail.objects.filter(
        pk__in=claimed, notification__read_at=None, notification__user__is_active=True
    )
    found = unread.select_related("notification__user", "notification__project")
    return list(found.order_by("notification__created_at"))


def _send(mails: Sequence[NotificationMail]) -> None:
    """Hand one mail about these notifications of one person to the mail server."""
    ids = [mail.pk for mail in mails]
    try:
        _hand_over(_message([mail.notification for mail in mails]))
    except _MAY_HAVE_ARRIVED as error:
        NotificationMail.objects.filter(pk__in=ids).update(error=f"The mail server went silent: {error}"[:300])
        return
    except OSError as error:
        NotificationMail.objects.filter(pk__in=ids).update(claimed_at=None, error=str(error)[:300])
        raise MailNotSent(str(error)) from error
    NotificationMail.objects.filter(pk__in=ids).update(sent_at=Now(), error="")


def _hand_over(message: EmailMultiAlternatives) -> None:
    connection = get_connection()
    try:
        connection.open()
    except OSError as error:
        raise ConnectionError(f"The mail server could not be reached: {error}") from error
    try:
        connection.send_messages([message])
    finally:
        connection.close()


def _message(notifications: Sequence[Notification]) -> EmailMultiAlternatives:
    first = notifications[0]
    is_one = len(notifications) == 1
    context = {
        "items": [(one, f"{settings.PUBLIC_URL}{one.path}") for one in notifications[:_MOST_IN_A_DIGEST]],
        "is_one": is_one,
        "more": max(0, len(notifications) - _MOST_IN_A_DIGEST),
        "all_url": f"{settings.PUBLIC_URL}/notifications/",
        "settings_url": f"{settings.PUBLIC_URL}/notifications/settings/",
    }
    about = f"[{first.project.name}] {first.sentence}" if is_one else f"{len(notifications)} things happened"
    message = EmailMultiAlternatives(
        subject=" ".join(about.split())[:200],
        body=_plain(context),
        to=[first.user.email],
        headers={"Message-ID": _message_id(first), "Auto-Submitted": "auto-generated"},
    )
    message.attach_alternative(render_to_string("notification_mail.html", context), "text/html")
    return message


def _plain(context: dict[str, Any]) -> str:
    lines = [] if context["is_one"] else ["What happened while you were away:", ""]
    for notification, url in context["items"]:
        sentence = " ".join(notification.sentence.split())
        lines += [sentence if context["is_one"] else f"- {sentence} ({notification.project.name})", f"  {url}", ""]
    if context["more"]:
        lines += [f"And {context['more']} more: {context['all_url']}", ""]
    lines += ["--", "Callboard sent this because you are a member of the project."]
    return "\n".join([*lines, f"Choose what reaches you by mail: {context['settings_url']}", ""])


def _message_id(notification: Notification) -> str:
    # The same for every try, so that mail programs show two copies as one.
    return f"<notification.{notification.pk}@{urlsplit(settings.PUBLIC_URL).hostname}>"
