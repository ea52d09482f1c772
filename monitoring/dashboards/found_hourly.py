"""How many calls had a finding, from the counts by the hour."""

from __future__ import annotations

from typing import Any

from django.db import connection

from monitoring import usage_periods
from monitoring.dashboards import parts, selection, splits
from monitoring.dashboards.parts import MOST_PARTS, Asked, Found
from monitoring.dashboards.tallies import Tally


def read(asked: Asked) -> Found:
    """Return the calls that were looked at and those with the finding, of the parts with the most calls."""
    sql, narrowed = selection.joined(selection.of_calls(asked.terms, row="h"))
    bit = int(asked.question.measure.flag or 0).bit_length()
    top = "SELECT part FROM hours GROUP BY part ORDER BY sum(call_count) DESC, part LIMIT %s"
    # Labels are found out later, from the versions that carried them.
    most: Any = 100_000 if asked.question.split.name == "label" else MOST_PARTS
    if asked.parts is not None:
        top, most = "SELECT unnest(%s::text[])", list(asked.parts)
    query = f"""
        WITH hours AS (
            SELECT at, call_count, coalesce(flag_counts[{bit}], 0) AS flagged, {splits.part_sql(asked.question.split, "h")} AS part
              FROM flag_hour h WHERE project_id = %s AND at >= %s AND at < %s{sql}
        )
        SELECT part, date_bin(%s, at, %s), sum(call_count)::bigint, sum(flagged)::bigint, (SELECT count(DISTINCT part) FROM hours)
          FROM hours WHERE part IN ({top}) GROUP BY 1, 2
    """
    period = asked.period
    values = [asked.project.pk, period.start, period.end, *narrowed, period.step, usage_periods.ORIGIN, most]
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        found = cursor.fetchall()
    rows = [(part, at, Tally(count, flagged)) for part, at, count, flagged, _ in found]
    return parts.summed(rows, part_count=found[0][4] if found else 0)
