"""Outcomes by version and arm, counted in people."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from monitoring.kinds import Arm
from monitoring.outcomes import sides
from monitoring.outcomes.models import Outcome
from monitoring.outcomes.sides import Asked, Side
from monitoring.trace_volume import TookTooLong
from tests.monitoring.factories import make_trace
from tests.monitoring.outcomes.factories import tell
from tests.projects.factories import make_project

pytestmark = pytest.mark.django_db

PROMPT = "shop/answer"
ROLLOUT = uuid.UUID("0f0e0d0c-0b0a-4908-8706-050403020100")


@pytest.fixture
def project():
    return make_project()


def days_ago(days: float):
    return timezone.now() - timedelta(days=days)


def see(project, unit, version, *, ago=20.0, **fields):
    return make_trace(project, prompt=PROMPT, version=version, user=unit, at=days_ago(ago), **fields)


def asked(project, *, follow=7, since=30, name="order", **fields):
    return Asked(project, name, PROMPT, days_ago(since), timezone.now(), timedelta(days=follow), **fields)


def by_version(project, **fields) -> dict[int, Side]:
    return {one.side: one for one in sides.by_version(asked(project, **fields), now=timezone.now())}


def test_people_count_once_however_many_calls_and_outcomes_they_have(project):
    for _ in range(3):
        see(project, "ann", 1)
    see(project, "bob", 1)
    tell(project, "ann", at=days_ago(19))
    tell(project, "ann", at=days_ago(18))

    found = by_version(project)[1]

    assert (found.people, found.known, found.yes) == (2, 1, 1)


def test_an_outcome_belongs_to_the_version_seen_last_before_it(project):
    see(project, "ann", 1, ago=20)
    see(project, "ann", 2, ago=18)
    see(project, "ann", 3, ago=15)
    tell(project, "ann", at=days_ago(17))

    found = by_version(project)

    assert {version: one.yes for version, one in found.items()} == {1: 0, 2: 1, 3: 0}
    assert {one.movers for one in found.values()} == {1}


def test_what_happened_before_the_first_call_belongs_to_none(project):
    see(project, "ann", 1, ago=20)
    tell(project, "ann", at=days_ago(21))

    assert by_version(project)[1].known == 0


def test_what_happened_after_the_days_of_a_person_belongs_to_none(project):
    see(project, "ann", 1, ago=20)
    tell(project, "ann", at=days_ago(12))

    assert by_version(project, follow=7)[1].yes == 0
    assert by_version(project, follow=9)[1].yes == 1


def test_people_within_their_days_wait(project):
    see(project, "ann", 1, ago=20)
    see(project, "bob", 1, ago=2)
    tell(project, "bob", at=days_ago(1))

    found = by_version(project)[1]

    assert (found.people, found.waiting, found.yes) == (1, 1, 0)


def test_an_outcome_that_arrives_late_counts_for_when_it_happened(project):
    see(project, "ann", 1, ago=20)
    assert by_version(project)[1].yes == 0

    tell(project, "ann", at=days_ago(19))

    assert by_version(project)[1].yes == 1


def test_an_outcome_may_come_before_the_calls_it_belongs_to(project):
    tell(project, "ann", at=days_ago(19))
    see(project, "ann", 1, ago=20)

    assert by_version(project)[1].yes == 1


def test_no_and_nothing_are_told_apart(project):
    see(project, "ann", 1)
    see(project, "bob", 1)
    tell(project, "ann", value=False, at=days_ago(19))

    found = by_version(project)[1]

    assert (found.people, found.known, found.yes) == (2, 1, 0)


def test_each_person_weighs_the_same_in_an_average(project):
    for value in (10, 20, 30):
        tell(project, "ann", name="spent", value=value, at=days_ago(19 - value / 100))
    tell(project, "bob", name="spent", value=40, at=days_ago(19))
    see(project, "ann", 1)
    see(project, "bob", 1)

    found = by_version(project, name="spent")[1]

    assert (found.known, found.mean) == (2, 30.0)
    assert found.average is None


def test_a_session_or_a_trace_is_the_unit_where_there_is_no_user(project):
    make_trace(project, prompt=PROMPT, version=1, session="s-1", at=days_ago(20))
    trace_id = make_trace(project, prompt=PROMPT, version=1, at=days_ago(20))
    tell(project, "s-1", at=days_ago(19))
    tell(project, trace_id, at=days_ago(19))

    found = by_version(project)[1]

    assert (found.people, found.yes) == (2, 2)


def test_other_names_projects_prompts_and_environments_do_not_count(project):
    see(project, "ann", 1)
    make_trace(project, prompt="shop/other", version=1, user="bob", at=days_ago(20))
    see(project, "cem", 1, environment="staging")
    tell(project, "ann", name="return", at=days_ago(19))
    tell(make_project(), "ann", at=days_ago(19))

    found = by_version(project, environment="production")[1]

    assert (found.people, found.known) == (1, 0)


def test_arms_of_a_rollout_are_told_apart(project):
    for unit, arm, buys in (("ann", Arm.CONTROL, False), ("bob", Arm.CANDIDATE, True), ("cem", Arm.CANDIDATE, False)):
        attributes = {"callboard.rollout.id": str(ROLLOUT), "callboard.rollout.arm": arm.name.lower()}
        see(project, unit, 1, attributes=attributes)
        if buys:
            tell(project, unit, at=days_ago(19))

    found = {one.side: one for one in sides.by_arm(asked(project), rollout_id=ROLLOUT, now=timezone.now())}

    assert {side: (one.people, one.yes) for side, one in found.items()} == {Arm.CONTROL: (1, 0), Arm.CANDIDATE: (2, 1)}


def test_counting_that_takes_too_long_says_so(project, monkeypatch):
    monkeypatch.setattr(sides, "_OF_VERSIONS", "SELECT '' AS unit, 1 AS side, now() AS at FROM pg_sleep(5)")
    monkeypatch.setattr(sides, "MOST_MILLISECONDS", 50)

    with pytest.raises(TookTooLong):
        by_version(project)


def test_names_say_how_late_outcomes_come(project):
    tell(project, "ann", at=days_ago(2))
    tell(project, "bob", at=days_ago(2))
    tell(project, "ann", name="spent", value=3, at=days_ago(1))
    Outcome.objects.update(received_at=timezone.now())

    found = sides.names(project=project, since=days_ago(30))

    assert [(one.name, one.count, one.unit_count, one.is_number) for one in found] == [
        ("order", 2, 2, False), ("spent", 1, 1, True),
    ]  # fmt: skip
    assert found[0].half_within.days == 2


def test_outcomes_of_ids_that_no_call_carries_are_counted(project):
    see(project, "ann", 1)
    trace_id = make_trace(project, session="s-1")
    for unit in ("ann", "s-1", trace_id, "ANN", "0" * 31 + "1"):
        tell(project, unit)

    assert sides.unmatched_count(project=project, name="order", since=days_ago(1)) == 2
