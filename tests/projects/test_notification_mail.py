"""Mails of notifications: at once or once a day, never the same one twice, and harmless whatever is in them."""

from __future__ import annotations

import smtplib
from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.utils import timezone

from projects import jobs, notification_mail, notifications
from projects.models import Channel, Job, Notification, NotificationMail, User
from projects.notification_mail import MailNotSent
from tests.projects.factories import make_member, make_project
from workers.job_kinds import KINDS

pytestmark = pytest.mark.django_db
TROUBLES: list[Exception] = []


class Flaky(EmailBackend):
    """A mail server that has a trouble for each mail as long as there are troubles."""

    def open(self) -> None:
        if TROUBLES and isinstance(TROUBLES[0], ConnectionRefusedError):
            raise TROUBLES.pop(0)

    def send_messages(self, messages):
        sent = super().send_messages(messages)
        if TROUBLES:
            raise TROUBLES.pop(0)
        return sent


@pytest.fixture(autouse=True)
def _mail_is_set_up(settings):
    settings.IS_MAIL_CONFIGURED = True
    settings.PUBLIC_URL = "https://callboard.example"
    TROUBLES.clear()


@pytest.fixture
def flaky(settings):
    settings.EMAIL_BACKEND = f"{__name__}.Flaky"
    return TROUBLES


@pytest.fixture
def project():
    return make_project(name="Nordwind")


@pytest.fixture
def member(project) -> User:
    return make_member(project=project, email="dana@example.com")


def tell(project, user, *, kind="mention", sentence="Sam mentioned you.", path="/p/x/") -> Notification:
    notifications.tell(project=project, to=[user], kind=kind, sentence=sentence, path=path)
    return Notification.objects.latest("pk")


def work(*kinds: str) -> None:
    for job in jobs.claim(kinds=kinds or [notification_mail.AT_ONCE_KIND, notification_mail.DIGEST_KIND], limit=10):
        KINDS[job.kind](job)
        jobs.finish(job=job)


def test_a_mention_is_mailed_at_once_with_a_link(project, member):
    notification = tell(project, member, path="/p/nordwind/prompts/3/#comment-1")

    work()

    (sent,) = mail.outbox
    assert sent.to == ["dana@example.com"]
    assert sent.subject == "[Nordwind] Sam mentioned you."
    assert "https://callboard.example/p/nordwind/prompts/3/#comment-1" in sent.body
    assert "https://callboard.example/notifications/settings/" in sent.body
    assert sent.extra_headers["Message-ID"] == f"<notification.{notification.pk}@callboard.example>"
    assert NotificationMail.objects.get().sent_at is not None


def test_what_is_chosen_for_the_app_alone_is_not_mailed(project, member):
    tell(project, member, kind="published")

    work()

    assert mail.outbox == []


def test_a_mail_is_sent_once_however_often_its_job_runs(project, member):
    tell(project, member)
    mail_id = NotificationMail.objects.get().pk

    notification_mail.send(mail_id=mail_id)
    notification_mail.send(mail_id=mail_id)

    assert len(mail.outbox) == 1


def test_hostile_words_stay_words(project, member):
    project.name = "Shop\r\nBcc: all@example.com"
    project.save()
    tell(project, member, sentence="<script>alert(1)</script>\r\nBcc: x@example.com {{ settings.SECRET_KEY }} %s")

    work()

    (sent,) = mail.outbox
    assert "\n" not in sent.subject
    assert "Bcc" not in sent.message().keys()  # noqa: SIM118 - a message, not a dict
    html = sent.alternatives[0].content
    assert "&lt;script&gt;" in html
    assert "<script>" not in html
    assert "{{ settings.SECRET_KEY }} %s" in sent.body


def test_a_mail_server_that_is_away_is_asked_again_later(project, member, flaky):
    flaky.append(ConnectionRefusedError("refused"))
    tell(project, member)
    mail_id = NotificationMail.objects.get().pk

    with pytest.raises(MailNotSent):
        notification_mail.send(mail_id=mail_id)
    assert "could not be reached" in NotificationMail.objects.get().error
    notification_mail.send(mail_id=mail_id)

    assert len(mail.outbox) == 1
    assert NotificationMail.objects.get().error == ""


@pytest.mark.parametrize("trouble", [TimeoutError("slow"), smtplib.SMTPServerDisconnected("gone")])
def test_a_mail_that_may_have_arrived_is_not_sent_again(project, member, flaky, trouble):
    flaky.append(trouble)
    tell(project, member)
    mail_id = NotificationMail.objects.get().pk

    notification_mail.send(mail_id=mail_id)
    notification_mail.send(mail_id=mail_id)

    assert len(mail.outbox) == 1
    assert "went silent" in NotificationMail.objects.get().error


def test_somebody_who_was_switched_off_gets_no_mail(project, member):
    tell(project, member)
    User.objects.filter(pk=member.pk).update(is_active=False)

    work()

    assert mail.outbox == []


def daily(project, member, *sentences: str) -> None:
    notifications.choose(user=member, channels={"mention": Channel.DAILY})
    for sentence in sentences:
        tell(project, member, sentence=sentence)


def test_once_a_day_what_was_not_read_is_mailed_together(project, member, time_machine):
    time_machine.move_to("2026-11-27T12:00:00Z", tick=False)
    daily(project, member, "First.", "Read already.", "Third.")
    NotificationMail.objects.update(created_at=timezone.now())
    Notification.objects.filter(sentence="Read already.").update(read_at=timezone.now())
    notification_mail.plan_digests()
    assert not Job.objects.filter(kind=notification_mail.DIGEST_KIND).exists()

    time_machine.move_to("2026-11-28T07:00:30Z", tick=False)
    notification_mail.plan_digests()
    notification_mail.plan_digests()
    Job.objects.update(run_at=timezone.now() - timedelta(days=1))
    work()

    (sent,) = mail.outbox
    assert sent.subject == "2 things happened"
    assert "First. (Nordwind)" in sent.body
    assert "Third. (Nordwind)" in sent.body
    assert "Read already." not in sent.body


def test_a_daily_mail_is_not_sent_twice_and_waits_for_the_next_day(project, member, time_machine):
    time_machine.move_to("2026-11-28T08:00:00Z", tick=False)
    daily(project, member, "First.")
    NotificationMail.objects.update(created_at=datetime(2026, 11, 27, 12, tzinfo=UTC))
    notification_mail.send_digest(user_id=member.pk)
    tell(project, member, sentence="Later.")
    NotificationMail.objects.filter(claimed_at=None).update(created_at=timezone.now())

    notification_mail.send_digest(user_id=member.pk)

    assert len(mail.outbox) == 1


def test_one_notification_alone_is_a_mail_like_any_other(project, member):
    daily(project, member, "First.")
    NotificationMail.objects.update(created_at=timezone.now() - timedelta(days=2))

    notification_mail.send_digest(user_id=member.pk)

    assert mail.outbox[0].subject == "[Nordwind] First."


@pytest.mark.parametrize(
    ("now", "due"), [("2026-11-28T06:59:59", "2026-11-27T07:00:00"), ("2026-11-28T07:00:00", "2026-11-28T07:00:00")]
)
def test_daily_mails_are_due_at_seven(now, due):
    found = notification_mail.last_digest_hour(datetime.fromisoformat(now).replace(tzinfo=UTC))

    assert found == datetime.fromisoformat(due).replace(tzinfo=UTC)
