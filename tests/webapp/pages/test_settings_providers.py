"""Settings: model providers."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from django.test import Client

from projects.models import Project, User
from prompt_registry import connections
from prompt_registry.models import ProviderConnection
from prompt_registry.providers import clients, event_loop
from tests.projects.factories import make_project, make_user, signed_in
from tests.prompt_registry.providers.fake_provider import FakeProvider, serving

pytestmark = pytest.mark.django_db
KEY = "sk-live-0123456789abcdef"
FORM = {"name": "OpenAI", "base_url": "https://8.8.8.8/v1", "api_key": KEY, "default_model": "fake-1"}


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
    return f"/p/{project.slug}/settings/providers/"


@pytest.fixture
def provider(settings, monkeypatch) -> Iterator[FakeProvider]:
    monkeypatch.setattr(random, "random", lambda: 0.0)
    with serving(FakeProvider()) as provider:
        settings.PROVIDER_ALLOWLIST = [f"127.0.0.1:{provider.port}"]
        yield provider
        event_loop.submit(clients.close_clients()).result(timeout=5)
        event_loop.stop()


def stored() -> ProviderConnection:
    return ProviderConnection.objects.get()


def connect(browser: Client, url: str, **changes: str):
    return browser.post(f"{url}new/", FORM | changes)


def test_a_provider_is_connected_and_its_key_is_never_shown(browser, url):
    answer = connect(browser, url)
    pages = [browser.get(url), browser.get(f"{url}{stored().pk}/")]

    assert answer.headers["Location"] == url
    for page in pages:
        assert KEY not in page.text
        assert "••••cdef" in page.text


def test_a_refused_form_does_not_send_the_key_back(browser, url):
    answer = connect(browser, url, name="")

    assert answer.status_code == 422
    assert KEY not in answer.text


@pytest.mark.parametrize(
    ("base_url", "words"),
    [
        ("http://169.254.169.254/latest", "https://"),
        ("https://10.0.0.1/v1", "private or reserved network"),
        ("http://8.8.8.8/v1", "https://"),
        ("https://user:pass@8.8.8.8/v1", "must not contain a user name"),
    ],
)
def test_an_address_this_server_may_not_call_is_refused_with_the_reason(browser, url, base_url, words):
    answer = connect(browser, url, base_url=base_url)

    assert answer.status_code == 422
    assert words in answer.text
    assert not ProviderConnection.objects.exists()


def test_leaving_the_key_field_empty_keeps_the_key(browser, url):
    connect(browser, url)
    browser.post(f"{url}{stored().pk}/", FORM | {"api_key": "", "name": "Renamed"})

    assert connections.opened(stored()).api_key == KEY


def test_another_address_erases_the_key_and_says_so(browser, url):
    connect(browser, url)

    answer = browser.post(f"{url}{stored().pk}/", FORM | {"api_key": "", "base_url": "https://1.1.1.1/v1"}, follow=True)

    assert "Its key was erased" in answer.text
    assert stored().key_sealed is None


def test_changing_an_address_needs_a_fresh_proof(admin, url, browser):
    connect(browser, url)

    answer = signed_in(admin, fresh=False).post(f"{url}{stored().pk}/", FORM | {"base_url": "https://1.1.1.1/v1"})

    assert answer.status_code == 403
    assert stored().base_url == FORM["base_url"]


def test_a_connection_is_removed(browser, url):
    connect(browser, url)

    browser.post(f"{url}{stored().pk}/delete/")

    assert not ProviderConnection.objects.exists()


def test_the_test_shows_the_real_answer_its_time_and_its_cost(browser, url, provider):
    connect(browser, url, base_url=provider.url, default_model="gpt-4o-mini")

    page = browser.post(f"{url}{stored().pk}/test/")

    assert "Hello there." in page.text
    assert "12 in, 3 out" in page.text
    assert " ms<" in page.text or " s<" in page.text
    assert "price unknown" in page.text


def test_the_test_says_in_plain_words_what_went_wrong(browser, url, provider):
    provider.script = ["401"]
    connect(browser, url, base_url=provider.url)

    page = browser.post(f"{url}{stored().pk}/test/")

    assert "The provider refused the key" in page.text
    assert "Incorrect API key provided" in page.text
    assert KEY not in page.text


def test_what_a_broken_provider_says_is_shown_as_text(browser, url, provider):
    provider.script = ["html"]
    connect(browser, url, base_url=provider.url)

    page = browser.post(f"{url}{stored().pk}/test/")

    assert "<html>sign in" not in page.text
    assert "not in the OpenAI format" in page.text


def test_the_test_goes_only_to_the_stored_address(browser, url, provider):
    connect(browser, url, base_url=provider.url)

    with serving(FakeProvider()) as elsewhere:
        browser.post(f"{url}{stored().pk}/test/", {"base_url": elsewhere.url, "api_key": "sk-other"})

    assert elsewhere.requests == []
    assert provider.requests[0][1]["authorization"] == f"Bearer {KEY}"


def test_the_simulated_provider_is_offered_once_and_always_labelled(browser, url):
    offered = browser.get(url).text
    browser.post(f"{url}simulated/")
    page = browser.get(url).text

    assert "Add the simulated provider" in offered
    assert "Add the simulated provider" not in page
    assert ">Simulated<" in page


def test_an_unreachable_simulated_provider_is_explained(browser, url, settings):
    settings.LIVE_URL = "http://127.0.0.1:9"
    browser.post(f"{url}simulated/")

    page = browser.post(f"{url}{stored().pk}/test/")
    event_loop.submit(clients.close_clients()).result(timeout=5)
    event_loop.stop()

    assert "could not be reached" in page.text
    assert ">Simulated<" in page.text
