"""The SQL that turns staged rows into spans, traces and counters in one statement."""

from __future__ import annotations

from monitoring.ingest.rows import COLUMN_TYPES, COLUMNS
from monitoring.kinds import Kind, Status

_LLM, _EMBEDDING, _ERROR = int(Kind.LLM), int(Kind.EMBEDDING), int(Status.ERROR)

# Emptied by DELETE, because TRUNCATE gives the table new files and makes the server plan STORE anew. Rows that fit a page
# are staged as they are: they are compressed once, on their way into `span`.
STAGE = f"""
CREATE TEMPORARY TABLE IF NOT EXISTS staged_span ({", ".join(map(" ".join, zip(COLUMNS, COLUMN_TYPES, strict=True)))})
WITH (toast_tuple_target = 8160) ON COMMIT DELETE ROWS;
DELETE FROM staged_span
"""
COPY_STAGED = f"COPY staged_span ({', '.join(COLUMNS)}) FROM STDIN (FORMAT BINARY)"

# Columns that the counters and traces are made from; the large texts never pass through the statement again.
_NARROW = [
    name for name in COLUMNS if name not in ("metadata", "input", "output", "attributes", "events", "content_hash")
]

_TRACE_COLUMNS = (
    "project_id, trace_id, started_at, received_at, min_day, max_day, start_ns, end_ns, input_tokens, output_tokens, "
    "cost_nano_usd, span_count, call_count, error_count, unpriced_count, prompt_version, arm, has_root, rollout_id, "
    "name, environment, release, service, model, prompt_name, session_id, user_id, input_preview, output_preview"
)


def _last_call(column: str, empty: str) -> str:
    """The column of the trace's last call that has it."""
    return f"(array_agg({column} ORDER BY start_ns DESC) FILTER (WHERE kind = {_LLM} AND {column} IS DISTINCT FROM {empty}))[1]"


def _of_root(column: str) -> str:
    """The column of the root span, else of the earliest one."""
    return f"(array_agg({column} ORDER BY (parent_span_id IS NULL) DESC, start_ns))[1]"


def trace_sums(source: str) -> str:
    """Return a SELECT that sums up the spans of `source` per trace, in the order of the trace's columns."""
    return f"""
        SELECT project_id, trace_id, min(sort_at), min(received_at), min(start_day), max(start_day), min(start_ns),
            greatest(max(end_ns), max(start_ns)),
            coalesce(sum(input_tokens) FILTER (WHERE kind IN ({_LLM}, {_EMBEDDING})), 0),
            coalesce(sum(output_tokens) FILTER (WHERE kind IN ({_LLM}, {_EMBEDDING})), 0),
            coalesce(sum(cost_nano_usd), 0),
            count(*), count(*) FILTER (WHERE kind = {_LLM}), count(*) FILTER (WHERE status = {_ERROR}),
            count(*) FILTER (WHERE kind = {_LLM} AND cost_nano_usd IS NULL),
            coalesce({_last_call("nullif(prompt_version, 0)", "NULL")}, 0), coalesce({_last_call("nullif(arm, 0)", "NULL")}, 0),
            bool_or(parent_span_id IS NULL), {_last_call("rollout_id", "NULL")},
            {_of_root("name")}, {_of_root("environment")}, max(release), max(service),
            coalesce({_last_call("model", "''")}, ''), coalesce({_last_call("prompt_name", "''")}, ''), max(session_id),
            max(user_id),
            coalesce(nullif({_of_root("input_preview")}, ''), {_last_call("input_preview", "''")}, ''),
            coalesce(nullif({_of_root("output_preview")}, ''), {_last_call("output_preview", "''")}, '')
        FROM {source} GROUP BY project_id, trace_id ORDER BY trace_id
    """


def _newer(column: str, empty: str = "''") -> str:
    return f"{column} = CASE WHEN excluded.{column} IS DISTINCT FROM {empty} THEN excluded.{column} ELSE trace.{column} END"


def _root_wins(column: str) -> str:
    return (
        f"{column} = CASE WHEN excluded.{column} <> '' AND (excluded.has_root OR trace.{column} = '' "
        f"OR (NOT trace.has_root AND excluded.start_ns < trace.start_ns)) THEN excluded.{column} ELSE trace.{column} END"
    )


_ADD_TO_TRACE = f"""
    started_at = least(trace.started_at, excluded.started_at),
    min_day = least(trace.min_day, excluded.min_day), max_day = greatest(trace.max_day, excluded.max_day),
    start_ns = least(trace.start_ns, excluded.start_ns), end_ns = greatest(trace.end_ns, excluded.end_ns),
    input_tokens = trace.input_tokens + excluded.input_tokens,
    output_tokens = trace.output_tokens + excluded.output_tokens,
    cost_nano_usd = trace.cost_nano_usd + excluded.cost_nano_usd,
    span_count = trace.span_count + excluded.span_count, call_count = trace.call_count + excluded.call_count,
    error_count = trace.error_count + excluded.error_count,
    unpriced_count = trace.unpriced_count + excluded.unpriced_count,
    {_newer("prompt_version", "0")}, {_newer("arm", "0")}, {_newer("rollout_id", "NULL")}, {_newer("release")},
    {_newer("service")}, {_newer("model")}, {_newer("prompt_name")}, {_newer("session_id")}, {_newer("user_id")},
    {_root_wins("name")}, {_root_wins("environment")}, {_root_wins("input_preview")}, {_root_wins("output_preview")},
    has_root = trace.has_root OR excluded.has_root
"""

