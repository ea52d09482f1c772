"""The numbers of charts read call by call, for what counters do not know; so many of the newest, in so much time, and no more."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection

from monitoring import trace_volume, usage_latency, usage_periods
from monitoring.dashboards import parts, selection, splits
from monitoring.dashboards.measures import Measure, Shape
from monitoring.dashboards.parts import MOST_PARTS, Asked, Found
from monitoring.dashboards.splits import Split
from monitoring.dashboards.tallies import Tally
from monitoring.kinds import Status

# As many of the newest calls are read; with metadata, which stands in the steps themselves, fewer.
MOST_READ, MOST_WITH_METADATA = 300_000, 20_000
MILLISECONDS = 2_000
_VALUE_CHARS = 80
_AMOUNTS = {
    "calls": "1", "users": "1", "failed": f"(c.status = {int(Status.ERROR)})::int", "errors": f"(c.status = {int(Status.ERROR)})::int",
    "cost": "coalesce(c.cost_nano_usd, 0)", "call_cost": "coalesce(c.cost_nano_usd, 0)",
    "tokens": "coalesce(c.input_tokens, 0) + coalesce(c.output_tokens, 0)", "tokens_in": "coalesce(c.input_tokens, 0)",
    "tokens_out": "coalesce(c.output_tokens, 0)",
}  # fmt: skip
_CARRIED = "c.call_at, c.trace_id, c.prompt_name, c.prompt_version, c.model, c.environment, c.arm"
_OF_CALL = "c.release, c.service, c.user_id"
_OF_TRACE = "t.release, t.service, t.user_id"
# Whether a user was there before the time that is shown.
_PEOPLE = """, people AS (
    SELECT user_id, EXISTS (SELECT FROM trace t WHERE t.project_id = %s AND t.user_id = u.user_id AND t.user_id <> ''
                               AND t.started_at < %s) AS is_known
      FROM (SELECT DISTINCT user_id FROM newest WHERE user_id <> '') u)"""
# Metadata may stand at any step of a trace.
_TRAITS = f""", traits AS (
    SELECT n.trace_id, (
        SELECT min(left(CASE WHEN s.metadata IS JSON OBJECT THEN s.metadata::jsonb ->> %s END, {_VALUE_CHARS})) FROM span s
         WHERE s.project_id = %s AND s.start_day BETWEEN t.min_day AND t.max_day AND s.trace_id = t.trace_id
           AND s.metadata IS NOT NULL) AS trait
      FROM (SELECT DISTINCT trace_id FROM newest) n JOIN trace t ON t.project_id = %s AND t.trace_id = n.trace_id)"""
_WORN = "unnest(%s::text[], %s::text[], %s::timestamptz[], %s::timestamptz[]) AS w (version, label, since, until)"
_SEGMENT = "CASE WHEN n.user_id = '' THEN '' WHEN p.is_known THEN 'known' ELSE 'new' END"


@dataclass(slots=True)
class _Statement:
    """SQL that grows, with its values in the same order."""

    sql: str = ""
    values: list[Any] = field(default_factory=list)

    def add(self, sql: str, *values: Any) -> None:
        self.sql += sql
        self.values += values


def of_calls(asked: Asked) -> Found:
    """Return what the calls that were looked at say; TookTooLong when there is too much to read."""
    measure = asked.question.measure
    amount = f"(c.flags & {int(measure.flag)} <> 0)::int" if measure.flag else _AMOUNTS.get(measure.name, "1")
    timed = "NULL::bigint"
    if measure.shape == Shape.PERCENTILE:
        timed = "c.ttft_ns" if measure.is_first_token else "c.duration_ns"
    statement = _Statement()
    statement.add(
        f"SELECT {_CARRIED}, {_OF_CALL}, {amount} AS amount, {timed} AS timed, "
        f"{'(c.cost_nano_usd IS NULL)::int' if 'cost' in measure.name else '0'} AS unknown FROM call_analysis c "
        "WHERE c.project_id = %s AND c.call_at >= %s AND c.call_at < %s",
        asked.project.pk, asked.period.start, asked.period.end,
    )  # fmt: skip
    if measure.is_first_token:
        statement.add(" AND c.ttft_ns IS NOT NULL")
    if measure.is_distinct:
        statement.add(" AND c.user_id <> ''")
    _narrow(statement, asked, elsewhere="c")
    return _read(asked, statement, order="c.call_at")


def of_scores(asked: Asked) -> Found:
    """Return what scores or thumbs say, by the time of their calls; TookTooLong when there is too much to read."""
    measure = asked.question.measure
    amount = {"disliked": "(c.value = 0)::int", "responses": "1"}.get(measure.name, "c.value")
    statement = _Statement()
    # No score is there before its call, and scores have an index by when they came.
    statement.add(
        f"SELECT {_CARRIED}, {_OF_TRACE}, {amount} AS amount, NULL::bigint AS timed, 0 AS unknown FROM score c "
        "JOIN trace t ON t.project_id = c.project_id AND t.trace_id = c.trace_id "
        "WHERE c.project_id = %s AND c.received_at >= %s AND c.call_at >= %s AND c.call_at < %s AND c.value IS NOT NULL",
        asked.project.pk, asked.period.start, asked.period.start, asked.period.end,
    )  # fmt: skip
    if measure.is_of_thumbs:
        statement.add(" AND c.data_type = 'thumbs'")
    else:
        statement.add(" AND c.name = %s", asked.question.score)
    _narrow(statement, asked, elsewhere="t")
    return _read(asked, statement, order="c.received_at")


def _narrow(statement: _Statement, asked: Asked, *, elsewhere: str) -> None:
    conditions = selection.of_calls(asked.terms, row="c", elsewhere=elsewhere)
    conditions += selection.of_traces(
        asked.terms, project=asked.project, start=asked.period.start, end=asked.period.end, column="c.trace_id"
    )
    sql, values = selection.joined(conditions)
    statement.add(sql, *values)


def _read(asked: Asked, rows: _Statement, *, order: str) -> Found:
    most = MOST_WITH_METADATA if asked.question.split.key_words else MOST_READ
    statement = _Statement()
    statement.add("WITH newest AS MATERIALIZED (")
    statement.add(rows.sql, *rows.values)
    statement.add(f" ORDER BY {order} DESC LIMIT %s)", most)
    _add_parts(statement, asked)
    statement.add(_summing(asked.question.measure), asked.period.step, usage_periods.ORIGIN)
    with trace_volume.at_most(MILLISECONDS), connection.cursor() as cursor:
        cursor.execute(statement.sql, statement.values)
        found = cursor.fetchall()
    return _found(asked, found, most)


def _add_parts(statement: _Statement, asked: Asked) -> None:
    split = asked.question.split
    if split.name == "segment":
        statement.add(_PEOPLE, asked.project.pk, asked.period.start)
    if split.key_words:
        statement.add(_TRAITS, asked.question.key, asked.project.pk, asked.project.pk)
    if asked.labels is None:
        statement.add(f", calls AS MATERIALIZED (SELECT n.*, {_part_sql(split)} AS part FROM newest n{_joins(split)})")
    else:
        of = zip(*((one.version, one.label, one.since, one.until) for one in asked.labels), strict=True)
        columns = [list(column) for column in of] or [[], [], [], []]
        statement.add(
            f", calls AS MATERIALIZED (SELECT n.*, w.label AS part FROM newest n JOIN {_WORN} ON w.version = {_part_sql(split)} "
            "AND n.call_at >= w.since AND (w.until IS NULL OR n.call_at < w.until))",
            *columns,
        )
    if asked.parts is None:
        statement.add(
            ", top AS (SELECT part FROM calls GROUP BY part ORDER BY count(*) DESC, part LIMIT %s)",
            # Labels are found out later, from the versions that carried them.
            MOST_READ if split.name == "label" and asked.labels is None else MOST_PARTS,
        )
    else:
        statement.add(", top AS (SELECT unnest(%s::text[]) AS part)", list(asked.parts))


def _part_sql(split: Split) -> str:
    if split.key_words:
        return "coalesce(x.trait, '')"
    return _SEGMENT if split.name == "segment" else splits.part_sql(split, "n")


def _joins(split: Split) -> str:
    if split.key_words:
        return " LEFT JOIN traits x USING (trace_id)"
    return " LEFT JOIN people p USING (user_id)" if split.name == "segment" else ""


_HEAD = "(SELECT count(*) FROM calls), (SELECT min(call_at) FROM calls), (SELECT count(DISTINCT part) FROM calls)"


def _summing(measure: Measure) -> str:
    if measure.is_distinct:
        return f""" SELECT {_HEAD}, part, bucket, count(DISTINCT user_id), count(DISTINCT user_id), 0, NULL
          FROM (SELECT part, user_id, date_bin(%s, call_at, %s) AS bucket FROM calls WHERE part IN (SELECT part FROM top)) c
         GROUP BY GROUPING SETS ((part, bucket), (part))"""
    return f""" SELECT {_HEAD}, part, bucket, sum(n)::bigint, sum(amount)::float8, sum(unknown)::bigint,
               array_agg((took << 40) | n) FILTER (WHERE took IS NOT NULL)
          FROM (SELECT part, date_bin(%s, call_at, %s) AS bucket, latency_bucket(timed) AS took, count(*) AS n,
                       sum(amount) AS amount, sum(unknown) AS unknown
                  FROM calls WHERE part IN (SELECT part FROM top) GROUP BY 1, 2, 3) c
         GROUP BY part, bucket"""


def _found(asked: Asked, found: list[tuple[Any, ...]], most: int) -> Found:
    read_count, first, part_count = found[0][:3] if found else (0, None, 0)
    since: datetime | None = first if read_count >= most else None
    rows = [(row[3], row[4], _tally(asked.question.measure, row[5:])) for row in found]
    if not asked.question.measure.is_distinct:
        return parts.summed(rows, part_count=part_count, since=since)
    cells = {(part, at): tally for part, at, tally in rows if at is not None}
    totals = {part: tally for part, at, tally in rows if at is None}
    return Found(cells, totals, part_count, since)


def _tally(measure: Measure, row: tuple[Any, ...]) -> Tally:
    count, amount, unknown, packed = row
    scale = 1e9 if "cost" in measure.name else 1.0
    histogram = usage_latency.from_packed(packed) if packed else usage_latency.EMPTY
    return Tally(int(count), float(amount or 0) / scale, int(unknown), histogram)
