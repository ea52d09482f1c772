"""The theme a person chose comes with the page itself, so nothing flashes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from projects.models import User
from tests.browser.demo_shop import DemoShop

LIGHT, DARK = "rgb(247, 247, 245)", "rgb(12, 14, 16)"
BACKGROUND = "getComputedStyle(document.body).backgroundColor"


def choose_dark(page: Page) -> None:
    page.get_by_role("button", name="You: ").click()
    with page.expect_response("**/accounts/preferences/"):
        page.get_by_role("button", name="Dark", exact=True).click()


@pytest.fixture
def dark(open_page: Callable[..., Page], demo: DemoShop, viewer: User) -> Page:
    page = open_page(user=demo.viewer)
    page.goto(demo.at("prompts/"))
    assert page.evaluate(BACKGROUND) == LIGHT
    choose_dark(page)
    return page


def without_scripts(context: BrowserContext) -> Page:
    page = context.new_page()
    page.route("**/*.js", lambda route: route.abort())
    return page


def test_the_choice_shows_at_once(dark):
    assert dark.evaluate(BACKGROUND) == DARK


def test_the_next_page_is_dark_before_any_script_runs(dark, demo):
    page = without_scripts(dark.context)
    page.goto(demo.at("explore/"))

    assert page.evaluate(BACKGROUND) == DARK


def test_the_charts_follow(open_page, demo):
    page = open_page(user=demo.admin)
    page.goto(demo.at())
    chart = page.locator(".chart-live .main-svg").first
    expect(chart).to_be_visible()
    text = "getComputedStyle(document.querySelector('.chart-live .xtick text')).fill"
    before = page.evaluate(text)

    choose_dark(page)

    page.wait_for_function(f"{text} !== {before!r}")
