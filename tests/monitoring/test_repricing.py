"""Counting the costs of past calls again."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from monitoring import repricing, usage
from monitoring.errors import RepricingRefused
from monitoring.kinds import Kind
from monitoring.models import Repricing, RepricingState, Span, Trace
from projects.models import Job
from projects.roles import Role
from prompt_registry.prices import books, changes
from prompt_registry.prices.changes import NewPrice
from tests.monitoring.factories import make_span, make_trace, send
from tests.prompt_registry.factories import make_member, make_project
from workers import tasks

pytestmark = pytest.mark.django_db

MILLION = 1_000_000
MODEL = "our-model"


@pytest.fixture(autouse=True)
def _forget_prices():
    books.forget()
    yield
    books.forget()


@pytest.fixture
def project():
    return make_project()


@pytest.fixture
def admin(project):
    return make_member(project, Role.ADMIN)


@pytest.fixture
def set_price(project, admin):
    def act(usd: int, *, valid_from: date = date(2026, 1, 1), model: str = MODEL) -> None:
        price = NewPrice(
            provider="", model=model, input=Decimal(usd), output=Decimal(usd), cache_read=None, cache_write=None,
            reasoning=None, valid_from=valid_from,
        )  # fmt: skip
        changes.set_price(project=project, price=price, by=admin)
        books.forget()

    return act


def call(project, **values) -> str:
    return make_trace(project, **{"model": MODEL, "tokens": (MILLION, 0)} | values)


def count_again(project, admin, *, since: date | None = None) -> Repricing:
    run = repricing.start(project=project, since=since or timezone.now().date() - timedelta(days=20), by=admin)
    while repricing.step(run_id=run.pk):
        pass
    run.refresh_from_db()
    return run


def costs(project) -> list[float | None]:
    spans = Span.objects.filter(project_id=project.pk).order_by("start_ns")
    return [None if span.cost_nano_usd is None else span.cost_nano_usd / 1e9 for span in spans]


def sums(project, table: str) -> tuple[int, float, int]:
    """Return calls, dollars and calls without a price of a usage table."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT sum(span_count), sum(cost_nano_usd), sum(unpriced_count) FROM {table} WHERE project_id = %s",
            [project.pk],
        )
        calls, nano, unpriced = cursor.fetchone()
    return int(calls), float(nano) / 1e9, int(unpriced)


def test_calls_of_an_unknown_model_get_the_price_that_was_set(project, admin, set_price):
    trace_id = call(project)
    assert costs(project) == [None]
    set_price(3)

    run = count_again(project, admin)

    assert costs(project) == [3]
    assert (run.state, run.checked_count, run.changed_count, run.difference_usd) == (RepricingState.DONE, 1, 1, 3)
    trace = Trace.objects.get(project_id=project.pk, trace_id=trace_id)
    assert (trace.cost_nano_usd, trace.unpriced_count) == (3_000_000_000, 0)


def test_all_counters_say_the_same_as_the_calls(project, admin, set_price):
    for hours in (1, 1, 30, 200):
        call(project, at=timezone.now() - timedelta(hours=hours))
    set_price(3)

    count_again(project, admin)

    assert [sums(project, f"usage_{grain}") for grain in ("minute", "hour", "day")] == [(4, 12, 0)] * 3
    total = usage.totals(project=project, start=timezone.now() - timedelta(days=15), end=timezone.now())
    assert (total.call_count, total.cost_usd, total.unpriced_count) == (4, 12, 0)


def test_each_call_gets_the_price_of_its_own_day(project, admin, set_price):
    today = timezone.now()
    for days in (10, 1):
        call(project, at=today - timedelta(days=days))
    set_price(2)
    set_price(5, valid_from=(today - timedelta(days=5)).date())

    count_again(project, admin)

    assert costs(project) == [2, 5]


def test_days_before_the_chosen_one_stay_as_they_are(project, admin, set_price):
    today = timezone.now()
    for days in (10, 1):
        call(project, at=today - timedelta(days=days))
    set_price(2)

    count_again(project, admin, since=(today - timedelta(days=5)).date())

    assert costs(project) == [None, 2]


def test_a_cost_that_the_application_sent_stays(project, admin, set_price):
    call(project, cost_usd=0.25)
    set_price(3)

    run = count_again(project, admin)

    assert (costs(project), run.changed_count) == ([0.25], 0)


def test_a_price_that_became_unknown_takes_no_cost_away(project, admin, set_price):
    set_price(3)
    call(project)
    changes.remove(price=project.model_prices.get(), by=admin)
    books.forget()

    count_again(project, admin)

    assert costs(project) == [3]


def test_only_calls_to_models_are_counted(project, admin, set_price):
    send(project, make_span(kind=Kind.CHAIN), make_span(kind=Kind.LLM, model=MODEL, tokens=None))
    set_price(3)

    run = count_again(project, admin)

    assert (run.checked_count, costs(project)) == (0, [None, None])


def test_counting_twice_changes_nothing_more(project, admin, set_price):
    call(project)
    set_price(3)
    count_again(project, admin)

    again = count_again(project, admin)

    assert (again.changed_count, again.difference_nano_usd) == (0, 0)
    assert sums(project, "usage_day") == (1, 3, 0)


def test_a_long_run_goes_piece_by_piece(project, admin, set_price, monkeypatch):
    monkeypatch.setattr(repricing, "PIECE", 2)
    for _ in range(5):
        call(project)
    set_price(3)
    run = repricing.start(project=project, since=timezone.now().date() - timedelta(days=1), by=admin)

    more = [repricing.step(run_id=run.pk) for _ in range(3)]

    assert more == [True, True, False]
    assert costs(project) == [3] * 5


def test_a_stopped_run_keeps_what_it_counted_and_goes_no_further(project, admin, set_price, monkeypatch):
    monkeypatch.setattr(repricing, "PIECE", 2)
    for _ in range(5):
        call(project)
    set_price(3)
    run = repricing.start(project=project, since=timezone.now().date() - timedelta(days=1), by=admin)
    repricing.step(run_id=run.pk)

    assert repricing.stop(project=project, by=admin)
    assert not repricing.step(run_id=run.pk)
    assert not repricing.stop(project=project, by=admin)
    assert sums(project, "usage_day") == (5, 6, 3)


def test_one_run_of_a_project_at_a_time(project, admin):
    repricing.start(project=project, since=date(2026, 1, 1), by=admin)

    with pytest.raises(RepricingRefused, match="already"):
        repricing.start(project=project, since=date(2026, 1, 1), by=admin)


def test_a_day_that_has_not_come_is_refused(project, admin):
    with pytest.raises(RepricingRefused, match="day"):
        repricing.start(project=project, since=datetime(2099, 1, 1, tzinfo=UTC).date(), by=admin)


def test_a_worker_does_the_whole_run(project, admin, set_price):
    call(project)
    set_price(3)
    repricing.start(project=project, since=timezone.now().date() - timedelta(days=1), by=admin)

    tasks.run_ready("insight")

    assert costs(project) == [3]
    assert Job.objects.get(kind=repricing.KIND).state == "done"


def test_new_calls_are_stored_with_the_prices_of_their_project(project, set_price):
    set_price(3)
    call(project)
    call(make_project())

    assert costs(project) == [3]
    assert sums(project, "usage_minute") == (1, 3, 0)


def test_a_batch_asks_for_no_prices_when_they_were_read_just_now(project):
    call(project)

    with CaptureQueriesContext(connection) as asked:
        call(project)

    assert not [query["sql"] for query in asked if "model_price" in query["sql"] or "price_list" in query["sql"]]
