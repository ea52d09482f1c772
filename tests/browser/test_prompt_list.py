"""Finding, choosing, copying and moving prompts with the keyboard, walking changes, and links to lines."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from projects import projects
from projects.models import Project, User
from prompt_registry import contents, labels, prompts, versions
from prompt_registry.errors import PromptRegistryError
from prompt_registry.models import Prompt
from tests.projects.factories import make_user
from tests.webapp.hostile_texts import MARKUP


def make(project: Project, name: str, *texts: str, by: User) -> Prompt:
    prompt = prompts.create(project=project, name=name, type="chat", by=by)
    for text in texts:
        content = contents.parse({"type": "chat", "messages": [{"role": "system", "content": text}]})
        versions.save(prompt=prompt, content=content, note=f"Note on {name}", by=by)
    return prompt


@pytest.fixture
def three(project, admin) -> list[Prompt]:
    return [make(project, name, f"You answer about {name}.", by=admin) for name in ("billing", "refund", "welcome")]


@pytest.fixture
def prompt_list(page: Page, project, three) -> Page:
    page.goto(f"/p/{project.slug}/prompts/")
    return page


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def names(page: Page) -> list[str]:
    return page.locator("tbody .prompt-name .row-link").all_inner_texts()


def test_typing_narrows_the_list_and_marks_the_words(prompt_list):
    press(prompt_list, "/")
    prompt_list.keyboard.type("about ref")

    expect(prompt_list.locator("tbody tr")).to_have_count(1)
    expect(prompt_list.locator("tbody mark").last).to_have_text("ref")
    expect(prompt_list).to_have_url(re.compile(r"q=about"))
    prompt_list.reload()
    assert names(prompt_list) == ["refund"]


def test_a_filter_keeps_what_was_typed(prompt_list):
    prompt_list.get_by_label("Search names and texts of prompts").fill("answer")
    expect(prompt_list).to_have_url(re.compile("q=answer"))

    prompt_list.get_by_label("Order").select_option("Changed last")

    expect(prompt_list).to_have_url(re.compile(r"q=answer.*sort=changed"))
    assert names(prompt_list) == ["welcome", "refund", "billing"]


@pytest.mark.parametrize(
    ("key", "place"), [("d", "duplicate"), ("m", "move"), ("u", "users")], ids=["copy", "move", "who uses it"]
)
def test_a_letter_does_its_deed_to_the_row_one_stands_on(prompt_list, three, key, place):
    press(prompt_list, key)
    expect(prompt_list.get_by_role("heading", level=1)).to_have_text("Prompts")

    press(prompt_list, "j", "j", key)

    prompt_list.wait_for_url(f"**/prompts/{three[1].pk}/{place}/")


def test_chosen_prompts_are_archived_after_the_page_said_how_many(prompt_list, project):
    press(prompt_list, "j", "x", "j", "x")
    expect(prompt_list.locator(".bulk")).to_contain_text("2 chosen")
    prompt_list.get_by_role("button", name="Archive…").click()

    expect(prompt_list.get_by_role("heading", level=1)).to_have_text("Archive 2 prompts")
    expect(prompt_list.locator(".name-list")).to_have_text(re.compile("billing.*refund", re.S))
    press(prompt_list, "Control+Enter")

    expect(prompt_list.locator(".toast")).to_contain_text("2 prompts are in the archive.")
    assert names(prompt_list) == ["welcome"]


def test_a_prompt_is_copied_and_moved_without_a_mouse(page, project, admin):
    prompt = make(project, "refund", "Old words", "New words", by=admin)
    other = projects.create(name="Second shop", by=admin)
    page.goto(f"/p/{project.slug}/prompts/")
    press(page, "j", "d")
    page.wait_for_url(f"**/prompts/{prompt.pk}/duplicate/")
    page.get_by_label("Begin with").select_option("v1")
    page.get_by_role("textbox", name="Name").fill("second")
    press(page, "Enter")
    expect(page.locator("textarea").first).to_have_value("Old words")

    page.goto(f"/p/{project.slug}/prompts/")
    press(page, "j", "m")
    page.get_by_label("To the project").select_option("Second shop")
    press(page, "Control+Enter")

    expect(page.get_by_role("heading", level=1)).to_contain_text("refund")
    expect(page).to_have_url(re.compile(rf"/p/{other.slug}/prompts/\d+/versions/"))
    expect(page.locator("tbody tr")).to_have_count(2)


def test_n_and_p_walk_the_changes_and_v_changes_the_view(page, project, admin):
    prompt = make(project, "long", "a\nthe second line\nc\nd", "a\nthe second line, B one\nc\nd\nE two\nf", by=admin)
    page.goto(f"/p/{project.slug}/prompts/{prompt.pk}/compare/?from=1&to=2")
    here = page.locator(".is-here")

    press(page, "n")
    expect(here).to_contain_text("B one")
    press(page, "n", "n")
    expect(here).to_contain_text("E two")
    press(page, "p")
    expect(here).to_contain_text("B one")
    expect(page.locator("#announce")).to_have_text("Change 1 of 2")

    for label in ("Side by side", "Only changes", "Words inline"):
        press(page, "v")
        expect(page.locator('.segmented [aria-current="true"]')).to_have_text(label)


def test_a_line_has_a_link_that_leads_to_it(page, project, admin):
    prompt = make(project, "lines", "\n".join(f"Line {number}" for number in range(1, 80)), by=admin)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"/p/{project.slug}/prompts/{prompt.pk}/versions/1/")

    page.get_by_role("link", name="Link to line 60 of message 1").click()

    expect(page.locator("#announce")).to_have_text("The link is copied")
    link = page.evaluate("navigator.clipboard.readText()")
    assert link.endswith(f"/prompts/{prompt.pk}/versions/1/#m1-l60")
    page.goto("about:blank")
    page.goto(link)
    expect(page.locator(".line:target")).to_have_text(re.compile("Line 60"))
    expect(page.locator(".line:target")).to_be_in_viewport()


def test_a_viewer_looks_but_cannot_choose(open_page: Callable[..., Page], project, three, viewer):
    page = open_page(user=viewer)
    page.goto(f"/p/{project.slug}/prompts/")

    expect(page.locator("input[type=checkbox]")).to_have_count(0)
    press(page, "j", "u")
    page.wait_for_url(f"**/prompts/{three[0].pk}/users/")


# Attacks


@pytest.fixture(scope="module")
def attacked(database: None) -> tuple[Project, User, Prompt]:
    """A project whose prompts carry every attack in their names, notes, tags and texts."""
    owner = make_user(name=MARKUP[0])
    project = projects.create(name="Attacked", by=owner)
    for attack in MARKUP:
        try:
            make(project, attack, attack, by=owner)
        except PromptRegistryError:
            make(project, f"refused {len(attack)} {hash(attack)}", attack, by=owner)
    prompt = make(project, f"all {MARKUP[1]}", *MARKUP, "\n".join(MARKUP), by=owner)
    prompts.retag(prompt=prompt, tags=MARKUP[:20], by=owner)
    content = contents.parse(
        {"type": "chat", "messages": [{"role": "system", "content": f"{text} {{{{x}}}}"} for text in MARKUP]}
    )
    version = versions.save(prompt=prompt, content=content, note=" ".join(MARKUP)[:500], by=owner)
    labels.publish(prompt=prompt, version=version, label="staging", by=owner, reason=MARKUP[0])
    return project, owner, prompt


PLACES = (
    "", "?sort=changed", "?q=window", "?tag=%3Csvg+onload%3Dwindow.pwned%3D1%3E", "bulk/?do=tag&all=1", "{pk}/",
    "{pk}/versions/", "{pk}/versions/2/", "{pk}/versions/26/", "{pk}/compare/?from=1&to=26",
    "{pk}/compare/?from=24&to=25&view=side", "{pk}/publish/", "{pk}/tags/", "{pk}/users/", "{pk}/move/", "{pk}/duplicate/",
)  # fmt: skip
STRANGE = "iframe, img, math, [srcdoc], [onload], [onerror], [onfocus], [onmouseover], [ontoggle], [hx-on\\:load], [data-src='/']"


def test_no_attack_runs_on_any_page_of_prompts(open_page, attacked):
    project, owner, prompt = attacked
    page = open_page(user=owner)

    for place in PLACES:
        page.goto(f"/p/{project.slug}/prompts/{place.format(pk=prompt.pk)}")
        press(page, "j", "x")
        page.mouse.move(700, 400)
        texts = page.locator("body").inner_text() + "".join(
            area.input_value() for area in page.locator("textarea").all()
        )

        strange = page.evaluate("(them) => document.querySelectorAll(them).length", STRANGE)
        assert (page.evaluate("window.pwned"), strange) == (None, 0), place
        assert "window.pwned" in texts, place
