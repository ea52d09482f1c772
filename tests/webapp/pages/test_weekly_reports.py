"""The page of the weekly report: any week that is over, hostile titles, and the file."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client

from monitoring.analysis.flags import Flag
from monitoring.weekly import mails, reports
from projects.models import Job, Project
from tests.monitoring.issue_factories import make_issue
from tests.monitoring.weekly.factories import MORNING, WEEK, plant
from tests.projects.factories import make_member, make_project, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _is_monday_morning():
    with time_machine.travel(MORNING):
        yield


@pytest.fixture
def project() -> Project:
    project = make_project(name="Nordwind")
    plant(project, people=3)
    return project


@pytest.fixture
def browser(project) -> Client:
    return signed_in(make_member(project=project))


def test_the_newest_report_is_that_of_last_week(browser, project):
    answer = browser.get(f"/p/{project.slug}/reports/")

    assert answer.headers["Location"] == f"/p/{project.slug}/reports/{WEEK.monday}/"


def test_a_project_without_calls_is_told_when_the_first_report_comes(browser):
    quiet = make_project()
    stranger = signed_in(make_member(project=quiet))

    assert "The first report comes on Monday" in stranger.get(f"/p/{quiet.slug}/reports/").text


def test_the_page_leads_with_what_got_worse(browser, project):
    plant(project, at=WEEK.start - timedelta(days=3), people=60)
    plant(project, people=60, flags=Flag.FAILED, flagged=30)

    answer = browser.get(f"/p/{project.slug}/reports/{WEEK.monday}/")

    assert "1 thing got worse. No problem is open." in answer.text
    assert "More failed calls: " in answer.text


def test_weeks_that_go_on_other_days_and_nonsense_are_not_found(browser, project):
    for monday in (f"{WEEK.after}", f"{WEEK.monday + timedelta(days=1)}", "0001-01-01", "9999-12-27", "nonsense"):
        assert browser.get(f"/p/{project.slug}/reports/{monday}/").status_code == 404, monday


def test_titles_are_shown_as_they_are_written(browser, project):
    make_issue(project, title="<img src=x onerror=alert(1)>")

    answer = browser.get(f"/p/{project.slug}/reports/{WEEK.monday}/")

    assert "<img src=x" not in answer.text
    assert "&lt;img src=x" in answer.text


def test_the_file_is_markdown_with_a_name(browser, project):
    answer = browser.get(f"/p/{project.slug}/reports/{WEEK.monday}/report.md")

    assert answer.headers["Content-Type"].startswith("text/markdown")
    assert f'filename="{project.slug}-{WEEK.monday}.md"' in answer.headers["Content-Disposition"]
    assert "## Money" in answer.text


def test_what_takes_too_long_to_count_is_left_to_a_worker(browser, project, monkeypatch):
    def slow(**_: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = 10")
            cursor.execute("SELECT pg_sleep(1)")

    monkeypatch.setattr(reports, "figures_of", slow)

    answer = browser.get(f"/p/{project.slug}/reports/{WEEK.monday}/")

    assert "This week is being counted" in answer.text
    assert Job.objects.filter(kind=mails.REPORT_KIND, project=project).count() == 1
