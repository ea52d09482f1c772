"""Text that applications, models and people send is shown as text, and what slips into a page as markup does not run."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest
from playwright.sync_api import Page, Route, expect

from monitoring.models import Trace
from projects import projects
from projects.models import Project
from prompt_registry import contents, labels, prompts, versions
from tests.browser.demo_shop import DemoShop
from tests.monitoring.factories import make_trace, rate
from tests.projects.factories import make_user

SCRIPT = "<script>window.pwned = 1</script>"
IMAGE = '<img src="/static/favicon.svg?pwned" onload="window.pwned = 2">'
BREAKOUT = f"\"'></textarea></script></template>{IMAGE}{SCRIPT}{{{{constructor}}}}"


@pytest.fixture(scope="module")
def attacked(database: None) -> tuple[Project, str, int]:
    """A project in which every text is an attack, a trace of it and a prompt of it."""
    owner = make_user(name=f"Mallory {IMAGE}")
    project = projects.create(name=f"Shop {SCRIPT}", by=owner)
    prompt = prompts.create(project=project, name=f"evil{IMAGE}", type="chat", by=owner)
    content = contents.parse({"type": "chat", "messages": [{"role": "system", "content": BREAKOUT}]})
    version = versions.save(prompt=prompt, content=content, note=BREAKOUT, by=owner)
    labels.publish(prompt=prompt, version=version, label="staging", by=owner, reason=BREAKOUT)
    trace_id = make_trace(
        project, name=f"call {SCRIPT}", asked=BREAKOUT, answered=BREAKOUT, user=IMAGE, session=f"talk {IMAGE}", model=SCRIPT,
        prompt=prompt.name, version=1, environment="prod<b>uction", error=BREAKOUT, attributes={"callboard.metadata.x": IMAGE},
    )  # fmt: skip
    rate(project, trace_id, comment=BREAKOUT)
    return project, trace_id, prompt.pk


@pytest.fixture
def visit(open_page: Callable[..., Page], attacked: tuple[Project, str, int]) -> Callable[[str], Page]:
    """Return a function that opens a page of the attacked project as its owner."""
    project, _, _ = attacked
    page = open_page(user=project.memberships.get().user)

    def visit(place: str) -> Page:
        page.goto(f"/p/{project.slug}/{place}")
        return page

    return visit


def is_unharmed(page: Page) -> bool:
    harm = page.evaluate("[window.pwned, document.querySelectorAll('[onload], img[src*=pwned]').length]")
    return bool(harm == [None, 0])


def test_attacks_stand_as_text_on_every_page_that_shows_them(visit, attacked):
    project, trace_id, prompt_id = attacked
    session = Trace.objects.get(project=project, trace_id=UUID(trace_id)).session_id
    shown = {
        "": "Shop <script>",
        "prompts/": "evil<img",
        f"prompts/{prompt_id}/": "</textarea></script>",
        f"prompts/{prompt_id}/versions/": "</template><img",
        f"prompts/{prompt_id}/publish/?version=1": "evil<img",
        "explore/": "</textarea></script>",
        f"traces/{trace_id}/": "</textarea></script>",
        f"traces/{trace_id}/?view=raw": "<img",
        f"sessions/?id={session}": "</textarea></script>",
        "settings/members/": "Mallory <img",
        "settings/audit/": "</textarea></script>",
        "start/": "Shop <script>",
    }

    for place, words in shown.items():
        page = visit(place)
        texts = page.locator("body").inner_text() + "".join(
            area.input_value() for area in page.locator("textarea").all()
        )
        assert words in texts, place
        assert is_unharmed(page), place


def test_the_palette_shows_what_it_finds_as_text(visit):
    page = visit("explore/")

    page.keyboard.press("Control+k")
    page.keyboard.type("evil")

    expect(page.locator(".palette-results")).to_contain_text("evil<img")
    assert is_unharmed(page)


def test_a_script_inside_a_part_that_htmx_puts_in_does_not_run(open_page, demo: DemoShop, troubles):
    page = open_page(user=demo.admin)
    page.goto(demo.at("prompts/"))
    page.route(
        "**/prompts/?q=*", lambda route: answer(route, f"<p>Found</p>{SCRIPT}{IMAGE}<a href='javascript:pwned=3'>x</a>")
    )

    page.get_by_label("Search names and texts of prompts").press_sequentially("refund")
    expect(page.locator("#prompt-rows")).to_contain_text("Found")
    page.get_by_role("link", name="x", exact=True).click()
    page.wait_for_timeout(200)

    assert page.evaluate("window.pwned") is None
    assert all("Content Security Policy" in trouble for trouble in troubles)
    assert len(troubles) >= 2
    troubles.clear()


def answer(route: Route, markup: str) -> None:
    route.fulfill(status=200, content_type="text/html", body=markup)
