"""The weekly mail: once for each person, whatever dies or ticks twice, and harmless whatever is in it."""

from __future__ import annotations

import smtplib
from datetime import timedelta

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend

from monitoring.weekly import mails, reports, words
from monitoring.weekly.mails import ReportNotSent
from projects import jobs, notifications
from projects.models import Job, Membership, Notification, Project, User, WeeklyReport, WeeklyReportMail
from tests.monitoring.issue_factories import make_issue
from tests.monitoring.weekly.factories import MORNING, WEEK, plant
from tests.projects.factories import make_member, make_project

pytestmark = pytest.mark.django_db
TROUBLES: list[BaseException] = []


class Killed(BaseException):
    """The worker dies."""


class Flaky(EmailBackend):
    """A mail server that has a trouble for each try as long as there are troubles."""

    def open(self) -> None:
        if TROUBLES and isinstance(TROUBLES[0], ConnectionRefusedError | Killed):
            raise TROUBLES.pop(0)

    def send_messages(self, messages):
        if TROUBLES and isinstance(TROUBLES[0], smtplib.SMTPResponseException):
            raise TROUBLES.pop(0)
        sent = super().send_messages(messages)
        if TROUBLES:
            raise TROUBLES.pop(0)
        return sent


@pytest.fixture(autouse=True)
def _mail_is_set_up(settings):
    settings.IS_MAIL_CONFIGURED = True
    settings.EMAIL_BACKEND = f"{__name__}.Flaky"
    TROUBLES.clear()


@pytest.fixture
def project() -> Project:
    project = make_project(name="Nordwind")
    plant(project, people=3)
    Membership.objects.filter(project=project).delete()
    return project


@pytest.fixture
def member(project) -> User:
    return make_member(project=project, email="dana@example.com")


def kept(project: Project) -> WeeklyReport:
    return reports.kept_of(project=project, week=WEEK, now=MORNING)


def told(project: Project) -> list[WeeklyReportMail]:
    mails.tell(report=kept(project))
    return list(WeeklyReportMail.objects.filter(report__project=project).order_by("pk"))


def test_a_member_gets_one_mail_with_the_report(project, member):
    (row,) = told(project)

    assert mails.send(mail_id=row.pk, now=MORNING)

    (sent,) = mail.outbox
    assert sent.to == ["dana@example.com"]
    assert sent.subject.startswith(f"[Nordwind] Your week {words.dates(WEEK)}: ")
    assert f"http://testserver/p/{project.slug}/reports/{WEEK.monday}/" in sent.body
    assert "http://testserver/notifications/settings/" in sent.body


def test_telling_and_sending_twice_sends_once(project, member):
    (row,) = told(project)
    told(project)

    assert [mails.send(mail_id=row.pk, now=MORNING) for _ in range(3)] == [True, False, False]

    assert len(mail.outbox) == 1
    assert Notification.objects.filter(user=member, kind="weekly").count() == 1


def test_a_worker_that_dies_before_the_server_has_it_leaves_the_mail_to_the_next(project, member):
    (row,) = told(project)
    TROUBLES.append(Killed())
    with pytest.raises(Killed):
        mails.send(mail_id=row.pk, now=MORNING)

    assert mails.send(mail_id=row.pk, now=MORNING)
    assert len(mail.outbox) == 1


def test_a_worker_that_dies_after_the_server_has_it_sends_nothing_twice(project, member, monkeypatch):
    (row,) = told(project)
    TROUBLES.append(KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        mails.send(mail_id=row.pk, now=MORNING)

    assert not mails.send(mail_id=row.pk, now=MORNING)
    assert len(mail.outbox) == 1


def test_a_server_that_is_away_is_asked_again(project, member):
    (row,) = told(project)
    TROUBLES.append(ConnectionRefusedError("no"))
    with pytest.raises(ReportNotSent):
        mails.send(mail_id=row.pk, now=MORNING)

    assert mails.send(mail_id=row.pk, now=MORNING)


def test_a_server_that_refuses_is_asked_again(project, member):
    (row,) = told(project)
    TROUBLES.append(smtplib.SMTPResponseException(451, b"later"))
    with pytest.raises(ReportNotSent):
        mails.send(mail_id=row.pk, now=MORNING)

    assert mails.send(mail_id=row.pk, now=MORNING)
    assert len(mail.outbox) == 1


def test_a_server_that_goes_silent_may_have_it_and_is_not_asked_again(project, member):
    (row,) = told(project)
    TROUBLES.append(TimeoutError("silence"))

    assert not mails.send(mail_id=row.pk, now=MORNING)
    assert not mails.send(mail_id=row.pk, now=MORNING)
    assert len(mail.outbox) == 1


def test_who_chose_the_app_alone_gets_no_mail(project, member):
    notifications.choose(user=member, channels={"weekly": "in_app"})

    (row,) = told(project)

    assert not row.is_wanted
    assert Notification.objects.filter(user=member, kind="weekly").count() == 1


def test_who_wants_none_of_it_hears_nothing(project, member):
    notifications.choose(user=member, channels={"weekly": "off"})

    told(project)

    assert not Notification.objects.filter(user=member).exists()
    assert not Job.objects.filter(kind=mails.MAIL_KIND).exists()


def test_who_left_meanwhile_gets_nothing(project, member):
    (row,) = told(project)
    Membership.objects.filter(project=project, user=member).delete()

    assert not mails.send(mail_id=row.pk, now=MORNING)
    assert mail.outbox == []


def test_a_project_without_calls_tells_nobody(member):
    quiet = make_project()

    assert mails.tell(report=kept(quiet)) == 0


def test_reports_are_planned_on_monday_morning_once(project, member):
    assert mails.plan(now=MORNING - timedelta(minutes=10)) == 0
    assert mails.plan(now=MORNING) == 1
    assert mails.plan(now=MORNING) == 0
    assert mails.plan(now=MORNING + timedelta(days=3)) == 0


def test_a_mail_that_could_not_go_out_is_asked_for_again_every_hour(project, member):
    (row,) = told(project)
    (job,) = jobs.claim(kinds=[mails.MAIL_KIND])
    Job.objects.filter(pk=job.pk).update(state="dead")

    mails.plan(now=MORNING + timedelta(hours=1))

    (again,) = jobs.claim(kinds=[mails.MAIL_KIND])
    assert again.payload == {"mail": row.pk}


def test_what_people_wrote_cannot_become_markup_or_headers(project, member):
    make_issue(project, title="<script>alert(1)</script>\r\nBcc: all@example.com")
    Project.objects.filter(pk=project.pk).update(name="Nord\r\nBcc: evil@example.com")
    (row,) = told(project)

    mails.send(mail_id=row.pk, now=MORNING)

    (sent,) = mail.outbox
    assert "\n" not in sent.subject
    html = sent.alternatives[0].content
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
