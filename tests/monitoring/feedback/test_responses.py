"""Who answers."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from monitoring.clusters import queries
from monitoring.feedback import responses
from monitoring.feedback.bounds import Kind
from monitoring.trace_volume import TookTooLong
from tests.monitoring.factories import make_trace, rate
from tests.monitoring.issue_factories import make_cluster, make_looked_at
from tests.projects.factories import make_project

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    return make_project()


def read(project, **fields):
    now = timezone.now()
    return responses.of(project=project, start=now - timedelta(days=1), end=now, **fields)


def make_calls(project, count, *, up=0, down=0, **fields):
    for number in range(count):
        trace_id = make_trace(project, **fields)
        if number < up + down:
            rate(project, trace_id, up=number < up)


def table(found, title):
    return {row.label: row for one in found.tables if one.title == title for row in one.rows}


def test_calls_are_counted_by_whether_somebody_was_pleased_displeased_or_silent(project):
    make_calls(project, 5, up=2, down=1)

    assert read(project).total == Kind(calls=5, up=2, down=1)


def test_a_call_with_both_thumbs_counts_once_as_displeased(project):
    trace_id = make_trace(project)
    rate(project, trace_id, up=True, user="ann")
    rate(project, trace_id, up=False, user="bob")

    assert read(project).total == Kind(calls=1, up=0, down=1)


def test_each_prompt_model_and_time_says_how_often_it_is_answered(project):
    make_calls(project, 4, up=2, prompt="shop/answer", version=1, model="small", took_ms=500)
    make_calls(project, 6, down=2, prompt="shop/answer", version=2, model="large", took_ms=30_000)

    found = read(project)

    assert table(found, "By prompt and version")["shop/answer v1"].responses.share == 0.5
    assert table(found, "By model")["large"].kind == Kind(calls=6, up=0, down=2)
    assert list(table(found, "By how long it took")) == ["under 1 s", "10 s and more"]
    slow = table(found, "By how long it took")["10 s and more"]
    assert (slow.of_answered, slow.of_silent) == (0.5, 4 / 6)


def test_a_table_with_one_row_compares_nothing_and_is_left_out(project):
    make_calls(project, 3, up=1)

    assert read(project).tables == []


def test_kinds_of_calls_keep_everything_apart_that_the_tables_show(project):
    make_calls(project, 2, model="small")
    make_calls(project, 2, up=1, model="large")

    assert sorted(read(project).kinds, key=lambda kind: kind.up) == [Kind(2, 0, 0), Kind(2, 1, 0)]


def test_the_kinds_answered_most_and_least_are_named_only_when_they_differ(project):
    make_calls(project, 30, up=25, model="small")
    make_calls(project, 30, up=2, model="large")

    most, least = read(project).uneven()

    assert (most.label, least.label) == ("small", "large")


def test_a_little_chance_is_no_difference(project):
    make_calls(project, 30, up=12, model="small")
    make_calls(project, 30, up=10, model="large")

    assert read(project).uneven() is None


def test_groups_of_questions_are_named_unless_too_few_people_are_in_them(project):
    many, few = make_cluster(project, name="Refunds"), make_cluster(project, name="Ann's letter")
    for _ in range(6):
        make_looked_at(project, cluster=many)
    make_looked_at(project, cluster=few)

    assert set(table(read(project), "By what was asked")) == {"Refunds", queries.HIDDEN_NAME}


def test_only_the_asked_prompt_environment_and_time_count(project):
    make_calls(project, 2, prompt="shop/answer", version=1)
    make_calls(project, 3, prompt="shop/other", version=1)
    make_calls(project, 4, prompt="shop/answer", version=1, environment="staging")
    make_calls(project, 5, prompt="shop/answer", version=1, at=timezone.now() - timedelta(days=3))
    make_calls(make_project(), 6, prompt="shop/answer", version=1)

    assert read(project, prompt="shop/answer", environment="production").total.calls == 2


def test_only_the_newest_are_read_when_there_are_many(project, monkeypatch):
    monkeypatch.setattr(responses, "MOST_READ", 3)
    make_calls(project, 5)

    found = read(project)

    assert (found.total.calls, found.is_part) == (3, True)


def test_reading_that_takes_too_long_says_so(project, monkeypatch):
    monkeypatch.setattr(responses, "_READ", "SELECT pg_sleep(5)")
    monkeypatch.setattr(responses, "MOST_MILLISECONDS", 50)

    with pytest.raises(TookTooLong):
        read(project)
