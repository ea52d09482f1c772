"""Feedback is counted once, wherever and whenever it arrives."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from monitoring import scores
from monitoring.errors import ScoreRefused
from monitoring.ingest import ledger
from monitoring.ingest.rows import Sender
from monitoring.ingest.spans import RawSpan
from monitoring.ingest.store import store
from monitoring.models import Score, Trace
from projects import projects
from projects.models import Project
from tests.monitoring.ingest.spans import llm_attributes, raw_span

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    ledger.forget()
    return projects.create(name="Shop")


@pytest.fixture
def call() -> RawSpan:
    return raw_span(attributes=llm_attributes(**{"gen_ai.prompt.name": "refund", "gen_ai.prompt.version": 3}))


def send(project: Project, span: RawSpan) -> None:
    store([span], Sender(project_id=project.pk, environment="", received_at=datetime.now(UTC)))


def rate(project: Project, span: RawSpan, **changes: Any) -> None:
    item = {
        "trace_id": span.trace_id.hex(),
        "name": "thumbs",
        "data_type": "thumbs",
        "value": 0,
        "source": "user",
        **changes,
    }
    scores.record(project_id=project.pk, scores=[scores.checked(item, now=datetime.now(UTC))])


def thumbs(grain: str = "minute") -> tuple[int, int]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT coalesce(sum(thumbs_up), 0), coalesce(sum(thumbs_down), 0) FROM usage_{grain}")
        up, down = cursor.fetchone()
        return int(up), int(down)


def test_a_thumb_after_the_call_is_counted_on_its_prompt_version(project: Project, call: RawSpan) -> None:
    send(project, call)

    rate(project, call)

    score = Score.objects.get(project=project)
    assert (score.prompt_name, score.prompt_version, score.model) == ("refund", 3, "gpt-4o-mini")
    assert Trace.objects.get(project=project).thumbs_down == 1
    assert [thumbs(grain) for grain in ("minute", "hour", "day")] == [(0, 1)] * 3


def test_a_thumb_before_the_call_waits_and_is_counted_when_it_comes(project: Project, call: RawSpan) -> None:
    rate(project, call)
    assert scores.join_waiting() == 0
    send(project, call)

    joined = scores.join_waiting()

    assert joined == 1
    assert thumbs() == (0, 1)
    assert scores.join_waiting() == 0


def test_a_thumb_between_the_steps_of_a_trace_waits_for_its_call(project: Project, call: RawSpan) -> None:
    step = raw_span(trace_id=call.trace_id, span_id=b"\x07" * 8, parent_id=b"\x09" * 8, attributes={})
    send(project, step)
    rate(project, call)
    assert (thumbs(), scores.join_waiting()) == ((0, 0), 0)
    send(project, call)

    joined = scores.join_waiting()

    assert (joined, thumbs()) == (1, (0, 1))
    assert Score.objects.get(project=project).prompt_name == "refund"


def test_a_thumb_on_a_step_that_has_not_arrived_waits_for_it(project: Project, call: RawSpan) -> None:
    send(project, call)
    late = raw_span(
        trace_id=call.trace_id, span_id=b"\x07" * 8, attributes=llm_attributes(**{"gen_ai.prompt.name": "chat"})
    )
    rate(project, call, span_id=late.span_id.hex())
    send(project, late)

    scores.join_waiting()

    assert Score.objects.get(project=project).prompt_name == "chat"


def test_a_thumb_on_a_trace_without_calls_is_counted_after_a_minute(project: Project, call: RawSpan) -> None:
    step = raw_span(trace_id=call.trace_id, attributes={})
    send(project, step)
    rate(project, call)
    Score.objects.filter(project=project).update(received_at=datetime.now(UTC) - timedelta(seconds=61))

    scores.join_waiting()

    assert thumbs() == (0, 1)
    assert Trace.objects.get(project=project).thumbs_down == 1


def test_a_thumb_on_an_old_trace_without_calls_is_counted_at_once(project: Project, call: RawSpan) -> None:
    send(project, raw_span(trace_id=call.trace_id, attributes={}))
    Trace.objects.filter(project=project).update(received_at=datetime.now(UTC) - timedelta(minutes=5))

    rate(project, call)

    assert thumbs() == (0, 1)


def test_a_person_who_changes_their_mind_is_counted_once(project: Project, call: RawSpan) -> None:
    send(project, call)
    rate(project, call, user_id="ann", value=0)

    rate(project, call, user_id="ann", value=1)

    assert thumbs() == (1, 0)
    assert Score.objects.filter(project=project).count() == 1
    assert Trace.objects.get(project=project).thumbs_down == 0


def test_two_people_count_twice(project: Project, call: RawSpan) -> None:
    send(project, call)
    rate(project, call, user_id="ann")

    rate(project, call, user_id="bob")

    assert thumbs() == (0, 2)


def test_the_same_id_replaces_the_score(project: Project, call: RawSpan) -> None:
    send(project, call)
    score_id = str(uuid.uuid4())
    rate(project, call, id=score_id, source="api")

    rate(project, call, id=score_id, source="api", value=1)

    assert thumbs() == (1, 0)


def test_feedback_for_one_span_takes_the_spans_own_prompt(project: Project, call: RawSpan) -> None:
    other = raw_span(
        trace_id=call.trace_id, attributes=llm_attributes(**{"gen_ai.prompt.name": "other", "gen_ai.prompt.version": 9})
    )
    send(project, call)
    send(project, other)

    rate(project, call, span_id=call.span_id.hex())

    assert Score.objects.get(project=project).prompt_name == "refund"


def test_a_score_never_joins_another_projects_call(project: Project, call: RawSpan) -> None:
    other = projects.create(name="Other")
    send(project, call)

    rate(other, call)

    assert Score.objects.get(project=other).joined_at is None
    assert thumbs() == (0, 0)


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        ({"trace_id": "xyz", "value": 1}, "32 hexadecimal"),
        ({"trace_id": "0" * 32, "value": 1}, "32 hexadecimal"),
        ({"trace_id": "a" * 32, "value": float("nan")}, "finite"),
        ({"trace_id": "a" * 32, "value": "five"}, "finite"),
        ({"trace_id": "a" * 32, "data_type": "thumbs", "value": 3}, "1 .up, yes."),
        ({"trace_id": "a" * 32, "data_type": "correction"}, "string_value"),
        ({"trace_id": "a" * 32, "data_type": "magic", "value": 1}, "data_type"),
        ({"trace_id": "a" * 32, "value": 1, "span_id": "zz"}, "16 hexadecimal"),
        ({"trace_id": "a" * 32, "value": 1, "name": "x" * 81}, "80 characters"),
        ("text", "object"),
    ],
)
def test_a_wrong_score_is_refused_with_its_reason(item: Any, reason: str) -> None:
    with pytest.raises(ScoreRefused, match=reason):
        scores.checked(item, now=datetime.now(UTC))


def test_a_moment_that_the_database_cannot_tell_is_moved_to_the_first_one_that_makes_sense(
    project: Project, call: RawSpan
) -> None:
    send(project, call)

    rate(project, call, created_at="0001-01-01T00:00:00+14:00")

    assert Score.objects.get(project=project).created_at.year == 2000
