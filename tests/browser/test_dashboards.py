"""A question of one's own: a chart, kept on a dashboard, looked at closer, and the calls behind a part of it."""

from __future__ import annotations

import re
from datetime import timedelta

from django.utils import timezone
from playwright.sync_api import Page, expect

from monitoring.dashboards.models import Dashboard, SavedChart
from tests.monitoring.factories import make_trace


def test_a_chart_is_made_kept_and_leads_to_the_calls_behind_it(page: Page, project):
    for hours in range(1, 13):
        at = timezone.now() - timedelta(hours=hours)
        make_trace(project, at=at, model="gpt-5", prompt="support/answer", version=1, asked=f"Where is parcel {hours}?")
        make_trace(project, at=at, model="gpt-5-mini", prompt="shop/tags", version=1, asked="Not this one")

    page.goto(f"/p/{project.slug}/explore/")
    page.get_by_role("link", name="Dashboards").click()
    page.get_by_role("link", name="Calls by prompt").click()
    page.get_by_label("Split by").select_option(label="Model")
    expect(page.get_by_role("rowheader", name="gpt-5-mini")).to_be_visible()
    page.get_by_label("Filter: which calls count").fill("prompt:support/answer")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.get_by_role("rowheader", name="gpt-5-mini")).to_have_count(0)

    page.get_by_role("button", name="Save to a dashboard").click()
    dialog = page.get_by_role("dialog", name="Save this chart")
    dialog.get_by_label("Title").fill("Who answers customers")
    dialog.get_by_role("button", name="Save", exact=True).click()
    # Without a name there is no dashboard, and what was typed stays.
    expect(dialog).to_be_visible()
    dialog.get_by_label("Name of the new dashboard").fill("Support <b>team</b>")
    dialog.get_by_role("button", name="Save", exact=True).dblclick()
    expect(page.get_by_role("heading", name="Support <b>team</b>")).to_be_visible()
    assert Dashboard.objects.get(project=project).charts.get().title == "Who answers customers"

    drawn = page.locator("cb-chart .nsewdrag")
    expect(drawn).to_be_visible()
    box = drawn.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.7, box["y"] + 20, steps=5)
    page.mouse.up()
    expect(page.get_by_role("link", name="Show only this time")).to_be_visible()

    page.get_by_role("link", name="Open these calls").click()
    page.wait_for_url(re.compile(r"/explore/\?.*range="))
    expect(page.get_by_text(re.compile("Where is parcel")).first).to_be_visible()
    expect(page.get_by_text("Not this one")).to_have_count(0)

    page.go_back()
    page.get_by_role("button", name="More about Who answers customers").click()
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_text("No chart here yet")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("region", name="Who answers customers")).to_be_visible()
    assert SavedChart.objects.kept().filter(dashboard__project=project).count() == 1
