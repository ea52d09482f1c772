from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompt_registry.providers.errors import KeyRefused, ProviderError, ProviderFailed, ProviderTimeout, RateLimited
from prompt_registry.providers.retries import MAX_TRIES, read_retry_after, wait_seconds


@given(st.integers(1, MAX_TRIES - 1), st.floats(0, 1, exclude_max=True))
def test_waits_grow_but_stay_under_eight_seconds(tries, roll):
    assert 0 <= wait_seconds(error=RateLimited(), tries=tries, roll=roll) <= min(8, 0.5 * 2**tries)


def test_nothing_is_tried_a_fourth_time():
    assert wait_seconds(error=RateLimited(), tries=3, roll=0.5) is None


def test_a_refused_key_is_not_tried_again():
    assert wait_seconds(error=KeyRefused(), tries=1, roll=0.5) is None


@pytest.mark.parametrize(("retry_after", "wait"), [(7.0, 7.0), (60.0, 60.0), (61.0, None), (0.0, 0.0)])
def test_a_providers_wish_is_followed_up_to_a_minute(retry_after, wait):
    error = RateLimited(retry_after_seconds=retry_after)

    assert wait_seconds(error=error, tries=1, roll=0.9) == wait


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("5", 5.0),
        ("0.5", 0.5),
        ("Thu, 01 Jan 1970 00:01:40 GMT", 40.0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        ("soon", None),
        ("-3", None),
        ("nan", None),
        ("inf", None),
        ("", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(value, seconds):
    assert read_retry_after(value, now=60.0) == seconds


def test_what_may_be_billed_is_tried_again_only_by_those_who_may_pay_again():
    def wait(error: ProviderError, *, may_pay_again: bool) -> float | None:
        return wait_seconds(error=error, tries=1, roll=0.5, may_pay_again=may_pay_again)

    assert wait(ProviderTimeout(), may_pay_again=True) is not None
    assert wait(ProviderTimeout(), may_pay_again=False) is None
    assert wait(ProviderFailed(), may_pay_again=False) is not None
