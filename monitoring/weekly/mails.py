"""Tells people of the weekly report: once each, whatever dies or ticks twice meanwhile.

Who was told has a row, and the database allows one for each person and report. The row also says when the mail server got the
mail: it is written the moment before, so a worker that dies earlier leaves the mail to the next, and nobody gets it twice.
"""

from __future__ import annotations

import smtplib
from collections.abc import Sequence
from datetime import datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.db import transaction
from django.db.models.functions import Now
from django.template.loader import render_to_string

from monitoring.weekly import reports, weeks, words
from monitoring.weekly.figures import Figures
from monitoring.weekly.reports import Report
from monitoring.weekly.weeks import Week
from projects import jobs, notification_kinds
from projects.models import (
    Channel,
    Membership,
    Notification,
    NotificationChoice,
    Project,
    WeeklyReport,
    WeeklyReportMail,
)

PLAN_KIND, REPORT_KIND, MAIL_KIND = "weekly.plan", "weekly.report", "weekly.mail"
# The server had the whole mail when these happen: it may be on its way, so it is not sent again.
_MAY_HAVE_ARRIVED = (TimeoutError, smtplib.SMTPServerDisconnected)


class ReportNotSent(Exception):
    """The mail server did not take the weekly report; it is tried again."""


def plan(*, now: datetime) -> int:
    """Ask for the report of every project on Monday morning, and again for mails that could not go out; return how many."""
    week = weeks.last_over(now, settings.REPORT_TIME_ZONE)
    if not weeks.is_mail_due(week, now, settings.REPORT_TIME_ZONE):
        return 0
    projects = Project.objects.of_people().filter(is_demo=False, first_accepted_at__lt=week.end)
    asked = [ask(project_id=project_id, week=week) for project_id in projects.values_list("pk", flat=True)]
    waiting = WeeklyReportMail.objects.filter(is_wanted=True, handed_at=None, report__monday=week.monday)
    for mail_id in waiting.values_list("pk", flat=True):
        _ask_for_mail(mail_id, f"{mail_id} {now:%Y-%m-%d %H}")
    return sum(asked)


def ask(*, project_id: int, week: Week) -> bool:
    """Ask a worker to count a week, and to tell of it when it is Monday; return whether nobody had asked."""
    return jobs.add(
        kind=REPORT_KIND, dedupe_key=f"{project_id} {week.monday}", project_id=project_id,
        payload={"monday": week.monday.isoformat()},
    )  # fmt: skip


@transaction.atomic
def tell(*, report: WeeklyReport) -> int:
    """Note for each member who was not told yet that they are, with a mail for those who want one; return how many."""
    if Figures.from_json(report.figures).is_empty:
        return 0
    WeeklyReport.objects.select_for_update().get(pk=report.pk)
    members = Membership.objects.filter(project=report.project, user__is_active=True).order_by("user_id")
    told = set(WeeklyReportMail.objects.filter(report=report).values_list("user_id", flat=True))
    new = [user_id for user_id in members.values_list("user_id", flat=True) if user_id not in told]
    channels = _channels(new)
    mails = WeeklyReportMail.objects.bulk_create(
        WeeklyReportMail(
            project_id=report.project_id, report=report, user_id=user_id,
            is_wanted=settings.IS_MAIL_CONFIGURED and channels[user_id] == Channel.AT_ONCE,
        )
        for user_id in new
    )  # fmt: skip
    _ring(report, [user_id for user_id in new if channels[user_id] != Channel.OFF])
    for mail in mails:
        if mail.is_wanted:
            _ask_for_mail(mail.pk, str(mail.pk))
    return len(mails)


def send(*, mail_id: int, now: datetime) -> bool:
    """Send one person the report, unless that happened, or they left or changed their mind; return whether it was sent."""
    rows = WeeklyReportMail.objects.select_related("report__project", "user")
    mail = rows.filter(pk=mail_id, is_wanted=True, handed_at=None, user__is_active=True).first()
    if mail is None or not Membership.objects.filter(project_id=mail.project_id, user_id=mail.user_id).exists():
        return False
    if _channels([mail.user_id])[mail.user_id] != Channel.AT_ONCE:
        return False
    week = weeks.week_of(mail.report.monday, settings.REPORT_TIME_ZONE)
    message = _message(mail, reports.report(project=mail.report.project, week=week, now=now))
    return _hand_over(mail, message)


