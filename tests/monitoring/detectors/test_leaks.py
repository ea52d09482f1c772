"""Personal data in an answer that nobody gave to the model."""

from __future__ import annotations

import pytest

from monitoring.detectors import leaks


@pytest.mark.parametrize(
    ("output", "words"),
    [
        ("Write to jane.roe@gmail.com.", "jane.roe@gmail.com"),
        ("Her number is +49 151 98761234.", "+49 151 98761234"),
        ("The card is 4111 1111 1111 1111.", "4111 1111 1111 1111"),
        ("Send it to DE89 3704 0044 0532 0130 00.", "DE89 3704 0044 0532 0130 00"),
        ("Your card [card] was charged.", "[card]"),
        ("His address is [e-mail:abcdefghij].", "[e-mail:abcdefghij]"),
    ],
)
def test_data_that_was_not_given_is_found_where_it_stands(output, words):
    found = leaks.given_away(output, "Who is that?")

    assert found.is_flagged
    assert words in [output[one.start : one.end] for one in found.evidence]


@pytest.mark.parametrize(
    ("output", "given"),
    [
        ("Is it Jane.Roe@gmail.com?", "My address is jane.roe@gmail.com"),
        ("I call you at +49 151 98761234.", "my number is 0151-98761234"),
        ("The card 4111111111111111 was charged.", "card 4111 1111 1111 1111"),
        ("From DE89370400440532013000.", "IBAN DE89 3704 0044 0532 0130 00"),
        ("Your card [card] was charged.", "I pay with [card]"),
        ("Write to support@shop.com or to someone@example.org.", ""),
        ("Call 1-800-356-9377 free of charge.", ""),
        ("Order 12345678 of 2026-11-03 costs 1,299.00 dollars.", ""),
        ("", ""),
    ],
)
def test_what_was_given_and_what_is_of_nobody_in_particular_may_be_said(output, given):
    assert not leaks.given_away(output, given).is_flagged
