"""Going through feedback with the keyboard: what was handled leaves the inbox, and its call becomes an item of a dataset."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.monitoring.factories import make_trace, rate


def test_feedback_is_handled_found_again_and_made_an_item(open_page, demo):
    rate(demo.project, make_trace(demo.project), comment="It never came")
    page = open_page(user=demo.admin)
    page.goto(demo.at("feedback/"))
    words = page.locator("tbody tr").first.locator(".feedback-words").first.inner_text()

    page.keyboard.press("j")
    page.keyboard.press("e")
    expect(page.get_by_text("of feedback handled")).to_be_visible()
    page.get_by_role("link", name="Handled").click()
    expect(page.locator("tbody tr").first).to_contain_text(words)
    expect(page.locator("tbody tr").first).to_contain_text(demo.admin.display_name)

    page.keyboard.press("j")
    page.keyboard.press("a")
    expect(page.get_by_role("heading", name="Add to dataset")).to_be_visible()


def test_several_rows_are_dismissed_at_once(open_page, demo):
    for words in ("Too long", "Not what I asked"):
        rate(demo.project, make_trace(demo.project), comment=words)
    page = open_page(user=demo.admin)
    page.goto(demo.at("feedback/"))

    page.get_by_label("Choose everything on this page").check()
    expect(page.locator("#feedback-form")).to_be_visible()
    page.locator("#feedback-form").get_by_role("button", name="Dismiss").click()

    expect(page.get_by_text("of feedback dismissed")).to_be_visible()
    page.get_by_role("link", name="Dismissed").click()
    page.get_by_label("Choose everything on this page").check()
    page.locator("#feedback-form").get_by_role("button", name="Put back as new").click()
    expect(page.get_by_text("of feedback put back as new")).to_be_visible()
