"""Every page, light and dark, on a desk and in a hand: no complaint of the browser, no sideways scrolling, nothing axe-core minds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import Page, expect

from tests.browser.demo_shop import DemoShop
from tests.webapp.routes import routes

WIDTHS = {1440: 900, 390: 844}
SCHEMES = ("light", "dark")
GRAVE = {"serious", "critical"}


def inside(route: str, query: str = "", **kwargs: Callable[[DemoShop], object]) -> Callable[[DemoShop], str]:
    """Return what makes the address of a page of the project."""

    def address(demo: DemoShop) -> str:
        found = {name: value(demo) for name, value in kwargs.items()}
        return reverse(route, kwargs={"slug": demo.project.slug, **found}) + query.format(demo=demo)

    return address


def of_prompt(route: str, query: str = "", **kwargs: Callable[[DemoShop], object]) -> Callable[[DemoShop], str]:
    return inside(route, query, prompt_id=lambda demo: demo.prompt.pk, **kwargs)


def elsewhere(path: str) -> Callable[[DemoShop], str]:
    return lambda demo: path.format(demo=demo)


PAGES: dict[str, Callable[[DemoShop], str]] = {
    "overview": inside("overview"),
    "overview of a week": inside("overview", "?range=7d&prompt=support/refund-answer"),
    "empty overview": elsewhere("/p/{demo.empty.slug}/"),
    "prompts": inside("prompts"),
    "prompts found": inside("prompts", "?q=refund"),
    "prompts not found": inside("prompts", "?q=xyzzy"),
    "prompt-new": inside("prompt-new"),
    "empty prompts": elsewhere("/p/{demo.empty.slug}/prompts/"),
    "prompt": of_prompt("prompt"),
    "prompt-versions": of_prompt("prompt-versions"),
    "prompt-version": of_prompt("prompt-version", number=lambda demo: 2),
    "prompt-compare": of_prompt("prompt-compare", "?from=1&to=2"),
    "prompts side by side": of_prompt("prompt-compare", "?from=1&to=2&view=side"),
    "prompt-publish": of_prompt("prompt-publish", "?version=1"),
    "prompt-rename": of_prompt("prompt-rename"),
    "explore": inside("explore"),
    "explore filtered": inside("explore", "?thumbs=down&prompt=support/refund-answer"),
    "nothing to explore": inside("explore", "?q=xyzzy"),
    "trace": inside("trace", hex_id=lambda demo: demo.trace_id),
    "failed trace": inside("trace", hex_id=lambda demo: demo.failed_trace_id),
    "session": inside("session", "?id={demo.session_id}"),
    "start": inside("start"),
    "first start": elsewhere("/p/{demo.empty.slug}/start/"),
    "settings-project": inside("settings-project"),
    "settings-members": inside("settings-members"),
    "settings-keys": inside("settings-keys"),
    "new-key": inside("new-key"),
    "settings-providers": inside("settings-providers"),
    "new-provider": inside("new-provider"),
    "change-provider": inside("change-provider", connection_id=lambda demo: demo.connection_id),
    "settings-audit": inside("settings-audit"),
    "projects": elsewhere("/projects/"),
    "new-project": elsewhere("/projects/new/"),
    "people": elsewhere("/accounts/people/"),
    "profile": elsewhere("/accounts/profile/"),
    "account_change_password": elsewhere("/accounts/password/change/"),
    "account_reauthenticate": elsewhere("/accounts/confirm/?next=/"),
    "account_logout": elsewhere("/accounts/logout/"),
    "no such page": inside("overview", "nowhere/"),
}
SIGNED_OUT: dict[str, Callable[[DemoShop], str]] = {
    "account_login": elsewhere("/accounts/login/"),
    "account_reset_password": elsewhere("/accounts/password/reset/"),
    "account_signup": elsewhere("/accounts/signup/"),
    "invitation": elsewhere("/invitations/{demo.invitation_token}/"),
    "sign-in-link": elsewhere("/sign-in/used-up/"),
}


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", [*PAGES, *SIGNED_OUT])
def test_a_page_is_sound(open_page, demo, name, width):
    page = open_page(user=demo.admin if name in PAGES else None, width=width, height=WIDTHS[width])
    page.goto((PAGES | SIGNED_OUT)[name](demo))
    if page.locator("cb-chart[data-figure-url]").count():
        expect(page.locator(".chart-live .main-svg").first).to_be_visible()

    assert problems(page, f"{name} at {width} px") == []


@pytest.mark.parametrize("keys", ["?", "Control+k", "t", "."])
def test_what_opens_over_a_page_is_sound(open_page, demo, keys):
    page = open_page(user=demo.admin, width=390, height=844)
    page.goto(PAGES["prompt" if keys == "." else "explore"](demo))

    page.keyboard.press(keys)

    expect(page.locator("dialog[open], [popover]:popover-open")).to_have_count(1)
    assert problems(page, f"after {keys}") == []


def problems(page: Page, where: str) -> list[str]:
    """Return what is wrong with a page in either theme, each as where, theme and rule."""
    found = []
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        overflow = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        if overflow > 0:
            found.append(f"{where}, {scheme}: {overflow} px wider than the window")
        found += [f"{where}, {scheme}: {problem}" for problem in _violations(page)]
    return found


def _violations(page: Page) -> list[str]:
    response: dict[str, Any] = Axe().run(page).response
    return [
        f"{violation['id']} at {node['target']}"
        for violation in response["violations"]
        if violation["impact"] in GRAVE
        for node in violation["nodes"][:3]
    ]
