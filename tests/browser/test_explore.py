"""One walk: write a filter by keyboard, keep it as a view, choose columns, ask what is different, and find calls like one."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone
from playwright.sync_api import Page, expect

from monitoring import trace_search
from projects.roles import Role
from tests.browser import sessions
from tests.browser.test_pages import AXE, GRAVE
from tests.monitoring.analysis.factories import look
from tests.monitoring.factories import make_span, make_trace, send
from tests.projects.factories import make_member, make_project


def broken_rules(page: Page) -> list[str]:
    page.evaluate(AXE)
    found = page.evaluate("axe.run({resultTypes: ['violations']})")
    return [one["id"] for one in found["violations"] if one["impact"] in GRAVE]


def test_an_engineer_narrows_compares_and_follows(chromium, site, database):
    project = make_project()
    ann = make_member(project=project, role=Role.EDITOR)
    begin = timezone.now() - timedelta(minutes=40)
    for count, fields in ((30, {"model": "large", "error": "Timeout", "took_ms": 6_000}), (60, {"model": "small"})):
        send(
            project,
            *(make_span(at=begin + timedelta(seconds=number), asked="Hello?", **fields) for number in range(count)),
        )
    make_trace(project, asked="Where is my blue parcel?", model="small", at=begin + timedelta(minutes=5))
    make_trace(project, asked="Where is my red parcel?", model="small", at=begin + timedelta(minutes=4))
    look(project)
    troubles: list[str] = []
    with sessions.browser(chromium, site, troubles, viewport=sessions.DESK) as context:
        sessions.sign_in(context, ann, site)
        page = context.new_page()
        # The first page of a server that has just begun takes longest.
        page.goto(f"/p/{project.slug}/explore/?range=24h", timeout=3 * sessions.PATIENCE_MS)

        page.keyboard.press("/")
        page.keyboard.type("mod", delay=20)
        offered = page.get_by_role("listbox", name="What may come next")
        expect(offered.get_by_role("option")).to_have_text("model:model:gpt-4* for all that begin so")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        expect(offered.get_by_role("option")).to_have_text(["large", "small"])
        assert broken_rules(page) == []
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        page.keyboard.type("latency:>2s")
        page.keyboard.press("Escape")
        page.keyboard.press("Enter")
        chips = page.get_by_role("group", name="Filters in use")
        expect(chips).to_contain_text("Model large")
        expect(chips).to_contain_text("Took more than 2s")

        page.get_by_role("button", name="Views").click()
        page.get_by_role("button", name="Save this view…").click()
        page.get_by_label("Name", exact=True).fill("Slow ones")
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Slow ones")

        page.get_by_role("button", name="Columns").click()
        page.get_by_role("checkbox", name="User").check()
        page.get_by_role("button", name="Show these").click()
        expect(page.get_by_role("columnheader", name="User")).to_be_visible()

        page.get_by_role("link", name="What is different about these").click()
        row = page.get_by_role("row").filter(has_text="Outcome")
        expect(row).to_contain_text("with errors")
        assert broken_rules(page) == []
        row.get_by_role("link", name="Filter by Outcome with errors").click()
        expect(chips).to_contain_text("Outcome with errors")

        page.goto(f"/p/{project.slug}/explore/?q=blue")
        page.get_by_role("link", name="Where is my blue parcel?").click()
        page.get_by_role("link", name="More like this").click()
        expect(page.get_by_role("link", name="Where is my red parcel?")).to_be_visible()
        assert broken_rules(page) == []
    assert troubles == []


def test_a_search_goes_on_by_itself_until_it_is_stopped(chromium, site, database, monkeypatch):
    """The time of every page is up after ten traces, as with very many traces."""
    monkeypatch.setitem(trace_search.page.__kwdefaults__, "first_window", 10)
    monkeypatch.setattr(trace_search, "_next_size", lambda *_, **__: 0)
    project = make_project()
    ann = make_member(project=project, role=Role.EDITOR)
    begin = timezone.now() - timedelta(minutes=40)
    send(
        project,
        *(
            make_span(at=begin + timedelta(seconds=number), asked="Where is it?" if number % 50 == 7 else "Hello?")
            for number in range(160)
        ),
    )
    troubles: list[str] = []
    with sessions.browser(chromium, site, troubles, viewport=sessions.DESK) as context:
        sessions.sign_in(context, ann, site)
        page = context.new_page()
        page.goto(f"/p/{project.slug}/explore/?range=24h&q=where", timeout=3 * sessions.PATIENCE_MS)
        page.get_by_role("button", name="Stop").click()
        stopped_at = page.locator("cb-search-on").get_attribute("data-src")
        expect(page.get_by_role("button", name="Search on")).to_be_visible()
        assert broken_rules(page) == []
        page.wait_for_timeout(400)
        assert page.locator("cb-search-on").get_attribute("data-src") == stopped_at

        page.get_by_role("button", name="Search on").click()
        expect(page.get_by_role("link", name="Where is it?")).to_have_count(4)
        expect(page.get_by_role("navigation", name="Pages")).to_contain_text("4 traces")
        expect(page.locator("cb-search-on")).to_have_count(0)
        assert broken_rules(page) == []

        page.goto(f"/p/{project.slug}/explore/?range=24h&q=nowhere")
        expect(page.get_by_role("heading", name="No trace matches")).to_be_visible()
    assert troubles == []
