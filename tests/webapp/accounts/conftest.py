"""Fixtures for the tests of accounts."""

from __future__ import annotations

import pytest
from django.core.cache import cache


@pytest.fixture(autouse=True)
def _forget_rates() -> None:
    """How often resets were asked for is remembered per process."""
    cache.clear()


@pytest.fixture(autouse=True)
def _quick_passwords(settings) -> None:
    """Argon2 is slow on purpose; tests/projects/test_people.py looks at the stored hash."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
