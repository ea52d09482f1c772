"""Taking outcomes in."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitoring import masking_policies, retention
from monitoring.erasure import places, requests, tombstones
from monitoring.erasure.targets import Target
from monitoring.errors import OutcomeRefused
from monitoring.models import Trace
from monitoring.outcomes import recording
from monitoring.outcomes.models import Outcome
from tests.monitoring.factories import make_trace, new_trace_id
from tests.monitoring.outcomes.factories import tell
from tests.projects.factories import make_project, make_user

# A busy machine is no fault of what is tested.
patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
MOMENT = "2026-04-30T10:00:00Z"


def checked(**item):
    return recording.checked({"unit_id": "ann", "name": "order"} | item, project_id=1, now=NOW)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, ("boolean", 1.0)),
        (True, ("boolean", 1.0)),
        (False, ("boolean", 0.0)),
        (3, ("number", 3.0)),
        (-0.5, ("number", -0.5)),
    ],
)
def test_a_value_is_yes_no_or_a_number(value, expected):
    found = checked(value=value)

    assert (found.data_type, found.value) == expected


@pytest.mark.parametrize(
    "item",
    [
        {"unit_id": ""}, {"unit_id": None}, {"unit_id": "x" * 256}, {"unit_id": ["ann"]}, {"name": ""}, {"name": "x" * 81},
        {"value": "much"}, {"value": float("nan")}, {"value": float("inf")}, {"value": 10**400}, {"happened_at": "soon"},
        {"happened_at": "2026-05-02T12:00:00Z"}, {"happened_at": "1999-01-01T00:00:00Z"}, {"happened_at": "0001-01-01T00:00:00+14:00"},
        {"id": "7"},
    ],
    ids=str,
)  # fmt: skip
def test_what_makes_no_sense_is_refused_with_a_reason(item):
    with pytest.raises(OutcomeRefused):
        checked(**item)


@patient
@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text() | st.integers(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_whatever_is_sent_is_read_or_refused(sent):
    for item in (
        sent,
        {"unit_id": sent, "name": sent},
        {"unit_id": "a", "name": "b", "value": sent, "happened_at": sent, "id": sent},
    ):
        try:
            found = recording.checked(item, project_id=1, now=NOW)
        except OutcomeRefused:
            continue
        assert abs(found.value) <= 1e15
        assert "\x00" not in found.unit_id + found.name


def test_a_moment_without_a_zone_is_utc():
    assert checked(happened_at="2026-04-30T10:00:00").happened_at == datetime(2026, 4, 30, 10, tzinfo=UTC)


def test_the_same_at_the_same_moment_is_the_same_outcome():
    assert checked(happened_at=MOMENT).id == checked(happened_at=MOMENT, value=4).id
    assert checked(happened_at=MOMENT).id != checked(happened_at=MOMENT, unit_id="bob").id
    assert checked().id != checked().id


@pytest.mark.django_db
def test_sent_twice_it_is_stored_once_with_the_last_value():
    project = make_project()
    at = timezone.now() - timedelta(days=1)

    tell(project, "ann", value=1, at=at)
    tell(project, "ann", value=2, at=at)

    assert [one.value for one in Outcome.objects.for_project(project)] == [2.0]


@pytest.mark.django_db
def test_the_same_id_in_two_projects_are_two_outcomes():
    one, other = make_project(), make_project()
    same = "6f1c0f0e-58a5-4a8e-9d3f-0d8e2f6d7a11"

    tell(one, "ann", id=same)
    tell(other, "bob", id=same)

    assert [Outcome.objects.get(project=project).unit_id for project in (one, other)] == ["ann", "bob"]


@pytest.mark.django_db
def test_ids_are_masked_as_those_of_calls_are():
    project = make_project()
    choices = replace(masking_policies.choices_of(project), ids="hash")
    masking_policies.change(project=project, choices=choices, by=make_user())
    masking_policies.forget()
    make_trace(project, user="ann")

    tell(project, "ann")

    stored = Outcome.objects.get(project=project).unit_id
    assert stored != "ann"
    assert stored == Trace.objects.get(project=project).user_id


@pytest.mark.django_db
def test_outcomes_of_somebody_whose_data_was_deleted_are_not_kept():
    project = make_project()
    requests.ask(project=project, subject=requests.checked(kind="user", subject="ann"), by=make_user())
    tombstones.forget()

    tell(project, "ann")
    tell(project, "bob")

    assert [one.unit_id for one in Outcome.objects.for_project(project)] == ["bob"]


@pytest.mark.django_db
def test_outcomes_are_found_by_user_session_and_trace():
    project, trace_id = make_project(), new_trace_id()
    for unit in ("ann", "session 1", trace_id, "bob"):
        tell(project, unit)
    [place] = [one for one in places.of_monitoring() if one.name == "outcomes"]
    target = Target(project.pk, timezone.now(), (UUID(trace_id),), ("ann",), ("session 1",))

    assert (place.count(target), place.erase(target), place.count(target)) == (3, 3, 0)
    assert [one.unit_id for one in Outcome.objects.for_project(project)] == ["bob"]


@pytest.mark.django_db
def test_outcomes_of_a_session_go_with_its_last_trace():
    project = make_project()
    first, second = (make_trace(project, session="session 1") for _ in range(2))
    tell(project, "session 1")
    [place] = [one for one in places.of_monitoring() if one.name == "outcomes"]
    one, both = (Target(project.pk, timezone.now(), ids) for ids in ((UUID(first),), (UUID(first), UUID(second))))

    assert (place.count(one), place.count(both)) == (0, 1)


@pytest.mark.django_db
def test_old_outcomes_go_with_old_feedback():
    project = make_project()
    tell(project, "ann")
    tell(project, "bob")
    Outcome.objects.filter(unit_id="ann").update(received_at=timezone.now() - timedelta(days=500))

    retention.apply(keep=lambda: True)

    assert [one.unit_id for one in Outcome.objects.for_project(project)] == ["bob"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "fields",
    [{"data_type": "eaten"}, {"data_type": "boolean", "value": 0.5}, {"value": 1e16}, {"unit_id": ""}],
    ids=str,
)
def test_the_database_refuses_what_makes_no_sense(fields):
    project = make_project()

    given = {"unit_id": "ann", "name": "order", "data_type": "number", "value": 1, "happened_at": NOW}

    with pytest.raises(IntegrityError), transaction.atomic():
        Outcome.objects.create(project=project, **(given | fields))
