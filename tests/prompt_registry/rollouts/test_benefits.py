"""Whether a version made something rarer follows from the people of both arms, and from nothing else that changed meanwhile."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from prompt_registry.rollouts import benefits
from prompt_registry.rollouts.benefits import ArmsAtStep, Effect, Finding

FELL = ArmsAtStep(0.5, new_people=1_000, new_met=19, old_people=1_000, old_met=61)
ENDED_LONG_AGO = benefits.SETTLED_AFTER


def effect(*steps: ArmsAtStep) -> Effect:
    return benefits.effect(steps or [FELL])


def test_a_clear_fall_is_rarer_with_an_interval_of_points():
    found = effect()

    assert (found.before, found.after) == (pytest.approx(0.061), pytest.approx(0.019))
    assert found.finding == Finding.RARER
    assert 0 < found.less_low < found.before - found.after < found.less_high <= found.before


def test_the_same_rate_in_both_arms_is_unknown_and_its_interval_holds_no_change():
    found = effect(replace(FELL, new_met=61))

    assert found.finding == Finding.UNKNOWN
    assert found.less_low < 0 < found.less_high


def test_a_rise_is_more_frequent():
    assert effect(replace(FELL, new_met=160)).finding == Finding.MORE_FREQUENT


def test_traffic_that_shifts_between_the_steps_is_no_effect():
    # Nine of ten people of the new version came when hardly anybody asked for it any more.
    early = ArmsAtStep(0.01, new_people=100, new_met=20, old_people=9_900, old_met=1_980)
    late = ArmsAtStep(0.9, new_people=9_000, new_met=180, old_people=1_000, old_met=20)

    found = effect(early, late)

    pooled = (200 / 9_100) / (2_000 / 10_900)
    assert pooled < 0.2
    assert found.finding == Finding.UNKNOWN
    assert found.times == pytest.approx(1.0)


def test_without_people_nothing_is_known():
    found = effect(ArmsAtStep(0.5, 0, 0, 0, 0))

    assert (found.before, found.after, found.finding) == (0.0, 0.0, Finding.UNKNOWN)
    assert (found.less_low, found.less_high) == (-1.0, 0.0)


def test_few_people_never_prove_anything():
    assert effect(ArmsAtStep(0.5, 10, 0, 10, 3)).finding == Finding.UNKNOWN
    assert math.isinf(effect(ArmsAtStep(0.5, 10, 0, 10, 0)).times_high)


def test_the_interval_may_be_looked_at_all_the_time():
    random, wrong = np.random.default_rng(3), 0
    for _ in range(100):
        new_met = old_met = 0
        for look in range(1, 41):
            new_met, old_met = new_met + random.binomial(50, 0.06), old_met + random.binomial(50, 0.06)
            found = effect(ArmsAtStep(0.5, 50 * look, int(new_met), 50 * look, int(old_met)))
            if found.finding == Finding.RARER:
                wrong += 1
                break

    # 2.5 of 100 at most are to be expected.
    assert wrong <= 7


def proved(found: Effect, **changes: object) -> bool | None:
    return benefits.is_proved(
        found, **{"is_completed": True, "is_taken_back": False, "ended_for": ENDED_LONG_AGO} | changes
    )


def test_a_fall_is_proved_as_soon_as_everybody_has_the_version_and_not_before():
    assert proved(effect(), ended_for=0.0) is True
    assert proved(effect(), is_completed=False) is None


def test_that_there_is_no_fall_is_only_said_when_late_opinions_have_come():
    same = effect(replace(FELL, new_met=61))

    assert proved(same, ended_for=60.0) is None
    assert proved(same) is False


def test_a_version_that_was_taken_back_proves_nothing():
    assert proved(effect(), is_completed=False, is_taken_back=True, ended_for=0.0) is False
