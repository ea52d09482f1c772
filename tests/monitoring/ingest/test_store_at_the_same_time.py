"""Writers that send the same spans again with another content, all at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from monitoring.models import Span, Trace
from projects.models import Project
from tests.monitoring.factories import make_span, send
from tests.projects.factories import make_project

# Each writer has a connection of its own, so nothing can be rolled back.
pytestmark = pytest.mark.django_db(transaction=True, available_apps=settings.INSTALLED_APPS)

WRITERS, ROUNDS, SPANS = 4, 3, 12


def work(project: Project, writer: int) -> None:
    """Send all spans, each writer with a model of its own and in an order of its own, so that every batch is merged."""
    at = timezone.now() - timedelta(minutes=2)
    try:
        for number in range(ROUNDS):
            spans = [
                make_span(
                    trace_id=f"{span + 1:032x}",
                    span_id=f"{span + 1:016x}",
                    at=at,
                    model=f"m{(writer + span) % 3}",
                    took_ms=number + 1,
                )
                for span in range(SPANS)
            ]
            send(project, *(spans if writer % 2 else reversed(spans)))
    finally:
        connection.close()


def test_everything_is_stored_once_although_the_writers_change_the_same_counters():
    project = make_project()

    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(lambda writer: work(project, writer), range(WRITERS)))

    assert Span.objects.filter(project_id=project.pk).count() == SPANS
    assert {trace.span_count for trace in Trace.objects.filter(project=project)} == {1}
    with connection.cursor() as cursor:
        cursor.execute("SELECT sum(span_count)::int FROM usage_minute WHERE project_id = %s", [project.pk])
        assert cursor.fetchone() == (SPANS,)
