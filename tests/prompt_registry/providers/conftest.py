"""Fixtures of the provider tests."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator

import pytest

from projects.outbound.addresses import Allowlist
from prompt_registry.providers import clients, event_loop
from prompt_registry.providers.connections import Connection
from tests.prompt_registry.providers.fake_provider import FakeProvider, serving

_numbers = itertools.count(1)


@pytest.fixture(autouse=True)
def _no_waiting_between_tries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(random, "random", lambda: 0.0)


@pytest.fixture
def provider() -> Iterator[FakeProvider]:
    """A provider on loopback that answers well until its script says otherwise."""
    with serving(FakeProvider()) as provider:
        yield provider
        event_loop.submit(clients.close_clients()).result(timeout=5)
        event_loop.stop()


@pytest.fixture
def connection(provider: FakeProvider) -> Connection:
    """A connection to the fake provider, which this instance allows."""
    return connect(provider.url)


def connect(url: str, **changes: object) -> Connection:
    """Return a connection to a loopback address that is on the allowlist, with its own number."""
    values = {"project_id": 1, "id": next(_numbers), "version": 1, "base_url": url, "api_key": "key-1"}
    return Connection(**{**values, "allowlist": Allowlist().with_url(url), **changes})
