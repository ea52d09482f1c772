"""Behaviour of API keys."""

from __future__ import annotations

import pytest

from projects import keys, projects, tokens
from projects.errors import NoScopes, UnknownScope
from projects.models import ApiKey, Project

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return projects.create(name="Shop")


def test_a_new_key_proves_who_calls(project: Project) -> None:
    key, plain = keys.create(project=project, name="backend", scopes=["ingest"])

    caller = keys.check(plain)

    assert caller is not None
    assert (caller.key_id, caller.project_id, caller.scopes) == (key.key_id, project.pk, frozenset({"ingest"}))


def test_the_secret_is_not_stored(project: Project) -> None:
    key, plain = keys.create(project=project, name="backend", scopes=["ingest"])

    _, secret = tokens.split(plain)
    stored = ApiKey.objects.filter(pk=key.pk).values().get()

    assert secret not in str(stored)
    assert secret.encode() not in bytes(stored["secret_hash"])


@pytest.mark.parametrize(
    "damage", [lambda key: key[:-1] + ("0" if key[-1] != "0" else "1"), lambda key: key[:-7], lambda key: ""]
)
def test_a_damaged_key_is_nobody(project: Project, damage) -> None:
    _, plain = keys.create(project=project, name="backend", scopes=["ingest"])

    assert keys.check(damage(plain)) is None


def test_a_revoked_key_stops_working_here_at_once(project: Project, django_capture_on_commit_callbacks) -> None:
    key, plain = keys.create(project=project, name="backend", scopes=["ingest"])
    keys.check(plain)

    with django_capture_on_commit_callbacks(execute=True):
        keys.revoke(key=key, by=None)

    assert keys.check(plain) is None


def test_unknown_scopes_are_refused(project: Project) -> None:
    with pytest.raises(UnknownScope):
        keys.create(project=project, name="backend", scopes=["everything"])


def test_a_key_needs_a_scope(project: Project) -> None:
    with pytest.raises(NoScopes):
        keys.create(project=project, name="backend", scopes=[])


def test_only_the_first_use_in_a_minute_costs_a_statement(project: Project, django_assert_num_queries) -> None:
    key, _ = keys.create(project=project, name="backend", scopes=["ingest"])
    keys.touch(key_id=key.key_id, used_by="python/0.1.0")

    with django_assert_num_queries(0):
        keys.touch(key_id=key.key_id, used_by="python/0.2.0")

    key.refresh_from_db()
    assert (key.last_used_by, key.last_used_at is None) == ("python/0.1.0", False)
