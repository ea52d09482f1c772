"""The made-up stream that issues are measured on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from benchmarks.issue_stream import LARGE, NEW_VERSION, OLD_VERSION, Problem, Stream
from benchmarks.issue_texts import NOTHING_FOUND, REFUSALS
from monitoring.kinds import Kind

UNTIL = datetime(2026, 11, 20, tzinfo=UTC)


def answers(*problems: Problem) -> list[str]:
    made = Stream(1_500, UNTIL, problems=problems).traces()
    return [str(span.attributes.get("gen_ai.output.messages", "")) for one in made for span in one.spans]


def count(texts: list[str], wanted: tuple[str, ...]) -> int:
    return sum(any(one in text for one in wanted) for text in texts)


def test_the_same_seed_makes_the_same_stream():
    first, second = (list(Stream(50, UNTIL, problems=tuple(Problem)).traces()) for _ in range(2))

    assert first == second


def test_the_stream_lies_within_its_days_in_order():
    moments = [one.spans[0].start_ns / 1e9 for one in Stream(200, UNTIL, days=4).traces()]

    assert moments == sorted(moments)
    assert moments[0] >= (UNTIL - timedelta(days=4)).timestamp()
    assert moments[-1] < UNTIL.timestamp()


def test_the_new_version_and_the_empty_retriever_show_only_where_they_are_planted():
    quiet, refusing, empty = answers(), answers(Problem.REFUSING_VERSION), answers(Problem.EMPTY_RETRIEVER)

    assert count(refusing, REFUSALS) > 1.5 * count(quiet, REFUSALS)
    assert count(quiet, NOTHING_FOUND) == count(refusing, NOTHING_FOUND) == 0
    assert count(empty, NOTHING_FOUND) > 20


def test_the_large_model_is_slow_in_some_hours_of_the_last_days():
    spans = [one.spans[0] for one in Stream(3_000, UNTIL, problems=(Problem.SLOW_MODEL,)).traces()]
    slow = [span for span in spans if span.end_ns - span.start_ns > 4e9]

    assert len(slow) > 10
    assert {span.attributes["gen_ai.request.model"] for span in slow} == {LARGE}
    versions = {
        span.attributes["gen_ai.prompt.version"]
        for span in spans
        if span.attributes["callboard.kind"] == Kind.LLM.label
    }
    assert {OLD_VERSION, NEW_VERSION} <= versions
