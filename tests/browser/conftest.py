"""A real Chromium against a running server; every test fails on console errors, page errors and blocked content."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from pytest_django.live_server_helper import LiveServer

from projects import members, people, projects
from projects.models import Project, User

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
HOW_TO_INSTALL = "Browser tests need Chromium. Install it, for example with «apt-get install chromium», and run them again."


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            # Browsers are heavy: all their tests run in one worker, one after the other.
            item.add_marker(pytest.mark.xdist_group("browser"))


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        pytest.fail(HOW_TO_INSTALL)
    # Playwright's synchronous API runs a loop in this thread, which Django would take for asynchronous code.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def site(chromium: Browser, live_server: LiveServer, settings: object) -> str:
    """The address of the running server."""
    settings.PUBLIC_URL = live_server.url  # type: ignore[attr-defined]
    settings.CSRF_TRUSTED_ORIGINS = [live_server.url]  # type: ignore[attr-defined]
    return str(live_server.url)


@pytest.fixture
def open_page(chromium: Browser, site: str) -> Iterator[Callable[..., Page]]:
    """Return a function that opens a page: `open_page(width=390, scheme="dark")`."""
    contexts: list[BrowserContext] = []
    troubles: list[str] = []

    def open_one(*, width: int = 1440, height: int = 900, scheme: str = "light") -> Page:
        context = chromium.new_context(
            viewport={"width": width, "height": height},
            color_scheme=scheme,
            base_url=site,
            reduced_motion="reduce",
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: troubles.append(f"page error on {page.url}: {error}"))
        page.on(
            "console",
            lambda message: troubles.append(f"console on {page.url}: {message.text}") if _is_trouble(message) else None,
        )
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert troubles == []


@pytest.fixture
def page(open_page: Callable[..., Page]) -> Page:
    return open_page()


@pytest.fixture
def admin(site: str) -> User:
    return people.create_user(email="dana@example.com", name="Dana Ortiz", password="correct horse battery", is_owner=True)


@pytest.fixture
def project(admin: User) -> Project:
    return projects.create(name="Nordwind shop", by=admin)


@pytest.fixture
def viewer(project: Project) -> User:
    user = people.create_user(email="vera@example.com", name="Vera Lund", password="correct horse battery")
    members.add(project=project, user=user, role="viewer")
    return user


def sign_in(page: Page, user: User) -> None:
    """Sign in through the form."""
    page.goto("/accounts/login/")
    page.get_by_label("Email").fill(user.email)
    page.get_by_label("Password").fill("correct horse battery")
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/accounts/login" not in url)


def _is_trouble(message: object) -> bool:
    kind, text = message.type, message.text  # type: ignore[attr-defined]
    # A refused form answers 4xx on purpose; the browser logs that as a failed resource.
    return kind == "error" and "Failed to load resource" not in text
