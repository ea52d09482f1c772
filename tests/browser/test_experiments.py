"""A product manager tests a draft in a real browser: from the editor to the verdict and what got worse; by keyboard too."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from evals import datasets
from evals.evaluators import definitions
from evals.experiments.models import CellState, Experiment, ExperimentScore
from evals.models import Dataset
from projects.models import Project, User
from prompt_registry import connections, contents, labels, prompts, versions
from prompt_registry.models import PRODUCTION, Prompt
from tests.browser.answering import answering
from tests.browser.keyboard import tab_to, write
from tests.monitoring.factories import make_trace

XSS = "<img src=x onerror=\"document.title='hacked'\"><script>document.title='hacked'</script>"
CHECK, KEPT = "There is an answer", "support/hard ones"
QUESTIONS = [f"Where is parcel number {number}?" for number in range(1, 13)]


@pytest.fixture
def prompt(project: Project, admin: User) -> Prompt:
    connections.add_simulated(project=project, by=admin)
    prompt = prompts.create(project=project, name="support/answer", type="text", by=admin)
    first = versions.save(prompt=prompt, content=said("Answer {{question}} in two sentences."), by=admin)
    labels.publish(prompt=prompt, version=first, label=PRODUCTION, by=admin)
    return prompt


@pytest.fixture
def calls(project: Project, prompt: Prompt) -> None:
    for question in QUESTIONS:
        make_trace(
            project, prompt=prompt.name, version=1, asked=question, answered="Soon.",
            attributes={"gen_ai.prompt.variable.question": question},
        )  # fmt: skip


@pytest.fixture
def dataset(project: Project, admin: User) -> Dataset:
    dataset = datasets.create(project=project, name="support/questions", by=admin)
    for question in QUESTIONS:
        datasets.add_item(dataset=dataset, input={"question": question}, by=admin)
    return dataset


@pytest.fixture
def check(project: Project, admin: User) -> None:
    definitions.create(project=project, name="Short", kind="length", settings={"most": 12}, by=admin)


@pytest.fixture
def quick(database: None) -> Iterator[None]:
    with answering(time_scale=0.1):
        yield


def said(text: str) -> contents.PromptContent:
    return contents.parse({"type": "text", "text": text, "settings": {"model": "simulated-fast"}})


def write_draft(page: Page, prompt: Prompt) -> None:
    page.goto(reverse("prompt", args=[prompt.project.slug, prompt.pk]))
    page.locator(".cm-content").first.focus()
    page.keyboard.press("Control+End")
    page.keyboard.insert_text(" Explain everything at great length.")
    expect(page.locator("#save-status")).to_contain_text("Saved")


def test_from_the_draft_to_the_verdict_and_what_got_worse(page, project, prompt, calls, admin, quick):
    datasets.create(project=project, name=KEPT, by=admin)
    write_draft(page, prompt)
    page.get_by_role("button", name="Test this draft").click()

    expect(page.get_by_text("12 real calls make a useful first dataset.")).to_be_visible()
    page.get_by_role("button", name="Build it now").click()
    expect(page.get_by_label("Dataset", exact=True)).to_contain_text("support/answer/real calls (12)")
    page.get_by_role("button", name="Add the usual checks").click()
    expect(page.get_by_label("There is an answer")).to_be_checked()
    expect(page.locator("#price")).to_contain_text("Nothing (simulated)")
    expect(page.locator("#price")).to_contain_text("24")
    assert_no_code_words(page)
    page.get_by_role("button", name="Start the test").click()

    page.wait_for_url(re.compile(r"/experiments/\d+/$"))
    expect(page.locator("#test-state")).to_contain_text("Done", timeout=60_000)
    expect(page.locator("[data-progress]")).to_have_text("24 of 24")
    expect(page.locator("#following[data-every]")).to_have_count(0)
    expect(page.locator("#comparison")).to_contain_text("There is an answer")
    assert_no_code_words(page)
    experiment = Experiment.objects.get(project=project)
    assert experiment.variants[1]["content"]["text"].endswith("Explain everything at great length.")
    open_the_three_worst_and_keep_one(page, experiment)


def open_the_three_worst_and_keep_one(page: Page, experiment: Experiment) -> None:
    scores = ExperimentScore.objects.filter(cell__experiment=experiment)
    scores.update(value=1, passed=True, error="")
    scores = scores.filter(evaluator_version__evaluator__name=CHECK)
    scores.filter(cell__column=1, cell__item__number__in=(2, 5, 7)).update(
        value=0, passed=False, why="Nothing came back."
    )
    page.reload()
    page.get_by_role("link", name="Look at what got worse").click()
    expect(page.locator("#items tr[data-kind='worse']")).to_have_count(3)
    for link in page.locator("#items tr[data-kind='worse'] .row-link").all():
        link.click()
    expect(page.locator("#items .comparison-item")).to_have_count(3)
    expect(page.locator("#items .comparison-item").first).to_contain_text("Nothing came back.")

    first = page.locator("#items .comparison-item").first
    first.get_by_label("Dataset to keep this item in").select_option(label=KEPT)
    first.get_by_role("button", name="Save as item").click()
    expect(page.locator(".toasts")).to_contain_text(KEPT)
    assert Dataset.objects.get(project=experiment.project, name=KEPT).item_count == 1


def test_a_test_is_started_and_stopped_with_the_keyboard_alone(page, project, prompt, dataset, check, database):
    with answering(time_scale=0.1, is_started=False) as worker:
        page.goto(f"{reverse('experiment-new', args=[project.slug])}?prompt={prompt.pk}&what=1")
        tab_to(page, "May cost at most")
        write(page, "3.50")
        page.keyboard.press("Control+Enter")
        page.wait_for_url(re.compile(r"/experiments/\d+/$"))
        expect(page.locator("#test-numbers")).to_contain_text("of $3.50")

        tab_to(page, "Pause")
        page.keyboard.press("Enter")
        expect(page.locator("#test-state")).to_contain_text("Paused")
        page.keyboard.press("Control+Enter")
        expect(page.locator("#test-state")).to_contain_text("Running")
        worker.start()
        expect(page.locator("#test-state")).to_contain_text("Done", timeout=60_000)


def test_stopping_asks_first_and_the_focus_stays_while_the_page_follows(
    page, project, prompt, dataset, check, database
):
    with answering(time_scale=0.1, is_started=False):
        start(page, project, prompt)
        tab_to(page, "Stop")
        experiment = Experiment.objects.get(project=project)
        experiment.cells.filter(pk=experiment.cells.first().pk).update(state=CellState.ANSWERING)
        expect(page.locator("#test-numbers")).to_contain_text("Under way1", use_inner_text=False)
        expect(page.get_by_role("button", name="Stop")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.locator("#confirm")).to_contain_text("Stop this test for good?")
        tab_to(page, "Stop it")
        page.keyboard.press("Enter")

        expect(page.locator("#test-state")).to_contain_text("Cancelled")


def test_a_double_click_starts_one_test(page, project, prompt, dataset, check, database):
    with answering(is_started=False):
        page.goto(f"{reverse('experiment-new', args=[project.slug])}?prompt={prompt.pk}&what=1")
        page.get_by_role("button", name="Start the test").dblclick()
        page.wait_for_url(re.compile(r"/experiments/\d+/$"))
        expect(page.locator("#test-state")).to_be_visible()

    assert Experiment.objects.filter(project=project).count() == 1


def test_the_price_follows_what_is_chosen_and_nothing_typed_is_lost(page, project, prompt, dataset, check):
    page.goto(f"{reverse('experiment-new', args=[project.slug])}?prompt={prompt.pk}&what=1")
    expect(page.locator("#price")).to_contain_text("Answers12", use_inner_text=False)
    page.get_by_text("More choices").click()
    page.get_by_label("What do you want to find out?").fill("Is it shorter?")
    page.get_by_label("Ask each item").select_option("3")

    expect(page.locator("#price")).to_contain_text("36")
    expect(page.get_by_label("What do you want to find out?")).to_have_value("Is it shorter?")


def test_hostile_words_stay_words(page, project, prompt, dataset, check, database):
    with answering(is_started=False):
        start(page, project, prompt)
        experiment = Experiment.objects.get(project=project)
        experiment.cells.update(state=CellState.FAILED, error=XSS)
        expect(page.locator("#test-failures")).to_contain_text(XSS, timeout=15_000)

        assert "hacked" not in page.title()
        assert page.locator("#main img").count() == 0


def start(page: Page, project: Project, prompt: Prompt) -> None:
    page.goto(f"{reverse('experiment-new', args=[project.slug])}?prompt={prompt.pk}&what=1")
    page.get_by_role("button", name="Start the test").click()
    page.wait_for_url(re.compile(r"/experiments/\d+/$"))
    expect(page.locator("#test-numbers")).to_be_visible()


def assert_no_code_words(page: Page) -> None:
    """A product manager reads no JSON, and none of the words of the code."""
    shown = page.locator("#main").inner_text()
    assert not re.search(r"\b(JSON|evaluator|experiment|commit|deploy|temperature|null)\b|[{\[]\"", shown), shown
