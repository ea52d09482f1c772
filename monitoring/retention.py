"""Removes what is kept for a short time only."""

from __future__ import annotations

from django.db import connection

_EXPIRED = (
    "DELETE FROM quarantined_span WHERE received_at < now() - interval '7 days'",
    "DELETE FROM usage_minute WHERE at < now() - interval '14 days'",
    "DELETE FROM masked_hour WHERE at < now() - interval '90 days'",
    "DELETE FROM ingest_minute WHERE at < now() - interval '90 days'",
    "DELETE FROM ingest_signal_minute WHERE at < now() - interval '90 days'",
    "DELETE FROM ingest_sender WHERE last_at < now() - interval '90 days'",
    # Twice as long as anything reads them. What is deleted earlier, with its trace, goes by itself.
    "SELECT drop_call_analysis_partitions(current_date - 28)",
    "DELETE FROM refused_request WHERE last_at < now() - interval '30 days'",
)


def delete_expired() -> int:
    """Delete expired rows; return how many. Hours and days of the counters stay."""
    deleted = 0
    with connection.cursor() as cursor:
        for statement in _EXPIRED:
            cursor.execute(statement)
            deleted += cursor.rowcount
    return deleted
