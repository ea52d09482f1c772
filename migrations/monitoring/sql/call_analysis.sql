-- One row for each call that was looked at, partitioned like the calls. Nothing of the sample that was there before is worth
-- keeping: everything is worked out again from the calls.
DROP TABLE call_analysis;
DELETE FROM analysis_progress;

CREATE TABLE call_analysis (
    project_id bigint NOT NULL,
    start_day date NOT NULL,
    trace_id uuid NOT NULL,
    span_id bigint NOT NULL,
    call_at timestamptz NOT NULL,
    analysed_at timestamptz NOT NULL DEFAULT statement_timestamp(),
    duration_ns bigint NOT NULL DEFAULT 0,
    ttft_ns bigint,
    cost_nano_usd bigint,
    draw bigint NOT NULL,
    cluster_id bigint,
    unit_bucket bigint,
    input_tokens integer,
    output_tokens integer,
    prompt_version integer NOT NULL DEFAULT 0,
    flags integer NOT NULL DEFAULT 0,
    arm smallint NOT NULL DEFAULT 0,
    status smallint NOT NULL DEFAULT 0,
    rollout_id uuid,
    prompt_name text NOT NULL DEFAULT '',
    environment text NOT NULL DEFAULT '',
    release text NOT NULL DEFAULT '',
    service text NOT NULL DEFAULT '',
    model text NOT NULL DEFAULT '',
    user_id text NOT NULL DEFAULT '',
    session_id text NOT NULL DEFAULT '',
    language text NOT NULL DEFAULT '',
    detectors_version text NOT NULL DEFAULT '',
    embedding_version text NOT NULL DEFAULT '',
    findings jsonb,
    text text NOT NULL DEFAULT '',
    embedding halfvec,
    PRIMARY KEY (project_id, start_day, trace_id, span_id),
    -- Whoever deletes a trace deletes what was worked out about it: a vector tells what a text was about.
    CONSTRAINT call_analysis_of_trace FOREIGN KEY (project_id, trace_id) REFERENCES trace (project_id, trace_id) ON DELETE CASCADE
) PARTITION BY RANGE (start_day);

-- Vectors do not compress; out of line they are not read with what rates are counted from.
ALTER TABLE call_analysis ALTER COLUMN embedding SET STORAGE EXTERNAL;
CREATE TABLE call_analysis_default PARTITION OF call_analysis DEFAULT WITH (toast_tuple_target = 128);

CREATE INDEX call_analysis_trace ON call_analysis (project_id, trace_id);
CREATE INDEX call_analysis_recent ON call_analysis (project_id, call_at);
CREATE INDEX call_analysis_flagged ON call_analysis (project_id, call_at) WHERE flags <> 0;
CREATE INDEX call_analysis_cluster ON call_analysis (project_id, cluster_id, call_at) WHERE cluster_id IS NOT NULL;
CREATE INDEX call_analysis_rollout ON call_analysis (project_id, rollout_id, call_at) WHERE rollout_id IS NOT NULL;

-- Makes the daily partitions of call_analysis; days whose rows already sit in the default partition are left alone.
CREATE FUNCTION ensure_call_analysis_partitions(first_day date, last_day date) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    day date := first_day;
    partition_name text;
    made integer := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(7204121);
    WHILE day <= last_day LOOP
        partition_name := 'call_analysis_' || to_char(day, 'YYYYMMDD');
        IF to_regclass(partition_name) IS NULL AND NOT EXISTS (SELECT FROM call_analysis_default WHERE start_day = day) THEN
            EXECUTE format(
                'CREATE TABLE %I PARTITION OF call_analysis FOR VALUES FROM (%L) TO (%L) WITH (toast_tuple_target = 128)',
                partition_name, day, day + 1);
            made := made + 1;
        END IF;
        day := day + 1;
    END LOOP;
    RETURN made;
END
$$;

-- Drops the partitions of days before `first_kept`, and what the default partition holds of them; returns how many it dropped.
CREATE FUNCTION drop_call_analysis_partitions(first_kept date) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    old text;
    dropped integer := 0;
BEGIN
    FOR old IN
        SELECT relid::regclass::text FROM pg_partition_tree('call_analysis')
         WHERE isleaf AND relid::regclass::text ~ '^call_analysis_\d{8}$'
           AND relid::regclass::text < 'call_analysis_' || to_char(first_kept, 'YYYYMMDD')
    LOOP
        EXECUTE format('DROP TABLE %I', old);
        dropped := dropped + 1;
    END LOOP;
    DELETE FROM call_analysis_default WHERE start_day < first_kept;
    RETURN dropped;
END
$$;
