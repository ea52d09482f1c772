-- Production traffic. Every key starts with project_id, so that a distributed PostgreSQL can shard by it.

-- Spans are written once and never updated except when a duplicate that differs is merged. Narrow list columns come
-- first; large texts sit at the end, where TOAST keeps them out of line, so that lists never touch them.
-- No foreign key to project: only a checked key leads here, and the check would cost a tenth of the insert.
CREATE TABLE span (
    project_id          bigint      NOT NULL,
    start_day           date        NOT NULL,
    trace_id            uuid        NOT NULL,
    span_id             bigint      NOT NULL,
    parent_span_id      bigint,
    sort_at             timestamptz NOT NULL,
    received_at         timestamptz NOT NULL,
    start_ns            bigint      NOT NULL,
    end_ns              bigint      NOT NULL,
    duration_ns         bigint      NOT NULL,
    ttft_ns             bigint,
    cost_nano_usd       bigint,
    content_hash        bigint      NOT NULL,
    input_tokens        integer,
    output_tokens       integer,
    cache_read_tokens   integer,
    cache_write_tokens  integer,
    reasoning_tokens    integer,
    prompt_version      integer     NOT NULL,
    kind                smallint    NOT NULL,
    status              smallint    NOT NULL,
    arm                 smallint    NOT NULL,
    marks               smallint    NOT NULL,
    rollout_id          uuid,
    name                text        NOT NULL,
    environment         text        NOT NULL,
    release             text        NOT NULL,
    service             text        NOT NULL,
    provider            text        NOT NULL,
    model               text        NOT NULL,
    prompt_name         text        NOT NULL,
    session_id          text        NOT NULL,
    user_id             text        NOT NULL,
    status_message      text        NOT NULL,
    input_preview       text        NOT NULL,
    output_preview      text        NOT NULL,
    metadata            text,
    input               text,
    output              text,
    attributes          text,
    events              text,
    PRIMARY KEY (project_id, start_day, trace_id, span_id)
) PARTITION BY RANGE (start_day);

CREATE TABLE span_default PARTITION OF span DEFAULT WITH (toast_tuple_target = 128);

-- One row per trace, maintained in the same statement as the insert of its spans.
CREATE TABLE trace (
    project_id      bigint      NOT NULL REFERENCES project (id) ON DELETE CASCADE,
    trace_id        uuid        NOT NULL,
    started_at      timestamptz NOT NULL,
    received_at     timestamptz NOT NULL,
    min_day         date        NOT NULL,
    max_day         date        NOT NULL,
    start_ns        bigint      NOT NULL,
    end_ns          bigint      NOT NULL,
    input_tokens    bigint      NOT NULL,
    output_tokens   bigint      NOT NULL,
    cost_nano_usd   bigint      NOT NULL,
    span_count      integer     NOT NULL,
    call_count      integer     NOT NULL,
    error_count     integer     NOT NULL,
    unpriced_count  integer     NOT NULL,
    prompt_version  integer     NOT NULL,
    thumbs_up       integer     NOT NULL DEFAULT 0,
    thumbs_down     integer     NOT NULL DEFAULT 0,
    arm             smallint    NOT NULL,
    has_root        boolean     NOT NULL,
    rollout_id      uuid,
    name            text        NOT NULL,
    environment     text        NOT NULL,
    release         text        NOT NULL,
    service         text        NOT NULL,
    model           text        NOT NULL,
    prompt_name     text        NOT NULL,
    session_id      text        NOT NULL,
    user_id         text        NOT NULL,
    input_preview   text        NOT NULL,
    output_preview  text        NOT NULL,
    PRIMARY KEY (project_id, trace_id)
) WITH (fillfactor = 85);
CREATE INDEX trace_newest ON trace (project_id, started_at DESC, trace_id DESC);
CREATE INDEX trace_session ON trace (project_id, session_id, started_at) WHERE session_id <> '';
CREATE INDEX trace_user ON trace (project_id, user_id, started_at) WHERE user_id <> '';
CREATE INDEX trace_prompt ON trace (project_id, prompt_name, prompt_version, started_at DESC) WHERE prompt_name <> '';
CREATE INDEX trace_errors ON trace (project_id, started_at DESC) WHERE error_count > 0;
CREATE INDEX trace_disliked ON trace (project_id, started_at DESC) WHERE thumbs_down > 0;

