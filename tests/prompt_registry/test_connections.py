"""Behaviour of connections to model providers."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from projects.errors import SecretUnreadable
from projects.models import AuditEvent, Project, User
from prompt_registry import connections
from prompt_registry.connections import ConnectionNameMissing, ConnectionNameTaken, ModelMissing, SimulatedIsFixed
from prompt_registry.models import ProviderConnection
from prompt_registry.providers import clients, event_loop
from prompt_registry.providers.errors import AddressRefused, KeyRefused, RedirectRefused
from tests.prompt_registry.factories import make_project, make_user
from tests.prompt_registry.providers.fake_provider import FakeProvider, serving

KEY = "sk-live-0123456789abcdef"


@pytest.fixture
def by(db: None) -> User:
    return make_user()


@pytest.fixture
def provider(settings, monkeypatch) -> Iterator[FakeProvider]:
    """A provider on loopback that the operator of this installation allows."""
    monkeypatch.setattr(random, "random", lambda: 0.0)
    with serving(FakeProvider()) as provider:
        settings.PROVIDER_ALLOWLIST = [f"127.0.0.1:{provider.port}"]
        yield provider
        event_loop.submit(clients.close_clients()).result(timeout=5)
        event_loop.stop()


def connect(project: Project, by: User, base_url: str = "https://8.8.8.8/v1", **values: str) -> ProviderConnection:
    given = {"name": "Provider", "api_key": KEY, "default_model": "fake-1"} | values
    return connections.create(project=project, base_url=base_url, by=by, **given)


def move(connection: ProviderConnection, by: User, base_url: str, **values: str) -> ProviderConnection:
    given = {"name": connection.name, "default_model": connection.default_model} | values
    return connections.change(connection=connection, base_url=base_url, by=by, **given)


def test_the_key_is_stored_sealed_and_only_its_end_is_known(project, by):
    connection = connect(project, by)

    stored = ProviderConnection.objects.values().get()
    assert KEY not in str(stored)
    assert KEY.encode() not in bytes(stored["key_sealed"])
    assert stored["key_last4"] == "cdef"
    assert connections.opened(connection).api_key == KEY


def test_the_end_of_a_short_key_stays_secret(project, by):
    assert connect(project, by, api_key="short-key").key_last4 == ""


def test_another_address_erases_the_key(project, by):
    connection = connect(project, by)

    moved = move(connection, by, "https://1.1.1.1/v1")

    assert (moved.key_sealed, moved.key_last4) == (None, "")
    assert connections.opened(moved).api_key == ""
    assert AuditEvent.objects.get(action="provider.changed").details["key_erased"] is True


def test_another_address_takes_a_key_that_is_entered_with_it(project, by):
    moved = move(connect(project, by), by, "https://1.1.1.1/v1", api_key="sk-other-0123456789")

    assert connections.opened(moved).api_key == "sk-other-0123456789"


def test_another_name_keeps_the_key(project, by):
    renamed = move(connect(project, by), by, "https://8.8.8.8/v1/", name="New name")

    assert (renamed.name, connections.opened(renamed).api_key) == ("New name", KEY)


def test_a_key_pushed_under_another_address_by_hand_is_unreadable(project, by):
    connection = connect(project, by)
    ProviderConnection.objects.update(base_url="https://1.1.1.1/v1")
    connection.refresh_from_db()

    with pytest.raises(SecretUnreadable):
        connections.opened(connection)


def test_a_key_copied_into_another_connection_is_unreadable(project, by):
    first, second = connect(project, by), connect(project, by, name="Second")
    ProviderConnection.objects.filter(pk=second.pk).update(key_sealed=first.key_sealed)
    second.refresh_from_db()

    with pytest.raises(SecretUnreadable):
        connections.opened(second)


def test_each_change_makes_a_new_version_so_that_no_client_is_reused(project, by):
    connection = connect(project, by)

    assert connections.opened(move(connection, by, "https://8.8.8.8/v1")).version == connection.revision + 1


@pytest.mark.parametrize(
    "base_url",
    [
        "http://127.0.0.1/v1", "https://[::1]/v1", "https://0.0.0.0/", "https://2130706433/", "https://0x7f.1/",
        "http://169.254.169.254/latest", "https://10.0.0.1/v1", "http://8.8.8.8/v1", "https://user:pass@8.8.8.8/", "ftp://8.8.8.8/",
        "not an address", "",
    ],
)  # fmt: skip
def test_addresses_this_server_may_not_call_are_refused_when_saved(project, by, base_url):
    connection = connect(project, by)

    with pytest.raises(AddressRefused):
        connect(project, by, base_url=base_url, name="Other")
    with pytest.raises(AddressRefused):
        move(connection, by, base_url)

    assert list(ProviderConnection.objects.values_list("base_url", flat=True)) == ["https://8.8.8.8/v1"]


def test_a_connection_needs_a_name_of_its_own(project, by):
    connect(project, by, name="OpenAI")

    with pytest.raises(ConnectionNameMissing):
        connect(project, by, name="  ")
    with pytest.raises(ConnectionNameTaken):
        connect(project, by, name="OpenAI")


def test_another_project_may_use_the_same_name(project, by):
    connect(project, by, name="OpenAI")

    assert connect(make_project(), by, name="OpenAI").name == "OpenAI"


def test_no_event_contains_a_key(project, by):
    connection = connect(project, by)
    connection = move(connection, by, "https://8.8.8.8/v1", api_key="sk-second-0123456789")
    connections.delete(connection=connection, by=by)

    events = list(AuditEvent.objects.filter(project=project, action__startswith="provider.").order_by("pk"))
    assert [event.action for event in events] == ["provider.created", "provider.changed", "provider.deleted"]
    assert "sk-" not in str([event.details for event in events])


def test_a_trial_brings_the_real_answer(project, by, provider):
    connection = connect(project, by, base_url=provider.url)

    trial = connections.attempt(connection=connection, by=by)

    assert (trial.completion.text, trial.completion.usage.input_tokens) == ("Hello there.", 12)
    assert provider.requests[0][1]["authorization"] == f"Bearer {KEY}"
    assert trial.cost_usd is None  # nobody knows what fake-1 costs


def test_a_trial_says_that_the_key_is_refused(project, by, provider):
    provider.script = ["401"]

    with pytest.raises(KeyRefused):
        connections.attempt(connection=connect(project, by, base_url=provider.url), by=by)


def test_a_trial_follows_no_redirect(project, by, provider):
    provider.script = ["redirect_to_metadata"]

    with pytest.raises(RedirectRefused):
        connections.attempt(connection=connect(project, by, base_url=provider.url), by=by)


def test_a_trial_checks_the_address_again(project, by, provider, settings):
    connection = connect(project, by, base_url=provider.url)
    settings.PROVIDER_ALLOWLIST = []

    with pytest.raises(AddressRefused):
        connections.attempt(connection=connection, by=by)

    assert provider.requests == []


def test_a_trial_needs_a_model(project, by):
    with pytest.raises(ModelMissing):
        connections.attempt(connection=connect(project, by, default_model=""), by=by)


def test_two_projects_never_share_a_client_or_a_key(by, provider):
    one = connect(make_project(), by, base_url=provider.url, api_key="sk-first-0123456789")
    two = connect(make_project(), by, base_url=provider.url, api_key="sk-second-0123456789")

    for connection in (one, two, one):
        connections.attempt(connection=connection, by=by)

    sent = [headers["authorization"] for _, headers, _ in provider.requests]
    assert sent == [f"Bearer sk-{name}-0123456789" for name in ("first", "second", "first")]


def test_the_simulated_provider_is_marked_and_reached_where_it_runs_now(project, by, settings):
    connection = connections.add_simulated(project=project, by=by)
    settings.LIVE_URL = "http://127.0.0.1:9999"

    opened = connections.opened(connection)

    assert connection.is_simulated
    assert (opened.base_url, opened.api_key) == ("http://127.0.0.1:9999/simulated/v1", "")


def test_the_simulated_provider_cannot_be_pointed_elsewhere(project, by):
    connection = connections.add_simulated(project=project, by=by)

    with pytest.raises(SimulatedIsFixed):
        move(connection, by, "https://8.8.8.8/v1", api_key=KEY)


def test_there_is_one_simulated_provider(project, by):
    connections.add_simulated(project=project, by=by)

    with pytest.raises(ConnectionNameTaken):
        connections.add_simulated(project=project, by=by)
