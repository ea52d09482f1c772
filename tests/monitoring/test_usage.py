import uuid
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from django.db import connection
from django.utils import timezone

from monitoring import usage
from monitoring.kinds import Arm, Kind
from tests.monitoring.factories import make_span, new_trace_id, rate, send
from tests.projects.factories import make_project

pytestmark = pytest.mark.django_db

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def project():
    return make_project()


@pytest.fixture
def now():
    return timezone.now()


def last(project, now, length=DAY, **filters):
    return usage.totals(project=project, start=now - length, end=now, **filters)


def test_totals_add_up_calls_errors_tokens_and_money(project, now):
    send(
        project,
        make_span(at=now - HOUR, tokens=(100, 20), cost_usd=0.002),
        make_span(at=now - 2 * HOUR, tokens=(50, 10), cost_usd=0.001, error="RateLimitError"),
    )

    found = last(project, now)

    assert (found.call_count, found.error_count, found.unpriced_count) == (2, 1, 0)
    assert (found.input_tokens, found.output_tokens, found.token_count) == (150, 30, 180)
    assert found.cost_usd == pytest.approx(0.003)
    assert found.cost_per_call_usd == pytest.approx(0.0015)


def test_the_arms_of_a_rollout_are_counted_apart_with_their_thumbs(project, now):
    rollout, other, disliked = uuid.uuid4(), uuid.uuid4(), new_trace_id()

    def call(rollout, arm, **fields):
        sent = {"callboard.rollout.id": str(rollout), "callboard.rollout.arm": arm, "callboard.rollout.bucket": 1}
        return make_span(at=now - HOUR, prompt="p", version=1, attributes=sent, **fields)

    send(
        project, call(rollout, "control"), call(rollout, "control", error="timeout"),
        call(rollout, "candidate", trace_id=disliked), call(other, "candidate"), make_span(at=now - HOUR, prompt="p", version=1),
    )  # fmt: skip
    rate(project, disliked)

    found = usage.by_arm(project=project, start=now - DAY, end=now, rollouts=[rollout])

    assert set(found) == {(rollout, Arm.CONTROL), (rollout, Arm.CANDIDATE)}
    assert (found[rollout, Arm.CONTROL].call_count, found[rollout, Arm.CONTROL].error_count) == (2, 1)
    assert found[rollout, Arm.CANDIDATE].dislikes.count == 1
    assert usage.by_arm(project=project, start=now - DAY, end=now, rollouts=[]) == {}


@pytest.mark.parametrize("length", [HOUR, 6 * HOUR, DAY, 14 * DAY, 30 * DAY])
def test_every_grain_counts_the_same_calls(project, now, length):
    send(project, *(make_span(at=now - timedelta(minutes=minutes)) for minutes in (1, 7, 30, 55)))

    assert last(project, now, length).call_count == 4
    assert sum(point.call_count for point in usage.series(project=project, start=now - length, end=now)) == 4


def test_percentiles_are_read_from_the_histogram(project, now):
    send(project, *(make_span(at=now - HOUR, took_ms=100 + index) for index in range(100)))

    found = last(project, now)

    assert found.p50_ms == pytest.approx(149, rel=0.02)
    assert found.p95_ms == pytest.approx(194, rel=0.02)
    assert found.p99_ms == pytest.approx(198, rel=0.02)


def test_only_calls_to_models_count_unless_another_kind_is_asked_for(project, now):
    send(
        project,
        make_span(at=now - HOUR),
        make_span(at=now - HOUR, kind=Kind.TOOL),
        make_span(at=now - HOUR, kind=Kind.TOOL),
    )

    assert last(project, now).call_count == 1
    assert last(project, now, kind=Kind.TOOL).call_count == 2


def test_filters_narrow_the_calls(project, now):
    send(
        project,
        make_span(at=now - HOUR, environment="staging", model="small", prompt="greet", version=1),
        make_span(at=now - HOUR, environment="production", model="large", prompt="refund", version=2),
    )

    assert last(project, now, environment="staging").call_count == 1
    assert last(project, now, model="large").call_count == 1
    assert last(project, now, prompt_name="refund").call_count == 1
    assert last(project, now, prompt_name="refund", environment="staging").call_count == 0


def test_another_project_is_never_counted(project, now):
    send(make_project(), make_span(at=now - HOUR, prompt="greet", version=1))

    assert last(project, now).call_count == 0
    assert usage.by_prompt(project=project, start=now - DAY, end=now) == []
    assert usage.seen_names(project=project, since=DAY, now=now) == ([], [])


def test_a_quiet_time_adds_up_to_nothing_known(project, now):
    found = last(project, now)

    assert (found.call_count, found.p95_ms, found.cost_per_call_usd, found.errors.share) == (0, None, None, None)


