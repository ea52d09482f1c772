"""Daily partitions of the calls, and of what was worked out about them."""

from __future__ import annotations

from datetime import timedelta

from django.db import connection, transaction
from django.utils import timezone

DAYS_AHEAD = 14
DAYS_BACK = 2


@transaction.atomic
def ensure(*, days_back: int = DAYS_BACK, days_ahead: int = DAYS_AHEAD) -> int:
    """Make the partitions around today that do not exist yet; return how many were made."""
    today = timezone.now().date()
    with connection.cursor() as cursor:
        first, last = today - timedelta(days=days_back), today + timedelta(days=days_ahead)
        cursor.execute(
            "SELECT ensure_span_partitions(%(first)s, %(last)s) + ensure_call_analysis_partitions(%(first)s, %(last)s)",
            {"first": first, "last": last},
        )
        return int(cursor.fetchone()[0])


def days_ahead() -> int:
    """Return how many days from today on have a partition without a gap; today alone is 0, none is -1."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT coalesce(min(ahead), %(most)s + 1) - 1 FROM generate_series(0, %(most)s) AS ahead
            WHERE to_regclass('span_' || to_char((now() AT TIME ZONE 'UTC')::date + ahead, 'YYYYMMDD')) IS NULL
            """,
            {"most": 10 * DAYS_AHEAD},
        )
        return int(cursor.fetchone()[0])
