"""The jobs of the weekly report: from the tick on Monday to one mail, however often each runs."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.core import mail

from monitoring.weekly import mails
from projects import jobs
from projects.models import Job, Membership, Project, WeeklyReportMail
from tests.monitoring.weekly.factories import MORNING, WEEK, plant
from tests.projects.factories import make_member, make_project
from workers.job_kinds import KINDS

pytestmark = pytest.mark.django_db
ORDER = (mails.PLAN_KIND, mails.REPORT_KIND, mails.MAIL_KIND)


@pytest.fixture
def project(settings) -> Project:
    settings.IS_MAIL_CONFIGURED = True
    project = make_project()
    plant(project, people=3)
    Membership.objects.filter(project=project).delete()
    make_member(project=project, email="dana@example.com")
    return project


def run_all(*, times: int = 1) -> None:
    """Tick, and run what follows from it, each job so many times."""
    jobs.add(kind=mails.PLAN_KIND, dedupe_key=str(Job.objects.count()))
    for kind in ORDER:
        for job in jobs.claim(kinds=[kind], limit=10):
            for _ in range(times):
                KINDS[kind](job)
            jobs.finish(job=job)


def test_one_monday_is_one_mail_though_everything_runs_twice(project):
    with time_machine.travel(MORNING, tick=False):
        run_all(times=2)
        run_all(times=2)

    assert [sent.to for sent in mail.outbox] == [["dana@example.com"]]


def test_finished_jobs_that_are_forgotten_send_nothing_again(project):
    with time_machine.travel(MORNING, tick=False):
        run_all()
        Job.objects.all().delete()
        run_all()

    assert len(mail.outbox) == 1


def test_a_week_that_somebody_asks_for_later_is_counted_and_told_to_nobody(project):
    with time_machine.travel(MORNING + timedelta(days=4), tick=False):
        mails.ask(project_id=project.pk, week=WEEK)
        run_all()

    assert project.weekly_reports.count() == 1
    assert not WeeklyReportMail.objects.exists()
    assert mail.outbox == []
