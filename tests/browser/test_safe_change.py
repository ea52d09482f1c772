"""How a product manager changes what production says: written, tried on real calls, approved by somebody else, published,
received by the application, and taken back. Two people, two keyboards, no mouse."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from projects import keys, members, projects
from projects.models import Project, User
from projects.roles import Role, Scope
from prompt_registry import connections
from tests.browser.answering import answering
from tests.browser.keyboard import tab_to, write
from tests.monitoring.factories import make_trace
from tests.projects.factories import make_user

Open = Callable[..., Page]
QUESTIONS = ("Where is my parcel?", "How do I return a tent?", "Do you ship to Norway?")
FIRST, SECOND = "Answer {{question}} kindly.", "Answer {{question}} kindly, in one sentence."


@pytest.fixture
def project(database: None) -> Project:
    return projects.create(name="Careful shop", is_approval_required=True)


@pytest.fixture
def sam(project: Project) -> User:
    return _member(project, "Sam Writer", Role.EDITOR)


@pytest.fixture
def dana(project: Project) -> User:
    dana = _member(project, "Dana Ortiz", Role.ADMIN)
    connections.add_simulated(project=project, by=dana)
    return dana


def _member(project: Project, name: str, role: Role) -> User:
    user = make_user(name=name)
    members.add(project=project, user=user, role=role)
    return user


def test_from_the_first_words_to_the_undo(open_page: Open, site: str, project: Project, sam: User, dana: User) -> None:
    writer, approver = open_page(user=sam), open_page(user=dana)
    _, key = keys.create(project=project, name="app", scopes=[Scope.PROMPTS_READ])

    def served() -> str:
        answer = writer.request.get(f"{site}/api/v1/prompts/support/answer", headers={"Authorization": f"Bearer {key}"})
        return str(answer.json()["messages"][0]["content"])

    create(writer, project)
    save(writer, FIRST, version=1)
    bring_live(writer, approver, project, version=1)
    assert served() == FIRST

    for question in QUESTIONS:
        make_trace(
            project, prompt="support/answer", version=1, asked=question, answered="Soon.",
            attributes={"gen_ai.prompt.variable.question": question},
        )  # fmt: skip
    with answering(time_scale=0.1):
        change_and_try(writer)
    save(writer, "", version=2)
    bring_live(writer, approver, project, version=2)
    assert served() == SECOND

    undo(writer)
    assert served() == FIRST


def create(page: Page, project: Project) -> None:
    page.goto(f"/p/{project.slug}/prompts/")
    page.wait_for_load_state("load")
    page.keyboard.press("n")
    expect(page.get_by_label("Name")).to_be_focused()
    page.keyboard.insert_text("support/answer")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name="answer")).to_be_visible()


def save(page: Page, words: str, *, version: int) -> None:
    if words:
        tab_to(page, "Text of message 1")
        write(page, words)
        expect(page.get_by_label("Sample of question")).to_be_visible()
    tab_to(page, "What did you change and why?")
    page.keyboard.insert_text("People want it kind" if version == 1 else "People want it short")
    page.keyboard.press("Control+s")
    expect(page.locator(".toasts")).to_contain_text(f"Saved as v{version}")


def bring_live(writer: Page, approver: Page, project: Project, *, version: int) -> None:
    writer.keyboard.press("Control+Shift+Enter")
    expect(writer.get_by_role("heading", name=f"Publish v{version} to production")).to_be_visible()
    tab_to(writer, "What should they know?")
    writer.keyboard.insert_text("Please look at it")
    writer.keyboard.press("Control+Enter")
    expect(writer.locator("#approval")).to_contain_text("Waiting for")

    approver.goto(f"/p/{project.slug}/prompts/approvals/")
    tab_to(approver, f"support/answer v{version}")
    approver.keyboard.press("Enter")
    expect(approver.locator("#approval")).to_contain_text("Please look at it")
    approver.wait_for_load_state("load")
    approver.keyboard.press("a")
    expect(approver.locator("#approval")).to_contain_text("Approved by Dana Ortiz")
    approver.wait_for_load_state("load")
    for box in approver.get_by_role("checkbox").all():
        box.focus()
        approver.keyboard.press("Space")
    approver.keyboard.press("Control+Enter")
    expect(approver.locator(".live")).to_contain_text(f"v{version} live in production")


def change_and_try(page: Page) -> None:
    page.goto(page.url.split("/publish/")[0] + "/")
    page.locator(".cm-content").first.focus()
    page.keyboard.press("Control+End")
    page.keyboard.press("Backspace")
    page.keyboard.type(", in one sentence.")
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/try/**")
    expect(page.get_by_role("link", name="Real call")).to_have_count(3)
    page.keyboard.press("Control+Enter")
    expect(page.locator("[data-cell][data-state='done']")).to_have_count(6, timeout=30_000)
    page.goto(page.url.split("/try/")[0] + "/")
    expect(page.locator(".cm-content").first).to_contain_text("in one sentence")


def undo(page: Page) -> None:
    page.goto(page.url.split("/publish/")[0] + "/versions/")
    page.wait_for_load_state("load")
    page.keyboard.press("Shift+U")
    expect(page.locator("#confirm")).to_contain_text("v1 comes back")
    tab_to(page, "Bring v1 back")
    page.keyboard.press("Enter")
    expect(page.locator(".live")).to_contain_text("v1 live in production")
