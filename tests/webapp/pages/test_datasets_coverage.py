"""The pages that say what a dataset represents of the traffic, and which of its items need care."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from evals.coverage import measuring, queries
from evals.models import Dataset
from monitoring.analysis import running as analyses
from projects.models import Project
from projects.roles import Role
from tests.evals.factories import add, make_dataset, make_editor
from tests.monitoring.factories import make_span, send
from tests.projects.factories import make_member, make_project, signed_in
from workers import tasks

pytestmark = pytest.mark.django_db

TOPICS = (
    "refund of my order",
    "password of my account",
    "colour of the red shoes",
    "flight to Paris",
    "weather in Oslo",
)


@pytest.fixture
def project() -> Project:
    return make_project()


@pytest.fixture
def dataset(project) -> Dataset:
    return make_dataset(project, name="support/refunds")


@pytest.fixture
def browser(project) -> Client:
    return signed_in(make_editor(project))


def at(dataset: Dataset, route: str = "dataset-coverage") -> str:
    return reverse(route, args=[dataset.project.slug, dataset.pk])


def record_calls(project: Project, count: int = 150, *, before: str = "What") -> None:
    words = ("blue", "old", "wrong", "late", "third", "broken", "secret", "yellow", "cheap", "silent", "angry", "happy")
    texts = [f"{before} about the {words[n % 12]} {words[n // 12 % 12]} {TOPICS[n % 5]}?" for n in range(count)]
    send(project, *(make_span(asked=text) for text in texts))
    analyses.run(project_id=project.pk)


def test_without_calls_it_says_what_is_missing(browser, dataset):
    page = browser.get(at(dataset))

    assert "No calls to compare with yet" in page.text


def test_a_dataset_without_items_is_asked_to_get_some(browser, project, dataset):
    record_calls(project, 5)

    page = browser.get(at(dataset))

    assert "Add some items first" in page.text


def test_few_calls_are_told_apart_from_a_bad_number(browser, project, dataset):
    add(dataset, "Where is my refund?")
    record_calls(project, 40)
    measuring.measure(dataset=dataset, prompt_name="")

    page = browser.get(at(dataset))

    assert "Not enough different calls yet" in page.text
    assert "100 are needed" in page.text


def test_pressing_measure_leads_to_the_number(browser, project, dataset):
    add(dataset, "What about the wrong refund of my order?")
    record_calls(project)
    before = browser.get(at(dataset))

    waiting = browser.post(at(dataset, "dataset-coverage-measure"), {"calls": "all"}, follow=True)
    tasks.run_ready("insight")
    done = browser.get(at(dataset, "dataset-coverage-state"), {"calls": "all"})
    after = browser.get(at(dataset), {"calls": "all"})

    assert "Not measured yet" in before.text
    assert "Being measured" in waiting.text
    assert "Show the new number" in done.text
    assert "By chance" in after.text
    assert "Add these next" in after.text


def test_one_press_adds_a_suggestion_with_its_link_back(browser, project, dataset):
    add(dataset, "What about the wrong refund of my order?")
    record_calls(project)
    measuring.measure(dataset=dataset, prompt_name="")
    (first, *_) = queries.shown(dataset=dataset, prompt_name="").suggestions
    key = f"{first.trace_id.hex}.{first.span_id & 0xFFFFFFFFFFFFFFFF:016x}"
    assert key in browser.get(at(dataset)).text

    answer = browser.post(at(dataset, "dataset-coverage-add"), {"calls": "all", "call": key}, follow=True)

    assert "1 item added" in answer.text
    assert dataset.items.current().filter(source_trace_id=first.trace_id, source_span_id=first.span_id).count() == 1
    assert "Being measured" in answer.text


def test_all_suggestions_can_be_added_at_once(browser, project, dataset):
    add(dataset, "What about the wrong refund of my order?")
    record_calls(project)
    measuring.measure(dataset=dataset, prompt_name="")
    suggested = queries.shown(dataset=dataset, prompt_name="").suggestions
    keys = [f"{one.trace_id.hex}.{one.span_id & 0xFFFFFFFFFFFFFFFF:016x}" for one in suggested]

    browser.post(at(dataset, "dataset-coverage-add"), {"calls": "all", "call": keys})

    assert dataset.items.current().exclude(source_trace_id=None).count() == len(keys) > 1


@pytest.mark.parametrize("key", ["", "x", "abc.def", "0" * 32 + "." + "0" * 16, "\x00.\x00"], ids=repr)
def test_a_key_of_no_call_adds_nothing(browser, project, dataset, key):
    answer = browser.post(at(dataset, "dataset-coverage-add"), {"calls": "all", "call": key}, follow=True)

    assert answer.status_code == 200
    assert dataset.items.count() == 0


def test_a_viewer_reads_but_is_offered_nothing_to_change(project, dataset):
    add(dataset, "What about the wrong refund of my order?")
    record_calls(project)
    measuring.measure(dataset=dataset, prompt_name="")
    viewer = signed_in(make_member(project=project, role=Role.VIEWER))

    page = viewer.get(at(dataset))

    assert "Add these next" in page.text
    assert at(dataset, "dataset-coverage-add") not in page.text
    assert at(dataset, "dataset-coverage-measure") not in page.text


def test_texts_of_calls_are_never_markup(browser, project, dataset):
    add(dataset, "Hello")
    record_calls(project, before="<script>alert(1)</script>")
    measuring.measure(dataset=dataset, prompt_name="")

    page = browser.get(at(dataset))

    assert "<script>alert(1)" not in page.text
    assert "&lt;script&gt;alert(1)" in page.text


def test_the_page_of_care_shows_what_was_found_and_masks_it_at_a_press(browser, dataset):
    add(dataset, "Write to jo.doe@example.com please")
    before = browser.get(at(dataset, "dataset-care"))
    browser.post(at(dataset, "dataset-care-look"))
    tasks.run_ready("insight")
    found = browser.get(at(dataset, "dataset-care"))

    browser.post(at(dataset, "dataset-care-mask"), {"item": "1"})
    tasks.run_ready("insight")
    after = browser.get(at(dataset, "dataset-care"))

    assert "Not looked at yet" in before.text
    assert "Personal data and secrets" in found.text
    assert "Nothing to take care of" in after.text
    assert dataset.items.current().get().input == {"question": "Write to [e-mail] please"}
