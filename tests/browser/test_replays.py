"""A product manager asks yesterday's calls again with a draft: from the editor to what it means for the traffic, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from evals.experiments.models import Experiment, ExperimentAttempt
from monitoring.analysis.flags import Flag
from projects.models import Project, User
from prompt_registry import connections, contents, labels, prompts, versions
from prompt_registry.models import PRODUCTION, Prompt
from tests.browser.answering import answering
from tests.evals.replays.factories import make_call
from tests.monitoring.issue_factories import make_cluster

REFUSAL = "I am sorry, but I can't help with that."


@pytest.fixture
def prompt(project: Project, admin: User) -> Prompt:
    connections.add_simulated(project=project, by=admin)
    prompt = prompts.create(project=project, name="support/answer", type="text", by=admin)
    first = versions.save(prompt=prompt, content=said("Answer {{question}} in two sentences."), by=admin)
    labels.publish(prompt=prompt, version=first, label=PRODUCTION, by=admin)
    return prompt


@pytest.fixture
def calls(project: Project, prompt: Prompt) -> None:
    returns, parcels = make_cluster(project, name="Returns"), make_cluster(project, name="Parcels")
    for number in range(20):
        make_call(project, f"Can I return order {number}?", REFUSAL, topic=returns, flags=Flag.REFUSED)
        make_call(project, f"Where is parcel number {number}?", topic=parcels)


@pytest.fixture
def quick(database: None) -> Iterator[None]:
    with answering(time_scale=0.1):
        yield


def said(text: str) -> contents.PromptContent:
    return contents.parse({"type": "text", "text": text, "settings": {"model": "simulated-fast"}})


def test_from_the_draft_to_what_it_means_for_the_traffic(page: Page, project, prompt, calls, quick):
    page.goto(reverse("prompt", args=[project.slug, prompt.pk]))
    page.locator(".cm-content").first.focus()
    page.keyboard.press("Control+End")
    page.keyboard.insert_text(" Say how to send it back.")
    expect(page.locator("#save-status")).to_contain_text("Saved")
    page.get_by_role("button", name="Replay yesterday's calls").click()

    expect(page.locator("#traffic")).to_contain_text("40 calls, 20 of them with a problem")
    expect(page.get_by_label("New text")).to_have_value("draft")
    expect(page.locator("#price")).to_contain_text("Nothing (simulated)")
    page.get_by_label("Is valid JSON").check()
    page.get_by_role("button", name="Start the replay").click()

    page.wait_for_url(re.compile(r"/experiments/\d+/$"))
    expect(page.locator("#test-state")).to_contain_text("Done", timeout=60_000)
    result = page.locator("#replay-result")
    expect(result).to_contain_text("Of 40 calls about 50% got an answer that refuses; with Draft about")
    expect(result.get_by_role("region", name="Topic by topic")).to_contain_text("Returns")
    expect(page.locator("#comparison")).to_contain_text("As answered")
    experiment = Experiment.objects.get(project=project)
    assert experiment.cells.filter(column=0, state="done").count() == 40
    assert not ExperimentAttempt.objects.filter(cell__experiment=experiment, cell__column=0).exists()
