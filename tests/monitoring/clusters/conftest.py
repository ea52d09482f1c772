"""A project with a provider that says what its script says."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from projects.models import Project
from prompt_registry.models import ProviderConnection
from prompt_registry.providers import clients, event_loop
from tests.projects.factories import make_project
from tests.prompt_registry.providers.fake_provider import FakeProvider, serving


@pytest.fixture
def project(db) -> Project:
    return make_project()


@pytest.fixture
def provider(settings, monkeypatch) -> Iterator[FakeProvider]:
    monkeypatch.setattr("random.random", lambda: 0.0)
    with serving(FakeProvider(script=["stream"])) as provider:
        settings.PROVIDER_ALLOWLIST = [f"127.0.0.1:{provider.port}"]
        yield provider
        event_loop.submit(clients.close_clients()).result(timeout=5)
        event_loop.stop()


@pytest.fixture
def connection(provider: FakeProvider, project: Project) -> ProviderConnection:
    return ProviderConnection.objects.create(
        project=project, name="Fake", base_url=provider.url, default_model="gpt-4.1"
    )
