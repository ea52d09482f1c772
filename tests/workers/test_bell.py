"""Adding a job rings for a worker of its queue, once it is committed; a ring that fails costs nothing."""

from __future__ import annotations

import pytest
from kombu.exceptions import OperationalError

from projects import doorbell, jobs
from workers import bell, queues

pytestmark = pytest.mark.django_db


@pytest.fixture
def sent(monkeypatch):
    sent = []
    monkeypatch.setattr(
        bell._application(), "send_task", lambda name, **options: sent.append((name, options["args"], options["queue"]))
    )
    monkeypatch.setattr(doorbell, "_ringer", bell.ring)
    return sent


def test_a_new_job_rings_in_its_queue_after_the_commit(sent, monkeypatch, django_capture_on_commit_callbacks):
    monkeypatch.setitem(queues._QUEUE_OF, "slow", "evals")
    with django_capture_on_commit_callbacks(execute=True):
        jobs.add(kind="slow", dedupe_key="1")
        jobs.add(kind="quick", dedupe_key="1")
        assert sent == []

    assert sent == [("workers.tasks.run_jobs", [queue], queue) for queue in ("evals", "fast")]


def test_work_that_was_asked_for_before_does_not_ring(sent, django_capture_on_commit_callbacks):
    jobs.add(kind="quick", dedupe_key="1")
    with django_capture_on_commit_callbacks(execute=True):
        jobs.add(kind="quick", dedupe_key="1")

    assert sent == []


def test_while_redis_is_away_nobody_waits_twice(monkeypatch):
    tried = []

    def fail(name, **options):
        tried.append(name)
        raise OperationalError("no Redis")

    monkeypatch.setattr(bell._application(), "send_task", fail)
    monkeypatch.setattr(bell, "_silent_until", 0.0)

    bell.ring("quick")
    bell.ring("quick")

    assert len(tried) == 1
