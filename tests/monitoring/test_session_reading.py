"""A stretch of a session, and what was said in it."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from django.utils import timezone

from monitoring import session_reading
from monitoring.kinds import Kind
from monitoring.trace_search import cursor_of
from tests.monitoring.factories import make_span, make_trace, new_trace_id, send
from tests.projects.factories import make_project

pytestmark = pytest.mark.django_db

TRACE = "0af7651916cd43dd8448eb211c80319c"


@pytest.fixture
def project():
    return make_project()


@pytest.fixture
def now():
    return timezone.now()


def test_every_trace_of_a_session_is_in_one_stretch_from_its_end_to_its_beginning(project, now):
    at = [now - timedelta(minutes=60 - index // 2) for index in range(60)]
    made = [make_trace(project, session="s", at=moment) for moment in at]
    make_trace(project, session="another")

    stretches = [session_reading.latest(project=project, session_id="s")]
    while place := stretches[0].earlier:
        stretches.insert(0, session_reading.before(project=project, session_id="s", place=place))

    read = [trace.hex_id for stretch in stretches for trace in stretch.traces]
    assert len(stretches) == 3
    assert sorted(read) == sorted(made)
    assert read[::2] == sorted(read[::2], key=lambda hex_id: made.index(hex_id) // 2)


def test_going_on_from_the_first_trace_reads_the_rest(project, now):
    made = [make_trace(project, session="s", at=now - timedelta(minutes=60 - index)) for index in range(30)]
    first = session_reading.around(project=project, session_id="s", trace_id=UUID(made[0]))

    rest = session_reading.after(project=project, session_id="s", place=first.later)

    assert [trace.hex_id for trace in first.traces + rest.traces] == made
    assert (first.earlier, rest.later) == (None, None)
    assert first.later == cursor_of(first.traces[-1])


def test_a_session_of_another_project_is_not_here(project):
    make_trace(make_project(), session="s")

    assert session_reading.latest(project=project, session_id="s").traces == []
    assert session_reading.totals(project=project, session_id="s") is None


def test_turns_hold_the_last_call_of_each_trace(project, now):
    root = make_span(trace_id=TRACE, kind=Kind.AGENT, session="s", at=now)
    below = {"trace_id": TRACE, "parent_id": root.span_id.hex(), "session": "s"}
    send(
        project, root, make_span(**below, at=now, asked="first"),
        make_span(**below, at=now + timedelta(seconds=1), asked="second"),
        make_span(trace_id=new_trace_id(), kind=Kind.CHAIN, session="s", at=now - timedelta(minutes=1)),
    )  # fmt: skip

    turns = session_reading.turns(session_reading.latest(project=project, session_id="s").traces)

    without_call, with_calls = turns
    assert without_call.input is None
    assert "second" in with_calls.input


def test_a_text_of_megabytes_stays_in_the_database(project):
    make_trace(project, session="s", asked="word " * 100_000, answered="short")

    turn = session_reading.turns(session_reading.latest(project=project, session_id="s").traces)[0]

    assert (turn.input, turn.is_long) == (None, True)
    assert "short" in turn.output
