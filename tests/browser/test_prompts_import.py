"""Importing prompts with the keyboard alone, and taking them out again."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

from playwright.sync_api import Page, expect

from projects.models import Project
from prompt_registry.models import Label, PromptVersion
from tests.browser.keyboard import tab_to

LANGFUSE = [
    {"name": "support/refund", "type": "chat", "prompt": [{"role": "system", "content": "Be kind to {{name}}."}]},
    {"name": "greeting", "type": "text", "prompt": '<img src=x onerror="alert(1)"> Hi', "labels": ["production"]},
]


def test_pasted_prompts_are_previewed_chosen_and_saved_without_a_mouse(page: Page, project: Project):
    page.goto(f"/p/{project.slug}/prompts/")
    tab_to(page, "Import prompts")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name="Import prompts")).to_be_visible()
    tab_to(page, "Or paste")
    page.keyboard.insert_text(json.dumps(LANGFUSE))
    page.keyboard.press("Control+Enter")

    expect(page.get_by_role("heading", name="2 new prompts")).to_be_visible()
    expect(page.get_by_label("Read as")).to_have_value("langfuse")
    expect(page.get_by_text("It does not go live by itself (production there).")).to_be_visible()
    tab_to(page, "Choose greeting")
    page.keyboard.press("Space")
    tab_to(page, "Import what is chosen")
    page.keyboard.press("Enter")

    expect(page.get_by_text("Nothing is live yet.").first).to_be_visible()
    assert [version.prompt.name for version in PromptVersion.objects.filter(project=project)] == ["support/refund"]
    assert not Label.objects.filter(project=project).exists()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name="refund")).to_be_visible()


def test_choosing_another_format_reads_the_file_again(page: Page, project: Project, tmp_path: Path):
    file = tmp_path / "prompts.json"
    file.write_text(json.dumps(LANGFUSE))
    page.goto(f"/p/{project.slug}/prompts/import/")
    page.get_by_label("Files").set_input_files([file])
    page.get_by_role("button", name="Show what it becomes").click()
    expect(page.get_by_role("heading", name="2 new prompts")).to_be_visible()

    page.get_by_label("Read as").select_option("markdown")

    expect(page.get_by_role("heading", name="1 new prompt")).to_be_visible()


def test_an_export_is_downloaded_and_can_be_imported_elsewhere(page: Page, project: Project, tmp_path: Path):
    page.goto(f"/p/{project.slug}/prompts/import/")
    page.get_by_label("Or paste").fill(json.dumps(LANGFUSE))
    page.get_by_role("button", name="Show what it becomes").click()
    page.get_by_role("button", name="Import what is chosen").click()
    page.get_by_role("link", name="To the prompts").click()
    expect(page.get_by_role("heading", level=1, name="Prompts")).to_be_visible()
    page.get_by_role("button", name="Import and export").click()
    page.get_by_role("link", name="Export prompts").click()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download").click()
    waiting.value.save_as(tmp_path / "prompts.tar.gz")

    with tarfile.open(tmp_path / "prompts.tar.gz") as archive:
        assert archive.getnames() == ["greeting.md", "support/refund.md"]
    page.goto(f"/p/{project.slug}/prompts/import/")
    page.get_by_label("Files").set_input_files([tmp_path / "prompts.tar.gz"])
    page.get_by_role("button", name="Show what it becomes").click()
    expect(page.get_by_role("heading", name="2 are here already")).to_be_visible()
