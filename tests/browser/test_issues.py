"""From the worst problem to its calls, to the version that raised it and to a dataset: with keys as far as there are any."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser import demo_issues
from tests.projects.factories import make_user


def test_an_engineer_gets_from_the_worst_issue_to_its_calls_its_version_and_a_dataset(open_page: Callable[..., Page]):
    engineer = make_user(name="Ina Engineer")
    made = demo_issues.make(engineer)
    page = open_page(user=engineer)

    page.goto(made.at(""))
    page.keyboard.press("g")
    page.keyboard.press("i")
    expect(page.get_by_role("heading", name="Issues", exact=True)).to_be_visible()
    page.wait_for_load_state()
    page.keyboard.press("j")
    page.keyboard.press("Enter")

    expect(page.locator(".verdict")).to_contain_text("40% of 60 calls were refused or dodged")
    expect(page.locator(".example mark").first).to_contain_text("I am sorry")
    page.get_by_role("link", name="All its calls").click()
    expect(page.locator(".chips")).to_contain_text("#1")
    expect(page.locator("tbody .row-link").first).to_be_visible()

    page.go_back()
    page.locator(".verdict").get_by_role("link", name="v3").click()
    expect(page.get_by_text("v3").first).to_be_visible()

    page.go_back()
    page.wait_for_load_state()
    page.keyboard.press("a")
    expect(page.get_by_role("dialog", name="Who takes care of it?")).to_be_visible()
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("It is yours now.")).to_be_visible()
    page.keyboard.press("f")
    expect(page.get_by_role("heading", name="Choose the examples")).to_be_visible()
    page.get_by_role("button", name="Take these").click()
    page.get_by_role("link", name="Make the dataset").click()
    expect(page.get_by_role("heading", name="Make these a dataset")).to_be_visible()
    page.get_by_role("button", name="Make the dataset").click()
    expect(page.get_by_text("items added to issues/1-refund-after-30-days.")).to_be_visible()

    page.goto(made.at("issues/{issues.worst}/"))
    expect(page.locator(".fix-path [aria-current='step']")).to_contain_text("New version")
    page.keyboard.press("Escape")
    expect(page.get_by_role("heading", name="Issues", exact=True)).to_be_visible()
