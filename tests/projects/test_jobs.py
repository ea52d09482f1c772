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
from tests.projects.factories import make_project

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


# Projects take turns


def add_for(project, *keys: str, kind: str = KIND) -> None:
    for key in keys:
        jobs.add(kind=kind, dedupe_key=f"{project.pk if project else 0} {key}", project_id=project and project.pk)


def served(amount: int, *, kinds: tuple[str, ...] = (KIND,)) -> list[str]:
    """Do so many jobs one after the other, as one worker does, and return their keys."""
    keys = []
    for _ in range(amount):
        (job,) = jobs.claim(kinds=kinds)
        jobs.finish(job=job)
        keys.append(job.dedupe_key)
    return keys


def test_many_jobs_of_one_project_do_not_stand_before_the_first_of_another():
    busy, quiet = make_project(), make_project()
    add_for(busy, *map(str, range(50)))
    add_for(quiet, "first", "second")

    assert served(4) == [f"{busy.pk} 0", f"{quiet.pk} first", f"{busy.pk} 1", f"{quiet.pk} second"]


def test_projects_take_turns_within_one_claim_too():
    busy, quiet = make_project(), make_project()
    add_for(busy, *map(str, range(50)))
    add_for(quiet, "first")

    claimed = {job.dedupe_key for job in jobs.claim(kinds=[KIND], limit=3)}

    assert claimed == {f"{busy.pk} 0", f"{quiet.pk} first", f"{busy.pk} 1"}


def test_a_project_whose_jobs_fail_waits_for_its_turn_like_others():
    broken, quiet = make_project(), make_project()
    add_for(broken, *map(str, range(5)))
    (job,) = jobs.claim(kinds=[KIND])
    jobs.fail(job=job, error="boom")
    add_for(quiet, "first")

    assert served(1) == [f"{quiet.pk} first"]


def test_work_of_no_project_takes_its_turn():
    busy = make_project()
    add_for(busy, *map(str, range(5)))
    add_for(None, "housekeeping")

    assert "0 housekeeping" in served(2)


def test_turns_count_by_kinds_that_one_worker_takes():
    one, other = make_project(), make_project()
    add_for(one, "hook")
    add_for(other, "hook")
    add_for(one, "mail", kind="other")
    served(1, kinds=("other",))

    assert served(1) == [f"{one.pk} hook"]


def test_a_job_that_is_not_due_yet_keeps_nobody_waiting():
    later, ready = make_project(), make_project()
    jobs.add(kind=KIND, dedupe_key="later", project_id=later.pk, run_at=timezone.now() + timedelta(hours=1))
    add_for(ready, "now", "soon")

    assert served(2) == [f"{ready.pk} now", f"{ready.pk} soon"]
    assert jobs.claim(kinds=[KIND]) == []


def test_what_is_left_goes_to_one_other_job_of_the_kind_however_often_it_is_asked():
    project = make_project()
    jobs.add(kind="slow", dedupe_key="1", payload={"a": 1}, project_id=project.pk)
    [job] = jobs.claim(kinds=["slow"])

    asked = [jobs.go_on(job=job), jobs.go_on(job=job)]

    left = Job.objects.exclude(pk=job.pk).get()
    assert asked == [True, False]
    assert (left.kind, left.payload, left.project_id) == ("slow", {"a": 1}, project.pk)
