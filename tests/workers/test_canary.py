"""The canary goes the whole way, over HTTP, once a minute, and leaves nothing behind."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, connection, connections
from django.utils import timezone

from monitoring import canary
from monitoring.canary import Word
from monitoring.models import Span, Trace
from projects.models import ApiKey, Project
from tests.monitoring.factories import make_span, send
from tests.projects.factories import make_project, make_user, signed_in
from workers import canary as flight
from workers import tasks

pytestmark = pytest.mark.django_db


class Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def site(settings) -> Iterator[str]:
    """The address of a server that sees what this test has not committed: it works on the same connection."""
    shared = connections["default"]
    shared.inc_thread_sharing()
    # As Django's own test client does: the end of a request would close the connection, and the test's transaction with it.
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    server = make_server("127.0.0.1", 0, get_wsgi_application(), handler_class=Quiet)

    def serve() -> None:
        connections["default"] = shared
        server.serve_forever(poll_interval=0.02)

    thread = threading.Thread(target=serve)
    thread.start()
    settings.PUBLIC_URL = settings.CANARY_URL = f"http://127.0.0.1:{server.server_port}"
    yield settings.PUBLIC_URL
    server.shutdown()
    thread.join()
    server.server_close()
    for signal in signals:
        signal.connect(close_old_connections)
    shared.dec_thread_sharing()


@pytest.fixture
def nowhere(settings) -> None:
    settings.CANARY_URL = "http://127.0.0.1:9"


def set_back(minutes: int) -> None:
    """Let every run look as if it had been so long ago."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE canary_run SET due_at = due_at - %(age)s, started_at = started_at - %(age)s, finished_at = finished_at - %(age)s",
            {"age": timedelta(minutes=minutes)},
        )  # fmt: skip


def runs() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(DISTINCT due_at) FROM canary_run")
        return int(cursor.fetchone()[0])


def test_a_call_goes_the_whole_way_and_every_stage_is_timed(site):
    tasks.send_canary()
    assert canary.state().word is Word.NEVER_RAN

    tasks.run_jobs()

    state = canary.state()
    assert (state.word, state.last_run.error) == (Word.WELL, "")
    assert all(getattr(state.last_run, f"{stage}_ms") >= 0 for stage in canary.STAGES)


def test_two_beats_send_one_canary(site):
    tasks.send_canary()
    tasks.send_canary()

    # Two only when the minute has ended in between.
    assert Trace.objects.count() == runs()


def test_the_next_canary_uses_the_same_project_and_key(site):
    tasks.send_canary()
    set_back(1)
    tasks.send_canary()

    assert (Project.objects.count(), ApiKey.objects.count(), Trace.objects.count()) == (1, 1, 2)


def test_another_secret_key_of_the_site_gets_another_key(site, settings):
    tasks.send_canary()
    set_back(1)
    settings.SECRET_KEY = "a new secret key, long enough to be one, 0123456789"
    tasks.send_canary()
    tasks.run_jobs()

    assert ApiKey.objects.count() == 2
    assert canary.state().word is Word.WELL


def test_what_stopped_the_canary_is_kept_in_words(nowhere):
    tasks.send_canary()

    assert "does not answer" in canary.state().last_run.error


def test_a_run_that_never_succeeded_is_old_after_three_minutes(nowhere):
    tasks.send_canary()
    assert canary.state().word is Word.NEVER_RAN

    set_back(4)

    assert canary.state().word is Word.OLD


def test_nobody_sees_the_project_of_the_canary(site):
    tasks.send_canary()
    owner = make_user(is_owner=True)

    assert "checks itself" not in signed_in(owner).get("/projects/").text
    assert signed_in(owner).get("/p/_callboard/").status_code == 404
    assert signed_in(owner).post("/projects/_callboard/join/").status_code == 404


def test_owners_are_warned_on_every_page_when_the_canary_is_old(site):
    owner = make_user(is_owner=True)
    project = make_project(by=owner)
    tasks.send_canary()
    tasks.run_jobs()
    page = f"/p/{project.slug}/prompts/"
    assert "test call" not in signed_in(owner).get(page).text

    set_back(10)

    assert "test call has not gone the whole way for 10 min" in signed_in(owner).get(page).text


def test_others_are_not_warned(site):
    admin = make_user()
    project = make_project(by=admin)
    tasks.send_canary()
    set_back(10)

    assert "test call" not in signed_in(admin).get(f"/p/{project.slug}/prompts/").text


def test_readiness_tells_how_the_canary_is(site, client):
    tasks.send_canary()
    tasks.run_jobs()

    assert client.get("/readyz").json()["canary"]["state"] == "ok"


def test_its_calls_and_runs_are_removed_after_a_day_and_those_of_others_stay(site):
    theirs = make_project()
    send(theirs, make_span(at=timezone.now() - timedelta(days=3)))
    tasks.send_canary()
    tasks.run_jobs()
    ours = Project.objects.of_the_system().get()
    send(ours, make_span(at=timezone.now() - timedelta(days=3)))
    set_back(60 * 26)
    tasks.send_canary()
    tasks.run_jobs()

    flight.forget_old()

    assert (Span.objects.filter(project=theirs).count(), Span.objects.filter(project=ours).count()) == (1, 2)
    assert Trace.objects.filter(project=ours).count() == 2
    assert runs() == 1
