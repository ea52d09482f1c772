"""Whole rollouts, played through the code that decides: rarely a false alarm, and harm is found after few units."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.rollouts import HARMS, Scenario, play
from prompt_registry.rollouts.decisions import Action

ROUNDS = 30


def played(scenario: Scenario, rounds: int = ROUNDS):
    return [play(scenario, seed=seed) for seed in range(rounds)]


def test_a_candidate_that_changes_nothing_arrives_where_the_peeked_test_would_have_stopped_it():
    runs = played(Scenario())

    assert sum(run.action == Action.ROLL_BACK for run in runs) <= 5
    assert np.median([run.days for run in runs]) <= 2.4
    assert np.mean([run.naive_rolled_back for run in runs]) > 0.5


@pytest.mark.parametrize(
    ("harm", "units"),
    [
        ("disliked 4 to 8 %", 350),
        ("refusals 1 to 3 %", 500),
        ("p95 +30 %", 200),
        ("errors x10", 100),
        ("errors x100", 10),
    ],
)
def test_harm_is_rolled_back_after_few_units(harm, units):
    runs = played(Scenario(harm=HARMS[harm]))

    assert all(run.action == Action.ROLL_BACK for run in runs)
    # The medians of few rounds scatter by a third.
    assert np.median([run.candidate_units for run in runs]) <= 1.35 * units


def test_feedback_that_comes_hours_late_neither_hides_harm_nor_raises_alarms():
    late_harm = played(Scenario(harm=HARMS["disliked 4 to 8 %"], late_hours=6), 8)
    late_nothing = played(Scenario(late_hours=6), 8)

    assert sum(run.action == Action.COMPLETE for run in late_harm) == 0
    assert sum(run.action == Action.ROLL_BACK for run in late_nothing) <= 2
