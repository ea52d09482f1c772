"""The words of a replay: a verdict in a sentence, and points fewer or more instead of signs."""

from __future__ import annotations

from evals.experiments.comparison_values import Check
from evals.experiments.contrasts import Nature
from evals.replays import results, words
from evals.replays.queries import Problem, Replay
from evals.replays.results import Effect, Pair

REFUSALS = Check(1, "No refusal", "refusal", Nature(), is_rate=True)


def effect(fixed: int = 0, broken: int = 0, bad: int = 0, good: int = 0) -> Effect:
    rows = [(fixed, True, False), (broken, False, True), (bad, True, True), (good, False, False)]
    pairs = [Pair(10.0, 1, was_bad, is_bad) for count, was_bad, is_bad in rows for _ in range(count)]
    (found,) = results.overall([pairs])
    assert found is not None
    return found


def problem(found: Effect | None, title: str = "Refusals") -> Problem:
    return Problem(REFUSALS, title, "an answer that refuses", found, 0)


def replay(*problems: Problem) -> Replay:
    return Replay(4_000.0, 400, problems, (), 0)


def test_fewer_calls_with_a_problem_are_better():
    found = problem(effect(fixed=40, good=360))

    assert (
        words.verdict(replay(found), "Draft") == "Better: with Draft fewer calls would have had a problem (refusals)."
    )
    assert words.sentence(found, 4_000, "Draft") == (
        "Of 4,000 calls about 10% got an answer that refuses; with Draft about 0% would: between 7.0 and 13 points fewer."
    )


def test_more_calls_with_a_problem_are_worse():
    found = problem(effect(broken=40, good=360))

    assert words.verdict(replay(found), "v3") == "Worse: with v3 more calls would have had a problem (refusals)."
    assert words.sentence(found, 4_000, "v3").endswith("between 7.0 and 13 points more.")


def test_problems_that_go_both_ways_are_both_named():
    both = replay(problem(effect(fixed=40, good=360)), problem(effect(broken=40, good=360), "Long answers"))

    assert words.verdict(both, "Draft") == (
        "Both ways: with Draft these become rarer: refusals. These become more frequent: long answers."
    )


def test_what_nobody_can_tell_yet_is_said_with_both_ends():
    found = problem(effect(fixed=3, broken=2, bad=5, good=20))

    assert words.verdict(replay(found), "Draft").startswith("No clear difference")
    assert "points fewer to" in words.sentence(found, 300, "Draft")
    assert words.sentence(found, 300, "Draft").endswith("points more, so nobody can tell yet.")


def test_what_no_answer_had_is_not_called_a_difference():
    found = problem(effect(good=400))

    assert words.word(effect(good=400)) == "none found"
    assert words.sentence(found, 4_000, "Draft") == (
        "No question got an answer that refuses, neither then nor with Draft: at most 0.7 points more would."
    )
    assert words.verdict(replay(found), "Draft").startswith("No difference that matters")


def test_what_could_not_be_judged_says_so():
    assert words.sentence(problem(None), 10, "Draft") == "None of the calls could be judged by this on both sides."
    assert words.verdict(replay(problem(None)), "Draft").startswith("Nothing could be judged")
