"""The line about running processes, in a real browser: somebody publishes and watches the processes follow."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from projects.models import Project, User
from prompt_registry import contents, fleet, labels, prompts, versions
from prompt_registry.fleet import Reporter, Served
from prompt_registry.models import Prompt


@pytest.fixture
def prompt(project: Project, admin: User) -> Prompt:
    made = prompts.create(project=project, name="support/refund", type="text", by=admin)
    for number, words in enumerate(("Be kind.", "Be kind and short.")):
        content = contents.parse({"type": "text", "text": words})
        version = versions.save(prompt=made, content=content, by=admin)
        if number == 0:
            labels.publish(prompt=made, version=version, label="production", by=admin)
    return made


def report(prompt: Prompt, process: int, version: int) -> None:
    reporter = Reporter(prompt.project_id, f"{process:08x}", f"web-{process}", "python/0.1.0")
    fleet.note(reporter, Served(prompt.name, "production", version))


def test_after_publishing_the_processes_are_watched_as_they_follow(page: Page, prompt: Prompt):
    fleet.forget()
    for process in range(3):
        report(prompt, process, 1)
    page.goto(f"/p/{prompt.project.slug}/prompts/{prompt.pk}/publish/?version=2")

    page.get_by_role("button", name="Publish v2 to production").click()

    line = page.locator(".fleet")
    expect(line).to_contain_text("0 of 3 processes use v2; the others are being told", timeout=15_000)
    report(prompt, 0, 2)
    expect(line).to_contain_text("1 of 3 processes use v2", timeout=15_000)
    report(prompt, 1, 2)
    report(prompt, 2, 2)
    expect(line).to_contain_text("3 of 3 processes use v2 (", timeout=15_000)
