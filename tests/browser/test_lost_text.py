"""No text is ever lost: two people at once, a tab that dies, a server that is away, a session that ended."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Dialog, Page, Route, expect

from projects import members
from projects.models import Project, User
from projects.roles import Role
from prompt_registry import contents, prompts, versions
from prompt_registry.models import Prompt
from tests.browser import production, sessions
from tests.browser.conftest import FLAGS
from tests.projects.factories import make_user

DRAFT = "**/draft/"


@pytest.fixture
def prompt(project: Project, admin: User) -> Prompt:
    made = prompts.create(project=project, name="support/refund", type="chat", by=admin)
    messages = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "{{question}}"}]
    versions.save(prompt=made, content=contents.parse({"type": "chat", "messages": messages}), by=admin)
    return made


@pytest.fixture
def writer(project: Project) -> User:
    user = make_user(name="Sam Writer")
    members.add(project=project, user=user, role=Role.EDITOR)
    return user


@pytest.fixture
def write_on(open_page: Callable[..., Page], prompt: Prompt) -> Callable[..., Page]:
    """Return a function that opens the editor for somebody, each in a browser of their own."""

    def write_on(user: User) -> Page:
        page = open_page(user=user)
        show(page, prompt)
        return page

    return write_on


def show(page: Page, prompt: Prompt) -> None:
    page.goto(f"/p/{prompt.project.slug}/prompts/{prompt.pk}/")
    expect(page.locator(".cm-content").first).to_be_visible()


def message(page: Page, place: int) -> object:
    return page.get_by_role("textbox", name=f"Text of message {place}", exact=True)


def change(page: Page, text: str, *, place: int = 1) -> None:
    message(page, place).focus()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(text)


def save(page: Page) -> None:
    page.get_by_role("button", name="Save version").click()


def says(page: Page, words: str) -> None:
    expect(page.locator("#save-status")).to_contain_text(words)


def words_of(prompt: Prompt, number: int) -> list[str]:
    return [one["content"] for one in versions.by_number(prompt, number).messages]


def cut_off(route: Route) -> None:
    route.abort("connectionrefused")


def test_who_saves_second_sees_both_texts_and_goes_on_with_their_own(write_on, prompt, admin, writer):
    danas, sams = write_on(admin), write_on(writer)
    change(danas, "Be kind and brief.")
    save(danas)
    change(sams, "Be kind and patient.")
    save(sams)

    expect(sams.get_by_text("Dana Ortiz saved v2")).to_be_visible()
    side_by_side = sams.locator(".sides")
    expect(side_by_side).to_contain_text("brief")
    expect(side_by_side).to_contain_text("patient")

    sams.get_by_role("button", name="Go on with my text").click()
    expect(message(sams, 1)).to_have_text("Be kind and patient.")
    save(sams)
    expect(sams.locator(".toasts")).to_contain_text("Saved as v3")
    assert words_of(prompt, 2)[0] == "Be kind and brief."
    assert words_of(prompt, 3)[0] == "Be kind and patient."


def test_changes_in_different_places_go_together(write_on, prompt, admin, writer):
    danas, sams = write_on(admin), write_on(writer)
    change(danas, "Be kind and brief.")
    save(danas)
    change(sams, "Asked: {{question}}", place=2)
    save(sams)

    sams.get_by_role("button", name="Put both changes together").click()

    expect(message(sams, 1)).to_have_text("Be kind and brief.")
    expect(message(sams, 2)).to_have_text("Asked: {{question}}")


def test_the_editor_tells_while_typing_that_somebody_else_saved(write_on, prompt, admin, writer):
    danas, sams = write_on(admin), write_on(writer)
    change(danas, "Be kind and brief.")
    save(danas)

    change(sams, "Be kind and patient.")

    says(sams, "Changed by Dana Ortiz – compare")


def test_a_tab_that_dies_before_anything_was_sent_gives_its_text_back(write_on, prompt, admin):
    page = write_on(admin)
    # A line that hangs: not even what a tab sends when it closes gets through.
    page.evaluate("() => { window.fetch = () => new Promise(() => {}); }")
    change(page, "Be kind, whatever happens.")
    page.close(run_before_unload=False)

    again = page.context.new_page()
    show(again, prompt)
    expect(message(again, 1)).to_have_text("Be kind.")
    again.get_by_role("button", name="Put it back").click()

    expect(message(again, 1)).to_have_text("Be kind, whatever happens.")


def test_while_the_server_is_away_the_text_stays_here_and_comes_back(write_on, prompt, admin):
    page = write_on(admin)
    asked: list[str] = []
    page.on("dialog", lambda dialog: accept(dialog, asked))
    page.route(DRAFT, cut_off)
    change(page, "Written in a tunnel.")
    says(page, "Offline, kept on this computer")

    page.reload()
    page.unroute(DRAFT)
    page.get_by_role("button", name="Put it back").click()

    expect(message(page, 1)).to_have_text("Written in a tunnel.")
    assert asked == ["beforeunload"]


def accept(dialog: Dialog, asked: list[str]) -> None:
    asked.append(dialog.type)
    dialog.accept()


def test_a_server_that_comes_back_gets_the_text_without_a_click(write_on, prompt, admin):
    page = write_on(admin)
    page.route(DRAFT, cut_off)
    change(page, "Written in a tunnel.")
    says(page, "Offline, kept on this computer")

    page.unroute(DRAFT)
    page.evaluate("dispatchEvent(new Event('online'))")

    says(page, "Saved")
    page.reload()
    expect(message(page, 1)).to_have_text("Written in a tunnel.")


def test_a_session_that_ended_while_typing_takes_nothing_along(write_on, prompt, admin, site):
    page = write_on(admin)
    cookies = page.context.cookies()
    page.context.clear_cookies()

    change(page, "Typed after the session ended.")

    says(page, "You are signed out. Your text is kept on this computer")
    page.context.add_cookies(cookies)
    page.on("dialog", lambda dialog: dialog.accept())
    page.reload()
    page.get_by_role("button", name="Put it back").click()
    expect(message(page, 1)).to_have_text("Typed after the session ended.")


def test_text_outlives_a_killed_server_and_a_browser_that_was_closed(chromium, prompt, admin, tmp_path):
    url, web = production.start(tmp_path / "server")
    with browser_of(admin, chromium, tmp_path / "browser", url) as page:
        show(page, prompt)
        change(page, "Typed while it ran.")
        says(page, "Saved")
        production.kill(web, url)
        change(page, "Typed after the server was killed.")
        says(page, "Offline, kept on this computer")

    url, web = production.start(tmp_path / "server", urlsplit(url).port)
    try:
        with browser_of(admin, chromium, tmp_path / "browser", url) as page:
            show(page, prompt)
            expect(message(page, 1)).to_have_text("Typed while it ran.")
            page.get_by_role("button", name="Put it back").click()

            expect(message(page, 1)).to_have_text("Typed after the server was killed.")
    finally:
        web.ask_to_stop()
        web.wait_or_end()


@contextmanager
def browser_of(user: User, chromium: Browser, directory: Path, url: str) -> Iterator[Page]:
    """Start the browser of one person, with what it kept the time before."""
    context = chromium.browser_type.launch_persistent_context(
        directory, executable_path=shutil.which("chromium"), args=FLAGS, base_url=url, viewport=sessions.DESK
    )
    sessions.sign_in(context, user, url)
    yield context.new_page()
    context.close()
