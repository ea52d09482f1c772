"""Settings → Data → Delete: a look before anything happens, one confirmation, and a page that says how far it is."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from monitoring.erasure import running
from monitoring.erasure.models import Erasure
from monitoring.models import Trace
from projects import jobs
from tests.monitoring.factories import make_trace
from tests.projects.factories import make_project, make_user, signed_in
from workers.job_kinds import KINDS

pytestmark = pytest.mark.django_db
HOSTILE = "<script>jo</script>"


@pytest.fixture
def admin():
    return make_user()


@pytest.fixture
def project(admin):
    return make_project(by=admin)


@pytest.fixture
def browser(admin) -> Client:
    return signed_in(admin)


def at(project, place: str = "") -> str:
    return f"/p/{project.slug}/settings/data/delete/{place}"


def test_the_page_shows_what_there_is_before_anything_is_deleted(browser, project):
    make_trace(project, user=HOSTILE)

    answer = browser.post(at(project), {"kind": "user", "subject": HOSTILE})

    assert "1 trace" in answer.text
    assert "&lt;script&gt;jo" in answer.text
    assert HOSTILE not in answer.text
    assert not Erasure.objects.exists()


def test_the_id_must_be_typed_once_more(browser, project):
    make_trace(project, user="jo")

    answer = browser.post(at(project, "ask/"), {"kind": "user", "subject": "jo", "typed": "joe", "valid_days": 30})

    assert answer.status_code == 422
    assert "Type it exactly" in answer.text
    assert not Erasure.objects.exists()


def test_a_request_is_followed_to_its_end(browser, project):
    make_trace(project, user="jo")

    made = browser.post(at(project, "ask/"), {"kind": "user", "subject": "jo", "typed": "jo", "valid_days": 30})
    waiting = browser.get(made.headers["Location"])
    Erasure.objects.update(requested_at=timezone.now() - timedelta(minutes=1))
    for job in jobs.claim(kinds=[running.KIND]):
        KINDS[job.kind](job)
    done = browser.get(made.headers["Location"])

    assert "Waiting for a worker" in waiting.text
    assert "Deleted everywhere: 1 trace" in done.text
    assert "Nothing left" in done.text
    assert not Trace.objects.filter(project=project).exists()


def test_a_filter_of_explore_can_be_deleted(browser, project):
    make_trace(project, error="timeout")
    kept = make_trace(project)

    look = browser.get(at(project, "?range=24h&status=error"))
    start = look.text.index('action="') and look.text.index("/settings/data/delete/ask/?")
    action = look.text[start : look.text.index('"', start)].replace("&amp;", "&")
    made = browser.post(f"/p/{project.slug}{action}", {"typed": "delete", "valid_days": 1})
    Erasure.objects.update(requested_at=timezone.now() - timedelta(minutes=1))
    for job in jobs.claim(kinds=[running.KIND]):
        KINDS[job.kind](job)

    assert made.status_code == 302
    assert [trace.hex_id for trace in Trace.objects.filter(project=project)] == [kept]


def test_a_filter_that_makes_no_sense_deletes_nothing(browser, project):
    answer = browser.get(at(project, "?range=24h&version=none"))

    assert answer.status_code == 422
    assert "makes no sense" in answer.text
