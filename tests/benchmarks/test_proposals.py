"""The figures of `callboard bench proposals`, with few runs: what is accepted helps, and what learned the test by heart is refused."""

from __future__ import annotations

from benchmarks import proposals


def test_what_is_accepted_helps_and_no_budget_is_passed():
    figures = proposals.run(proposals.Options(runs=4))

    assert figures["accepted"] >= 0.5
    assert figures["accepted_improve_holdout"] == 1
    assert figures["memoriser_refused"] == 1
    assert figures["memoriser_refused_without_a_look"] == 1
    assert figures["placebo_accepted"] == 0
    assert figures["cap_passed"] == 0
