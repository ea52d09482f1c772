"""Looking after every item stops early where there is a difference, and hardly ever where there is none."""

from __future__ import annotations

import numpy as np
import pytest

from evals.statistics.stopping import Clear, look


def _stops_at(random, *, items: int, b_wins: float, a_wins: float) -> tuple[Clear, int]:
    kinds = random.choice(3, size=items, p=[b_wins, a_wins, 1 - b_wins - a_wins])
    wins = losses = 0
    for seen, kind in enumerate(kinds, start=1):
        if kind == 2:
            continue
        wins, losses = wins + (kind == 0), losses + (kind == 1)
        if (found := look(wins=wins, losses=losses)) != Clear.NOT_YET:
            return found, seen
    return Clear.NOT_YET, items


def test_without_a_difference_it_hardly_ever_stops():
    random = np.random.default_rng(1)
    stopped = sum(_stops_at(random, items=400, b_wins=0.1, a_wins=0.1)[0] != Clear.NOT_YET for _ in range(200))

    assert stopped / 200 <= 0.03


def test_a_large_difference_is_clear_after_a_fraction_of_the_items():
    random = np.random.default_rng(2)
    runs = [_stops_at(random, items=500, b_wins=0.2, a_wins=0.05) for _ in range(60)]

    assert np.mean([found == Clear.B for found, _ in runs]) > 0.95
    assert np.median([seen for _, seen in runs]) < 150


@pytest.mark.parametrize(("wins", "losses", "found"), [(40, 5, Clear.B), (5, 40, Clear.A), (6, 4, Clear.NOT_YET)])
def test_it_says_who_is_ahead(wins, losses, found):
    assert look(wins=wins, losses=losses) == found
