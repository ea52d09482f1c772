"""Inserting a snippet and seeing what it says, and setting a price, in a real browser."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from monitoring import repricing
from monitoring.models import Repricing
from projects.models import Project, User
from prompt_registry import contents, labels, prompts, versions
from prompt_registry.models import Prompt
from prompt_registry.prices import books
from tests.browser import keyboard
from tests.monitoring.factories import make_trace

TAG = "@@@prompt:name=shared/refund-rules|label=production@@@"


def _make(project: Project, admin: User, name: str, text: str, **more: object) -> Prompt:
    prompt = prompts.create(project=project, name=name, type="text", by=admin)
    content = contents.parse({"type": "text", "text": text, **more})
    version = versions.save(prompt=prompt, content=content, by=admin)
    labels.publish(prompt=prompt, version=version, label="production", by=admin)
    return prompt


@pytest.fixture
def rules(project: Project, admin: User) -> Prompt:
    sample = [{"name": "order_id", "sample": "A-17"}]
    return _make(project, admin, "shared/refund-rules", "Ask for {{order_id}} first.", variables=sample)


@pytest.fixture
def editor(page: Page, project: Project, admin: User, rules: Prompt) -> Page:
    answer = _make(project, admin, "support/answer", "You help customers. ")
    page.goto(f"/p/{project.slug}/prompts/{answer.pk}/")
    expect(page.locator(".cm-content")).to_be_visible()
    return page


def _write(page: Page, text: str) -> None:
    page.get_by_label("Text of the prompt").focus()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(text)


def test_a_snippet_is_found_inserted_and_read(editor):
    editor.get_by_label("Text of the prompt").focus()
    editor.keyboard.press("Control+End")

    editor.get_by_role("button", name="Insert snippet").click()
    editor.get_by_label("Search snippets by name").fill("refund")
    editor.get_by_role("button", name="Insert shared/refund-rules", exact=True).click()

    expect(editor.locator("#snippet-chooser")).to_be_hidden()
    assert editor.locator("textarea[name=content]").input_value() == f"You help customers. {TAG}"
    expect(editor.locator("#preview")).to_contain_text("Ask for A-17 first.")
    shown = editor.locator("#snippets details")
    expect(shown).to_contain_text("v1, live in production")
    shown.locator("summary").click()
    expect(shown).to_contain_text("Ask for {{order_id}} first.")
    expect(editor.locator("#save-status")).to_contain_text("Saved")


def test_an_opened_snippet_stays_open_while_one_types(editor):
    _write(editor, TAG)
    shown = editor.locator("#snippets details")
    shown.locator("summary").click()

    editor.get_by_label("Text of the prompt").press("Control+End")
    editor.keyboard.type(" Thank you.")

    expect(editor.locator("#preview")).to_contain_text("Thank you.")
    expect(shown).to_have_attribute("open", "")


def test_a_snippet_is_inserted_with_the_keyboard_alone(editor):
    editor.get_by_label("Text of the prompt").focus()

    keyboard.tab_to(editor, "Insert snippet")
    editor.keyboard.press("Enter")
    expect(editor.get_by_role("button", name="Insert shared/refund-rules", exact=True)).to_be_visible()
    keyboard.tab_to(editor, "Insert shared/refund-rules")
    editor.keyboard.press("Enter")

    expect(editor.locator("#preview")).to_contain_text("Ask for A-17 first.")


def test_a_missing_snippet_is_told_at_once(editor):
    _write(editor, "@@@prompt:name=nothing|label=production@@@")

    expect(editor.locator("#preview")).to_contain_text("Snippet «nothing» does not exist.")


def test_publishing_a_snippet_shows_which_prompts_change(page, project, admin, rules):
    _make(project, admin, "support/answer", f"You help. {TAG}")
    versions.save(prompt=rules, content=contents.parse({"type": "text", "text": "Ask for nothing."}), by=admin)

    page.goto(f"/p/{project.slug}/prompts/{rules.pk}/publish/")

    section = page.get_by_label("Prompts that change too")
    expect(section).to_contain_text("support/answer v1, live in production")


def test_a_price_is_set_and_past_calls_are_counted_with_it(page, project):
    make_trace(project, model="our-model", tokens=(1_000_000, 0), at=timezone.now() - timedelta(hours=2))
    page.goto(f"/p/{project.slug}/settings/prices/")
    page.get_by_role("link", name="Set the price of our-model").click()
    page.get_by_label("Input", exact=True).fill("2.5")
    page.get_by_label("Output", exact=True).fill("10")
    page.get_by_label("From this day on").fill("2026-01-01")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Your price").first).to_be_visible()
    books.forget()

    page.get_by_role("button", name="Count again").click()
    expect(page.get_by_text("Counting again")).to_be_visible()
    while repricing.step(run_id=Repricing.objects.get(project=project).pk):
        pass

    expect(page.get_by_text("1 of them at another price")).to_be_visible()
    expect(page.get_by_text("$2.50 more")).to_be_visible()
