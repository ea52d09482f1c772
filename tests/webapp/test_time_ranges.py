"""The time range of an address, whatever stands in it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from webapp import time_ranges

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)


def test_two_moments_are_a_range_of_their_own():
    found = time_ranges.parse("2026-01-31T10:00Z..2026-01-31T12:00Z", now=NOW)

    assert (found.start, found.end) == (datetime(2026, 1, 31, 10, tzinfo=UTC), datetime(2026, 1, 31, 12, tzinfo=UTC))


@pytest.mark.parametrize(
    "text",
    ["0001-01-01T00:00+05:00..0001-01-02T00:00Z", "0001-01-01T00:00Z..0001-01-02T00:00Z", "9999-12-30T00:00Z..9999-12-31T23:59Z",
     "2026-01-02..2026-01-01", "soon..later", ".."],
)  # fmt: skip
def test_what_no_page_can_reckon_with_is_the_usual_range(text):
    assert time_ranges.parse(text, now=NOW).value == time_ranges.DEFAULT
