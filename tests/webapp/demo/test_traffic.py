from __future__ import annotations

import json
import random
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

import pytest

from prompt_registry.providers.simulated.phrases import REFUSALS
from webapp.demo.prompts import PROMPTS, REFUND, SEARCH, SUMMARY
from webapp.demo.rhythm import arrivals
from webapp.demo.shop import ITEMS
from webapp.demo.traffic import Batch, history

ENDS_AT = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
DAYS = 10
STARTS_AT = ENDS_AT - timedelta(days=DAYS)


@pytest.fixture(scope="module")
def batches() -> list[Batch]:
    return list(history(ends_at=ENDS_AT, days=DAYS, visits_per_day=130, seed=3))


@pytest.fixture(scope="module")
def spans(batches: list[Batch]) -> list[dict[str, Any]]:
    """Every span with its attributes as a plain dict, in the order in which it is sent."""
    return [
        {"span": span, "start": span.start_time_unix_nano, "end": span.end_time_unix_nano, **plain(span.attributes)}
        for batch in batches
        for resource in batch.request.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]


def plain(attributes: Any) -> dict[str, Any]:
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in attributes}


def calls_of(spans: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    return [one for one in spans if one["callboard.kind"] == "llm" and one["gen_ai.prompt.name"] == name]


def share_of(one: dict[str, Any]) -> float:
    return (datetime.fromtimestamp(one["start"] / 1e9, UTC) - STARTS_AT) / (ENDS_AT - STARTS_AT)


def test_the_same_seed_makes_the_same_history():
    first, again, other = (
        [
            batch.request.SerializeToString(deterministic=True)
            for batch in history(ends_at=ENDS_AT, days=1, visits_per_day=50, seed=seed)
        ]
        for seed in (1, 1, 2)
    )

    assert first == again
    assert first != other


def test_ids_are_unique_and_parents_are_in_the_same_trace(spans):
    keys = {(one["span"].trace_id, one["span"].span_id) for one in spans}

    assert len(keys) == len(spans) > 2_000
    assert all(
        (one["span"].trace_id, one["span"].parent_span_id) in keys for one in spans if one["span"].parent_span_id
    )


def test_every_trace_has_one_root_that_lasts_as_long_as_its_steps(spans):
    traces = defaultdict(list)
    for one in spans:
        traces[one["span"].trace_id].append(one)

    for steps in traces.values():
        [root] = [one for one in steps if not one["span"].parent_span_id]
        assert all(root["start"] <= one["start"] < one["end"] <= root["end"] for one in steps if one is not root)


def test_the_history_fills_its_time_and_nothing_lies_outside(spans):
    moments = [datetime.fromtimestamp(one["start"] / 1e9, UTC) for one in spans]

    assert STARTS_AT <= min(moments) < STARTS_AT + timedelta(hours=6)
    assert ENDS_AT - timedelta(hours=2) < max(moments) < ENDS_AT + timedelta(minutes=2)


def test_spans_carry_what_a_client_would_send(spans):
    call = next(one for one in calls_of(spans, REFUND) if "gen_ai.output.messages" in one)

    assert call["gen_ai.operation.name"] == "chat"
    assert call["gen_ai.provider.name"] == "simulated"
    assert call["gen_ai.response.model"].startswith("simulated-")
    assert call["gen_ai.usage.input_tokens"] > 0 < call["gen_ai.usage.output_tokens"]
    assert 0 < call["gen_ai.response.time_to_first_chunk"] <= (call["end"] - call["start"]) / 1e9
    assert json.loads(call["gen_ai.input.messages"])[-1]["role"] == "user"
    assert json.loads(call["gen_ai.output.messages"])[0]["role"] == "assistant"
    assert call["user.id"].startswith("customer-")
    assert call["session.id"]
    assert call["gen_ai.prompt.variable.question"]


def test_calls_run_on_the_version_that_was_live(spans):
    for prompt in PROMPTS:
        for call in calls_of(spans, prompt.name):
            share = share_of(call)
            around = {prompt.version_at(max(0.0, min(1.0, share + step))).number for step in (-0.002, 0, 0.002)}
            assert int(call["gen_ai.prompt.version"]) in around


def test_refusals_and_thumbs_down_rise_when_the_third_refund_version_goes_live(batches, spans):
    down = {item["trace_id"] for batch in batches for item in batch.feedback if item["value"] == 0}
    counts: dict[str, Counter[str]] = {"2": Counter(), "3": Counter()}
    for call in calls_of(spans, REFUND):
        if call["gen_ai.prompt.version"] in counts:
            seen = counts[call["gen_ai.prompt.version"]]
            seen["calls"] += 1
            seen["refusals"] += any(refusal in call.get("gen_ai.output.messages", "") for refusal in REFUSALS["en"])
            seen["down"] += call["span"].trace_id.hex() in down

    before, after = counts["2"], counts["3"]
    assert after["refusals"] / after["calls"] > 2 * before["refusals"] / before["calls"]
    assert after["down"] / after["calls"] > 2 * before["down"] / before["calls"]


def test_one_hour_is_slow(spans):
    slow = [one for one in spans if one["callboard.kind"] == "llm" and 0.79 < share_of(one) < 0.81]
    by_hour = defaultdict(list)
    for one in slow:
        by_hour[one["start"] // 3_600_000_000_000].append((one["end"] - one["start"]) / 1e9)
    means = sorted(sum(seconds) / len(seconds) for seconds in by_hour.values())

    assert means[-1] > 3 * means[0]


def test_an_outage_shows_as_failed_calls_with_a_reason(spans):
    failed = [one for one in spans if one["span"].status.code == 2]
    in_outage = [one for one in failed if 0.445 < share_of(one) < 0.455]

    assert in_outage
    assert all(one["error.type"].startswith("openai.") for one in failed)
    assert all(one["span"].events[0].name == "exception" for one in failed)


def test_feedback_is_about_calls_that_were_made_and_comes_after_them(batches, spans):
    ended = {(one["span"].trace_id.hex(), one["span"].span_id.hex()): one["end"] for one in spans}
    items = [item for batch in batches for item in batch.feedback]

    assert len(items) > 30
    assert len({item["id"] for item in items}) == len(items)
    for item in items:
        created_at = datetime.fromisoformat(item["created_at"])
        assert created_at.timestamp() > ended[item["trace_id"], item["span_id"]] / 1e9
        assert created_at < ENDS_AT
        assert item["source"] == "user"
        assert item["data_type"] in ("thumbs", "correction")


def test_no_feedback_comes_before_its_trace(batches):
    seen: set[str] = set()
    for batch in batches:
        seen |= {
            span.trace_id.hex()
            for resource in batch.request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        }
        assert {item["trace_id"] for item in batch.feedback} <= seen


def test_some_sessions_have_several_traces(spans):
    traces = defaultdict(set)
    for one in spans:
        traces[one["session.id"]].add(one["span"].trace_id)

    assert sum(len(ids) > 1 for ids in traces.values()) > 20


def test_batches_stay_small(batches):
    assert all(batch.request.ByteSize() < 2_000_000 for batch in batches)


def test_people_come_by_day_and_less_on_sundays():
    starts_at = datetime(2026, 11, 2, tzinfo=UTC)
    moments = arrivals(starts_at=starts_at, ends_at=starts_at + timedelta(days=28), per_day=400, rng=random.Random(1))
    hours, weekdays = Counter(moment.hour for moment in moments), Counter(moment.weekday() for moment in moments)

    assert moments == sorted(moments)
    assert 28 * 330 < len(moments) < 28 * 470
    assert hours[3] * 5 < hours[10]
    assert weekdays[6] < 0.8 * weekdays[0]


def test_many_visits_in_an_hour_are_possible():
    starts_at = datetime(2026, 11, 2, 10, tzinfo=UTC)
    moments = arrivals(
        starts_at=starts_at, ends_at=starts_at + timedelta(hours=1), per_day=24_000, rng=random.Random(1)
    )

    assert 1_500 < len(moments) < 2_600


def test_the_large_model_is_slow_in_the_afternoons_of_the_last_days(spans):
    calls = [call for call in calls_of(spans, SUMMARY) if share_of(call) > 0.6]
    took: dict[bool, list[float]] = {True: [], False: []}
    for call in calls:
        hour = datetime.fromtimestamp(call["start"] / 1e9, UTC).hour
        took[13 <= hour < 16].append((call["end"] - call["start"]) / 1e9)

    assert min(len(times) for times in took.values()) >= 10
    assert median(took[True]) > 2 * median(took[False])


def test_near_the_end_the_search_finds_nothing_on_products(spans):
    late = [one for one in calls_of(spans, SEARCH) if share_of(one) > 0.85]
    found = Counter(
        (any(item in call["gen_ai.prompt.variable.question"] for item in ITEMS), bool(call["gen_ai.prompt.variable.context"]))
        for call in late
    )  # fmt: skip

    assert found[True, True] == 0 < found[True, False]
    assert found[False, False] == 0 < found[False, True]
