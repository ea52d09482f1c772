"""From a problem to a change that a model suggested: what it takes, the search, and a version of what a person approved."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from evals.experiments import running
from evals.proposals.models import FixProposal
from prompt_registry import connections
from prompt_registry.models import PRODUCTION
from tests.browser.answering import answering
from tests.browser.test_pages import problems
from tests.evals.experiments import conftest as experiment_conftest
from tests.evals.proposals.factories import plant, step

MOST_STEPS = 8


@pytest.fixture
def _answers(page: Page, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    # A pump without work waits for more for seconds.
    monkeypatch.setattr(running, "_IDLE_SECONDS", 0.2)
    with answering(time_scale=0.01, is_started=False):
        yield


def work(proposal: FixProposal) -> None:
    """Do what the workers do until the search is over."""
    for _ in range(MOST_STEPS):
        if not step(proposal).is_running:
            return
        experiment_conftest.run()


@pytest.mark.usefixtures("_answers")
def test_a_change_that_a_model_suggests_is_approved_and_becomes_a_version(page: Page, project, admin, troubles):
    connection = connections.add_simulated(project=project, by=admin)
    planted = plant(project, connection, admin, model="simulated-fast")

    page.goto(f"/p/{project.slug}/issues/{planted.fix.issue.number}/")
    page.get_by_role("link", name="Propose a fix").click()
    expect(page.get_by_text(re.compile(r"up to \d+ calls"))).to_be_visible()
    cap = page.get_by_label("It may cost at most")
    cap.fill("<b>much</b>")
    page.get_by_role("button", name="Look for a fix").click()
    expect(page.get_by_text("Say how much the search may cost at most")).to_be_visible()
    expect(cap).to_have_attribute("aria-invalid", "true")
    cap.fill("1.50")
    page.get_by_role("button", name="Look for a fix").dblclick()

    expect(page.get_by_text("Asking for suggestions")).to_be_visible()
    work(FixProposal.objects.get(project=project))
    expect(page.get_by_role("heading", name="A change that helps")).to_be_visible()
    expect(page.get_by_text(re.compile("Right answers on .* held-out calls with the problem: [+]"))).to_be_visible()
    assert problems(page, page.url, troubles) == []

    approve = page.get_by_label("I approve this change")
    approve.uncheck()
    page.get_by_role("button", name="Make a version of what I approve").click()
    expect(page.get_by_text("No edit is approved")).to_be_visible()
    page.get_by_label("I approve this change").check()
    page.get_by_role("button", name="Make a version of what I approve").dblclick()

    expect(page.locator(".toasts")).to_contain_text("v2 is made")
    prompt = planted.version.prompt
    made = prompt.versions.get(number=2)
    assert "instead of declining" in made.text
    assert prompt.labels.get(name=PRODUCTION).version == planted.version
