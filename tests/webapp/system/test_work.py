"""What waits is counted by queue, and what takes long in the database is named."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from projects import jobs
from projects.models import Job
from webapp.system import work

pytestmark = pytest.mark.django_db


def test_waiting_work_is_counted_in_its_queue():
    jobs.add(kind="experiment.run", dedupe_key="1")
    jobs.add(kind="analysis.run", dedupe_key="1")
    jobs.add(kind="analysis.run", dedupe_key="2", run_at=timezone.now() + timedelta(hours=1))
    Job.objects.filter(kind="experiment.run").update(run_at=timezone.now() - timedelta(minutes=6))

    found = {queue.name: (queue.ready, queue.later, queue.waits_long) for queue in work.queues()}

    assert found == {"fast": (0, 0, False), "evals": (1, 0, True), "insight": (1, 1, False), "hooks": (0, 0, False)}


def test_the_statement_of_the_page_itself_is_not_slow():
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(0)")

    assert work.slow_statements() == []
