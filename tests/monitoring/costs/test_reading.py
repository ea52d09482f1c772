"""What calls cost is added up from the counters as it would be from the calls themselves."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from monitoring.costs import reading
from monitoring.costs.days import Days
from monitoring.costs.reading import Narrowed
from monitoring.kinds import Kind
from tests.monitoring.factories import make_span, send
from tests.projects.factories import make_project

pytestmark = pytest.mark.django_db

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
# Old calls are dated as late as they may be, so the days lie not far back.
NOW = (timezone.now() - timedelta(days=3)).replace(hour=14, minute=30, second=0, microsecond=0)


@pytest.fixture
def project():
    return make_project()


def week(project, **narrowed):
    return reading.report(project=project, days=Days(7, NOW), narrowed=Narrowed(**narrowed))


def embedding(**fields):
    sent = {
        "gen_ai.request.model": "text-embedding-3-small",
        "gen_ai.usage.input_tokens": 1000,
        "gen_ai.usage.cost": 0.5,
    }
    return make_span(kind=Kind.EMBEDDING, attributes=sent, **fields)


def values(lines):
    return [(line.value, line.now.cost_usd, line.before.cost_usd) for line in lines]


def test_money_equals_the_sum_over_the_calls_themselves(project):
    send(
        project, *(make_span(at=NOW - HOUR * hours, cost_usd=0.01 * hours) for hours in range(1, 200, 7)),
        embedding(at=NOW - DAY),
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sum(cost_nano_usd), count(*) FROM span WHERE project_id = %s AND sort_at >= %s",
            [project.pk, Days(7, NOW).start],
        )
        raw = cursor.fetchone()

    total = week(project).total

    assert (total.cost_nano_usd, total.call_count) == raw


def test_every_way_to_cut_the_costs_adds_up_to_the_whole(project):
    send(
        project,
        make_span(at=NOW - HOUR, cost_usd=2, prompt="a", version=1, model="big", environment="production"),
        make_span(at=NOW - DAY, cost_usd=3, prompt="a", version=2, model="small", environment="production"),
        make_span(at=NOW - 2 * DAY, cost_usd=4, model="small", environment="staging"),
    )

    report = week(project)

    assert values(report.prompts) == [("a", 5.0, 0.0), ("", 4.0, 0.0)]
    assert [(line.value, line.version) for line in report.versions] == [("", 0), ("a", 2), ("a", 1)]
    assert values(report.models) == [("small", 7.0, 0.0), ("big", 2.0, 0.0)]
    assert values(report.environments) == [("production", 5.0, 0.0), ("staging", 4.0, 0.0)]
    assert sum(amounts.cost_nano_usd for _, amounts in report.per_day) == report.total.cost_nano_usd


def test_the_days_before_end_at_the_same_hour_of_the_day(project):
    send(
        project,
        make_span(at=NOW - 7 * DAY - 2 * HOUR, cost_usd=1), make_span(at=NOW - 7 * DAY + 2 * HOUR, cost_usd=10),
        make_span(at=NOW - 13 * DAY + 2 * HOUR, cost_usd=100), make_span(at=NOW - HOUR, cost_usd=1000),
    )  # fmt: skip

    report = week(project)

    assert (report.total.cost_usd, report.before.cost_usd) == (1000.0, 101.0)


def test_cached_and_reasoning_tokens_are_parts_of_what_was_sent_and_answered(project):
    details = {"gen_ai.usage.cache_read.input_tokens": 60, "gen_ai.usage.reasoning.output_tokens": 15}
    send(project, make_span(at=NOW - HOUR, tokens=(100, 40), attributes=details))

    total = week(project).total

    assert (total.fresh_tokens, total.cache_read_tokens, total.answer_tokens, total.reasoning_tokens) == (
        40,
        60,
        25,
        15,
    )
    assert (total.token_count, total.cached_share, total.reasoning_share) == (140, 0.6, 0.375)


def test_calls_without_a_price_are_named_by_their_model(project):
    send(project, make_span(at=NOW - HOUR, model="invented"), make_span(at=NOW - HOUR, model="known", cost_usd=1))

    report = week(project)

    assert [(line.value, line.now.unpriced_count) for line in report.unpriced_models] == [("invented", 1)]
    assert report.unpriced_models[0].now.cost_usd is None
    assert report.total.per_thousand_usd == 1000.0


def test_a_filter_leaves_out_all_other_calls(project):
    send(
        project, make_span(at=NOW - HOUR, cost_usd=1, prompt="a", environment="staging"),
        make_span(at=NOW - HOUR, cost_usd=2, prompt="b", model="big"),
    )  # fmt: skip

    assert week(project, prompt="a").total.cost_usd == 1.0
    assert week(project, model="big").total.cost_usd == 2.0
    assert week(project, environment="staging").total.cost_usd == 1.0


def test_costs_of_another_project_stay_there(project):
    send(make_project(), make_span(at=NOW - HOUR, cost_usd=1))

    assert week(project).total.call_count == 0


def test_days_and_models_are_added_up_for_whole_days(project):
    send(
        project, make_span(at=NOW, cost_usd=1, model="a"), make_span(at=NOW - 5 * HOUR, cost_usd=2, model="a"),
        make_span(at=NOW - DAY, cost_usd=4, model="b"), make_span(at=NOW - 2 * DAY, cost_usd=8),
    )  # fmt: skip
    today = NOW.date()

    found = reading.per_day_and_model(project=project, first=today - DAY, last=today)

    assert {key: amounts.cost_usd for key, amounts in found.items()} == {(today, "a"): 3.0, (today - DAY, "b"): 4.0}
