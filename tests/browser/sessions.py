"""Browsers of their own, with somebody signed in, and what they complain about."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

from projects.models import User
from tests.projects.factories import signed_in

PATIENCE_MS = 10_000
DESK = {"width": 1440, "height": 900}
HAND = {"width": 390, "height": 844}


@contextmanager
def browser(chromium: Browser, address: str, troubles: list[str], **options: Any) -> Iterator[BrowserContext]:
    """Open a browser that shares nothing with others; what goes wrong in its pages is written down in `troubles`."""
    context = chromium.new_context(base_url=address, reduced_motion="reduce", **options)
    context.set_default_timeout(PATIENCE_MS)
    context.on("page", lambda page: _watch(page, troubles))
    yield context
    context.close()


def sign_in(context: BrowserContext, user: User, address: str) -> None:
    """Give a browser the session of somebody who signed in just now."""
    client = signed_in(user)
    session = client.session
    # Somebody whom a one-time link signed in may also choose a password.
    session["signed_in_by"] = "link"
    session.save()
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session.session_key, "url": address}])


def _watch(page: Page, troubles: list[str]) -> None:
    page.on("pageerror", lambda error: troubles.append(f"page error on {page.url}: {error}"))
    page.on(
        "console", lambda said: troubles.append(f"console on {page.url}: {said.text}") if _is_trouble(said) else None
    )
    page.on("response", lambda got: troubles.append(f"{got.status} from {got.url}") if got.status >= 500 else None)


def _is_trouble(said: ConsoleMessage) -> bool:
    # A refused form answers 4xx on purpose; the browser logs that as a failed resource.
    return said.type == "error" and "Failed to load resource" not in said.text
