"""Whatever dies in the middle of a change of a rollout: it stands as before or as after, and can be done again."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.conf import settings
from django.db import OperationalError, connection

from projects.models import AuditEvent, Job
from prompt_registry.models import Label, Rollout, RolloutDecision
from prompt_registry.rollouts import changes
from prompt_registry.rollouts.models import RolloutState
from prompt_registry.rollouts.plans import Step
from tests.prompt_registry.rollouts.factories import make_approver, make_live_prompt, make_plan, make_rollout

pytestmark = pytest.mark.django_db(transaction=True, available_apps=settings.INSTALLED_APPS)

ONE_STEP = make_plan(steps=(Step(0.25),))
# The server ends its side of the connection, as it does when a process is killed or the server goes down: at the first write,
# after the last one, and when the transaction is about to be committed.
_TRIGGERS = {
    "first write": "CREATE TRIGGER dies AFTER INSERT OR UPDATE ON rollout FOR EACH ROW EXECUTE FUNCTION die()",
    "last write": "CREATE TRIGGER dies AFTER INSERT ON audit_event FOR EACH ROW EXECUTE FUNCTION die()",
    "commit": "CREATE CONSTRAINT TRIGGER dies AFTER INSERT OR UPDATE ON rollout DEFERRABLE INITIALLY DEFERRED "
    "FOR EACH ROW EXECUTE FUNCTION die()",
}


def _run(query: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(query)


@contextmanager
def _dying(moment: str) -> Iterator[None]:
    """Let whoever changes a rollout inside the block die at this moment."""
    _run(
        "CREATE OR REPLACE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$"
    )
    _run(_TRIGGERS[moment])
    try:
        with pytest.raises(OperationalError):
            yield
    finally:
        connection.close()
        _run("DROP FUNCTION die() CASCADE")


def _everything() -> tuple[list[dict[str, Any]], ...]:
    """Return all that a change of a rollout touches."""
    tables = (Rollout, RolloutDecision, Label, AuditEvent, Job)
    return tuple(list(table.objects.order_by("pk").values()) for table in tables)


def _by_rule(action: str, plan: Any) -> tuple[Callable[[], Rollout], Callable[[Rollout], Any]]:
    def act(rollout: Rollout) -> Any:
        return changes.apply(rollout=rollout, action=action, reason="It says so.", situation={}, evidence={})

    return lambda: make_rollout(plan=plan), act


def _by_person(act: Callable[..., Rollout], plan: Any) -> tuple[Callable[[], Rollout], Callable[[Rollout], Any]]:
    return lambda: make_rollout(plan=plan), lambda rollout: act(rollout=rollout, by=rollout.started_by, reason="Now.")


def _paused() -> Rollout:
    rollout = make_rollout()
    return changes.pause(rollout=rollout, by=rollout.started_by, reason="Wait.")


TRANSITIONS = {
    "pause": (*_by_person(changes.pause, make_plan()), RolloutState.PAUSED),
    "resume": (_paused, _by_person(changes.resume, make_plan())[1], RolloutState.RUNNING),
    "advance": (*_by_person(changes.advance, make_plan()), RolloutState.RUNNING),
    "roll back": (*_by_person(changes.roll_back, make_plan()), RolloutState.ROLLED_BACK),
    "finish": (*_by_person(changes.finish, make_plan()), RolloutState.COMPLETED),
    "promote by rule": (*_by_rule("promote", make_plan()), RolloutState.RUNNING),
    "complete by rule": (*_by_rule("complete", ONE_STEP), RolloutState.COMPLETED),
    "roll back by rule": (*_by_rule("roll back", make_plan()), RolloutState.ROLLED_BACK),
}


@pytest.mark.parametrize("name", TRANSITIONS)
def test_a_change_that_dies_leaves_everything_as_it_was_and_can_be_done_again(name: str):
    prepare, act, state = TRANSITIONS[name]
    rollout = prepare()
    rows = Rollout.objects.select_related("project", "prompt__project", "started_by")
    before = _everything()

    for moment in _TRIGGERS:
        with _dying(moment):
            act(rows.get(pk=rollout.pk))
        assert _everything() == before, moment

    act(rows.get(pk=rollout.pk))
    after = Rollout.objects.get(pk=rollout.pk)
    assert (after.state, after.revision) == (state, rollout.revision + 1)


def test_a_start_that_dies_has_not_begun_and_can_be_done_again():
    prompt = make_live_prompt()
    person = make_approver(prompt)
    before = _everything()

    for moment in _TRIGGERS:
        with _dying(moment):
            make_rollout(prompt, by=person)
        assert _everything() == before, moment

    assert make_rollout(prompt, by=person).state == RolloutState.RUNNING


def test_of_two_controllers_at_once_one_has_an_effect():
    rollout = make_rollout()
    barrier, outcomes = threading.Barrier(4), []

    def look() -> None:
        try:
            row = Rollout.objects.select_related("project", "prompt__project").get(pk=rollout.pk)
            barrier.wait()
            outcomes.append(changes.apply(rollout=row, action="promote", reason="Fine.", situation={}, evidence={}))
        finally:
            connection.close()

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len([one for one in outcomes if one is not None]) == 1
    after = Rollout.objects.get(pk=rollout.pk)
    assert (after.step, len(after.step_began), after.revision) == (1, 2, 2)
    assert after.decisions.filter(action="promote").count() == 1
    assert AuditEvent.objects.filter(action="rollout.advanced").count() == 1
