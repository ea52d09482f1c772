"""A product manager makes a judge of criteria and tries it, with the keyboard alone and without seeing a word of code."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from evals.evaluators import definitions
from evals.evaluators.models import Evaluator
from projects.models import Project, User
from prompt_registry import connections
from tests.browser.answering import answering
from tests.browser.keyboard import tab_to, write

CRITERIA = (
    ("Names the period", "It says that a refund takes 14 days."), ("Polite", "The tone is friendly."),
    ("Short", "At most three sentences."),
)  # fmt: skip


@pytest.fixture
def simulated(database: None, project: Project, admin: User) -> Iterator[None]:
    connections.add_simulated(project=project, by=admin)
    with answering(time_scale=0.1, is_started=False):
        yield


def where(project: Project, route: str, *args: object) -> str:
    return reverse(route, args=[project.slug, *args])


def test_a_rubric_judge_is_made_and_tried_by_keyboard(page: Page, project: Project, simulated: None) -> None:
    page.goto(where(project, "evaluators"))
    page.keyboard.press("n")
    expect(page.get_by_role("heading", name="New check")).to_be_visible()
    tab_to(page, "Meets a list of criteria")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Meets a list of criteria")).to_be_visible()
    for name, definition in CRITERIA:
        tab_to(page, "Criterion")
        write(page, name)
        tab_to(page, "It is met when")
        write(page, definition)
    tab_to(page, "Passes from")
    tab_to(page, "Name")
    write(page, "Good refund answer")
    page.keyboard.press("Control+Enter")

    expect(page.get_by_role("heading", name="Good refund answer")).to_be_visible()
    assert "{" not in page.locator("main").inner_text()
    tab_to(page, "The answer")
    write(page, "Thank you for asking. A refund takes 14 days.")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("At no cost: this provider is simulated")).to_be_visible()
    page.keyboard.press("Control+Enter")

    result = page.locator("#outcome")
    expect(result.get_by_text("All 3 criteria are met.")).to_be_visible()
    expect(result.get_by_text("Simulated", exact=True)).to_be_visible()
    expect(result.locator("q").first).to_contain_text("14 days")
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_a_change_shows_what_differs_from_the_version_before(page: Page, project: Project, admin: User) -> None:
    evaluator = definitions.create(project=project, name="Short", kind="length", settings={"most": 50}, by=admin)
    page.goto(where(project, "evaluator", evaluator.pk))
    page.get_by_role("link", name="Change").click()
    page.get_by_label("At most so many words").fill("30")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("link", name="Versions").click()

    newest = page.get_by_role("region", name="Version 2")
    expect(newest.get_by_text("judges now")).to_be_visible()
    expect(newest.locator(".is-added")).to_contain_text("30")


def test_the_first_set_is_added_and_a_check_put_away_and_brought_back(page: Page, project: Project) -> None:
    page.goto(where(project, "evaluators"))
    page.get_by_role("button", name="Add them").click()
    page.get_by_role("link", name="Not too long").click()
    page.get_by_role("button", name="More for this check").click()
    page.get_by_role("button", name="Archive").click()
    page.get_by_role("dialog").get_by_role("button", name="Archive").click()
    expect(page.get_by_text("is in the archive")).to_be_visible()
    page.get_by_role("link", name="Archive").click()
    page.get_by_role("link", name="Not too long").click()
    page.get_by_role("button", name="Bring it back").click()

    expect(page.get_by_text("Not too long is back.")).to_be_visible()
    assert Evaluator.objects.get(project=project, name="Not too long").archived_at is None


def test_hostile_words_of_a_check_stay_words(page: Page, project: Project, admin: User) -> None:
    script = "<img src=x onerror=\"document.title='hacked'\">"
    settings = {"texts": [script], "wanted": "any"}
    evaluator = definitions.create(project=project, name=f"Bad {script}", kind="contains", settings=settings, by=admin)
    page.goto(where(project, "evaluator", evaluator.pk))
    page.get_by_label("The answer", exact=True).fill(script)
    page.get_by_role("button", name="Check it").click()

    expect(page.locator("#outcome").get_by_text(f"Found: «{script}».")).to_be_visible()
    assert page.title() != "hacked"
