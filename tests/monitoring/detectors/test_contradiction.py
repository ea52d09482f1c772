"""Answers beside the answers that were expected."""

from __future__ import annotations

import pytest

from monitoring.detectors import contradiction


@pytest.mark.parametrize(
    ("output", "expected", "words"),
    [
        ("Yes, you can return it.", "No, returns are not possible.", "Yes"),
        ("You can return it within 30 days of delivery.", "You can return items within 14 days of delivery.", "30"),
        ("The store is open on Sunday.", "The store is closed on Sunday.", "open"),
        ("It costs $20", "$25", "20"),
        ("The parcel will not arrive on Monday", "The parcel will arrive on Monday", "The parcel will not arrive on Monday"),
    ],
)  # fmt: skip
def test_the_opposite_and_other_numbers_are_found_where_they_stand(output, expected, words):
    found = contradiction.check(output, expected)

    assert found.is_flagged
    assert words in [output[one.start : one.end] for one in found.evidence]


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("Items can be returned within 14 days. Keep the receipt.", "You can return items within 14 days."),
        ("Paris", "Paris"),
        ("We are happy to help. The capital of France is Paris.", "Paris"),
        ("", "Paris"),
        ("Paris", ""),
    ],
)
def test_more_less_or_other_words_are_no_contradiction(output, expected):
    assert not contradiction.check(output, expected).is_flagged
