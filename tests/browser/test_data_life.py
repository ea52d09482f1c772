"""A person's data on its way out: taken away as a file, made into training data, and deleted everywhere."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

from django.utils import timezone
from playwright.sync_api import Page, expect

from monitoring.erasure import running as erasing
from monitoring.erasure.models import Erasure
from monitoring.exports import running as exporting
from projects import jobs
from tests.browser.test_pages import problems
from tests.monitoring.factories import make_trace, rate
from workers.job_kinds import KINDS

PERSON = "walker-4711"


def work(kind: str) -> None:
    """Do what a worker would do now."""
    for job in jobs.claim(kinds=[kind], limit=20):
        KINDS[kind](job)
        jobs.finish(job=job)


def sound(page: Page, troubles: list[str]) -> None:
    """Look at the page as it stands, in both themes and widths."""
    assert problems(page, page.url, troubles) == []
    page.set_viewport_size({"width": 1440, "height": 900})


def test_a_person_is_exported_and_then_deleted_everywhere(open_page, demo, troubles):
    for number in range(12):
        trace_id = make_trace(demo.project, user=PERSON, asked=f"Question {number} of mine?", answered="An answer.")
        rate(demo.project, trace_id, user=PERSON, up=True)
    page = open_page(user=demo.admin)

    page.goto(demo.at(f"exports/new/?range=24h&user={PERSON}"))
    expect(page.get_by_text("12 traces match")).to_be_visible()
    page.get_by_role("button", name="Write the file").click()
    expect(page.get_by_text("Being written").first).to_be_visible()
    work(exporting.KIND)
    expect(page.get_by_text("12 lines of 12 traces")).to_be_visible()
    sound(page, troubles)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download calls", exact=True).click()
    lines = Path(download.value.path()).read_text().splitlines()
    assert {json.loads(line)["user"] for line in lines} == {PERSON}

    page.goto(demo.at(f"exports/training/?range=24h&user={PERSON}"))
    page.get_by_label("Price of training").fill("25")
    page.get_by_role("button", name="Show what it would be").click()
    expect(page.get_by_text("12 examples, about")).to_be_visible()

    page.goto(demo.at("settings/data/"))
    page.get_by_label("Keep calls with their texts").fill("1")
    page.get_by_role("button", name="Show what it would remove").click()
    expect(page.get_by_text("Would remove").first).to_be_visible()
    page.get_by_role("link", name="Delete somebody's data").click()
    page.get_by_label("Its id").fill(PERSON)
    page.get_by_role("button", name="Show what there is").click()
    expect(page.get_by_text("12 traces")).to_be_visible()
    page.get_by_label("Type it once more").fill(PERSON)
    page.get_by_role("button", name="Delete everywhere").click()
    expect(page.get_by_text("Waiting for a worker")).to_be_visible()
    Erasure.objects.filter(project=demo.project).update(requested_at=timezone.now() - timedelta(minutes=1))
    work(erasing.KIND)
    expect(page.get_by_text("Deleted everywhere: 12 traces")).to_be_visible()
    sound(page, troubles)
