"""The figures of `callboard bench loop`, with few runs: true fixes are proved, placebos are not, and before/after is fooled."""

from __future__ import annotations

from benchmarks import loop


def test_true_fixes_are_proved_and_placebos_are_not_while_the_traffic_shifts():
    figures = loop.run(loop.Options(runs=12))

    assert figures["true_fix_verified"] >= 0.9
    assert figures["placebo_verified"] <= 0.1
    assert figures["before_after_fooled"] >= 0.2
    assert figures["interval_holds_times"] >= 0.85
    assert figures["interval_holds_points"] >= 0.85
