"""What a fetch tells besides the prompt: who asked and uses what, where changes are announced, what was seen."""

from __future__ import annotations

import time

import pytest
from django.db import OperationalError, connection
from django.test import Client

from projects import keys
from projects.roles import Role, Scope
from prompt_registry import fleet, labels, resolution
from prompt_registry.models import Prompt, PromptProcess
from tests.prompt_registry.factories import make_member, make_project, make_prompt, make_version
from webapp import process_header
from webapp.api import prompts as prompts_api

pytestmark = pytest.mark.django_db
PROCESS = "0123456789abcdef web-1"


@pytest.fixture(autouse=True)
def _forget(monkeypatch):
    resolution.forget()
    fleet.forget()
    monkeypatch.setattr(prompts_api, "_note_again_at", 0.0)


@pytest.fixture
def live() -> Prompt:
    prompt = make_prompt(make_project(), name="greeting")
    _publish(prompt)
    return prompt


@pytest.fixture
def fetch(live):
    _, plain = keys.create(project=live.project, name="app", scopes=[Scope.PROMPTS_READ])

    def get(path: str = "/greeting", **headers: str):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return Client().get(f"/api/v1/prompts{path}", headers={"Authorization": f"Bearer {plain}", **named})

    return get


def _publish(prompt: Prompt) -> None:
    version = make_version(prompt)
    labels.publish(prompt=prompt, version=version, label="production", by=make_member(prompt.project, Role.APPROVER))


def _uses() -> dict[str, int]:
    return {
        key: value[0] for process in PromptProcess.objects.all() for key, value in process.serves.items()
    }  # fmt: skip


def test_a_process_that_fetches_is_noted_with_what_it_was_handed(fetch):
    fetch(X_Callboard_Process=PROCESS, X_Callboard_SDK="python/9.9")

    process = PromptProcess.objects.get()
    assert (process.process_id, process.host, process.sdk) == ("0123456789abcdef", "web-1", "python/9.9")
    assert _uses() == {"production@greeting": 1}


def test_a_process_whose_copy_is_current_is_noted_too(fetch):
    etag = fetch()["ETag"]

    answer = fetch(X_Callboard_Process=PROCESS, If_None_Match=etag)

    assert answer.status_code == 304
    assert _uses() == {"production@greeting": 1}


def test_what_a_process_says_it_serves_is_believed_against_what_it_was_handed(fetch, live):
    _publish(live)
    resolution.forget()
    fetch(X_Callboard_Process=PROCESS, X_Callboard_Serves="1")
    assert _uses() == {"production@greeting": 2}

    fetch(X_Callboard_Process=PROCESS, X_Callboard_Serves="1")

    assert _uses() == {"production@greeting": 1}


@pytest.mark.parametrize("path", ["/greeting?version=1", "/nothing", "/greeting?label=staging", ""])
def test_fixed_versions_and_what_was_not_handed_out_are_not_noted(fetch, path):
    fetch(path, X_Callboard_Process=PROCESS)

    assert not PromptProcess.objects.exists()


@pytest.mark.parametrize(
    "header", ["", "x", "0123", "0123456789ABCDEF host", "'; DROP TABLE prompt_process; -- x", "0" * 33, " 0123456789"]
)
def test_a_process_that_does_not_say_who_it_is_is_served_and_not_noted(fetch, header):
    assert fetch(X_Callboard_Process=header).status_code == 200
    assert not PromptProcess.objects.exists()


def test_a_hostile_name_of_a_machine_is_cut_to_what_can_be_shown(fetch):
    fetch(X_Callboard_Process=f"0123456789abcdef %3Cb%3E%00%0a%E2%80%AE{'x' * 500}", X_Callboard_SDK="a\tb" + "y" * 99)

    process = PromptProcess.objects.get()
    assert process.host == ("<b>" + "x" * 500)[: process_header.MAX_HOST]
    assert len(process.sdk) == 60


@pytest.mark.parametrize("told", ["", "x", "-1", "1.5", "9" * 40])
def test_a_version_that_is_no_number_is_not_believed(fetch, told):
    fetch(X_Callboard_Process=PROCESS, X_Callboard_Serves=told)

    assert _uses() == {"production@greeting": 1}


def test_an_application_gets_its_prompt_when_the_note_cannot_be_written(fetch, monkeypatch):
    fetch()
    with connection.execute_wrapper(_fails_to_note):
        assert fetch(X_Callboard_Process=PROCESS).status_code == 200
        # Nobody else waits for the database meanwhile.
        assert prompts_api._note_again_at > time.monotonic() + 20
        assert fetch(X_Callboard_Process=PROCESS).status_code == 200


def test_where_changes_are_announced_is_told_only_when_it_is_another_address(fetch, settings):
    for public, live_url, told in (
        ("http://127.0.0.1:8400", "http://127.0.0.1:8401", ":8401"),
        ("http://localhost:8400", "http://127.0.0.1:8401", ":8401"),
        ("https://c.example", "https://c.example", None),
        ("https://c.example", "http://127.0.0.1:8401", None),
        ("https://c.example", "http://localhost:8401", None),
        ("https://c.example", "https://live.example", "https://live.example"),
    ):
        settings.PUBLIC_URL, settings.LIVE_URL = public, live_url
        assert fetch().headers.get("X-Callboard-Live") == told


def test_a_change_that_was_told_is_in_the_answer(fetch, live):
    assert fetch().json()["version"] == 1
    _publish(live)
    assert fetch().json()["version"] == 1

    # The number of a transaction that no snapshot so far shows as finished.
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_snapshot_xmax(pg_current_snapshot())::text")
        token = cursor.fetchone()[0]

    assert fetch(X_Callboard_Change=token).json()["version"] == 2


@pytest.mark.parametrize("token", ["", "x", "9" * 30, "-1", "1; SELECT 1", "9" * 20])
def test_an_odd_token_is_answered_like_any_other_fetch(fetch, token):
    assert fetch(X_Callboard_Change=token).status_code == 200


def _fails_to_note(execute, sql, params, many, context):
    if "prompt_process" in sql:
        raise OperationalError("away")
    return execute(sql, params, many, context)