-- Adds sparse histograms: each element packs a bucket number (upper bits) and a count (lower 40 bits).
CREATE FUNCTION histogram_add(a bigint[], b bigint[]) RETURNS bigint[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(array_agg((bucket << 40) | total ORDER BY bucket) FILTER (WHERE total > 0), '{}')
    FROM (
        SELECT x >> 40 AS bucket, sum(x & 1099511627775)::bigint AS total
        FROM (SELECT unnest(a) AS x UNION ALL SELECT unnest(b)) both_sides GROUP BY 1
    ) merged
$$;

CREATE AGGREGATE histogram_sum(bigint[]) (sfunc = histogram_add, stype = bigint[], initcond = '{}');

CREATE FUNCTION histogram_subtract(a bigint[], b bigint[]) RETURNS bigint[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(array_agg((bucket << 40) | total ORDER BY bucket) FILTER (WHERE total > 0), '{}')
    FROM (
        SELECT bucket, sum(n)::bigint AS total FROM (
            SELECT x >> 40 AS bucket, x & 1099511627775 AS n FROM unnest(a) AS x
            UNION ALL SELECT x >> 40, -(x & 1099511627775) FROM unnest(b) AS x
        ) both_sides GROUP BY 1
    ) merged
$$;

-- Bucket of a duration: logarithmic, base 1.04, so that a percentile read from it is at most 2 % off.
-- Bucket 0 holds everything up to 0.1 ms.
CREATE FUNCTION latency_bucket(duration_ns bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN duration_ns IS NULL THEN NULL WHEN duration_ns <= 100000 THEN 0::bigint
           ELSE least(500, ceil(ln(duration_ns / 100000.0::double precision) / ln(1.04::double precision)))::bigint END
$$;

-- Counters per minute, hour and day, written with the spans; dashboards read nothing else.
-- Rows are sharded by writer, so that two writers never wait for each other.
CREATE TABLE usage_minute (
    project_id          bigint      NOT NULL REFERENCES project (id) ON DELETE CASCADE,
    at                  timestamptz NOT NULL,
    shard               smallint    NOT NULL,
    kind                smallint    NOT NULL,
    arm                 smallint    NOT NULL,
    prompt_version      integer     NOT NULL,
    rollout_id          uuid,
    environment         text        NOT NULL,
    model               text        NOT NULL,
    prompt_name         text        NOT NULL,
    span_count          bigint      NOT NULL,
    root_count          bigint      NOT NULL,
    error_count         bigint      NOT NULL,
    unpriced_count      bigint      NOT NULL,
    input_tokens        bigint      NOT NULL,
    output_tokens       bigint      NOT NULL,
    cache_read_tokens   bigint      NOT NULL,
    reasoning_tokens    bigint      NOT NULL,
    cost_nano_usd       bigint      NOT NULL,
    duration_ns         numeric(30) NOT NULL,
    thumbs_up           bigint      NOT NULL DEFAULT 0,
    thumbs_down         bigint      NOT NULL DEFAULT 0,
    latency             bigint[]    NOT NULL,
    ttft                bigint[]    NOT NULL,
    CONSTRAINT usage_minute_key UNIQUE NULLS NOT DISTINCT
        (project_id, at, shard, kind, arm, prompt_version, rollout_id, environment, model, prompt_name)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
CREATE TABLE usage_hour (
    LIKE usage_minute INCLUDING DEFAULTS,
    FOREIGN KEY (project_id) REFERENCES project (id) ON DELETE CASCADE,
    CONSTRAINT usage_hour_key UNIQUE NULLS NOT DISTINCT
        (project_id, at, shard, kind, arm, prompt_version, rollout_id, environment, model, prompt_name)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
CREATE TABLE usage_day (
    LIKE usage_minute INCLUDING DEFAULTS,
    FOREIGN KEY (project_id) REFERENCES project (id) ON DELETE CASCADE,
    CONSTRAINT usage_day_key UNIQUE NULLS NOT DISTINCT
        (project_id, at, shard, kind, arm, prompt_version, rollout_id, environment, model, prompt_name)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);

-- Named values about traces and spans. No foreign key to spans: feedback may arrive first.
-- The columns from `call_at` on are copied from the call once it is there (joined_at).
CREATE TABLE score (
    project_id      bigint      NOT NULL REFERENCES project (id) ON DELETE CASCADE,
    id              uuid        NOT NULL,
    trace_id        uuid        NOT NULL,
    span_id         bigint,
    name            text        NOT NULL CHECK (length(name) BETWEEN 1 AND 80),
    data_type       text        NOT NULL CHECK (data_type IN ('thumbs', 'number', 'category', 'boolean', 'text', 'correction')),
    source          text        NOT NULL CHECK (source IN ('user', 'human', 'evaluator', 'detector', 'api')),
    value           double precision CHECK (value = value AND abs(value) <> 'infinity'),
    string_value    text,
    comment         text        NOT NULL DEFAULT '',
    user_id         text        NOT NULL DEFAULT '',
    author_id       bigint,
    created_at      timestamptz NOT NULL,
    received_at     timestamptz NOT NULL DEFAULT now(),
    joined_at       timestamptz,
    call_at         timestamptz,
    kind            smallint,
    arm             smallint,
    prompt_version  integer,
    rollout_id      uuid,
    environment     text,
    model           text,
    prompt_name     text,
    PRIMARY KEY (project_id, id)
);
CREATE INDEX score_trace ON score (project_id, trace_id);
CREATE INDEX score_newest ON score (project_id, received_at DESC);
CREATE INDEX score_waiting ON score (received_at) WHERE joined_at IS NULL;
CREATE UNIQUE INDEX score_one_per_person ON score (project_id, trace_id, span_id, name, user_id) NULLS NOT DISTINCT
    WHERE source = 'user';

-- Environments that ever sent a call, for the switch at the top of the page.
CREATE TABLE environment (
    project_id    bigint      NOT NULL REFERENCES project (id) ON DELETE CASCADE,
    name          text        NOT NULL,
    first_seen_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (project_id, name)
);

-- What happened to everything that was sent, per minute.
CREATE TABLE ingest_minute (
    project_id       bigint      NOT NULL REFERENCES project (id) ON DELETE CASCADE,
    at               timestamptz NOT NULL,
    shard            smallint    NOT NULL,
    accepted         bigint      NOT NULL,
    duplicate        bigint      NOT NULL,
    merged           bigint      NOT NULL,
    rejected         bigint      NOT NULL,
    cleaned          bigint      NOT NULL,
    truncated        bigint      NOT NULL,
    dropped_by_client bigint     NOT NULL,
    bytes            bigint      NOT NULL,
    PRIMARY KEY (project_id, at, shard)
);

-- Spans that could not be stored, kept for seven days with the reason.
CREATE TABLE quarantined_span (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    project_id  bigint      NOT NULL REFERENCES project (id) ON DELETE CASCADE,
    received_at timestamptz NOT NULL DEFAULT now(),
    reason      text        NOT NULL,
    content     text        NOT NULL
);
CREATE INDEX quarantined_span_newest ON quarantined_span (project_id, received_at DESC);

-- Makes the daily partitions of `span` from one day to another; days that exist, or whose rows already sit in the
-- default partition, are left alone. Returns the number of partitions made.
CREATE FUNCTION ensure_span_partitions(first_day date, last_day date) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    day date := first_day;
    partition_name text;
    made integer := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(7204119);
    WHILE day <= last_day LOOP
        partition_name := 'span_' || to_char(day, 'YYYYMMDD');
        IF to_regclass(partition_name) IS NULL AND NOT EXISTS (SELECT FROM span_default WHERE start_day = day) THEN
            EXECUTE format(
                'CREATE TABLE %I PARTITION OF span FOR VALUES FROM (%L) TO (%L) WITH (toast_tuple_target = 128)',
                partition_name, day, day + 1);
            made := made + 1;
        END IF;
        day := day + 1;
    END LOOP;
    RETURN made;
END
$$;
