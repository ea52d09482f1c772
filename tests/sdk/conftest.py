"""Fixtures for the tests of the client."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from callboard import Callboard, lifecycle, notices
from callboard.testing import TEST_KEY

from tests.sdk.fake_server import FakeServer


@pytest.fixture(autouse=True)
def _clean_surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """No test sees the settings, the prompts on disk or the default client of another."""
    for name in list(os.environ):
        if name.startswith("CALLBOARD_") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    notices.forget_all()
    lifecycle.replace_default(None)
    yield
    lifecycle.replace_default(None)


@pytest.fixture
def server() -> Iterator[FakeServer]:
    fake = FakeServer()
    yield fake
    fake.stop()


@pytest.fixture
def make_client(tmp_path: Path) -> Iterator[Callable[..., Callboard]]:
    made: list[Callboard] = []

    def make(url: str, **options: Any) -> Callboard:
        defaults = {"api_key": TEST_KEY, "flush_interval": 0.02, "timeout": 2.0, "prompt_dir": tmp_path / "prompts"}
        client = Callboard(url=url, **(defaults | options))
        made.append(client)
        return client

    yield make
    for client in made:
        client.shutdown(0)


@pytest.fixture
def client(server: FakeServer, make_client: Callable[..., Callboard]) -> Callboard:
    return make_client(server.url)
