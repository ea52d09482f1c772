"""Behaviour of jobs with leases."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.utils import timezone

from projects import jobs
from projects.errors import LeaseLost
from projects.models import Job, JobState

pytestmark = pytest.mark.django_db
KIND = "test"


def add(key: str = "1") -> bool:
    return jobs.add(kind=KIND, dedupe_key=key)


def claim() -> Job:
    (job,) = jobs.claim(kinds=[KIND])
    return job


def state() -> str:
    return Job.objects.get().state


def test_the_same_work_is_asked_for_once():
    assert [add(), add()] == [True, False]


def test_no_more_is_claimed_than_asked_for_however_the_database_looks_for_it():
    for key in "123":
        add(key)

    with connection.cursor() as cursor:
        for way in ("hashjoin", "mergejoin", "hashagg", "sort", "material"):
            cursor.execute(f"SET LOCAL enable_{way} = off")

    claimed = jobs.claim(kinds=[KIND], limit=1)

    assert len(claimed) == 1


def test_a_job_goes_to_one_worker():
    add()
    claim()

    assert jobs.claim(kinds=[KIND]) == []


def test_a_worker_takes_only_the_kinds_it_knows():
    add()

    assert jobs.claim(kinds=["other"]) == []


def test_a_finished_job_stays_done():
    add()
    jobs.finish(job=claim())

    assert state() == JobState.DONE
    assert jobs.claim(kinds=[KIND]) == []


def test_a_failed_job_comes_back_later():
    add()
    jobs.fail(job=claim(), error="boom")

    assert jobs.claim(kinds=[KIND]) == []
    Job.objects.update(run_at=Now())
    assert claim().attempts == 2


def test_a_job_is_given_up_after_its_last_try():
    add()
    for _ in range(5):
        Job.objects.update(run_at=Now())
        jobs.fail(job=claim(), error="boom")

    assert state() == JobState.DEAD
    assert Job.objects.get().last_error == "boom"


def test_a_job_that_kills_its_workers_is_given_up_too():
    add()
    for _ in range(5):
        claim()
        Job.objects.update(lease_until=Now() - timedelta(seconds=1))
        jobs.sweep()

    assert state() == JobState.DEAD


def test_a_silent_worker_loses_its_job():
    add()
    zombie = claim()
    Job.objects.update(lease_until=Now() - timedelta(seconds=1))
    jobs.sweep()
    successor = claim()

    with pytest.raises(LeaseLost):
        jobs.finish(job=zombie)
    with pytest.raises(LeaseLost):
        jobs.renew(job=zombie)
    jobs.fail(job=zombie, error="too late")
    jobs.finish(job=successor)
    assert state() == JobState.DONE


def test_a_dead_job_can_be_tried_again():
    add()
    Job.objects.update(state=JobState.DEAD, attempts=5)

    jobs.retry(job=Job.objects.get())

    assert claim().attempts == 1


def test_finished_jobs_are_removed_after_a_while():
    add()
    jobs.finish(job=claim())
    Job.objects.update(finished_at=Now() - timedelta(days=8))
    add("2")

    assert jobs.delete_finished(older_than=timedelta(days=7)) == 1
    assert Job.objects.count() == 1


def test_work_with_a_moment_waits_for_it():
    moment = timezone.now() + timedelta(hours=1)
    jobs.add(kind=KIND, dedupe_key="later", run_at=moment)
    assert jobs.claim(kinds=[KIND]) == []

    Job.objects.update(run_at=Now())

    assert claim().dedupe_key == "later"
