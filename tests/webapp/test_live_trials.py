"""The stream of a trial: its answers as they are written, for members who hold a ticket, and for nobody else."""

from __future__ import annotations

import http.client
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.db.models import F

from projects.models import Membership, User
from projects.roles import Role
from prompt_registry import trials
from prompt_registry.trial_models import CellState, Trial, TrialCell
from prompt_registry.trial_plans import TrialInput, Variant
from tests.prompt_registry.factories import make_member, make_project, make_prompt, text
from tests.webapp import live_server
from webapp.live_tickets import Ticket
from webapp.live_trials import Limits

# The live process reads what was committed.
pytestmark = pytest.mark.django_db(transaction=True, available_apps=settings.INSTALLED_APPS)
SECRET = os.environ["CALLBOARD_SECRET_KEY"]


@pytest.fixture
def trial() -> Trial:
    project = make_project()
    user = make_member(project, Role.EDITOR)
    variant = Variant(
        kind="version", number=1, is_live=True, content=text("{{q}}").to_json(), connection_id=1, connection_name="Fake",
        model="m", is_simulated=True,
    )  # fmt: skip
    trial = trials.create(
        prompt=make_prompt(project, type="text"), inputs=[TrialInput({"q": "?"})] * 2, variants=[variant], by=user
    )
    trials.ask(trial=trial, by=user)
    return trial


@pytest.fixture
def user(trial: Trial) -> User:
    assert trial.created_by is not None
    return trial.created_by


@pytest.fixture
def url(trial: Trial) -> Iterator[str]:
    with live_server.serving(database_url=live_server.test_database_url()) as (url, _):
        yield url


def ticket(trial: Trial, user: User, **changes: int) -> str:
    values = {
        "project_id": trial.project_id,
        "trial_id": trial.pk,
        "user_id": user.pk,
        "expires_at": int(time.time()) + 60,
    }
    return Ticket(**values | changes).signed(SECRET)


@contextmanager
def asked(url: str, plain: str, *, method: str = "GET", **headers: str) -> Iterator[http.client.HTTPResponse]:
    client = http.client.HTTPConnection(url.removeprefix("http://"), timeout=10)
    try:
        client.request(method, "/live/trials", headers={"Authorization": f"Bearer {plain}", **headers})
        yield client.getresponse()
    finally:
        client.close()


def events(response: http.client.HTTPResponse) -> Iterator[tuple[str, Any]]:
    """Yield the events of the stream until it ends."""
    name = ""
    for raw in response:
        line = raw.decode().rstrip("\n")
        if line.startswith("event: "):
            name = line[7:]
        elif line.startswith("data: "):
            yield name, json.loads(line[6:])


def write(cell: TrialCell, **values: object) -> None:
    TrialCell.objects.filter(pk=cell.pk).update(revision=F("revision") + 1, **values)


def test_an_answer_arrives_while_it_is_written_and_the_stream_ends_with_the_last(trial, user, url):
    first, second = trial.cells.order_by("row")
    with asked(url, ticket(trial, user)) as response:
        stream = events(response)
        whole = next(stream)
        write(first, state=CellState.RUNNING, text="Two <b>days")
        begun = next(stream)
        write(first, text="Two <b>days ☃.")
        grown = next(stream)
        write(first, state=CellState.DONE)
        write(second, state=CellState.FAILED, text="")
        rest = list(stream)

    assert response.getheader("content-type") == "text/event-stream; charset=utf-8"
    assert [line["state"] for line in whole[1]] == ["ready", "ready"]
    assert begun[1] == [{"id": first.pk, "state": "running", "is_whole": False, "text": "Two <b>days"}]
    assert grown[1] == [{"id": first.pk, "state": "running", "is_whole": False, "text": " ☃."}]
    assert rest[-1] == ("over", {})


def test_an_answer_that_began_anew_is_sent_whole(trial, user, url):
    first = trial.cells.order_by("row")[0]
    write(first, state=CellState.RUNNING, text="Half an answer")
    with asked(url, ticket(trial, user)) as response:
        stream = events(response)
        next(stream)
        write(first, text="Another")
        again = next(stream)

    assert again[1] == [{"id": first.pk, "state": "running", "is_whole": True, "text": "Another"}]


def test_a_trial_with_nothing_under_way_ends_its_stream_at_once(trial, user, url):
    trial.cells.update(state=CellState.DONE)
    with asked(url, ticket(trial, user)) as response:
        names = [name for name, _ in events(response)]

    assert names == ["cells", "over"]


def test_tickets_that_are_old_made_up_or_for_something_else_open_nothing(trial, user, url):
    stranger = make_member(make_project(), Role.ADMIN)
    tickets = {
        "made up": (401, "1.2.3.4.abc"),
        "old": (401, ticket(trial, user, expires_at=int(time.time()) - 1)),
        "of a stranger": (404, ticket(trial, stranger)),
        "of another project": (404, ticket(trial, stranger, project_id=stranger.memberships.get().project_id)),
        "of a trial that is not there": (404, ticket(trial, user, trial_id=0)),
    }
    found = {}
    for name, (_, plain) in tickets.items():
        with asked(url, plain) as response:
            found[name] = response.status

    assert found == {name: status for name, (status, _) in tickets.items()}


def test_somebody_who_was_taken_out_of_the_project_loses_the_stream(trial, user):
    database, often = live_server.test_database_url(), Limits(check_seconds=0.2)
    with (
        live_server.serving(database_url=database, trial_limits=often) as (url, _),
        asked(url, ticket(trial, user)) as response,
    ):
        stream = events(response)
        next(stream)
        Membership.objects.filter(user=user).delete()
        rest = list(stream)

    assert rest == []


def test_only_pages_of_this_site_may_read_the_answer(trial, user, url):
    origins = {
        "http://127.0.0.1:8400": True,
        "http://localhost:8400": True,
        "https://evil.example": False,
        "null": False,
    }
    found = {}
    for origin in origins:
        with asked(url, "", method="OPTIONS", Origin=origin) as response:
            found[origin] = response.getheader("access-control-allow-origin") == origin
        assert response.status == 204

    assert found == origins


def test_other_methods_are_refused(trial, user, url):
    with asked(url, ticket(trial, user), method="POST") as response:
        assert response.status == 405


def test_one_person_cannot_take_all_the_streams(trial, user, url):
    opened = []
    try:
        for _ in range(9):
            opened.append(http.client.HTTPConnection(url.removeprefix("http://"), timeout=10))
            opened[-1].request("GET", "/live/trials", headers={"Authorization": f"Bearer {ticket(trial, user)}"})
        statuses = [client.getresponse().status for client in opened]
    finally:
        for client in opened:
            client.close()

    assert statuses == [200] * 8 + [429]


def test_while_the_database_is_away_the_page_is_told_to_go_on_by_itself(trial, user):
    with live_server.serving(database_url=live_server.NOWHERE) as (url, _), asked(url, ticket(trial, user)) as response:
        assert response.status == 503


def test_the_streams_of_many_pages_share_one_connection(trial, user, url):
    with asked(url, ticket(trial, user)) as one, asked(url, ticket(trial, user)) as two:
        next(events(one))
        next(events(two))
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%FROM trial_cell%' AND pid <> pg_backend_pid()"
            )
            assert cursor.fetchone()[0] <= 1
