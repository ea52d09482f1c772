"""How long calls are kept, for a project and for an environment of it, and what a change would take away."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from monitoring import retention, retention_rules
from monitoring.models import Score, Span, Trace
from monitoring.retention_rules import Kept, RetentionRefused
from tests.monitoring.factories import make_trace, rate
from tests.projects.factories import make_project, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin():
    return make_user()


@pytest.fixture
def project(admin):
    return make_project(by=admin)


def call(project, *, days: int, environment: str = "production") -> str:
    return make_trace(project, at=timezone.now() - timedelta(days=days), environment=environment)


def left(project) -> set[str]:
    return {trace.hex_id for trace in Trace.objects.filter(project=project)}


def apply() -> bool:
    return retention.apply(keep=lambda: True)


def keep(project, admin, days: int, environment: str = "", numbers: int = 400) -> None:
    retention_rules.change(project=project, kept=Kept(environment, days, numbers), by=admin)


def test_calls_older_than_the_rule_go_with_their_steps(project, admin):
    old, new = call(project, days=9), call(project, days=2)
    keep(project, admin, 7)

    apply()

    assert left(project) == {new}
    assert [span.trace_id.hex for span in Span.objects.filter(project=project)] == [new]
    assert old != new


def test_an_environment_has_a_rule_of_its_own(project, admin):
    kept = {call(project, days=9), call(project, days=1, environment="staging")}
    call(project, days=9, environment="staging")
    keep(project, admin, 3, "staging")

    apply()

    assert left(project) == kept


def test_the_rule_for_all_others_leaves_an_environment_with_its_own_alone(project, admin):
    kept = call(project, days=9, environment="staging")
    call(project, days=9)
    keep(project, admin, 20, "staging")
    keep(project, admin, 7)

    apply()

    assert left(project) == {kept}


def test_another_project_keeps_its_calls(project, admin):
    other = make_project(by=admin)
    kept = call(other, days=9)
    keep(project, admin, 7)

    apply()

    assert left(other) == {kept}


def test_the_numbers_of_charts_outlive_the_calls(project, admin):
    call(project, days=9)
    keep(project, admin, 7)

    apply()

    assert count("usage_day", project) == 1


def test_numbers_go_when_their_own_time_is_over(project, admin):
    call(project, days=25)
    call(project, days=9)
    keep(project, admin, 7, numbers=20)

    apply()

    assert count("usage_day", project) == 1


def count(table: str, project) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table} WHERE project_id = %s", [project.pk])
        return cursor.fetchone()[0]


def test_old_feedback_goes_with_the_calls(project, admin):
    rate(project, call(project, days=9), comment="my name is Jo")
    Score.objects.filter(project=project).update(received_at=timezone.now() - timedelta(days=9))
    keep(project, admin, 7)

    apply()

    assert not Score.objects.filter(project=project).exists()


def test_a_turn_that_is_over_leaves_the_rest_for_the_next(project, admin):
    call(project, days=9)
    keep(project, admin, 7)

    assert retention.apply(keep=lambda: False) is True
    assert len(left(project)) == 1
    assert apply() is False
    assert left(project) == set()


def test_a_day_that_nobody_keeps_is_dropped_as_a_whole(project):
    day = (timezone.now() - timedelta(days=120)).date()
    with connection.cursor() as cursor:
        cursor.execute("SELECT ensure_span_partitions(%s, %s)", [day, day])
    call(project, days=120)
    Trace.objects.filter(project=project).update(started_at=timezone.now() - timedelta(days=120))

    apply()

    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s)", [f"span_{day:%Y%m%d}"])
        assert cursor.fetchone() == (None,)
    assert left(project) == set()


def test_the_preview_says_what_a_rule_would_take_away_and_takes_nothing(project):
    call(project, days=9)
    call(project, days=9, environment="staging")

    assert retention_rules.preview(project=project, kept=Kept("staging", 7, 400)).calls == 1
    assert retention_rules.preview(project=project, kept=Kept("", 7, 8)).number_days == 1
    assert len(left(project)) == 2


@pytest.mark.parametrize("kept", [Kept("", 0, 400), Kept("", 90, 30), Kept("", 90, 4_000)])
def test_a_rule_that_makes_no_sense_is_refused(project, admin, kept):
    with pytest.raises(RetentionRefused):
        retention_rules.change(project=project, kept=kept, by=admin)


def test_a_change_of_a_rule_is_audited(project, admin):
    keep(project, admin, 7, "staging")
    retention_rules.remove(project=project, environment="staging", by=admin)

    assert [event.action for event in project.audit_events.order_by("pk")][-2:] == [
        "retention.changed",
        "retention.removed",
    ]
    assert retention_rules.of_project(project.pk) == [Kept()]