def _hand_over(mail: WeeklyReportMail, message: EmailMultiAlternatives) -> bool:
    row = WeeklyReportMail.objects.filter(pk=mail.pk)
    connection = get_connection()
    try:
        connection.open()
    except OSError as error:
        row.update(error=f"The mail server could not be reached: {error}"[:300])
        raise ReportNotSent(str(error)) from error
    try:
        if not row.filter(handed_at=None).update(handed_at=Now()):
            return False
        connection.send_messages([message])
    except _MAY_HAVE_ARRIVED as error:
        row.update(error=f"The mail server went silent: {error}"[:300])
        return False
    except OSError as error:
        row.update(handed_at=None, error=str(error)[:300])
        raise ReportNotSent(str(error)) from error
    finally:
        connection.close()
    row.update(sent_at=Now(), error="")
    return True


def _message(mail: WeeklyReportMail, report: Report) -> EmailMultiAlternatives:
    context = {
        "report": report, "dates": words.dates(report.week), "summary": words.summary(report),
        "sections": words.sections(report), "unchanged": words.unchanged(report.figures), "site": settings.PUBLIC_URL,
        "path": words.path(report.project, report.week),
    }  # fmt: skip
    message = EmailMultiAlternatives(
        subject=" ".join(f"[{report.project.name}] Your week {context['dates']}: {context['summary']}".split())[:200],
        body=_plain(report),
        to=[mail.user.email],
        headers={
            # The same for every try, so that mail programs show two copies as one.
            "Message-ID": f"<weekly.{mail.pk}@{urlsplit(settings.PUBLIC_URL).hostname}>",
            "Auto-Submitted": "auto-generated",
        },
    )
    message.attach_alternative(render_to_string("weekly_mail.html", context), "text/html")
    return message


def _plain(report: Report) -> str:
    lines = [f"{report.project.name}, {words.dates(report.week)}", "", words.summary(report), ""]
    for section in words.sections(report):
        lines += [section.title, "-" * len(section.title)]
        for line in section.lines:
            lines += [f"- {' '.join(f'{line.text} {line.detail}'.split())}"]
            lines += [f"  {settings.PUBLIC_URL}{line.path}"] if line.path else []
        lines += [] if section.lines else [section.nothing]
        lines.append("")
    lines += [f"The whole report: {settings.PUBLIC_URL}{words.path(report.project, report.week)}", "", "--"]
    lines += ["Callboard sends this once a week because you are a member of the project."]
    return "\n".join([*lines, f"Choose what reaches you by mail: {settings.PUBLIC_URL}/notifications/settings/", ""])


def _ring(report: WeeklyReport, user_ids: Sequence[int]) -> None:
    week = weeks.week_of(report.monday, settings.REPORT_TIME_ZONE)
    sentence = f"The report of the week {words.dates(week)} is there."
    Notification.objects.bulk_create(
        Notification(
            project_id=report.project_id, user_id=user_id, kind=notification_kinds.WEEKLY, sentence=sentence,
            path=words.path(report.project, week),
        )
        for user_id in user_ids
    )  # fmt: skip


def _channels(user_ids: Sequence[int]) -> dict[int, str]:
    kind = notification_kinds.KINDS[notification_kinds.WEEKLY]
    chosen = NotificationChoice.objects.filter(user__in=user_ids, kind=kind.name).values_list("user_id", "channel")
    return dict.fromkeys(user_ids, kind.default.value) | dict(chosen)


def _ask_for_mail(mail_id: int, dedupe_key: str) -> None:
    jobs.add(kind=MAIL_KIND, dedupe_key=dedupe_key, payload={"mail": mail_id})
