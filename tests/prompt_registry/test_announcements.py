"""Tokens of changes: whoever was told about a change never gets an answer from before it."""

from __future__ import annotations

import json
import threading

import orjson
import pytest
from django.db import connection, transaction

from projects.roles import Role
from prompt_registry import announcements, labels, resolution
from prompt_registry.resolution import Answer, Refusal
from tests.prompt_registry.factories import make_member, make_project, make_prompt, make_version


@pytest.mark.parametrize(
    ("change", "snapshot", "expected"),
    [
        ("9", "10:10:", True),
        ("10", "10:10:", False),
        ("11", "10:15:10,12", True),
        ("12", "10:15:10,12", False),
        ("15", "10:15:10,12", False),
        ("1", "10:15:10,12", True),
    ],
)
def test_a_snapshot_tells_exactly_which_changes_it_shows(change, snapshot, expected):
    assert announcements.is_seen(change=change, snapshot=snapshot) is expected


@pytest.mark.parametrize("sent", ["", "x", "-1", "1.5", "٣", "1" * 21, "1\n", "1 OR 1=1"])
def test_what_is_no_token_counts_as_none(sent):
    assert announcements.clean_token(sent) == ""


@pytest.mark.django_db
def test_a_client_that_was_told_of_a_change_is_not_answered_from_memory():
    prompt = make_prompt()
    approver = make_member(prompt.project, Role.APPROVER)
    first, second = make_version(prompt), make_version(prompt)
    labels.publish(prompt=prompt, version=first, label="production", by=approver)
    assert _number(prompt) == 1

    # As another web process would see it: nothing tells its memory about the publish.
    labels.publish(prompt=prompt, version=second, label="production", by=approver)

    assert _number(prompt) == 1
    assert _number(prompt, change=_next_transaction()) == 2
    assert _number(prompt) == 2


@pytest.mark.django_db
def test_a_refusal_is_not_remembered_against_somebody_who_was_told_of_the_prompt():
    project = make_project()
    assert isinstance(resolution.by_label(project_id=project.pk, name="new/one", label="latest"), Refusal)
    make_version(make_prompt(project, name="new/one"))

    found = resolution.by_label(project_id=project.pk, name="new/one", label="latest", change=_next_transaction())

    assert isinstance(found, Answer)


@pytest.mark.django_db
def test_one_look_at_the_database_serves_everybody_who_was_told(django_assert_num_queries):
    prompt = make_prompt()
    make_version(prompt)
    _number(prompt, label="latest")
    long_finished = "3"
    with django_assert_num_queries(0):
        for _ in range(20):
            _number(prompt, label="latest", change=long_finished)


@pytest.mark.django_db(transaction=True, available_apps=["projects", "prompt_registry"])
def test_the_token_is_seen_by_whoever_reads_after_the_commit_and_by_nobody_before():
    prompt = make_prompt()
    before = resolution.now(project_id=prompt.project_id, name=prompt.name, number=1)
    with transaction.atomic():
        make_version(prompt)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_current_xact_id()::text")
            token = cursor.fetchone()[0]
        during: list[resolution.Outcome] = []
        thread = threading.Thread(target=lambda: during.append(_elsewhere(prompt)))
        thread.start()
        thread.join()
    after = resolution.now(project_id=prompt.project_id, name=prompt.name, number=1)

    for outcome in (before, *during):
        assert isinstance(outcome, Refusal)
        assert not announcements.is_seen(change=token, snapshot=outcome.snapshot)
    assert isinstance(after, Answer)
    assert announcements.is_seen(change=token, snapshot=after.snapshot)


@pytest.mark.django_db
def test_a_notification_of_the_longest_name_fits(django_capture_on_commit_callbacks):
    announcements.announce(project_id=1, name="\U0001f600" * 255, labels=["production", "x" * 36])


def _elsewhere(prompt) -> resolution.Outcome:
    try:
        return resolution.now(project_id=prompt.project_id, name=prompt.name, number=1)
    finally:
        connection.close()


def _number(prompt, *, label: str = "production", change: str = "") -> int:
    outcome = resolution.by_label(project_id=prompt.project_id, name=prompt.name, label=label, change=change)
    assert isinstance(outcome, Answer)
    return orjson.loads(outcome.body)["version"]


def _next_transaction() -> str:
    """Return a number that no snapshot taken so far shows as finished, whatever else the server does."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_snapshot_xmax(pg_current_snapshot())::text")
        return json.dumps(int(cursor.fetchone()[0]))
