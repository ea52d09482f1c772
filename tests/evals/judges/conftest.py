"""A project with a provider that says what its script says."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from evals.evaluators import definitions
from evals.evaluators.models import EvaluatorVersion
from projects.models import Project, User
from prompt_registry.models import ProviderConnection
from prompt_registry.providers import clients, event_loop
from tests.evals.factories import make_editor
from tests.evals.judges.cases import SETTINGS
from tests.projects.factories import make_project
from tests.prompt_registry.providers.fake_provider import FakeProvider, serving


@pytest.fixture
def project(db) -> Project:
    return make_project()


@pytest.fixture
def editor(project: Project) -> User:
    return make_editor(project)


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


@pytest.fixture
def version(project: Project, editor: User, connection: ProviderConnection) -> EvaluatorVersion:
    """A judge in its owner's own words."""
    return make_version(project, editor, connection, "judge own words")


def make_version(project: Project, by: User, connection: ProviderConnection, kind: str) -> EvaluatorVersion:
    settings = {"connection_id": connection.pk, "model": "gpt-4.1", **SETTINGS[kind]}
    evaluator = definitions.create(project=project, name=f"A {kind}", kind=kind, settings=settings, by=by)
    return definitions.current_of(evaluator)
