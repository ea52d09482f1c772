"""Settings: what finds the calls that are about the same."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import reverse

from monitoring import embeddings
from monitoring.models import AnalysisSettings
from projects.models import Project, User
from prompt_registry.models import ProviderConnection
from prompt_registry.providers import clients, event_loop
from tests.projects.factories import make_project, make_user, signed_in
from tests.prompt_registry.providers.fake_provider import FakeProvider, serving

pytestmark = pytest.mark.django_db
MODEL = "text-embedding-3-small"


@pytest.fixture
def admin() -> User:
    return make_user()


@pytest.fixture
def project(admin: User) -> Project:
    return make_project(by=admin)


@pytest.fixture
def browser(admin: User) -> Client:
    return signed_in(admin)


@pytest.fixture
def url(project: Project) -> str:
    return reverse("settings-similar", args=[project.slug])


@pytest.fixture
def provider(settings, monkeypatch) -> Iterator[FakeProvider]:
    monkeypatch.setattr("random.random", lambda: 0.0)
    with serving(FakeProvider(script=["embed 24"])) as provider:
        settings.PROVIDER_ALLOWLIST = [f"127.0.0.1:{provider.port}"]
        yield provider
        event_loop.submit(clients.close_clients()).result(timeout=5)
        event_loop.stop()


@pytest.fixture
def connection(provider: FakeProvider, project: Project) -> ProviderConnection:
    return ProviderConnection.objects.create(project=project, name="Our <b>models</b>", base_url=provider.url)


def test_a_test_shows_what_the_model_really_said_and_its_price(browser, url, connection):
    page = browser.post(url, {"connection": connection.pk, "model": MODEL, "test": "1"}).content.decode()

    assert "fake-embed" in page
    assert "<dt>Numbers for a text</dt><dd>24</dd>" in page
    assert "<dt>Cost</dt><dd>&lt; $0.000001</dd>" in page
    assert "<b>models</b>" not in page
    assert not AnalysisSettings.objects.exists()


def test_a_model_that_answers_can_be_used(browser, url, connection, project):
    browser.post(url, {"connection": connection.pk, "model": MODEL})

    assert embeddings.for_project(project.pk).dimensions == 24
    assert f"{MODEL} at Our &lt;b&gt;models&lt;/b&gt;" in browser.get(url).content.decode()


def test_a_model_that_does_not_answer_is_not_used_and_the_reason_is_shown(browser, url, connection, provider):
    provider.script = ["404_model"]

    answer = browser.post(url, {"connection": connection.pk, "model": MODEL})

    assert answer.status_code == 422
    assert "does not know this model" in answer.content.decode()
    assert not AnalysisSettings.objects.exists()


def test_a_provider_needs_the_name_of_a_model(browser, url, connection):
    answer = browser.post(url, {"connection": connection.pk, "model": ""})

    assert answer.status_code == 422
    assert "Type the name of the embedding model" in answer.content.decode()


def test_a_connection_of_another_project_cannot_be_chosen(browser, url, provider):
    foreign = ProviderConnection.objects.create(project=make_project(), name="Theirs", base_url=provider.url)

    assert browser.post(url, {"connection": foreign.pk, "model": MODEL}).status_code == 422
    assert provider.requests == []


def test_this_machine_can_be_tested_and_chosen_again(browser, url, connection, project):
    browser.post(url, {"connection": connection.pk, "model": MODEL})

    tested = browser.post(url, {"connection": "", "test": "1"}).content.decode()
    browser.post(url, {"connection": ""})

    assert embeddings.version() in tested
    assert embeddings.for_project(project.pk).version == embeddings.version()


def test_why_new_calls_wait_is_shown(browser, url, project):
    AnalysisSettings.objects.create(
        project=project, embedding_model=MODEL, embedding_problem="The <i>key</i> is refused."
    )

    page = browser.get(url).content.decode()

    assert "New calls wait" in page
    assert "The &lt;i&gt;key&lt;/i&gt; is refused." in page
