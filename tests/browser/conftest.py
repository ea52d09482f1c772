"""A real Chromium against a running server; every test fails on console errors, page errors, blocked content and failed answers.

The server runs in this process on the test database. Nothing is rolled back between the tests: each makes a project of its
own, which is all the isolation that a person has too, and the tables are emptied when the last browser test has ended.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import override_settings
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from pytest_django.live_server_helper import LiveServer

from projects import members, projects
from projects.models import Project, User
from projects.roles import Role
from tests.browser import demo_shop, sessions
from tests.browser.demo_shop import DemoShop
from tests.projects.factories import make_user

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
HOW_TO_INSTALL = (
    "Browser tests need Chromium. Install it, for example with «apt-get install chromium», and run them again."
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.django_db)
            # Browsers are heavy: all their tests run in one worker, one after the other.
            item.add_marker(pytest.mark.xdist_group("browser"))


@pytest.fixture(scope="package")
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
def _django_db_helper(database: None) -> None:
    """Takes the place of pytest-django's, whose transaction around a test would hide its rows from the server."""


@pytest.fixture(scope="package")
def database(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """The test database, for all tests of this package; rows stay until the last of them has ended."""
    with django_db_blocker.unblock():
        # What the migrations put in stays.
        kept = _filled_tables()
        yield
        ours = sorted(_filled_tables() - kept)
        if ours:
            with connection.cursor() as cursor:
                cursor.execute(f"TRUNCATE {', '.join(ours)} CASCADE")
        connection.close()


def _filled_tables() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT format('%I', relname) FROM pg_class WHERE relnamespace = 'public'::regnamespace "
            "AND relkind IN ('r', 'p') AND NOT relispartition"
        )
        names = [name for (name,) in cursor.fetchall()]
        cursor.execute(" UNION ALL ".join(f"(SELECT '{name}' FROM {name} LIMIT 1)" for name in names))
        return {name for (name,) in cursor.fetchall()}


@pytest.fixture(scope="package")
def site(database: None) -> Iterator[str]:
    """The address of the running server."""
    server = LiveServer("127.0.0.1")
    with override_settings(PUBLIC_URL=server.url, CSRF_TRUSTED_ORIGINS=[server.url]):
        yield server.url
        server.stop()


@pytest.fixture(scope="package")
def demo(database: None) -> DemoShop:
    """A project with prompts, a day of calls, feedback and people, for tests that only look."""
    return demo_shop.make()


@pytest.fixture(scope="package")
def shared(chromium: Browser, site: str, demo: DemoShop) -> Iterator[tuple[BrowserContext, list[str]]]:
    """A browser in which the admin of the demo is signed in, for tests that only look, and what it complained about."""
    troubles: list[str] = []
    with sessions.browser(chromium, site, troubles, viewport=sessions.DESK) as context:
        sessions.sign_in(context, demo.admin, site)
        yield context, troubles


@pytest.fixture
def looking(shared: tuple[BrowserContext, list[str]]) -> Iterator[Page]:
    """A new tab of the shared browser."""
    context, troubles = shared
    page = context.new_page()
    yield page
    page.close()
    found = troubles.copy()
    troubles.clear()
    assert found == []


@pytest.fixture
def troubles() -> list[str]:
    """What the browsers of `open_page` complained about; a test that provokes a complaint takes it out."""
    return []


@pytest.fixture
def open_page(chromium: Browser, site: str, troubles: list[str]) -> Iterator[Callable[..., Page]]:
    """Return a function that opens a page in a browser of its own: `open_page(user=dana, viewport=HAND)`."""
    with ExitStack() as browsers:

        def open_one(*, user: User | None = None, **options: Any) -> Page:
            options = {"viewport": sessions.DESK, **options}
            context = browsers.enter_context(sessions.browser(chromium, site, troubles, **options))
            if user is not None:
                sessions.sign_in(context, user, site)
            return context.new_page()

        yield open_one
    assert troubles == []


@pytest.fixture
def project(database: None) -> Project:
    return projects.create(name="Nordwind shop", is_approval_required=False)


@pytest.fixture
def admin(project: Project) -> User:
    user = make_user(name="Dana Ortiz", is_owner=True)
    members.add(project=project, user=user, role=Role.ADMIN)
    return user


@pytest.fixture
def viewer(project: Project) -> User:
    user = make_user(name="Vera Lund")
    members.add(project=project, user=user, role=Role.VIEWER)
    return user


@pytest.fixture
def page(open_page: Callable[..., Page], admin: User) -> Page:
    """A page in the browser of the project's admin, who is signed in."""
    return open_page(user=admin)