def test_calls_without_a_known_price_have_no_cost_instead_of_none_at_all(project, now):
    send(project, make_span(at=now - HOUR, model="nobody-knows-this-model"))

    found = last(project, now)

    assert found.unpriced_count == 1
    assert found.cost_usd is None
    assert found.cost_per_call_usd is None


def test_series_fill_quiet_buckets_with_zero(project, now):
    send(project, make_span(at=now - 5 * HOUR))

    points = usage.series(project=project, start=now - DAY, end=now)

    assert {after.at - before.at for before, after in pairwise(points)} == {HOUR}
    assert sorted(point.call_count for point in points)[-2:] == [0, 1]
    assert points[0].at <= now - DAY < points[1].at
    assert points[-1].at <= now < points[-1].at + HOUR


def test_prompt_versions_come_busiest_first(project, now):
    send(
        project,
        make_span(at=now - HOUR, prompt="refund", version=12),
        *(make_span(at=now - HOUR, prompt="refund", version=13, took_ms=2000) for _ in range(3)),
        make_span(at=now - HOUR),
    )

    rows = usage.by_prompt_version(project=project, start=now - DAY, end=now)

    assert [(row.prompt_name, row.prompt_version, row.call_count) for row in rows] == [
        ("refund", 13, 3),
        ("", 0, 1),
        ("refund", 12, 1),
    ]
    assert rows[0].p50_ms == pytest.approx(2000, rel=0.02)


def test_prompts_leave_out_calls_that_name_none(project, now):
    send(
        project,
        make_span(at=now - HOUR, prompt="refund", version=1),
        make_span(at=now - HOUR, prompt="refund", version=2),
        make_span(at=now - HOUR),
    )

    rows = usage.by_prompt(project=project, start=now - DAY, end=now)

    assert [(row.prompt_name, row.call_count) for row in rows] == [("refund", 2)]


def test_models_are_summed_apart(project, now):
    send(
        project,
        make_span(at=now - HOUR, model="a"),
        make_span(at=now - HOUR, model="b"),
        make_span(at=now - HOUR, model="b"),
    )

    assert [(row.model, row.call_count) for row in usage.by_model(project=project, start=now - DAY, end=now)] == [
        ("b", 2),
        ("a", 1),
    ]


def test_a_report_puts_the_period_beside_the_one_before(project, now):
    send(
        project,
        *(make_span(at=now - HOUR, prompt="refund", version=13, model="a") for _ in range(3)),
        make_span(at=now - 30 * HOUR, prompt="refund", version=12, model="a"),
    )

    found = usage.report(project=project, start=now - DAY, end=now)

    assert (found.total.call_count, found.total_before.call_count) == (3, 1)
    assert [row.prompt_version for row in found.versions] == [13]
    assert list(found.versions_before) == [("refund", 12)]
    assert found.models_before["a"].call_count == 1
    assert sum(point.call_count for point in found.points) == 3


def test_a_report_takes_two_queries(project, now, django_assert_num_queries):
    with django_assert_num_queries(2):
        usage.report(project=project, start=now - 90 * DAY, end=now)


def test_names_seen_lately_can_be_chosen_from(project, now):
    send(
        project,
        make_span(at=now - HOUR, prompt="refund", version=1, model="b"),
        make_span(at=now - HOUR, prompt="greet", version=1, model="a"),
    )

    assert usage.seen_names(project=project, since=30 * DAY, now=now) == (["greet", "refund"], ["a", "b"])


def test_rows_of_several_writers_are_added(project):
    at = datetime(2026, 11, 20, 10, tzinfo=UTC)
    for shard in range(4):
        add_hour(project, at, shard=shard, calls=10, latency=[200 << 40 | 10], thumbs=(2, 1))

    found = usage.totals(project=project, start=at, end=at + DAY)

    assert (found.call_count, found.latency.total) == (40, 40)
    assert (found.dislikes.count, found.dislikes.total) == (4, 12)
    assert (found.responses.count, found.responses.total) == (12, 40)


def add_hour(project, at, *, shard, calls, latency, thumbs):
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO usage_hour VALUES"
            " (%s, %s, %s, 1, 0, 0, NULL, 'production', 'm', '', %s, 0, 0, 0, 0, 0, 0, 0, 0, 0, %s, %s, %s, '{}')",
            [project.pk, at, shard, calls, *thumbs, latency],
        )


def test_a_thumb_on_the_chain_around_a_call_counts(project, now):
    chain = make_span(at=now - HOUR, kind=Kind.CHAIN)
    send(project, chain, make_span(trace_id=chain.trace_id.hex(), parent_id=chain.span_id.hex(), at=now - HOUR))
    rate(project, chain.trace_id.hex(), span_id=chain.span_id.hex(), up=False)
    rate(project, chain.trace_id.hex(), up=True)

    found = last(project, now)

    assert (found.thumbs_up, found.thumbs_down, found.call_count, found.latency.total) == (1, 1, 1, 1)
    assert last(project, now, kind=Kind.TOOL).thumbs_up == 0
