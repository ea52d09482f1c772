"""Fixtures for every test."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _forget_cached_keys() -> None:
    """Keys are remembered per process; no test may see another test's keys."""
    from projects import keys

    keys.forget()
