"""The main journey with the keyboard alone, with a real application at the other end of the wire."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from projects import members
from projects.models import Project, User
from projects.roles import Role
from tests.browser.keyboard import tab_to, write
from tests.projects.factories import PASSWORD, make_user

APPLICATION = """
from callboard import feedback, flush, observe, prompts, span

@observe
def greet(customer):
    prompt = prompts.get("mail/greeting")
    with span("ask the model", kind="llm", model="house-model", prompt=prompt) as call:
        asked = prompt.compile(customer=customer)
        call.set(input=asked, output=f"Dear {customer}, welcome!", usage={"input_tokens": 9, "output_tokens": 5})
    feedback(thumbs="down", comment="Too stiff", user="customer-1")
    return f"v{prompt.version} from {prompt.source}: {asked[0]['content']}"

print(greet("Ada"))
assert flush()
"""


@pytest.fixture
def admin(project: Project) -> User:
    user = make_user(name="Dana Ortiz", password=PASSWORD)
    members.add(project=project, user=user, role=Role.ADMIN)
    return user


@pytest.fixture
def run_application(site: str, tmp_path: Path) -> Callable[[str], str]:
    """Run the application with a key, as its owner would in a terminal, and return what it printed."""
    program = tmp_path / "application.py"
    program.write_text(APPLICATION, encoding="utf-8")
    environ = {name: value for name, value in os.environ.items() if not name.startswith("CALLBOARD_")}
    environ |= {"CALLBOARD_URL": site, "CALLBOARD_PROMPT_DIR": str(tmp_path / "prompts"), "OTEL_SERVICE_NAME": "mailer"}

    def run(key: str) -> str:
        told = environ | {"CALLBOARD_API_KEY": key, "CALLBOARD_PROMPT_TTL_SECONDS": "0"}
        ended = subprocess.run(
            [sys.executable, program], env=told, capture_output=True, text=True, timeout=30, check=False
        )
        assert ended.returncode == 0, ended.stderr
        return ended.stdout.strip()

    return run


def test_from_signing_in_to_undoing_a_version_needs_no_mouse(open_page, project, admin, run_application):
    page = open_page()
    sign_in(page, admin)
    write_first_version(page)
    publish(page, 1)
    key = create_key(page)

    assert run_application(key) == "v1 from server: Greet Ada warmly."

    expect(page.get_by_role("status").filter(has_text="Call received from mailer")).to_be_visible()
    open_newest_trace(page)
    dislike(page)
    see_both_opinions_counted(page)

    write_second_version(page)
    publish(page, 2)
    assert run_application(key) == "v2 from server: Greet Ada briefly."

    undo(page)
    assert run_application(key) == "v1 from server: Greet Ada warmly."


def sign_in(page: Page, user: User) -> None:
    page.goto("/accounts/login/")
    expect(page.get_by_label("E-mail address")).to_be_focused()
    page.keyboard.insert_text(user.email)
    tab_to(page, "Password")
    page.keyboard.insert_text(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="No calls have arrived yet")).to_be_visible()


def write_first_version(page: Page) -> None:
    go(page, "p", "Prompts")
    page.keyboard.press("n")
    expect(page.get_by_label("Name")).to_be_focused()
    page.keyboard.insert_text("mail/greeting")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name="greeting")).to_be_visible()
    tab_to(page, "Text of message 1")
    write(page, "Greet {{customer}} warmly.")
    # The blanks are listed a moment after somebody stopped typing.
    expect(page.get_by_label("Sample of customer")).to_be_visible()
    tab_to(page, "Sample of customer")
    page.keyboard.insert_text("Ada")
    tab_to(page, "What did you change and why?")
    page.keyboard.insert_text("First words")
    page.keyboard.press("Control+s")
    expect(page.locator(".toasts")).to_contain_text("Saved as v1")


def write_second_version(page: Page) -> None:
    go(page, "p", "Prompts")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name="greeting")).to_be_visible()
    tab_to(page, "Text of message 1")
    write(page, "Greet {{customer}} briefly.")
    page.keyboard.press("Control+s")
    expect(page.locator(".toasts")).to_contain_text("Saved as v2")


def publish(page: Page, number: int) -> None:
    page.keyboard.press("Control+Shift+Enter")
    expect(page.get_by_role("heading", name=f"Publish v{number} to production")).to_be_visible()
    for _ in range(page.get_by_role("checkbox").count()):
        page.keyboard.press("Tab")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".live")).to_contain_text(f"v{number} live in production")


def create_key(page: Page) -> str:
    go(page, "c", "Connect an app")
    expect(page.get_by_text("Waiting for the first call")).to_be_visible()
    page.keyboard.press("Control+Enter")
    expect(page.locator("#start-key")).to_have_text(re.compile("^cb_"))
    key = page.locator("#start-key").inner_text()
    expect(page.locator(".way-python")).to_contain_text(f"CALLBOARD_API_KEY={key}")
    return key


def open_newest_trace(page: Page) -> None:
    go(page, "e", "Explore")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("greet")
    conversation = page.locator("#panel .messages")
    expect(conversation).to_contain_text("Greet Ada warmly.")
    expect(conversation).to_contain_text("Dear Ada, welcome!")
    expect(page.get_by_role("link", name="mail/greeting v1")).to_be_visible()
    expect(page.locator("#feedback")).to_contain_text("Too stiff")


def dislike(page: Page) -> None:
    tab_to(page, "Good answer")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("radio", name="Bad answer")).to_be_checked()
    page.keyboard.press("Control+Enter")
    expect(page.locator(".toasts")).to_contain_text("your feedback is stored")
    expect(page.locator("#feedback").get_by_text("Thumbs down", exact=True)).to_have_count(2)


def see_both_opinions_counted(page: Page) -> None:
    go(page, "o", "Overview")
    expect(page.get_by_role("region", name="Key numbers")).to_contain_text("2 rated")
    expect(page.get_by_role("region", name="Latest thumbs down with a comment")).to_contain_text("Too stiff")


def undo(page: Page) -> None:
    page.keyboard.press("Shift+U")
    expect(page.locator("#confirm")).to_contain_text("v1 comes back")
    tab_to(page, "Bring v1 back")
    page.keyboard.press("Enter")
    expect(page.locator(".live")).to_contain_text("v1 live in production")


def go(page: Page, letter: str, heading: str) -> None:
    """Go to a part of the project by the keys `g` and a letter."""
    page.keyboard.press("g")
    page.keyboard.press(letter)
    expect(page.get_by_role("heading", level=1, name=heading)).to_be_visible()
    # Keys work once the scripts ran, a moment after the words are there.
    page.wait_for_load_state("load")
