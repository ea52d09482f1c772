"""Writing an alert as a sentence: the preview follows, and what is saved can be deleted and brought back."""

from __future__ import annotations

from playwright.sync_api import expect


def test_the_preview_follows_the_sentence_and_a_deleted_alert_comes_back(open_page, demo):
    page = open_page(user=demo.admin)
    page.goto(demo.at("settings/alerts/new/"))
    shown = page.locator("#preview")

    page.get_by_label("Number", exact=True).select_option("p50")
    page.get_by_label("Limit", exact=True).fill("1 ms")
    page.get_by_label("Over which time").select_option("60")
    page.get_by_text("More: how many calls").click()
    page.get_by_label("Only with at least so many calls").fill("1")
    expect(shown).to_contain_text("is above 1 ms over 1 hour")
    expect(shown.locator("svg.chart-svg")).to_be_visible()
    expect(shown).to_contain_text("Would have fired")
    page.get_by_label("Limit", exact=True).fill("many")
    expect(shown).to_contain_text("Type a number")
    page.get_by_label("Limit", exact=True).fill("1 ms")
    page.get_by_label("Name", exact=False).last.fill("Anything slow")
    page.get_by_role("button", name="Turn on").click()

    expect(page.get_by_text("The alert is on")).to_be_visible()
    page.get_by_role("button", name="More for this alert").click()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("The alert is back")).to_be_visible()
