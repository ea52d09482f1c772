"""A bill comes in: what was spent, what will be, and whether the provider charges what was counted."""

from __future__ import annotations

import re
from datetime import UTC, timedelta

from django.utils import timezone
from playwright.sync_api import expect

from tests.browser.test_pages import problems
from tests.monitoring.costs.factories import count_day
from tests.monitoring.factories import make_trace


def test_costs_are_looked_at_a_budget_is_made_and_an_invoice_is_checked(open_page, demo, troubles):
    now = timezone.now()
    for back in range(1, 30):
        count_day(demo.project, now - timedelta(days=back), 2.0, model="gpt-5-mini")
    make_trace(demo.project, user="dear-customer", cost_usd=40.0, attributes={"callboard.metadata.feature": "essay"})
    page = open_page(user=demo.admin)

    page.goto(demo.at("costs/"))
    expect(page.get_by_text(re.compile(r"by the end of \d"))).to_be_visible()
    page.get_by_role("link", name="New budget").click()
    page.get_by_label("Everybody in the project").check()
    page.get_by_role("button", name="Turn on").click()
    page.wait_for_url("**/settings/alerts/*/")
    page.goto(demo.at("costs/"))
    expect(page.get_by_role("region", name="Budgets").get_by_role("progressbar").first).to_be_visible()

    page.get_by_role("link", name="Users and features").click()
    page.get_by_label("The note that says what a call is for").fill("feature")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.get_by_role("link", name="essay")).to_be_visible()
    expect(page.get_by_role("link", name="dear-customer")).to_be_visible()

    page.get_by_role("link", name="Invoices").click()
    day = (now - timedelta(days=3)).astimezone(UTC).date()
    file = f"date,model,cost\n{day},gpt-5-mini-2025-08-07,2\n{day},o3,7.5\n"
    page.get_by_label("The file").set_input_files(
        {"name": "usage.csv", "mimeType": "text/csv", "buffer": file.encode()}
    )
    page.get_by_role("button", name="Check it").click()
    expect(page.get_by_text("No call seen here").first).to_be_visible()
    assert problems(page, page.url, troubles) == []
    with page.expect_download() as download:
        page.get_by_role("link", name="Export CSV").click()
    assert download.value.suggested_filename.startswith("invoice-")
