"""The list of tests, the page of one, and what changes it."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.urls import reverse

from evals.experiments.models import CellState, Experiment
from evals.experiments.plans import DRAFT
from evals.statistics.verdicts import Verdict
from projects import spending
from projects.models import Project, User
from projects.roles import Role
from prompt_registry.models import Prompt
from tests.evals.experiment_factories import make_experiment, make_judged, make_variant
from tests.projects.factories import make_member, make_project, make_user, signed_in
from tests.prompt_registry.factories import make_prompt, make_version, text
from webapp.pages import experiments_verdicts

pytestmark = pytest.mark.django_db
HOSTILE = "<script>alert(1)</script> {{question}} {% now %}"


@pytest.fixture
def admin() -> User:
    return make_user(name="Dana")


@pytest.fixture
def project(admin: User) -> Project:
    return make_project(by=admin)


@pytest.fixture
def prompt(project: Project) -> Prompt:
    prompt = make_prompt(project, name="support/answer", type="text")
    make_version(prompt, text("Answer {{question}}"))
    return prompt


@pytest.fixture
def browser(admin: User) -> Client:
    return signed_in(admin)


@pytest.fixture
def running(project: Project, admin: User) -> Experiment:
    return make_judged(
        {"Correct": ["1x..", "01.."]}, project, state="running", ended_at=None, cap_nano_usd=2 * spending.NANO, created_by=admin
    )  # fmt: skip


def where(experiment: Experiment, route: str = "experiment") -> str:
    return reverse(route, args=[experiment.project.slug, experiment.pk])


def listed(project: Project, browser: Client, **query: object) -> str:
    return browser.get(reverse("experiments", args=[project.slug]), query).text


# The list


def test_an_empty_list_says_what_a_test_is_good_for(project, browser):
    assert "Is the new text better than the one that is live?" in listed(project, browser)


def test_a_row_says_what_was_compared_and_how_it_ended(project, browser, prompt, admin):
    make_judged({"Correct": ["0" * 40, "1" * 40]}, project, prompt=prompt, name="Kinder", created_by=admin)

    page = listed(project, browser)

    for words in ("Kinder", "support/answer", "40 items", "v1 live", "v2", "Done", "Better", "Dana"):
        assert words in page


def test_a_test_under_way_shows_how_far_it_is_and_no_verdict(project, browser, running):
    page = listed(project, browser)

    assert "4 of 8" in page
    assert "1 failed" in page
    assert "Not enough data" not in page


def test_filters_and_the_archive(project, browser, prompt):
    make_experiment(project, name="Of this prompt", prompt=prompt, evaluators=())
    make_experiment(project, name="Of no prompt", state="cancelled", evaluators=())

    assert "Of no prompt" not in listed(project, browser, prompt=prompt.pk)
    assert "Of this prompt" not in listed(project, browser, state="cancelled")
    assert "No test passes the filter." in listed(project, browser, state="paused")
    assert "The archive is empty" in listed(project, browser, archive="")


def test_the_tests_of_a_prompt_and_of_a_dataset_stand_under_their_tabs(project, browser, prompt):
    experiment = make_experiment(project, name="Kinder", prompt=prompt, evaluators=())

    of_prompt = browser.get(reverse("prompt-tests", args=[project.slug, prompt.pk])).text
    of_dataset = browser.get(reverse("dataset-tests", args=[project.slug, experiment.dataset_id])).text

    assert "Kinder" in of_prompt
    assert "Kinder" in of_dataset


def test_an_untested_prompt_leads_to_its_first_test(project, browser, prompt):
    page = browser.get(reverse("prompt-tests", args=[project.slug, prompt.pk])).text

    assert f"{reverse('experiment-new', args=[project.slug])}?prompt={prompt.pk}" in page


@pytest.mark.parametrize(
    ("found", "word"),
    [
        ([Verdict.BETTER, Verdict.SAME], "Better"),
        ([Verdict.BETTER, Verdict.UNKNOWN], "Better"),
        ([Verdict.WORSE, Verdict.SAME], "Worse"),
        ([Verdict.WORSE, Verdict.BETTER], "Mixed"),
        ([Verdict.SAME, Verdict.SAME], "No difference"),
        ([Verdict.SAME, Verdict.UNKNOWN], "Not enough data"),
        ([], "Not enough data"),
    ],
    ids=["better", "better on one", "worse", "both", "same", "one unknown", "none"],
)
def test_several_checks_become_one_word(found, word):
    assert experiments_verdicts.combined(found) == word


# One test


def test_the_page_says_how_far_it_is_and_what_went_wrong(browser, running):
    page = browser.get(where(running)).text

    assert "4 of 8" in page
    assert "The provider did not answer in time." in page
    assert "of $2.00" in page
    assert "Pause" in page


def test_the_progress_is_asked_for_until_it_is_over(browser, running):
    news = browser.get(where(running, "experiment-progress"))
    Experiment.objects.filter(pk=running.pk).update(state="done")
    last = browser.get(where(running, "experiment-progress"))

    assert "<cb-live" in news.text
    assert "<cb-live" not in last.text
    assert 'hx-select="#comparison"' in last.text


def test_the_progress_is_not_sent_again_when_nothing_changed(browser, running):
    url = where(running, "experiment-progress")
    first = browser.get(url)

    same = browser.get(url, headers={"If-None-Match": first.headers["ETag"]})
    running.cells.filter(state=CellState.READY).update(state=CellState.DONE)
    changed = browser.get(url, headers={"If-None-Match": first.headers["ETag"]})

    assert (same.status_code, same.text) == (304, "")
    assert changed.status_code == 200
    assert "8 of 8" in changed.text


def test_buttons_are_drawn_anew_only_when_they_differ(browser, running):
    url = where(running, "experiment-progress")

    assert 'id="test-acts"' in browser.get(url, {"have": "paused"}).text
    assert 'id="test-acts"' not in browser.get(url, {"have": "running-failed-some"}).text


def test_what_was_frozen_can_be_read(browser, project, prompt):
    variants = [
        make_variant(1, content=text("Answer {{question}}").to_json()),
        make_variant(
            2, kind=DRAFT, content=text("Answer {{question}} kindly").to_json(), sampling="best of", samples=3
        ),
    ]
    experiment = make_experiment(project, prompt=prompt, variants=variants)

    page = browser.get(where(experiment)).text
    words = browser.get(where(experiment, "experiment-texts"), {"column": 1}).text

    assert "Best of 3 answers" in page
    assert f"?revision={experiment.dataset_revision}" in page
    assert "Correct" in page
    assert "<ins> kindly</ins>" in words


def test_a_column_that_was_not_there_is_not_found(browser, running):
    assert browser.get(where(running, "experiment-texts"), {"column": 2}).status_code == 404


@pytest.mark.parametrize("contents", [({}, {}), ({}, None), (None, {})], ids=["neither", "the second", "the first"])
def test_columns_without_a_text_are_not_compared(browser, project, contents):
    kept = text("Answer {{question}}").to_json()
    variants = [make_variant(content=kept if content is None else content) for content in contents]
    experiment = make_experiment(project, variants=variants)

    assert browser.get(where(experiment, "experiment-texts"), {"column": 1}).status_code == 404
    assert browser.get(where(experiment)).status_code == 200


def test_the_same_test_can_be_started_again(browser, project, prompt):
    experiment = make_experiment(
        project, prompt=prompt, variants=[make_variant(1, sampling="best of", samples=5)], evaluators=()
    )

    page = browser.get(where(experiment)).text

    link = page.split('title="Opens the form filled in like this test"')[0].rsplit('href="', 1)[1].split('"')[0]
    query = parse_qs(urlsplit(link.replace("&amp;", "&")).query)
    assert (query["what"], query["sampling"], query["dataset"]) == (["1"], ["best-5"], [str(experiment.dataset_id)])


def test_words_of_models_and_people_stay_words(browser, project):
    experiment = make_judged({HOSTILE[:100]: ["1x", "01"]}, project, name=HOSTILE, note=HOSTILE)
    experiment.cells.filter(state=CellState.FAILED).update(error=HOSTILE)

    for page in (browser.get(where(experiment)).text, listed(project, browser)):
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)" in page


# What changes it


@pytest.mark.parametrize(
    ("route", "before", "after"),
    [
        ("experiment-pause", "running", "paused"),
        ("experiment-resume", "paused", "running"),
        ("experiment-cancel", "running", "cancelled"),
    ],
    ids=["pause", "resume", "stop"],
)
def test_its_state_can_be_changed(browser, running, route, before, after):
    Experiment.objects.filter(pk=running.pk).update(state=before)

    answer = browser.post(where(running, route))

    running.refresh_from_db()
    assert (answer.headers["Location"], running.state) == (where(running), after)


def test_its_limit_can_be_changed(browser, running):
    browser.post(where(running, "experiment-raise-cap"), {"cap": "$5"})

    running.refresh_from_db()
    assert running.cap_nano_usd == 5 * spending.NANO


def test_a_limit_that_is_no_amount_changes_nothing(browser, running):
    page = browser.post(where(running, "experiment-raise-cap"), {"cap": "much"}, follow=True).text

    running.refresh_from_db()
    assert running.cap_nano_usd == 2 * spending.NANO
    assert "Type an amount in dollars" in page


def test_what_failed_can_be_asked_for_again(browser, running):
    page = browser.post(where(running, "experiment-retry"), follow=True).text

    assert not running.cells.filter(state=CellState.FAILED).exists()
    assert "1 answer is asked for again." in page


def test_it_can_be_archived_and_brought_back(browser, project):
    experiment = make_experiment(project, name="Kinder", evaluators=())

    browser.post(where(experiment, "experiment-archive"))
    archived = listed(project, browser)
    browser.post(where(experiment, "experiment-restore"))

    assert "Kinder" not in archived
    assert "Kinder" in listed(project, browser)


def test_a_viewer_reads_and_changes_nothing(project, running):
    viewer = signed_in(make_member(project=project, role=Role.VIEWER))

    page = viewer.get(where(running)).text

    assert "4 of 8" in page
    assert reverse("experiment-pause", args=[project.slug, running.pk]) not in page
    assert viewer.post(where(running, "experiment-pause")).status_code == 403
