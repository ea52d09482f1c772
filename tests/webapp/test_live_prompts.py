"""The stream that tells applications which prompts changed: who may listen, what is said, and what it costs."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from projects import keys
from projects.models import ApiKey, Project
from projects.roles import Role, Scope
from prompt_registry import labels, prompts
from prompt_registry.models import PromptProcess
from tests.projects.factories import make_user
from tests.prompt_registry.factories import chat, make_member, make_project, make_prompt, make_version
from tests.sdk.fake_server import eventually
from tests.webapp.live_server import serving, test_database_url
from webapp import live_keys, live_routes
from webapp.embedded import ports
from webapp.live_prompts import Limits, PromptStreams

pytestmark = pytest.mark.django_db(transaction=True, available_apps=["projects", "prompt_registry"])
SECRET_TEXT = "The secret recipe"


@pytest.fixture
def project() -> Project:
    return make_project()


def make_key(project: Project, *, scopes=(Scope.PROMPTS_READ,), **more) -> str:
    return keys.create(project=project, name="App", scopes=scopes, **more)[1]


@pytest.fixture
def key(project: Project) -> str:
    return make_key(project)


@pytest.fixture
def live(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, PromptStreams]]:
    monkeypatch.setenv("CALLBOARD_PROCESS", "live")
    with serving(database_url=test_database_url(), limits=Limits(check_seconds=0.1)) as running:
        yield running


class Stream:
    """A client that reads events."""

    def __init__(self, url: str, key: str, **headers: str) -> None:
        self._connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=10)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self._connection.request("GET", "/live/prompts", headers={"Authorization": f"Bearer {key}", **named})
        self.answer = self._connection.getresponse()

    def lines(self) -> Iterator[str]:
        while line := self.answer.readline():
            yield line.decode().rstrip("\n")

    def event(self) -> dict[str, Any]:
        """Return the next event with its id."""
        found: dict[str, Any] = {}
        for line in self.lines():
            field, _, value = line.partition(": ")
            if field == "id":
                found["id"] = value
            elif field == "data":
                return found | json.loads(value)
        raise AssertionError("the stream ended")

    def close(self) -> None:
        self.answer.close()
        self._connection.close()


@contextmanager
def listening(url: str, key: str, **headers: str) -> Iterator[Stream]:
    stream = Stream(url, key, **headers)
    try:
        yield stream
    finally:
        stream.close()


def status(url: str, key: str = "", *, method: str = "GET", path: str = "/live/prompts") -> int:
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=10)
    connection.request(method, path, headers={"Authorization": f"Bearer {key}"} if key else {})
    found = connection.getresponse().status
    connection.close()
    return found


def answers(url: str) -> bool:
    try:
        return status(url, path="/livez") == 200
    except OSError:
        return False


def wait_until_listening(streams: PromptStreams) -> None:
    # The gap that is posted when listening begins has this number.
    eventually(lambda: streams.board._complete_since > 0)


# Who may listen


def test_every_address_of_the_live_process_declares_who_may_open_it(live):
    for route in live_routes.ROUTES:
        answered = status(live[0], path=f"{route.path}/models" if route.is_prefix else route.path)
        if route.audience == "keys":
            assert route.scope in Scope.values
            assert answered == 401
        else:
            assert route.audience in ("public", "tickets")
            assert route.why
            assert answered == (200 if route.audience == "public" else 401)


def test_an_undeclared_address_does_not_exist(live, key):
    for path in ("/live", "/live/", "/live/prompts/", "/live/other", "/livez/x", "/simulated"):
        assert status(live[0], key, path=path) == 404


@pytest.mark.parametrize("scope", [scope for scope in Scope if scope != Scope.PROMPTS_READ])
def test_a_key_without_the_right_to_read_prompts_is_refused(live, project, scope):
    assert status(live[0], make_key(project, scopes=[scope])) == 403


def test_keys_are_judged_as_by_web_processes(live, project, key):
    expired = make_key(project, expires_at=timezone.now() - timedelta(seconds=1))
    revoked = make_key(project)
    keys.revoke(key=ApiKey.objects.get(key_id=revoked[3:15]), by=make_user())
    mistyped = key[:-1] + ("0" if key[-1] != "0" else "1")
    other_secret = make_key(project)
    ApiKey.objects.filter(key_id=other_secret[3:15]).update(secret_hash=b"\x00" * 32)

    for sent in (expired, revoked, mistyped, other_secret, "cb_", "nonsense"):
        assert keys.check(sent) is None
        assert status(live[0], sent) == 401


def test_only_get_is_possible(live, key):
    assert status(live[0], key, method="POST") == 405


def test_a_stream_ends_soon_after_its_key_was_revoked(live, project, key):
    with listening(live[0], key) as stream:
        keys.revoke(key=ApiKey.objects.get(key_id=key[3:15]), by=make_user())

        assert list(stream.lines())[-1] == ""
    eventually(lambda: live[1].count == 0)


def test_without_a_database_an_application_is_asked_to_come_back_later(key):
    with serving() as (url, _):
        assert status(url, key) == 503
        assert status(url, path="/livez") == 200


def test_a_new_key_is_asked_to_come_back_later_while_too_many_are_looked_up(live, key, monkeypatch):
    monkeypatch.setattr(live_keys, "MAX_ASKING", 0)

    assert status(live[0], key) == 503


# What is said


def test_a_publish_is_told_by_name_and_label_and_never_with_its_text(live, project, key):
    url, streams = live
    wait_until_listening(streams)
    prompt = make_prompt(project, name="support/refund")
    version = make_version(prompt, chat(("system", SECRET_TEXT)))
    with listening(url, key) as stream:
        stream.event()
        labels.publish(prompt=prompt, version=version, label="production", by=make_member(project, Role.APPROVER))

        event = stream.event()

    assert event["name"] == "support/refund"
    assert event["labels"] == ["production"]
    assert event["change"].isdigit()
    assert set(event) == {"id", "name", "labels", "change"}


def test_it_is_told_only_after_the_commit(live, project, key):
    url, streams = live
    wait_until_listening(streams)
    with listening(url, key) as stream:
        stream.event()
        with transaction.atomic():
            make_prompt(project, name="first")
            time.sleep(0.2)
            number_before = streams.board._number
        assert stream.event()["name"] == "first"
    assert streams.board._number == number_before + 1


def test_a_change_that_was_taken_back_is_not_told(live, project, key):
    url, streams = live
    wait_until_listening(streams)
    with listening(url, key) as stream:
        stream.event()
        with transaction.atomic():
            make_prompt(project, name="never")
            transaction.set_rollback(True)
        make_prompt(project, name="after")

        assert stream.event()["name"] == "after"


def test_another_project_hears_nothing(live, project, key):
    url, streams = live
    wait_until_listening(streams)
    with listening(url, key) as stream:
        stream.event()
        make_prompt(make_project(), name="theirs")
        make_prompt(project, name="ours")

        assert stream.event()["name"] == "ours"


def test_whoever_is_new_must_look_at_everything_and_whoever_comes_back_gets_what_was_missed(live, project, key):
    url, streams = live
    wait_until_listening(streams)
    with listening(url, key) as stream:
        first = stream.event()
        make_prompt(project, name="heard")
        heard = stream.event()
    make_prompt(project, name="missed")
    eventually(lambda: streams.board._number > int(heard["id"].partition("-")[2]))

    with listening(url, key, Last_Event_ID=heard["id"]) as again:
        assert again.event()["name"] == "missed"
    assert first["name"] == ""
    for unknown in ("", "other-1", f"{streams.board.mark}-999999999", f"{streams.board.mark}-x", "9" * 5000):
        with listening(url, key, Last_Event_ID=unknown) as lost:
            assert lost.event()["name"] == ""


def test_a_name_cannot_end_an_event_and_begin_another(live, project, key):
    url, streams = live
    wait_until_listening(streams)
    with listening(url, key) as stream:
        stream.event()
        with connection.cursor() as cursor:
            payload = json.dumps({"project": project.pk, "name": "x\n\nevent: prompts\ndata: {}", "change": "1"})
            cursor.execute("SELECT pg_notify('callboard_prompts', %s)", [payload])

        assert stream.event()["name"] == "x\n\nevent: prompts\ndata: {}"


@pytest.mark.parametrize("payload", ["", "{", "[]", "null", '{"project": "x"}', '{"project": 1}'])
def test_rubbish_on_the_channel_means_that_anything_may_have_changed(live, project, key, payload):
    url, streams = live
    wait_until_listening(streams)
    with listening(url, key) as stream:
        stream.event()
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_notify('callboard_prompts', %s)", [payload])

        assert stream.event()["name"] == ""


def test_deleting_and_restoring_concern_every_label(live, project, key):
    url, streams = live
    wait_until_listening(streams)
    prompt = make_prompt(project, name="greeting")
    person = make_member(project, Role.APPROVER)
    with listening(url, key) as stream:
        stream.event()
        prompts.delete(prompt=prompt, by=person)
        assert stream.event()["labels"] == []


# What it costs


def test_an_idle_stream_shows_that_it_lives_and_ends_after_a_while_with_the_time_to_come_back(project, key):
    limits = Limits(heartbeat_seconds=0.05, stream_seconds=0.4, retry_ms=1234)
    with serving(database_url=test_database_url(), limits=limits) as (url, _), listening(url, key) as stream:
        lines = list(stream.lines())

    assert lines[0] == "retry: 1234"
    assert lines.count(": still here") >= 3


def test_streams_are_not_buffered_or_stored_on_the_way(live, key):
    with listening(live[0], key) as stream:
        assert stream.answer.getheader("X-Accel-Buffering") == "no"
        assert stream.answer.getheader("Cache-Control") == "no-store"
        assert stream.answer.getheader("Content-Type") == "text/event-stream; charset=utf-8"


def test_a_key_may_open_so_many_streams_and_no_more(project, key):
    limits = Limits(per_key=2, check_seconds=0.1)
    with serving(database_url=test_database_url(), limits=limits) as (url, streams):
        with listening(url, key), listening(url, key):
            assert status(url, key) == 429
            with listening(url, make_key(project)) as other:
                assert other.answer.status == 200
        eventually(lambda: streams.count == 0)
        with listening(url, key) as again:
            assert again.answer.status == 200


def connections_of_live_processes() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'live'"
        )
        return cursor.fetchone()[0]


def test_many_streams_share_three_database_connections(live, project, key):
    url, streams = live
    wait_until_listening(streams)
    found = [Stream(url, key) for _ in range(30)]
    try:
        make_prompt(project, name="told to all")
        assert [(stream.event(), stream.event())[1]["name"] for stream in found] == ["told to all"] * 30
        eventually(lambda: connections_of_live_processes() == 3)
    finally:
        for stream in found:
            stream.close()
    eventually(lambda: streams.count == 0)


def test_after_the_database_cut_the_connections_changes_are_told_again(live, project, key):
    url, streams = live
    wait_until_listening(streams)
    with listening(url, key) as stream:
        stream.event()
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND application_name = 'live'"
            )
        gap = stream.event()
        make_prompt(project, name="after the cut")

        assert gap["name"] == ""
        assert stream.event()["name"] == "after the cut"


def test_told_to_stop_the_process_ends_its_streams_at_once(project, key):
    port = ports.any_free("127.0.0.1")
    argv = [sys.executable, "-m", "uvicorn", "webapp.live:application", "--port", str(port), "--log-level", "error"]
    environ = {**os.environ, "DATABASE_URL": test_database_url()}
    process = subprocess.Popen([*argv, "--timeout-graceful-shutdown", "20"], env=environ, stderr=subprocess.PIPE)
    try:
        url = f"http://127.0.0.1:{port}"
        eventually(lambda: answers(url), seconds=20)
        with listening(url, key) as stream:
            stream.event()
            began = time.monotonic()
            process.terminate()

            assert list(stream.lines())[-1] == ""
            process.wait(timeout=15)
        assert time.monotonic() - began < 10
        assert process.stderr.read() == b""
    finally:
        process.kill()
        process.communicate()


# Who is alive


def test_a_process_that_hangs_up_is_taken_off_the_list_and_one_that_comes_back_is_not(live, project, key, monkeypatch):
    monkeypatch.setattr("webapp.live_fleet.GONE_SECONDS", 0.3)
    for process_id in ("aaaaaaaa", "bbbbbbbb"):
        PromptProcess.objects.create(project=project, process_id=process_id)
    for process_id in ("aaaaaaaa", "bbbbbbbb"):
        with listening(live[0], key, X_Callboard_Process=f"{process_id} host") as stream:
            stream.event()

    with listening(live[0], key, X_Callboard_Process="bbbbbbbb host") as back:
        back.event()
        eventually(lambda: not PromptProcess.objects.filter(process_id="aaaaaaaa").exists())
        time.sleep(0.5)
        assert PromptProcess.objects.filter(process_id="bbbbbbbb").exists()


def test_whoever_listens_stays_on_the_list(live, project, key, monkeypatch):
    monkeypatch.setattr("webapp.live_fleet.TOUCH_SECONDS", 0.2)
    long_ago = timezone.now() - timedelta(minutes=2)
    PromptProcess.objects.create(project=project, process_id="aaaaaaaa", seen_at=long_ago)

    with listening(live[0], key, X_Callboard_Process="aaaaaaaa host"):
        eventually(lambda: PromptProcess.objects.get(process_id="aaaaaaaa").seen_at > long_ago)
