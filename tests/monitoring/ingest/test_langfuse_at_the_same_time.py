"""Many applications on older SDKs, all at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from monitoring.ingest import langfuse_batch
from monitoring.ingest.langfuse_store import store_batch
from monitoring.ingest.rows import Sender
from monitoring.models import Trace
from projects.models import Project
from tests.projects.factories import make_project

# Each application writes on a connection of its own, so nothing can be rolled back.
pytestmark = pytest.mark.django_db(transaction=True, available_apps=settings.INSTALLED_APPS)

APPLICATIONS, ROUNDS = 4, 6


def events(*bodies: tuple[str, dict[str, Any]]) -> langfuse_batch.Batch:
    moment = timezone.now().isoformat()
    return langfuse_batch.read([
        {"id": f"{type} {body['id']}", "timestamp": moment, "type": type, "body": body} for type, body in bodies
    ])  # fmt: skip


def work(project: Project, application: int) -> None:
    """Begin calls in one request and end them in the next, as the SDK does when a call takes longer than a second."""
    sender = Sender(project_id=project.pk, environment="", received_at=timezone.now())
    now = timezone.now().isoformat()
    try:
        for number in range(ROUNDS):
            trace, call = f"trace {application}-{number}", f"call {application}-{number}"
            begun = {"id": call, "traceId": trace, "name": "answer", "startTime": now, "model": "gpt-4o-mini"}
            store_batch(events(("trace-create", {"id": trace}), ("generation-create", begun)), sender, body_bytes=1)
            ended = {"id": call, "traceId": trace, "endTime": timezone.now().isoformat(), "usage": {"input": 10}}
            store_batch(events(("generation-update", ended)), sender, body_bytes=1)
    finally:
        connection.close()


def deadlocks() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        return int(cursor.fetchone()[0])


def test_applications_that_write_at_once_never_block_each_other():
    project, before = make_project(), deadlocks()

    with ThreadPoolExecutor(APPLICATIONS) as pool:
        list(pool.map(lambda application: work(project, application), range(APPLICATIONS)))

    traces = Trace.objects.filter(project=project)
    assert deadlocks() == before
    assert {(trace.call_count, trace.input_tokens) for trace in traces} == {(1, 10)}
    assert len(traces) == APPLICATIONS * ROUNDS
