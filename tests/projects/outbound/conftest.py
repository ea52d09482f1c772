"""Fixtures of the tests of the guarded way out."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.prompt_registry.providers.fake_provider import FakeProvider, serving


@pytest.fixture
def provider() -> Iterator[FakeProvider]:
    """A server on loopback that answers well until its script says otherwise."""
    with serving(FakeProvider()) as provider:
        yield provider
