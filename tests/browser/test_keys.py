"""The keyboard: the sheet of keys, the palette, going places, walking lists and traces, and silence while somebody types."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.demo_shop import DemoShop


@pytest.fixture
def explore(looking: Page, demo: DemoShop) -> Page:
    looking.goto(demo.at("explore/"))
    return looking


@pytest.fixture
def failed(looking: Page, demo: DemoShop) -> Page:
    looking.goto(demo.at(f"traces/{demo.failed_trace_id}/"))
    return looking


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def cursor(page: Page) -> Locator:
    return page.locator(".is-cursor")


def heading(page: Page, text: str | re.Pattern[str]) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(text)


def test_a_question_mark_shows_the_keys_that_work_here_until_escape(explore):
    press(explore, "?")

    sheet = explore.get_by_role("dialog", name="Keys on this page")
    expect(sheet.get_by_text("Next row")).to_be_visible()
    expect(sheet.get_by_text("Next error")).to_be_hidden()
    press(explore, "Escape")
    expect(sheet).to_be_hidden()


@pytest.mark.parametrize(
    ("letter", "title"),
    [("o", "Overview"), ("p", "Prompts"), ("e", "Explore"), ("c", "Connect an app"), ("s", "Settings")],
)
def test_g_and_a_letter_go_to_a_part_of_the_project(looking, demo, letter, title):
    looking.goto(demo.at("prompts/new/" if letter == "e" else "explore/"))
    looking.locator("h1").focus()

    press(looking, "g", letter)

    heading(looking, title)


def test_the_palette_finds_a_prompt_by_a_part_of_its_name(explore, demo):
    press(explore, "Control+k")
    explore.keyboard.type("refund-an")
    expect(explore.locator(".palette-item[aria-selected]")).to_have_text("support/refund-answer")
    press(explore, "Enter")

    explore.wait_for_url(f"**/prompts/{demo.prompt.pk}/")


def test_the_palette_finds_a_trace_by_its_id(explore, demo):
    press(explore, "Control+k")
    explore.keyboard.type(demo.failed_trace_id)
    expect(explore.get_by_role("group", name="Traces")).to_be_visible()
    press(explore, "Enter")

    explore.wait_for_url(f"**/traces/{demo.failed_trace_id}/")


def test_the_palette_goes_to_pages_and_says_when_nothing_is_found(explore):
    press(explore, "Control+k")
    explore.keyboard.type("xyzzy")
    expect(explore.get_by_text("Nothing found. Try fewer letters.")).to_be_visible()
    explore.get_by_role("combobox", name="Search or jump to").fill("sett")
    press(explore, "Enter")

    heading(explore, "Settings")


def test_escape_closes_the_palette_and_gives_the_focus_back(explore):
    explore.get_by_label("Filter, or text to find").focus()
    press(explore, "Control+k")
    expect(explore.locator("#palette")).to_be_visible()

    press(explore, "Escape")

    expect(explore.locator("#palette")).to_be_hidden()
    expect(explore.get_by_label("Filter, or text to find")).to_be_focused()


def test_j_and_k_walk_the_traces_and_enter_opens_one(explore):
    rows = explore.locator("[data-rows] tbody tr")
    press(explore, "j", "j", "j", "k")
    expect(rows.nth(1)).to_have_class(re.compile("is-cursor"))
    expect(rows.nth(1).locator(".row-link")).to_be_focused()
    address = rows.nth(1).locator(".row-link").get_attribute("href")

    press(explore, "Enter")

    explore.wait_for_url(f"**{address}")


def test_a_slash_goes_to_the_filter_and_t_to_the_time(explore):
    press(explore, "/")
    expect(explore.get_by_label("Filter, or text to find")).to_be_focused()

    explore.get_by_label("Filter, or text to find").blur()
    press(explore, "t")
    expect(explore.locator("#time-menu")).to_be_visible()
    press(explore, "Escape")
    expect(explore.locator("#time-menu")).to_be_hidden()


def test_e_goes_to_the_next_failure_and_s_to_the_slowest_step(failed):
    failed.locator(".wf-row .row-link").first.click()
    expect(failed.locator("#panel h2")).to_have_text("step 0")

    press(failed, "e")
    expect(cursor(failed)).to_have_class(re.compile("wf-error"))
    expect(failed.locator("#panel")).to_contain_text("RateLimitError")

    failed.locator(".wf-row .row-link").first.click()
    expect(failed.locator("#panel h2")).to_have_text("step 0")
    press(failed, "s")
    expect(cursor(failed)).to_contain_text("chat")


def test_a_step_opens_beside_the_steps_and_back_closes_it(failed):
    before = failed.locator("#panel h2").inner_text()
    failed.locator(".wf-row .row-link").first.focus()
    press(failed, "Tab", "Tab", "Enter")

    expect(failed.locator("aside.panel h2")).to_have_text("step 1")
    assert failed.locator("aside.panel").bounding_box()["x"] > 800
    failed.go_back()
    expect(failed.locator("aside.panel h2")).to_have_text(before)


def test_h_folds_a_branch_and_l_opens_it(failed):
    failed.locator(".wf-row .row-link").first.click()
    expect(failed.locator("#panel h2")).to_have_text("step 0")

    press(failed, "h")
    expect(failed.locator(".wf-row:visible")).to_have_count(1)

    press(failed, "l")
    expect(failed.locator(".wf-row:visible")).to_have_count(15)


def test_letters_are_silent_while_somebody_types(explore):
    field = explore.get_by_label("Filter, or text to find")
    field.focus()
    explore.keyboard.type("gp?jnt.")

    expect(field).to_have_value("gp?jnt.")
    expect(explore.locator("dialog[open], :popover-open, .is-cursor")).to_have_count(0)
    heading(explore, "Explore")


def test_letters_that_are_switched_off_do_nothing_but_held_keys_work(open_page, demo, admin):
    page = open_page(user=demo.viewer)
    page.goto("/accounts/profile/")
    page.get_by_label("Single-letter keys").uncheck()
    page.get_by_role("button", name="Save").click()
    page.goto(demo.at("explore/"))

    press(page, "?", "j", "g", "p")
    expect(page.locator("dialog[open], .is-cursor")).to_have_count(0)
    heading(page, "Explore")
    press(page, "Control+k")
    expect(page.locator("#palette")).to_be_visible()
