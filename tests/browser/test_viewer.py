"""Somebody who may only read is told so, and whom to ask; nothing leads into a wall."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.demo_shop import DemoShop


@pytest.fixture
def reader(open_page: Callable[..., Page], demo: DemoShop) -> Page:
    return open_page(user=demo.viewer)


def test_the_prompt_list_says_whom_to_ask_and_offers_no_dead_button(reader, demo):
    reader.goto(demo.at("prompts/"))

    expect(reader.get_by_text("You can read prompts here.")).to_be_visible()
    expect(reader.get_by_role("link", name="Dana Ortiz")).to_have_attribute("href", f"mailto:{demo.admin.email}")
    expect(reader.get_by_role("link", name="New prompt")).to_have_count(0)


def test_a_prompt_is_shown_to_read_without_the_means_to_change_it(reader, demo):
    reader.goto(demo.at(f"prompts/{demo.prompt.pk}/"))

    expect(reader.get_by_text("You can read this prompt.")).to_be_visible()
    expect(reader.locator("main textarea")).to_have_count(0)
    expect(reader.get_by_role("button", name="Undo")).to_have_count(0)


def test_the_publish_page_explains_and_offers_its_link_to_pass_on(reader, demo):
    reader.goto(demo.at(f"prompts/{demo.prompt.pk}/publish/?version=1"))

    expect(reader.get_by_text("Somebody else must publish this.")).to_be_visible()
    expect(reader.get_by_role("button", name="Copy the link to this page")).to_be_visible()
    expect(reader.get_by_role("button", name="Publish v1")).to_have_count(0)


@pytest.mark.parametrize("place", ["project", "members", "keys", "providers", "privacy", "audit"])
def test_a_page_of_the_settings_says_which_role_it_needs_and_who_gives_it(reader, demo, place):
    answer = reader.goto(demo.at(f"settings/{place}/"))

    assert answer.status == 403
    expect(reader.locator("main")).to_contain_text("you need the role Admin")
    expect(reader.locator("main")).to_contain_text("Dana Ortiz")
    expect(reader.get_by_role("link", name="Go to your project")).to_be_visible()


def test_connecting_an_application_says_how_to_get_a_key(reader, demo):
    reader.goto(demo.at("start/"))

    expect(reader.get_by_text("Ask an admin of this project for an API key")).to_be_visible()
    expect(reader.get_by_role("button", name="Create a key")).to_have_count(0)
