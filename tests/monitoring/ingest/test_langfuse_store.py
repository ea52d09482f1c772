"""Batches of Langfuse's older SDKs, piece by piece into the database."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from monitoring.ingest import langfuse_batch
from monitoring.ingest.langfuse_batch import Failure
from monitoring.ingest.langfuse_store import store_batch
from monitoring.ingest.rows import Sender
from monitoring.models import Span, Trace
from projects.models import Project
from tests.projects.factories import make_project

pytestmark = pytest.mark.django_db

TRACE = "0af76519-16cd-43dd-8448-eb211c80319c"


@pytest.fixture
def project() -> Project:
    return make_project()


def moment(second: int) -> str:
    return (timezone.now().replace(microsecond=0) - timezone.timedelta(seconds=60 - second)).isoformat()


def send(project: Project, *events: tuple[str, dict[str, Any]]) -> list[Failure]:
    batch = langfuse_batch.read([
        {"id": f"e{number}", "timestamp": moment(30), "type": type, "body": body}
        for number, (type, body) in enumerate(events)
    ])  # fmt: skip
    sender = Sender(project_id=project.pk, environment="", received_at=timezone.now())
    return batch.failures + store_batch(batch, sender, body_bytes=100)


def created(start: str) -> tuple[str, dict[str, Any]]:
    body = {"id": "call", "traceId": TRACE, "name": "answer", "model": "gpt-4o-mini", "startTime": start, "input": "Hi"}
    return "generation-create", body | {"metadata": {"a": 1}, "environment": "staging"}


def ended(end: str) -> tuple[str, dict[str, Any]]:
    body = {"id": "call", "traceId": TRACE, "endTime": end, "output": "Hello", "metadata": {"b": 2}}
    return "generation-update", body | {"usage": {"input": 1000, "output": 1000}}


def test_an_update_in_another_request_completes_the_stored_call(project):
    send(project, created(moment(1)))
    send(project, ended(moment(3)))

    call = Span.objects.get(project=project)
    assert (call.name, call.model, call.environment, call.duration_ms) == ("answer", "gpt-4o-mini", "staging", 2000)
    assert (call.input_preview, call.output_preview, call.metadata) == ("Hi", "Hello", '{"a":1,"b":2}')
    assert (call.input_tokens, call.output_tokens) == (1000, 1000)


def test_the_price_is_known_when_model_and_tokens_came_in_different_requests(project):
    send(project, created(moment(1)))
    send(project, ended(moment(3)))

    together = make_project()
    send(together, created(moment(1)), ended(moment(3)))

    apart, whole = Span.objects.get(project=project), Span.objects.get(project=together)
    assert apart.cost_nano_usd == whole.cost_nano_usd
    assert apart.cost_nano_usd > 0


def test_an_update_that_overtook_its_creation_is_completed_too(project):
    send(project, ended(moment(3)))
    send(project, created(moment(1)))

    call = Span.objects.get(project=project)
    assert (call.name, call.model, call.output_preview, call.input_tokens) == ("answer", "gpt-4o-mini", "Hello", 1000)
    assert call.cost_nano_usd > 0


def test_a_batch_that_is_sent_again_changes_nothing_that_is_counted(project):
    events = [
        ("trace-create", {"id": TRACE, "name": "chat", "timestamp": moment(0)}),
        created(moment(1)),
        ended(moment(3)),
    ]
    send(project, *events)
    before = counted(project)

    send(project, *events)

    assert counted(project) == before
    trace = Trace.objects.get(project=project)
    assert (trace.span_count, trace.call_count, trace.input_tokens) == (2, 1, 1000)


def test_the_trace_follows_its_root_and_lasts_as_long_as_its_steps(project):
    send(
        project, ("trace-create", {"id": TRACE, "name": "chat", "timestamp": moment(0), "userId": "ada", "input": "Hi"})
    )
    send(project, created(moment(1)))
    send(project, ended(moment(4)))
    send(project, ("trace-create", {"id": TRACE, "output": "Hello", "sessionId": "s1"}))

    trace = Trace.objects.get(project=project)
    root = Span.objects.get(project=project, parent_span_id=None)
    assert (trace.name, trace.user_id, trace.session_id) == ("chat", "ada", "s1")
    assert (trace.input_preview, trace.output_preview, trace.has_root) == ("Hi", "Hello", True)
    assert root.duration_ms >= 4000
    assert root.kind == 2


def test_a_call_of_another_project_is_not_touched(project):
    other = make_project()
    send(other, created(moment(1)))

    send(project, ended(moment(3)))

    assert Span.objects.get(project=other).output is None
    assert Span.objects.get(project=project).name == "unnamed"


def test_a_step_that_the_database_refuses_is_answered_as_such_and_the_others_are_stored(project):
    with connection.cursor() as cursor:
        cursor.execute(
            """
            CREATE FUNCTION refuse_poison() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                IF NEW.name = 'poison' THEN RAISE EXCEPTION 'poison' USING ERRCODE = '22000'; END IF; RETURN NEW; END $$;
            CREATE TRIGGER refuse_poison BEFORE INSERT ON span FOR EACH ROW EXECUTE FUNCTION refuse_poison()
            """
        )

    failures = send(
        project,
        ("span-create", {"id": "a", "traceId": TRACE, "name": "poison", "startTime": moment(1)}),
        ("span-create", {"id": "b", "traceId": TRACE, "name": "search", "startTime": moment(1)}),
    )

    assert [(failure.event_id, failure.status) for failure in failures] == [("e0", 400)]
    assert Span.objects.get(project=project).name == "search"


def counted(project: Project) -> tuple[Any, ...]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sum(span_count), sum(root_count), sum(input_tokens), sum(cost_nano_usd), sum(duration_ns) "
            "FROM usage_minute WHERE project_id = %s",
            [project.pk],
        )
        return tuple(cursor.fetchone())
