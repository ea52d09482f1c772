"""What is stored, counted once, merged, and what a poison span costs."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection

from monitoring.ingest import ledger
from monitoring.ingest.rows import Sender
from monitoring.ingest.spans import RawSpan
from monitoring.ingest.store import Stored, store
from monitoring.kinds import Mark
from monitoring.models import Span, Trace
from projects import projects
from projects.models import Project
from tests.monitoring.ingest.spans import SECOND, llm_attributes, raw_span

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    ledger.forget()
    return projects.create(name="Shop")


def send(project: Project, *spans: RawSpan) -> Stored:
    return store(spans, Sender(project_id=project.pk, environment="", received_at=datetime.now(UTC)))


def usage(grain: str) -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT sum(span_count), sum(error_count), sum(input_tokens), sum(cost_nano_usd), "
            f"(SELECT sum(x & 1099511627775) FROM usage_{grain} u, unnest(u.latency) x) FROM usage_{grain}"
        )
        names = ("span_count", "error_count", "input_tokens", "cost_nano_usd", "in_histogram")
        return dict(zip(names, map(int, cursor.fetchone()), strict=True))


def test_a_call_is_stored_with_its_conversation(project: Project) -> None:
    span = raw_span()

    send(project, span)

    stored = Span.objects.get(project=project)
    assert stored.trace_id.bytes == span.trace_id
    assert stored.hex_id == span.span_id.hex()
    assert (stored.model, stored.environment, stored.input_tokens) == ("gpt-4o-mini", "production", 100)
    assert stored.input == '[{"role":"user","content":"Where is my money?"}]'
    assert (stored.input_preview, stored.output_preview) == ("Where is my money?", "On its way.")


def test_a_batch_sent_twice_counts_once(project: Project) -> None:
    spans = [raw_span() for _ in range(3)]
    send(project, *spans)

    again = send(project, *spans)

    assert (again.accepted, again.duplicate, again.merged) == (0, 3, 0)
    for grain in ("minute", "hour", "day"):
        assert usage(grain)["span_count"] == 3
        assert usage(grain)["in_histogram"] == 3
    assert Trace.objects.filter(project=project).count() == 3


def test_a_trace_sums_up_its_spans_in_any_order(project: Project) -> None:
    root = raw_span(
        name="answer question", attributes={"callboard.kind": "chain", "input.value": "Hello", "session.id": "s1"}
    )
    call = raw_span(
        trace_id=root.trace_id, parent_id=root.span_id, start_ns=root.start_ns + 5, status=2, status_message="boom"
    )
    send(project, call)
    send(project, root)

    trace = Trace.objects.get(project=project)

    assert (trace.name, trace.span_count, trace.call_count, trace.error_count) == ("answer question", 2, 1, 1)
    assert (trace.input_tokens, trace.output_tokens, trace.model) == (100, 20, "gpt-4o-mini")
    assert (trace.input_preview, trace.output_preview, trace.session_id) == ("Hello", "On its way.", "s1")
    assert trace.has_root


def test_one_poison_span_loses_only_itself(project: Project) -> None:
    spans = [raw_span() for _ in range(40)]
    spans[17].start_ns = 2**63 - 1  # a day that PostgreSQL has, but whose end it cannot hold
    spans[17].end_ns = 2**64

    stored = send(project, *spans)

    assert Span.objects.filter(project=project).count() + len(stored.rejected) == 40
    assert len(stored.rejected) <= 1


def test_text_that_the_database_refuses_is_found_by_halving(project: Project) -> None:
    spans = [raw_span() for _ in range(40)]
    spans[17].name = "bad \x00 name"

    stored = send(project, *spans)

    assert (stored.accepted, len(stored.rejected)) == (39, 1)
    assert Span.objects.filter(project=project).count() == 39
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM quarantined_span WHERE project_id = %s", [project.pk])
        assert cursor.fetchone()[0] == 1


@pytest.mark.parametrize(
    "bad", [{"trace_id": bytes(16)}, {"trace_id": b"short"}, {"span_id": bytes(8)}, {"start_ns": 0}]
)
def test_a_span_without_usable_ids_or_start_is_rejected_alone(project: Project, bad: dict[str, object]) -> None:
    stored = send(project, raw_span(), raw_span(**bad))

    assert (stored.accepted, len(stored.rejected)) == (1, 1)


def test_a_later_version_of_a_span_is_merged_and_counted_once(project: Project) -> None:
    first = raw_span(attributes=llm_attributes(**{"gen_ai.usage.input_tokens": 10}))
    later = raw_span(
        trace_id=first.trace_id, span_id=first.span_id, start_ns=first.start_ns, end_ns=first.end_ns + 4 * SECOND, status=2,
        status_message="cut off", attributes=llm_attributes(**{"gen_ai.usage.input_tokens": 30, "late": "yes"}),
    )  # fmt: skip
    send(project, first)

    stored = send(project, later)

    span, trace = Span.objects.get(project=project), Trace.objects.get(project=project)
    assert (stored.accepted, stored.merged) == (0, 1)
    assert (span.duration_ns, span.input_tokens, span.status_message) == (5 * SECOND, 30, "cut off")
    assert span.attribute_values()["late"] == "yes"
    assert (trace.input_tokens, trace.error_count, trace.span_count) == (30, 1, 1)
    for grain in ("minute", "hour", "day"):
        assert usage(grain) == {
            "span_count": 1,
            "error_count": 1,
            "input_tokens": 30,
            "cost_nano_usd": usage(grain)["cost_nano_usd"],
            "in_histogram": 1,
        }


def test_a_clock_far_off_is_stored_untouched_and_sorted_nearby(project: Project) -> None:
    send(project, raw_span(start_ns=1))

    span = Span.objects.get(project=project)

    assert span.start_ns == 1
    assert (datetime.now(UTC) - span.sort_at).days in (29, 30)


def test_the_same_span_twice_in_one_batch_is_one_span(project: Project) -> None:
    span = raw_span()

    stored = send(project, span, span)

    assert (stored.accepted, stored.duplicate) == (1, 1)


def test_the_key_of_an_environment_decides_where_calls_belong(project: Project) -> None:
    store([raw_span()], Sender(project_id=project.pk, environment="staging", received_at=datetime.now(UTC)))

    assert Span.objects.get(project=project).environment == "staging"


def test_equal_ids_in_two_projects_do_not_meet(project: Project) -> None:
    other = projects.create(name="Other")
    span = raw_span(trace_id=os.urandom(16))
    send(project, span)

    send(other, span)

    assert Span.objects.filter(project=project).count() == Span.objects.filter(project=other).count() == 1


def test_a_project_remembers_its_first_accepted_call(project: Project, django_capture_on_commit_callbacks) -> None:
    send(project, raw_span())

    project.refresh_from_db()

    assert project.first_accepted_at is not None


def test_a_span_that_is_sent_again_and_again_with_new_attributes_keeps_within_its_limits(project: Project) -> None:
    first = raw_span(attributes={f"a{number}": number for number in range(200)})
    again = raw_span(
        trace_id=first.trace_id, span_id=first.span_id, start_ns=first.start_ns,
        attributes={f"b{number}": number for number in range(200)},
    )  # fmt: skip
    send(project, first)

    send(project, again)

    stored = Span.objects.get(project=project)
    assert len(stored.attribute_values()) <= 260
    assert stored.attribute_values()["a199"] == 199
    assert stored.marks & Mark.TRUNCATED


def test_every_environment_is_remembered_once_its_turn_comes(
    project: Project, django_capture_on_commit_callbacks: Any
) -> None:
    spans = [raw_span(resource={"deployment.environment.name": f"e{number:03}"}) for number in range(60)]

    for _ in range(2):
        with django_capture_on_commit_callbacks(execute=True):
            send(project, *spans)

    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM environment WHERE project_id = %s", [project.pk])
        assert cursor.fetchone() == (60,)
