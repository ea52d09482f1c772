"""The prompt editor in a real browser: nothing typed is lost, and everything works from the keyboard."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from projects.models import Project, User
from prompt_registry import contents, labels, prompts, versions
from prompt_registry.models import Draft, Prompt


@pytest.fixture
def prompt(project: Project, admin: User) -> Prompt:
    made = prompts.create(project=project, name="support/refund", type="chat", by=admin)
    messages = [{"role": "system", "content": "Be kind to {{name}}."}, {"role": "user", "content": "{{question}}"}]
    content = contents.parse({"type": "chat", "messages": messages})
    version = versions.save(prompt=made, content=content, base_number=0, by=admin)
    labels.publish(prompt=made, version=version, label="production", by=admin)
    return made


@pytest.fixture
def editor(page: Page, prompt: Prompt) -> Page:
    _open(page, prompt)
    return page


def _open(page: Page, prompt: Prompt) -> None:
    page.goto(f"/p/{prompt.project.slug}/prompts/{prompt.pk}/")
    expect(page.locator(".cm-content").first).to_be_visible()


def _status(page: Page, words: str) -> None:
    expect(page.locator("#save-status")).to_contain_text(words)


def _type(page: Page, words: str, message: int = 1) -> None:
    page.get_by_label(f"Text of message {message}", exact=True).focus()
    page.keyboard.press("Control+End")
    page.keyboard.type(words)


def _texts(page: Page) -> list[str]:
    return [area.input_value() for area in page.locator("textarea[name=content]").all()]


def test_what_is_typed_is_kept_without_any_button(editor, prompt):
    _type(editor, " Always.")

    _status(editor, "Saved")

    editor.reload()
    assert _texts(editor)[0] == "Be kind to {{name}}. Always."
    assert prompt.versions.count() == 1


def test_a_new_blank_gets_its_fields_and_the_focus_stays_where_one_types(editor):
    _type(editor, " Answer in {{language}}.")

    sample = editor.get_by_label("Sample of language")
    expect(sample).to_be_visible()
    assert editor.evaluate("document.activeElement.ariaLabel") == "Text of message 1"
    sample.focus()
    editor.keyboard.type("Danish", delay=40)
    expect(editor.locator("#preview")).to_contain_text("Answer in Danish.")
    assert sample.input_value() == "Danish"
    assert editor.evaluate("document.activeElement.name") == "blank-sample"


def test_messages_are_added_and_moved_from_the_keyboard(editor):
    editor.get_by_role("button", name="Add message").focus()
    editor.keyboard.press("Enter")
    editor.keyboard.type("Third")
    editor.keyboard.press("Alt+ArrowUp")
    editor.keyboard.press("Alt+ArrowUp")
    editor.keyboard.press("Alt+ArrowDown")

    assert _texts(editor) == ["Be kind to {{name}}.", "Third", "{{question}}"]
    assert editor.evaluate("document.activeElement.textContent") == "Third"
    _status(editor, "Saved")


def test_without_a_connection_the_text_stays_on_this_computer_until_it_is_back(editor, prompt, admin, troubles):
    context = editor.context
    context.set_offline(True)
    _type(editor, " Written in a tunnel.")
    _status(editor, "Offline, kept on this computer")
    editor.close(run_before_unload=False)
    context.set_offline(False)

    again = context.new_page()
    _open(again, prompt)
    again.get_by_role("button", name="Put it back").click()

    expect(again.get_by_label("Text of message 1", exact=True)).to_have_text(
        "Be kind to {{name}}. Written in a tunnel."
    )
    assert Draft.objects.get(prompt=prompt, user=admin).content["messages"][0]["content"].endswith("tunnel.")
    assert all("Failed to fetch" in trouble for trouble in troubles)
    troubles.clear()


def test_two_windows_ask_before_one_overwrites_the_other(editor, prompt):
    other = editor.context.new_page()
    _open(other, prompt)
    _type(editor, " One.")
    _status(editor, "Saved")

    _type(other, " Two.")

    _status(other, "Changed in your other window – compare")
    other.locator("#save-status button").click()
    other.get_by_role("button", name="Keep the text of this window").click()
    assert _texts(other)[0] == "Be kind to {{name}}. Two."


def test_saving_publishing_and_undoing_need_no_mouse(editor, prompt):
    _type(editor, " Always.")
    _status(editor, "Saved")
    editor.get_by_label("What did you change and why?").focus()
    editor.keyboard.type("Kinder")
    editor.keyboard.press("Control+s")
    expect(editor.locator(".toasts")).to_contain_text("Saved as v2")

    editor.keyboard.press("Control+Shift+Enter")
    expect(editor.get_by_role("heading", level=1)).to_have_text("Publish v2 to production")
    editor.get_by_role("button", name="Publish v2 to production").focus()
    editor.keyboard.press("Enter")
    expect(editor.locator(".live")).to_contain_text("v2 live in production")

    editor.locator("main").focus()
    editor.keyboard.press("Shift+U")
    expect(editor.locator("#confirm")).to_contain_text("v1 comes back.")
    editor.get_by_role("button", name="Bring v1 back").press("Enter")
    expect(editor.locator(".live")).to_contain_text("v1 live in production")


def test_leaving_a_removed_message_is_asked_first(editor):
    editor.get_by_role("button", name="Remove").first.click()
    editor.get_by_role("button", name="Cancel").click()
    assert len(_texts(editor)) == 2

    editor.get_by_role("button", name="Remove").first.click()
    editor.locator("[data-confirm-yes]").click()
    expect(editor.locator("textarea[name=content]")).to_have_count(1)
