"""From asking for approval to undoing, by two people with nothing but their keyboards; and a moment in one's own time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from projects import keys, members, projects
from projects.models import Project, User
from projects.roles import Role, Scope
from prompt_registry import change_requests, contents, labels, prompts, versions
from prompt_registry.contents import PromptContent
from prompt_registry.models import Prompt
from tests.browser.keyboard import tab_to
from tests.projects.factories import make_user

Open = Callable[..., Page]


@pytest.fixture
def project(database: None) -> Project:
    return projects.create(name="Approved shop", is_approval_required=True)


@pytest.fixture
def sam(project: Project) -> User:
    return _member(project, "Sam Writer", Role.EDITOR)


@pytest.fixture
def dana(project: Project) -> User:
    return _member(project, "Dana Ortiz", Role.APPROVER)


@pytest.fixture
def prompt(project: Project, sam: User, dana: User) -> Prompt:
    """A prompt that is live, with a second version that nobody has approved."""
    made = prompts.create(project=project, name="mail/greeting", type="chat", by=sam)
    first = versions.save(prompt=made, content=_content("Greet warmly."), by=sam)
    request = change_requests.ask(prompt=made, version=first, label="production", by=sam)
    change_requests.approve(request=request, content_hash=first.content_hash, by=dana)
    labels.publish(prompt=made, version=first, label="production", by=dana)
    versions.save(prompt=made, content=_content("Greet briefly.", model="gpt-4o"), note="Shorter", by=sam)
    return made


def _member(project: Project, name: str, role: Role) -> User:
    user = make_user(name=name)
    members.add(project=project, user=user, role=role)
    return user


def _content(words: str, model: str = "gpt-4o-mini") -> PromptContent:
    messages = [{"role": "system", "content": words}]
    return contents.parse({"type": "chat", "messages": messages, "settings": {"model": model}})


def test_two_people_change_production_and_one_undoes_it_without_a_mouse(
    open_page: Open, site: str, project: Project, prompt: Prompt, sam: User, dana: User
) -> None:
    writer, approver = open_page(user=sam), open_page(user=dana)
    _, key = keys.create(project=project, name="app", scopes=[Scope.PROMPTS_READ])

    def served() -> str:
        address = f"{site}/api/v1/prompts/mail/greeting"
        answer = writer.request.get(address, headers={"Authorization": f"Bearer {key}"})
        return str(answer.json()["messages"][0]["content"])

    ask_for_approval(writer, prompt)
    assert served() == "Greet warmly."

    approve(approver, project)
    assert served() == "Greet warmly."

    publish(approver)
    assert served() == "Greet briefly."

    undo(writer, prompt)
    assert served() == "Greet warmly."


def test_a_reviewer_asks_for_changes_without_a_mouse(
    open_page: Open, prompt: Prompt, project: Project, sam: User, dana: User
) -> None:
    change_requests.ask(prompt=prompt, version=versions.by_number(prompt, 2), label="production", by=sam)
    page = open_page(user=dana)
    page.goto(_publish_page(prompt))

    page.keyboard.press("r")
    tab_to(page, "What should change?")
    page.keyboard.insert_text("Say hello first")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    expect(page.get_by_text("Changes asked for", exact=True)).to_be_visible()
    writer = open_page(user=sam)
    writer.goto(f"/p/{project.slug}/prompts/approvals/")
    expect(writer.get_by_role("link", name="mail/greeting v2")).to_be_visible()


def test_a_planned_publish_means_the_time_of_whoever_plans(
    open_page: Open, prompt: Prompt, sam: User, dana: User
) -> None:
    version = versions.by_number(prompt, 2)
    request = change_requests.ask(prompt=prompt, version=version, label="production", by=sam)
    change_requests.approve(request=request, content_hash=version.content_hash, by=dana)
    page = open_page(user=dana, timezone_id="America/New_York")
    page.goto(_publish_page(prompt))
    day = (timezone.now() + timedelta(days=2)).date()

    page.get_by_text("Publish later").click()
    expect(page.locator("[data-zone]")).to_have_text("America/New_York")
    page.get_by_label("Day and time").fill(f"{day}T09:30")
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="Publish at this time").click()

    expect(page.locator(".decision .notice")).to_contain_text("09:30")
    expected = datetime(day.year, day.month, day.day, 9, 30, tzinfo=ZoneInfo("America/New_York"))
    assert prompt.schedules.get().publish_at == expected.astimezone(UTC)


def ask_for_approval(page: Page, prompt: Prompt) -> None:
    page.goto(f"/p/{prompt.project.slug}/prompts/{prompt.pk}/")
    page.keyboard.press("Control+Shift+Enter")
    expect(page.get_by_role("heading", name="Publish v2 to production")).to_be_visible()
    tab_to(page, "Anybody who may approve")
    page.keyboard.press("d")
    tab_to(page, "What should they know?")
    page.keyboard.insert_text("People want it short")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#approval")).to_contain_text("Waiting for Dana Ortiz")


def approve(page: Page, project: Project) -> None:
    page.goto(f"/p/{project.slug}/prompts/")
    tab_to(page, "Approvals")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name="Approvals")).to_be_visible()
    page.wait_for_load_state("load")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator("#approval")).to_contain_text("People want it short")
    page.wait_for_load_state("load")
    page.keyboard.press("a")
    expect(page.locator("#approval")).to_contain_text("Approved by Dana Ortiz")
    page.wait_for_load_state("load")


def publish(page: Page) -> None:
    tab_to(page, "The model changes")
    page.keyboard.press("Space")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".live")).to_contain_text("v2 live in production")
    expect(page.locator(".timeline").first).to_contain_text("Approved by Dana Ortiz, asked by Sam Writer.")


def undo(page: Page, prompt: Prompt) -> None:
    page.goto(f"/p/{prompt.project.slug}/prompts/{prompt.pk}/versions/")
    page.keyboard.press("Shift+U")
    expect(page.locator("#confirm")).to_contain_text("v1 comes back")
    tab_to(page, "Bring v1 back")
    page.keyboard.press("Enter")
    expect(page.locator(".live")).to_contain_text("v1 live in production")


def _publish_page(prompt: Prompt) -> str:
    return f"/p/{prompt.project.slug}/prompts/{prompt.pk}/publish/?version=2"
