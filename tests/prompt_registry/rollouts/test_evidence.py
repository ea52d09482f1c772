"""Evidence may be looked at after every event: it is rarely wrong, and finds harm early."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompt_registry.rollouts.evidence import (
    HARM,
    NOT_WORSE,
    Alternatives,
    Stage,
    as_good_as_control,
    ln_e,
    rate_below,
    risk_interval,
)

ROUNDS = 400
EVENTS = 150
ALPHA = 0.05


def _in_candidate(random, share: float, risk: float) -> np.ndarray:
    q = share * risk / (1 - share + share * risk)
    return random.random(EVENTS) < q


def _ever_rejected(random, *, share: float, risk: float, tolerated: float, alternatives: Alternatives) -> bool:
    counts = np.cumsum(_in_candidate(random, share, risk))
    return any(
        ln_e(int(n1), [Stage(share, n)], tolerated=tolerated, alternatives=alternatives) >= math.log(1 / ALPHA)
        for n, n1 in enumerate(counts, start=1)
    )


@pytest.mark.parametrize(
    ("risk", "tolerated", "alternatives"),
    [(1.0, 1.0, HARM), (1.3, 1.3, NOT_WORSE), (0.8, 1.0, HARM), (1.5, 1.5, as_good_as_control(1.5))],
    ids=str,
)
def test_looking_after_every_event_is_wrong_no_oftener_than_promised(risk, tolerated, alternatives):
    random = np.random.default_rng(1)
    wrong = sum(
        _ever_rejected(random, share=0.25, risk=risk, tolerated=tolerated, alternatives=alternatives)
        for _ in range(ROUNDS)
    )

    assert wrong / ROUNDS <= ALPHA + 0.02


def test_a_tripled_risk_is_found():
    random = np.random.default_rng(2)
    found = sum(
        _ever_rejected(random, share=0.25, risk=3.0, tolerated=1.0, alternatives=HARM) for _ in range(100)
    )  # fmt: skip

    assert found >= 98


def test_half_the_risk_is_shown_to_be_no_worse():
    random = np.random.default_rng(3)
    found = sum(
        _ever_rejected(random, share=0.5, risk=0.5, tolerated=1.3, alternatives=NOT_WORSE) for _ in range(100)
    )  # fmt: skip

    assert found >= 95


@pytest.mark.parametrize(("risk", "at_least"), [(1.0, 95), (0.7, 98), (1.2, 60)])
def test_a_candidate_within_its_margin_is_shown_to_be_so(risk, at_least):
    random = np.random.default_rng(4)
    bets = as_good_as_control(2.0)
    found = sum(
        _ever_rejected(random, share=0.5, risk=risk, tolerated=2.0, alternatives=bets) for _ in range(100)
    )  # fmt: skip

    assert found >= at_least


def test_stages_add_up():
    both = [Stage(0.05, 20), Stage(0.25, 40)]
    first = ln_e(4, both[:1], tolerated=1.0, alternatives=Alternatives((2.0,), (1.0,)))
    second = ln_e(15, both[1:], tolerated=1.0, alternatives=Alternatives((2.0,), (1.0,)))

    assert ln_e(19, both, tolerated=1.0, alternatives=Alternatives((2.0,), (1.0,))) == pytest.approx(first + second)


def test_no_event_is_no_evidence():
    assert ln_e(0, [], tolerated=1.0, alternatives=HARM) == pytest.approx(0)


def test_the_interval_of_the_risk_covers():
    random = np.random.default_rng(4)
    missed = 0
    for _ in range(200):
        n1 = int(_in_candidate(random, 0.5, 2.0).sum())
        low, high = risk_interval(n1, [Stage(0.5, EVENTS)])
        missed += not low <= 2.0 <= high

    assert missed / 200 <= 0.05


@given(st.integers(0, 200).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.floats(0.01, 0.95))
def test_the_interval_holds_the_most_likely_risk(case, share):
    n1, n = case
    low, high = risk_interval(n1, [Stage(share, n)])

    assert 0 <= low <= high
    if 0 < n1 < n:
        most_likely = n1 / (n - n1) * (1 - share) / share
        assert low <= most_likely <= high


def test_alternatives_need_weights_that_add_up():
    with pytest.raises(ValueError, match="add up to 1"):
        Alternatives((2.0, 3.0), (0.5, 0.4))


def test_many_units_without_a_rare_event_show_that_it_stayed_rare():
    assert rate_below(0, 1_250, limit=0.011, usual=0.001) > math.log(10)
    assert rate_below(0, 50, limit=0.011, usual=0.001) < math.log(10)
    assert rate_below(40, 1_250, limit=0.011, usual=0.001) < 0


def test_a_rate_at_its_limit_is_hardly_ever_taken_for_lower_however_often_one_looks():
    random = np.random.default_rng(11)
    wrong = 0
    for _ in range(300):
        events = np.cumsum(random.random(4_000) < 0.02)
        looks = (rate_below(int(events[n]), n + 1, limit=0.02, usual=0.004) for n in range(50, 4_000, 50))
        wrong += any(look >= math.log(10) for look in looks)

    assert wrong <= 300 * 0.1
