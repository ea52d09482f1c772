"""From two arrays of scores to a difference: what is compared how, what is left out, and simulations of all of it."""

from __future__ import annotations

import numpy as np
import pytest

from evals.experiments.contrasts import Became, LeftOut, Nature, contrast, item_differences, left_out
from evals.statistics.verdicts import Verdict, settle

ROUNDS = 400
PASSES, NUMBERS, DUEL = Nature(), Nature(is_pass_or_fail=False), Nature(is_pass_or_fail=True, is_duel=True)


def test_items_judged_on_one_side_only_are_left_out():
    found = contrast(np.array([1, np.nan, 0, 1.0]), np.array([1, 1, 1, np.nan]), nature=PASSES)

    assert (found.difference.items, found.wins, found.losses, found.ties) == (2, 1, 0, 1)


def test_a_duel_needs_no_score_of_the_other_side():
    found = contrast(np.full(4, np.nan), np.array([1, 0.5, 0, 1.0]), nature=DUEL)

    assert (found.wins, found.losses, found.ties) == (2, 1, 1)
    assert found.difference.estimate == pytest.approx(0.25)


def test_each_item_is_left_out_for_the_first_reason_that_fits():
    a, b = np.array([1, np.nan, np.nan, np.nan, np.nan, np.nan]), np.array([1, 1, 1, 1, 1, np.nan])
    became = [np.array([0, Became.FAILED, 0, Became.SKIPPED, Became.WAITING, 0]), np.zeros(6, dtype=int)]
    wrong = [np.array([False, True, True, False, False, False])]

    found = left_out(item_differences(a, b, PASSES), became=became, has_error=wrong)

    assert found == (
        LeftOut("an answer failed", 1), LeftOut("the check could not judge", 1), LeftOut("not run", 1),
        LeftOut("not finished", 1), LeftOut("not judged", 1),
    )  # fmt: skip


def _passes(random, n: int, *, gain: float = 0.0, missing: float = 0.0):
    easy = random.beta(3, 1.5, n) * (1 - gain)
    a, b = (random.random(n) < easy).astype(float), (random.random(n) < easy + gain).astype(float)
    for values in (a, b):
        values[random.random(n) < missing] = np.nan
    return a, b


@pytest.mark.parametrize(("n", "gain"), [(60, 0.05), (400, 0.08)], ids=["few", "many"])
def test_the_interval_of_passes_covers_also_when_answers_are_missing(n, gain):
    random, covered = np.random.default_rng(n), 0
    for _ in range(ROUNDS):
        a, b = _passes(random, n, gain=gain, missing=0.1)
        covered += contrast(a, b, nature=PASSES).difference.interval.holds(gain)

    assert covered / ROUNDS >= 0.93


@pytest.mark.parametrize("repetitions", [1, 3])
def test_the_interval_of_numbers_covers(repetitions):
    random, covered = np.random.default_rng(repetitions), 0
    for _ in range(ROUNDS):
        item = random.uniform(0.2, 0.7, 80)
        a = item + random.normal(0, 0.1, (repetitions, 80)).mean(axis=0)
        b = item + 0.04 + random.normal(0, 0.1, (repetitions, 80)).mean(axis=0)
        covered += contrast(a, b, nature=NUMBERS).difference.interval.holds(0.04)

    assert covered / ROUNDS >= 0.93


@pytest.mark.parametrize("nature", [PASSES, NUMBERS], ids=["passes", "numbers"])
def test_the_interval_covers_where_items_share_a_source(nature):
    random, covered = np.random.default_rng(11), 0
    groups = [source for source in range(40) for _ in range(8)]
    for _ in range(ROUNDS):
        lean = np.clip(0.3 + random.normal(0.05, 0.15, 40), 0, 1).repeat(8)
        a, b = (random.random(320) < 0.3).astype(float), (random.random(320) < lean).astype(float)
        truth = float(np.clip(0.3 + random.normal(0.05, 0.15, 20_000), 0, 1).mean()) - 0.3
        covered += contrast(a, b, nature=nature, groups=groups).difference.interval.holds(truth)

    assert covered / ROUNDS >= 0.93


def test_two_runs_of_the_same_with_five_checks_are_rarely_called_different():
    random, called = np.random.default_rng(3), 0
    for _ in range(ROUNDS):
        checks = [contrast(*_passes(random, 150), nature=PASSES) for _ in range(4)]
        numbers = random.normal(0.5, 0.2, 150)
        noise = (numbers + random.normal(0, 0.1, 150) for _ in range(2))
        checks.append(contrast(*noise, nature=NUMBERS))
        called += any(one.verdict in (Verdict.BETTER, Verdict.WORSE) for one in settle([c.difference for c in checks]))

    assert called / ROUNDS <= 0.05


def test_a_judge_without_a_preference_rarely_finds_a_winner():
    random, called = np.random.default_rng(4), 0
    for _ in range(ROUNDS):
        values = random.choice([0.0, 0.5, 1.0], size=200, p=[0.3, 0.4, 0.3])
        called += not contrast(np.full(200, np.nan), values, nature=DUEL).difference.interval.holds(0)

    assert called / ROUNDS <= 0.065


def test_a_judge_that_prefers_the_first_place_finds_no_winner_once_both_orders_are_asked():
    random, called = np.random.default_rng(5), 0
    for _ in range(ROUNDS):
        likes_first = random.random((2, 200)) < 0.7
        # Asked in both orders: B stands second, then first.
        chose_b = ~likes_first[0], likes_first[1]
        values = np.where(chose_b[0] == chose_b[1], chose_b[0].astype(float), 0.5)
        called += not contrast(np.full(200, np.nan), values, nature=DUEL).difference.interval.holds(0)

    assert called / ROUNDS <= 0.065
