"""Signing in without the form, for tests that are about something else."""

from __future__ import annotations

from django.conf import settings
from playwright.sync_api import BrowserContext

from projects.models import User
from tests.projects.factories import signed_in


def sign_in(context: BrowserContext, user: User, address: str) -> None:
    """Give a browser the session of somebody who signed in just now."""
    session = signed_in(user).cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": address}])
