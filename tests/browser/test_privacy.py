"""Trying masking rules while typing, on the page and without saving anything."""

from __future__ import annotations

from playwright.sync_api import expect


def test_what_would_be_stored_follows_the_text_the_choices_and_the_rule(open_page, demo):
    page = open_page(user=demo.admin)
    page.goto(demo.at("settings/privacy/"))
    shown = page.locator("#trial")

    expect(shown).to_contain_text("jo.doe@example.com")
    page.get_by_label("E-mail addresses").select_option("mask")
    expect(shown).to_contain_text("[e-mail]")
    page.get_by_role("textbox", name="Name").fill("order")
    page.get_by_role("textbox", name="Pattern").fill("Order [0-9]+")
    expect(shown.locator("mark", has_text="[order]")).to_be_visible()
    page.get_by_role("textbox", name="Pattern").fill("Order (?=4711)")
    expect(shown).to_contain_text("Looking ahead or behind")


def test_choices_stay_after_saving(open_page, demo):
    page = open_page(user=demo.admin)
    page.goto(demo.at("settings/privacy/"))

    page.get_by_label("Phone numbers").select_option("drop")
    page.get_by_role("button", name="Save").click()

    expect(page.get_by_text("Saved. It holds for everything")).to_be_visible()
    expect(page.get_by_label("Phone numbers")).to_have_value("drop")
