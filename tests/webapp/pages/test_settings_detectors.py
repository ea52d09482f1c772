"""Settings: what is looked for, what another choice would change, and looking again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from monitoring.analysis import settings
from monitoring.analysis.models import AnalysisRerun, DetectorJudge, DetectorSetting, SecondOpinion
from monitoring.detectors.catalogue import DETECTORS
from projects.roles import Role
from prompt_registry.models import ProviderConnection
from tests.monitoring.analysis.found_calls import make_found
from tests.projects.factories import make_member, make_project, make_user, signed_in

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


@pytest.fixture
def admin():
    return make_user()


@pytest.fixture
def project(admin):
    return make_project(by=admin)


@pytest.fixture
def browser(admin):
    return signed_in(admin)


@pytest.fixture
def page(project):
    return f"/p/{project.slug}/settings/detectors/"


def test_every_detector_has_a_row_with_its_strictness_and_what_it_found(browser, page, project):
    make_found(project, {"refused": 0.9})

    text = browser.get(page).text

    assert all(detector.title in text for detector in DETECTORS.values())
    assert 'aria-label="1 calls: Refused or dodged"' in text
    assert "No call has been looked at yet" in text


def test_a_preview_says_what_would_change_and_stores_nothing(browser, page, project):
    make_found(project, {"refused": 0.95})
    make_found(project, {"refused": 0.3}, asked="Where is it?")

    text = browser.post(f"{page}refused/preview/", {"is_enabled": "on", "threshold": "0.25"}, headers=HTMX).text

    assert "Would flag 1 more of 2 calls" in text
    assert "Where is it?" in text
    assert "<html" not in text
    assert not DetectorSetting.objects.exists()


def test_a_preview_below_what_is_stored_says_what_it_cannot_know(browser, page):
    text = browser.post(f"{page}refused/preview/", {"is_enabled": "on", "threshold": "0.1"}).text

    assert "is not kept" in text


def test_a_detector_can_be_made_stricter_switched_off_and_put_back(browser, page, project):
    browser.post(f"{page}refused/change/", {"is_enabled": "on", "threshold": "0.9"})
    assert settings.of(project.pk)["refused"].threshold == 0.9

    browser.post(f"{page}refused/change/", {"threshold": "0.9"})
    assert not settings.of(project.pk)["refused"].is_enabled
    assert "While it is off nothing is looked for" in browser.post(f"{page}refused/preview/", {"is_enabled": "on"}).text

    browser.post(f"{page}refused/change/", {"is_enabled": "on", "threshold": "0.9", "shipped": "1"})
    assert DetectorSetting.objects.get(project=project).threshold is None


def test_saving_what_is_shipped_stores_no_threshold(browser, page, project):
    shipped = settings.of(project.pk)["refused"].threshold

    browser.post(f"{page}refused/change/", {"is_enabled": "on", "threshold": f"{shipped:.2f}"})

    assert DetectorSetting.objects.get(project=project).threshold is None


@pytest.mark.parametrize("threshold", ["0", "1", "much", "nan"])
def test_a_threshold_that_makes_no_sense_is_named(browser, page, project, threshold):
    answer = browser.post(f"{page}refused/change/", {"is_enabled": "on", "threshold": threshold})

    assert answer.status_code == 422
    assert "Not saved" in answer.text
    assert not DetectorSetting.objects.filter(project=project).exists()


def test_what_certainly_happened_has_nothing_to_be_strict_about(browser, page):
    text = browser.get(f"{page}failed/").text

    assert "nothing to be more or less strict about" in text
    assert 'type="range"' not in text


def test_a_detector_that_does_not_exist_is_not_found(browser, page):
    assert browser.get(f"{page}telepathy/").status_code == 404


def test_looking_again_begins_a_run_that_the_page_follows(browser, page, project, admin):
    make_found(project)

    answer = browser.post(f"{page}again/", {"days": "7"}, follow=True)

    run = AnalysisRerun.objects.get(project=project)
    assert (run.started_by, (run.until - run.since)) == (admin, timedelta(days=7))
    assert "Looking again" in answer.text
    assert run.until <= timezone.now()


def test_a_second_run_is_refused_in_words_and_the_first_can_be_stopped(browser, page, project):
    browser.post(f"{page}again/", {"days": "7"})

    assert "already" in browser.post(f"{page}again/", {"days": "1"}, follow=True).text
    assert "Stopped." in browser.post(f"{page}again/stop/", follow=True).text
    assert AnalysisRerun.objects.get(project=project).state == "stopped"


def test_others_than_admins_see_everything_and_change_nothing(project, page):
    editor = signed_in(make_member(project=project, role=Role.EDITOR))

    text = editor.get(f"{page}refused/").text
    assert "Admins of the project can change this." in text
    assert editor.post(f"{page}refused/change/", {"is_enabled": "on"}).status_code == 403
    assert editor.post(f"{page}again/", {"days": "7"}).status_code == 403


@pytest.fixture
def connection(project):
    return ProviderConnection.objects.create(
        project=project, name="Our <b>models</b>", base_url="https://api.openai.com/v1"
    )


def judge_form(asked, **values) -> dict[str, str]:
    return {
        "is_enabled": "on", "connection": str(asked.pk), "model": "gpt-5-mini", "flagged": "25", "unflagged": "0.5", "cap": "2.50",
    } | values  # fmt: skip


def test_a_model_is_chosen_for_a_second_opinion(browser, page, project, connection):
    answer = browser.post(f"{page}refused/judge/", judge_form(connection), follow=True)

    judge = DetectorJudge.objects.get(project=project)
    assert (judge.detector, judge.model, judge.flagged_ppm, judge.unflagged_ppm) == (
        "refused",
        "gpt-5-mini",
        250_000,
        5_000,
    )
    assert judge.cap_nano_usd == 2_500_000_000
    assert "Our &lt;b&gt;models&lt;/b&gt;" in answer.text
    assert "It is asked about calls that come from now on" in answer.text


@pytest.mark.parametrize(
    ("values", "said"),
    [({"model": ""}, "required"), ({"flagged": "101"}, "100"), ({"connection": "0"}, "valid choice")],
)
def test_a_choice_that_cannot_work_is_kept_and_explained(browser, page, connection, values, said):
    answer = browser.post(f"{page}refused/judge/", judge_form(connection, **values))

    assert answer.status_code == 422
    assert said in answer.text
    assert not DetectorJudge.objects.exists()


def test_what_is_counted_has_nobody_to_ask(browser, page, connection):
    assert "A second opinion" not in browser.get(f"{page}failed/").text
    assert browser.post(f"{page}failed/judge/", judge_form(connection)).status_code == 422


def test_members_who_do_not_manage_the_project_cannot_choose_a_model(project, page, connection):
    editor = signed_in(make_member(project=project, role=Role.EDITOR))

    assert editor.post(f"{page}refused/judge/", judge_form(connection)).status_code in (403, 404)
    assert "No model is asked" in editor.get(f"{page}refused/").text


def test_what_the_model_said_counts_beside_what_people_said(browser, page, project):
    for number in range(3):
        call = make_found(project, {"refused": 0.9})
        SecondOpinion.objects.create(
            project=project, detector="refused", trace_id=call.trace_id, span_id=call.span_id, call_at=call.call_at,
            was_flagged=True, has_problem=number > 0, why="Because <b>so</b>.", model="gpt-5-mini",
        )  # fmt: skip

    assert "a model: 2 of 3" in browser.get(page).text
    assert "Of 3 findings of the last 30 days it calls 2 right" in browser.get(f"{page}refused/").text
    trace = browser.get(reverse("trace", args=[project.slug, call.trace_id.hex]))
    assert "gpt-5-mini</bdi> agrees" in trace.text
    assert "Because &lt;b&gt;so&lt;/b&gt;." in trace.text
