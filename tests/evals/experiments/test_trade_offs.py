"""Which variants are worth their price: what nothing beats on both."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.experiments import comparisons, trade_offs
from evals.experiments.models import ExperimentCell
from tests.evals.experiment_factories import make_judged


def test_what_is_dearer_and_no_better_is_not_on_the_front():
    assert trade_offs.best([(1.0, 0.5), (2.0, 0.5), (3.0, 0.9), (2.5, 0.7), (4.0, 0.8)]) == [
        True,
        False,
        True,
        True,
        False,
    ]


def test_equal_ones_stay_both():
    assert trade_offs.best([(1.0, 0.5), (1.0, 0.5)]) == [True, True]


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(0, 5)), min_size=1, max_size=6))
def test_the_best_and_the_cheapest_are_always_among_them(offers):
    kept = [offer for offer, is_best in zip(offers, trade_offs.best(offers), strict=True) if is_best]

    assert min(need for need, _ in offers) == min(need for need, _ in kept)
    assert max(quality for _, quality in offers) == max(quality for _, quality in kept)


@pytest.mark.django_db
def test_quality_is_the_mean_of_all_checks_and_price_that_of_an_answer():
    experiment = make_judged({"Correct": ["1100", "1111"], "Polite": ["1111", "1111"]})
    ExperimentCell.objects.filter(experiment=experiment, column=1).update(cost_nano_usd=100_000)

    offers = trade_offs.by_price(comparisons.compare(experiment=experiment))

    assert [(offer.quality, offer.need, offer.is_best) for offer in offers] == [
        (pytest.approx(0.75), pytest.approx(0.00005), True), (1.0, pytest.approx(0.0001), True),
    ]  # fmt: skip


@pytest.mark.django_db
def test_answers_without_a_price_are_not_drawn():
    experiment = make_judged({"Correct": ["1100", "1111"]})
    ExperimentCell.objects.filter(experiment=experiment).update(cost_nano_usd=0, is_simulated=True)

    assert trade_offs.by_price(comparisons.compare(experiment=experiment)) == []
