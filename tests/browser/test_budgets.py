"""How much a page sends: measured on the wire, on the server that people run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import production, sessions
from tests.browser.demo_shop import DemoShop

KB = 1000
PLAIN_PAGES = {
    "prompt list": "prompts/",
    "explore": "explore/",
    "trace": "traces/{demo.trace_id}/",
    "API keys": "settings/keys/",
}


@dataclass
class Transfers:
    """What came over the wire since it was last emptied, by kind of content."""

    kinds: dict[str, str] = field(default_factory=dict)
    bytes_of: dict[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, page: Page) -> Transfers:
        found = cls()
        session = page.context.new_cdp_session(page)
        session.on("Network.responseReceived", found._on_response)
        session.on("Network.loadingFinished", found._on_end)
        session.send("Network.enable")
        return found

    def _on_response(self, event: dict[str, Any]) -> None:
        if not event["response"].get("fromDiskCache"):
            self.kinds[event["requestId"]] = event["type"]

    def _on_end(self, event: dict[str, Any]) -> None:
        if event["encodedDataLength"] and event["requestId"] in self.kinds:
            self.bytes_of[event["requestId"]] = event["encodedDataLength"]

    @property
    def requests(self) -> int:
        return len(self.bytes_of)

    def kilobytes(self, kind: str = "") -> float:
        return round(sum(size for key, size in self.bytes_of.items() if kind in ("", self.kinds[key])) / KB, 1)

    def forget(self) -> None:
        self.kinds.clear()
        self.bytes_of.clear()


@pytest.fixture(scope="module")
def address(database: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with production.serve(tmp_path_factory.mktemp("served")) as url:
        yield url


@pytest.fixture
def page(chromium: Browser, address: str, demo: DemoShop) -> Iterator[Page]:
    """A page of a browser that has never been here before, but is signed in."""
    troubles: list[str] = []
    with sessions.browser(chromium, address, troubles, viewport=sessions.DESK) as context:
        sessions.sign_in(context, demo.admin, address)
        yield context.new_page()
    assert troubles == []


@pytest.fixture
def told(record_property: Callable[[str, object], None]) -> Callable[[str, Transfers], None]:
    """Return a function that leaves a measured size for the end of the run, where it is printed."""

    def tell(what: str, sent: Transfers) -> None:
        record_property("budget", f"{what}: {sent.requests} requests, {sent.kilobytes()} KB")

    return tell


@pytest.mark.parametrize("name", PLAIN_PAGES)
def test_a_plain_page_is_light_on_the_first_visit_and_lighter_on_the_next(page, demo, told, name):
    sent = Transfers.of(page)
    where = demo.at(PLAIN_PAGES[name].format(demo=demo))

    page.goto(where, wait_until="networkidle")
    told(f"{name}, first visit", sent)
    assert (sent.kilobytes() <= 80, sent.requests <= 8) == (True, True), sent
    assert sent.kilobytes("Document") <= 30
    assert sent.kilobytes("Script") <= 30
    assert sent.kilobytes("Stylesheet") <= 18

    sent.forget()
    page.goto(where, wait_until="networkidle")
    told(f"{name}, next visit", sent)
    assert sent.kilobytes() <= 25
    assert sent.requests == 1


def test_the_editor_stays_within_its_budget(page, demo, told):
    sent = Transfers.of(page)

    page.goto(demo.at(f"prompts/{demo.prompt.pk}/"), wait_until="networkidle")

    told("editor", sent)
    assert sent.kilobytes() <= 220


def test_the_overview_shows_every_chart_before_plotly_arrives(page, demo, told):
    sent = Transfers.of(page)
    for late in ("**/plotly*", "**/charts/*.json*"):
        page.route(late, lambda route: route.abort())

    page.goto(demo.at(), wait_until="networkidle")

    told("overview without plotly", sent)
    assert sent.kilobytes() <= 80
    charts = page.locator("svg.chart-svg:visible")
    expect(charts).to_have_count(5)
    assert all(charts.nth(place).locator(".c-bar, .c-line").count() for place in range(5))


def test_the_overview_stays_within_its_budget_with_plotly(page, demo, told):
    sent = Transfers.of(page)

    page.goto(demo.at(), wait_until="networkidle")
    page.mouse.wheel(0, 2000)

    expect(page.locator(".chart-live .main-svg:visible").first).to_be_visible()
    expect(page.locator("svg.chart-svg:visible")).to_have_count(0)
    told("overview with plotly", sent)
    assert sent.kilobytes() <= 480
