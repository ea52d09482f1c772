"""A process that is killed (kill -9) in the middle of a change of a rollout leaves it as it was; of two at once one has an effect."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

from projects.models import AuditEvent, Job
from prompt_registry.models import Label, Rollout, RolloutDecision
from prompt_registry.rollouts import changes
from prompt_registry.rollouts.plans import Step
from tests.prompt_registry.rollouts import dying
from tests.prompt_registry.rollouts.factories import make_plan, make_rollout

pytestmark = pytest.mark.django_db(transaction=True, available_apps=settings.INSTALLED_APPS)

# One process that has loaded everything and has no threads: each change forks from it.
_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload(["tests.prompt_registry.rollouts.dying"])
_PATIENCE = 30.0


def _run(query: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall() if cursor.description else []


@contextmanager
def _lingering() -> Iterator[None]:
    """Let every change wait between its last decision and its end until nobody holds it up any more."""
    _run(
        "CREATE FUNCTION linger() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN PERFORM pg_advisory_xact_lock(160); RETURN NULL; END $$"
    )
    _run("CREATE TRIGGER lingers AFTER INSERT ON rollout_decision FOR EACH ROW EXECUTE FUNCTION linger()")
    _run("SELECT pg_advisory_lock(160)")
    try:
        yield
    finally:
        _run("SELECT pg_advisory_unlock(160)")
        _wait_until(lambda: _waiting() == 0)
        _run("DROP FUNCTION linger() CASCADE")


def _waiting() -> int:
    """Return how many are in the middle of a change, or wait for somebody who is."""
    [(count,)] = _run(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    return int(count)


def _begin(action: str, rollout: Rollout) -> BaseProcess:
    process = _PROCESSES.Process(
        target=dying.change, args=(connection.settings_dict["NAME"], action, str(rollout.pk)), daemon=True
    )
    process.start()
    return process


def _wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _everything() -> tuple[list[dict[str, Any]], ...]:
    tables = (Rollout, RolloutDecision, Label, AuditEvent, Job)
    return tuple(list(table.objects.order_by("pk").values()) for table in tables)


AFTER = {
    "pause": ("paused", 0, 10_000), "resume": ("running", 0, 10_000), "advance": ("running", 1, 250_000),
    "finish": ("completed", 0, 1_000_000), "undo": ("rolled_back", 0, 0), "promote": ("running", 1, 250_000),
    "complete": ("completed", 0, 1_000_000), "roll back": ("rolled_back", 0, 0), "freeze": ("running", 0, 10_000),
}  # fmt: skip


@pytest.mark.parametrize("action", AFTER)
def test_who_is_killed_in_the_middle_of_a_change_has_not_begun_it_and_the_next_one_does_it(action: str):
    rollout = make_rollout(plan=make_plan(steps=(Step(0.01), Step(0.25))))
    if action == "resume":
        changes.pause(rollout=rollout, by=rollout.started_by, reason="Wait.")
    before = _everything()

    with _lingering():
        process = _begin(action, rollout)
        _wait_until(lambda: _waiting() == 1)
        process.kill()
        process.join()
        killed = _everything()
    assert killed == before
    assert _everything() == before

    process = _begin(action, rollout)
    process.join(_PATIENCE)

    after = Rollout.objects.get(pk=rollout.pk)
    assert process.exitcode == 0
    assert (after.state, after.step, after.share_ppm) == AFTER[action]
    assert RolloutDecision.objects.count() == len(before[1]) + 1


@pytest.mark.parametrize("action", ["promote", "complete", "roll back"])
def test_of_two_processes_that_decide_at_once_one_has_an_effect(action: str):
    rollout = make_rollout(plan=make_plan(steps=(Step(0.01), Step(0.25), Step(0.95))))
    with _lingering():
        both = [_begin(action, rollout) for _ in range(2)]
        _wait_until(lambda: _waiting() == 2)
    for process in both:
        process.join(_PATIENCE)

    after = Rollout.objects.get(pk=rollout.pk)
    assert [process.exitcode for process in both] == [0, 0]
    assert after.revision == rollout.revision + 1
    assert after.decisions.filter(action=action).count() == 1
