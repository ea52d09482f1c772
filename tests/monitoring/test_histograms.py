"""Histograms of durations add up bucket by bucket, whatever is in them."""

from __future__ import annotations

from collections import Counter

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytestmark = pytest.mark.django_db

histograms = st.dictionaries(st.integers(0, 500), st.integers(1, 2**38), max_size=12)


def packed(counts: dict[int, int]) -> list[int]:
    return [bucket << 40 | counts[bucket] for bucket in sorted(counts)]


def ask(sql: str, *values: list[int]) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchone()[0]


@given(histograms, histograms)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_adding_keeps_every_count_in_its_bucket_and_the_buckets_in_order(
    db, a: dict[int, int], b: dict[int, int]
) -> None:
    added = ask("SELECT histogram_add(%s::bigint[], %s::bigint[])", packed(a), packed(b))

    assert added == packed(Counter(a) + Counter(b))


@given(histograms, histograms)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_was_added_can_be_subtracted_again(db, a: dict[int, int], b: dict[int, int]) -> None:
    sum_of_both = ask("SELECT histogram_add(%s::bigint[], %s::bigint[])", packed(a), packed(b))

    assert ask("SELECT histogram_subtract(%s::bigint[], %s::bigint[])", sum_of_both, packed(b)) == packed(a)
