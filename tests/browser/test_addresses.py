"""What a person chose is in the address: filters add up, links can be sent, and going back works."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Page, expect


def query(page: Page) -> dict[str, str]:
    """Return what the address asks for, without what it leaves empty."""
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


def choose(page: Page, opener: str, choice: str) -> None:
    page.get_by_role("button", name=opener).click()
    page.get_by_role("button", name=choice, exact=True).click()
    expect(page.locator(":popover-open")).to_have_count(0)


def test_environment_and_time_leave_the_other_filters_alone(looking, demo):
    looking.goto(demo.at("explore/?thumbs=down"))

    choose(looking, "Environment: all environments", "staging")
    expect(looking.get_by_role("button", name="Environment: staging")).to_be_visible()
    choose(looking, "Time range: Last 24 hours", "Last 7 days")
    expect(looking.get_by_role("button", name="Time range: Last 7 days")).to_be_visible()

    assert query(looking) == {"thumbs": "down", "environment": "staging", "range": "7d"}
    expect(looking.get_by_label("Feedback", exact=True)).to_have_value("down")
    expect(looking.locator("[data-rows] tbody tr")).to_have_count(1)


def test_back_takes_one_choice_back_at_a_time(looking, demo):
    looking.goto(demo.at("explore/"))
    looking.get_by_label("Outcome").select_option("error")
    expect(looking.get_by_label("Filters in use")).to_contain_text("with errors")
    choose(looking, "Environment: all environments", "staging")
    expect(looking.get_by_role("button", name="Environment: staging")).to_be_visible()

    looking.go_back()
    assert query(looking) == {"status": "error"}
    looking.go_back()
    assert query(looking) == {}
    expect(looking.get_by_label("Outcome")).to_have_value("")


def test_a_filter_is_dropped_by_its_chip(looking, demo):
    looking.goto(demo.at("explore/?status=error&range=7d"))

    looking.get_by_label("Filters in use").get_by_role("link").first.click()

    expect(looking.get_by_label("Filters in use")).to_have_count(0)
    assert query(looking) == {"range": "7d"}


def test_back_from_a_trace_shows_the_same_list(looking, demo):
    looking.goto(demo.at("explore/?prompt=support/refund-answer"))
    rows = looking.locator("[data-rows] tbody tr")
    shown = rows.count()
    rows.first.click()
    expect(looking.get_by_role("heading", name="Feedback and scores")).to_be_visible()

    looking.go_back()

    expect(rows).to_have_count(shown)
    expect(looking.get_by_role("combobox", name="Prompt", exact=True)).to_have_value("support/refund-answer")


def test_the_view_of_a_step_is_in_the_address(looking, demo):
    looking.goto(demo.at(f"traces/{demo.trace_id}/"))
    views = looking.get_by_label("Views of this step")
    views.get_by_role("link", name="Raw").click()
    expect(views.get_by_role("link", name="Raw")).to_have_attribute("aria-current", "page")
    raw = looking.url

    looking.go_back()
    expect(views.get_by_role("link", name="Conversation")).to_have_attribute("aria-current", "page")
    looking.goto(raw)
    expect(views.get_by_role("link", name="Raw")).to_have_attribute("aria-current", "page")


def test_prompts_are_found_while_typing_and_the_address_follows(looking, demo):
    looking.goto(demo.at("prompts/"))

    looking.get_by_label("Search names and texts of prompts").press_sequentially("summarise")

    expect(looking.locator("#prompt-rows tbody tr")).to_have_count(1)
    looking.reload()
    expect(looking.locator("#prompt-rows tbody tr")).to_have_count(1)
    expect(looking.get_by_label("Search names and texts of prompts")).to_have_value("summarise")


def test_few_prompts_stand_in_one_list_below_their_folders(looking, demo):
    looking.goto(demo.at("prompts/"))
    expect(looking.get_by_role("row").filter(has_text="refund-answer")).to_contain_text("v3")

    looking.get_by_role("link", name="support", exact=True).click()

    expect(looking.get_by_role("heading", level=1)).to_have_text("support")
    expect(looking.get_by_role("link", name="answer-with-context")).to_have_count(0)
