"""What becomes of a cell whose call failed."""

from __future__ import annotations

import pytest

from evals.experiments.cells import MAX_ATTEMPTS
from evals.experiments.fates import Fate, OutOfMoney, fate_of
from evals.experiments.sampling import most_agreed
from prompt_registry.providers import errors
from prompt_registry.providers.single_calls import MustWait


@pytest.mark.parametrize(
    "kind", [errors.RateLimited, errors.ProviderFailed, errors.ProviderTimeout, errors.MalformedAnswer]
)
def test_what_may_pass_is_tried_again_later_each_time(kind):
    waits = [fate_of(kind(), attempts=attempts, roll=0.99).wait_seconds for attempts in range(1, MAX_ATTEMPTS)]

    assert waits == sorted(waits)
    assert 0 < waits[0] <= 2.0 < waits[-1] <= 60.0


def test_the_last_try_is_the_end():
    assert not fate_of(errors.ProviderFailed(), attempts=MAX_ATTEMPTS, roll=0.5).is_tried_again


@pytest.mark.parametrize("kind", [errors.RequestRefused, errors.KeyRefused, errors.QuotaUsedUp, errors.AnswerTooLarge])
def test_a_refusal_is_a_result(kind):
    assert fate_of(kind(), attempts=1, roll=0.5) == Fate(is_tried_again=False)


def test_a_provider_that_names_a_time_is_waited_for():
    found = fate_of(errors.RateLimited(retry_after_seconds=20.0), attempts=1, roll=0.5)

    assert 20.0 <= found.wait_seconds <= 21.0


def test_a_provider_that_wants_hours_is_asked_after_a_quarter():
    assert fate_of(errors.RateLimited(retry_after_seconds=7_200.0), attempts=1, roll=0.0).wait_seconds == 900.0


@pytest.mark.parametrize("error", [MustWait(retry_after_seconds=7.0), OutOfMoney(), errors.ProviderPaused()])
def test_what_was_not_really_tried_does_not_count(error):
    found = fate_of(error, attempts=MAX_ATTEMPTS, roll=0.5)

    assert found.is_tried_again
    assert not found.is_counted


def test_the_answer_that_shares_most_words_with_the_others_wins():
    assert most_agreed(["completely other", "the sky is blue", "the sky is very blue", "blue is the sky"]) in (1, 3)


def test_a_single_answer_wins():
    assert most_agreed(["alone"]) == 0