_REPLACE_TRACE = ", ".join(
    f"{column} = excluded.{column}"
    for column in _TRACE_COLUMNS.split(", ")
    if column not in ("project_id", "trace_id", "received_at")
)

_SERIES = "kind, arm, prompt_version, rollout_id, environment, model, prompt_name"
_COUNTERS = (
    "span_count, root_count, error_count, unpriced_count, input_tokens, output_tokens, cache_read_tokens, "
    "reasoning_tokens, cost_nano_usd, duration_ns"
)


def _usage_insert(name: str, grain: str, source: str) -> str:
    table = f"usage_{grain}"
    sums = ", ".join(f"{counter} = {table}.{counter} + excluded.{counter}" for counter in _COUNTERS.split(", "))
    return f"""
    {name} AS (
        INSERT INTO {table} (project_id, at, shard, {_SERIES}, {_COUNTERS}, latency, ttft) {source}
        ON CONFLICT ON CONSTRAINT {table}_key DO UPDATE SET {sums},
            latency = histogram_add({table}.latency, excluded.latency),
            ttft = CASE WHEN excluded.ttft = '{{}}' THEN {table}.ttft ELSE histogram_add({table}.ttft, excluded.ttft) END
    )"""


def _coarser(grain: str) -> str:
    """A SELECT that adds up the minutes of a batch to a coarser grain."""
    totals = ", ".join(f"sum({counter})" for counter in _COUNTERS.split(", "))
    return f"""
        SELECT project_id, date_trunc('{grain}', minute, 'UTC') AS at, %(shard)s::smallint, {_SERIES}, {totals},
            histogram_sum(latency), histogram_sum(ttft) FILTER (WHERE ttft <> '{{}}')
        FROM by_minute GROUP BY project_id, at, {_SERIES} ORDER BY project_id, at, {_SERIES}"""


def _histogram(buckets: str) -> str:
    """The histogram of an array of bucket numbers."""
    return f"""(
        SELECT coalesce(array_agg((bucket << 40) | n ORDER BY bucket), '{{}}')
        FROM (SELECT bucket, count(*) AS n FROM unnest({buckets}) AS bucket GROUP BY bucket) counts)"""


def _counters(source: str) -> str:
    """CTEs that group the rows of `source` into series and add them to the counters of all three grains."""
    by_minute = f"""
        SELECT project_id, minute, %(shard)s::smallint, {_SERIES}, {_COUNTERS}, latency, ttft
        FROM by_minute ORDER BY project_id, minute, {_SERIES}"""
    return f"""
    counted AS (
        SELECT project_id, date_bin('1 minute', sort_at, 'epoch') AS minute, {_SERIES}, count(*) AS span_count,
            count(*) FILTER (WHERE parent_span_id IS NULL) AS root_count, count(*) FILTER (WHERE status = {_ERROR}) AS error_count,
            count(*) FILTER (WHERE kind = {_LLM} AND cost_nano_usd IS NULL) AS unpriced_count,
            coalesce(sum(input_tokens), 0) AS input_tokens, coalesce(sum(output_tokens), 0) AS output_tokens,
            coalesce(sum(cache_read_tokens), 0) AS cache_read_tokens, coalesce(sum(reasoning_tokens), 0) AS reasoning_tokens,
            coalesce(sum(cost_nano_usd), 0) AS cost_nano_usd, sum(duration_ns) AS duration_ns,
            array_agg(latency_bucket(duration_ns)) AS latencies,
            array_agg(latency_bucket(ttft_ns)) FILTER (WHERE ttft_ns IS NOT NULL) AS ttfts
        FROM {source} GROUP BY project_id, minute, {_SERIES}
    ),
    by_minute AS MATERIALIZED (SELECT *, {_histogram("latencies")} AS latency, {_histogram("ttfts")} AS ttft FROM counted),
    {_usage_insert("minutes", "minute", by_minute)},
    {_usage_insert("hours", "hour", _coarser("hour"))},
    {_usage_insert("days", "day", _coarser("day"))}"""


# Everything follows from the rows that were really added, so a batch sent twice counts once.
STORE = f"""
WITH added AS (
    INSERT INTO span ({", ".join(COLUMNS)}) SELECT {", ".join(COLUMNS)} FROM staged_span
    ON CONFLICT DO NOTHING RETURNING {", ".join(_NARROW)}
),
traces AS (
    INSERT INTO trace ({_TRACE_COLUMNS}) {trace_sums("added")}
    ON CONFLICT (project_id, trace_id) DO UPDATE SET {_ADD_TO_TRACE}
),
{_counters("added")}
SELECT count(*) FROM added
"""

# Spans that were stored before with another content, to be merged.
DIFFERENT = """
SELECT staged_span.trace_id, staged_span.span_id FROM staged_span JOIN span USING (project_id, start_day, trace_id, span_id)
WHERE span.content_hash <> staged_span.content_hash
"""

RECOMPUTE_TRACE = f"""
INSERT INTO trace ({_TRACE_COLUMNS})
{
    trace_sums('''(SELECT * FROM span WHERE project_id = %(project_id)s AND trace_id = %(trace_id)s
    AND start_day BETWEEN %(min_day)s AND %(max_day)s) spans''')
}
ON CONFLICT (project_id, trace_id) DO UPDATE SET {_REPLACE_TRACE}
"""
