"""The pages about checks on live calls."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from evals.evaluators import definitions
from evals.evaluators.models import Evaluator
from evals.online import changes, running
from evals.online.changes import Wanted
from evals.online.models import OnlineEvaluation, OnlineState
from projects.models import Project
from projects.roles import Role
from tests.evals.factories import make_editor
from tests.monitoring.factories import make_span, new_trace_id, send
from tests.projects.factories import make_member, make_project, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return make_project()


@pytest.fixture
def editor(project):
    return make_editor(project)


@pytest.fixture
def browser(editor) -> Client:
    return signed_in(editor)


@pytest.fixture
def polite(project, editor) -> Evaluator:
    return definitions.create(
        project=project, name="Polite", kind="contains", settings={"texts": ["please"], "wanted": "any"}, by=editor
    )


@pytest.fixture
def online(project, polite, editor) -> OnlineEvaluation:
    return changes.create(project=project, evaluator=polite, wanted=Wanted(), by=editor)


def at(project: Project, route: str = "online-evaluations", *more: int) -> str:
    return reverse(route, args=[project.slug, *more])


def fields(evaluator: Evaluator, **values: object) -> dict[str, object]:
    return {
        "evaluator": evaluator.pk, "environment": "", "prompt_name": "", "label": "", "model": "", "share": "25", "cap": "2.50",
        "do": "save",
    } | values  # fmt: skip


def test_without_any_the_list_says_what_it_is_for(browser, project):
    assert "Let a check watch live calls" in browser.get(at(project)).text


def test_a_check_is_chosen_and_watches(browser, project, polite):
    form = browser.get(at(project, "online-evaluation-new"))

    done = browser.post(at(project, "online-evaluation-new"), fields(polite), follow=True)

    made = OnlineEvaluation.objects.get()
    assert "Polite" in form.text
    assert (made.share_ppm, made.cap_nano_usd) == (250_000, 2_500_000_000)
    assert "Watching" in done.text
    assert "25% of the calls" in done.text


def test_before_it_starts_one_can_see_how_many_calls_that_is(browser, project, polite):
    send(project, *(make_span(asked="Hi", at=timezone.now() - timedelta(minutes=5)) for _ in range(40)))

    page = browser.post(at(project, "online-evaluation-new"), fields(polite, do="look"))

    assert "about 10 calls, for nothing" in page.text
    assert not OnlineEvaluation.objects.exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("share", "0"),
        ("share", "101"),
        ("cap", "-1"),
        ("cap", ""),
        ("prompt_name", "invented"),
        ("label", "production"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_lost(browser, project, polite, field, value):
    page = browser.post(at(project, "online-evaluation-new"), fields(polite, **{"model": "gpt-kept", field: value}))

    assert page.status_code == 422
    assert "gpt-kept" in page.text
    assert not OnlineEvaluation.objects.exists()


def test_results_lead_to_their_calls_and_are_never_markup(browser, project, online):
    at_ = timezone.now() - timedelta(minutes=5)
    OnlineEvaluation.objects.update(since_at=at_ - timedelta(minutes=1), cursor_at=at_ - timedelta(minutes=1))
    evil, good = new_trace_id(), new_trace_id()
    send(project, make_span(trace_id=evil, asked="Hi", answered="<b>No</b>", at=at_))
    send(project, make_span(trace_id=good, asked="Hi", answered="please", at=at_))
    running.run(online_id=online.pk)

    page = browser.get(at(project, "online-evaluation", online.pk))
    failed = browser.get(at(project, "online-evaluation", online.pk), {"show": "failed"})

    assert "50%" in page.text
    assert "<b>No</b>" not in page.text
    assert {evil in page.text, good in page.text, evil in failed.text} == {True}
    assert good not in failed.text


def test_why_it_waits_is_said(browser, project, online):
    OnlineEvaluation.objects.update(
        state=OnlineState.BLOCKED, reason="The limit of $1.00 a day does not allow another call.",
        blocked_until=timezone.now() + timedelta(hours=2),
    )  # fmt: skip

    assert "does not allow another call" in browser.get(at(project, "online-evaluation", online.pk)).text
    assert "does not allow another call" in browser.get(at(project)).text


def test_it_is_paused_and_resumed(browser, project, online):
    paused = browser.post(at(project, "online-evaluation-pause", online.pk), follow=True)
    resumed = browser.post(at(project, "online-evaluation-resume", online.pk), follow=True)

    assert "Calls that arrive meanwhile are not judged later" in paused.text
    assert "Watching" in resumed.text


def test_a_change_is_kept(browser, project, polite, online):
    browser.post(at(project, "online-evaluation-change", online.pk), fields(polite, model="gpt-5", share="0.5"))

    online.refresh_from_db()
    assert (online.model, online.share_ppm) == ("gpt-5", 5_000)


def test_a_newer_version_of_the_check_is_offered(browser, project, polite, online, editor):
    definitions.change(evaluator=polite, kind="contains", settings={"texts": ["thanks"], "wanted": "any"}, by=editor)

    offered = browser.get(at(project, "online-evaluation", online.pk))
    used = browser.post(at(project, "online-evaluation-use-newest", online.pk), follow=True)

    assert "Use version 2" in offered.text
    assert "Use version 2" not in used.text


def test_removing_it_leaves_the_list(browser, project, online):
    page = browser.post(at(project, "online-evaluation-remove", online.pk), follow=True)

    assert "Removed" in page.text
    assert not OnlineEvaluation.objects.exists()


def test_a_viewer_sees_it_and_is_offered_nothing_to_change(project, online):
    viewer = signed_in(make_member(project=project, role=Role.VIEWER))

    page = viewer.get(at(project, "online-evaluation", online.pk))

    assert "Watching" in page.text
    assert at(project, "online-evaluation-pause", online.pk) not in page.text
