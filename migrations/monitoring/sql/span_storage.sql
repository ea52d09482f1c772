-- How long a row may be before its long texts are compressed and moved out of line. Compression with pglz, all that the embedded
-- server has, takes two thirds of the work of an insert and saves a seventh of the bytes, so there only rows that do not fit on a
-- page are compressed. With lz4 it costs next to nothing: rows are compressed until three fit on a page. No list reads this
-- table; what reads it wants whole traces.
CREATE FUNCTION span_toast_target() RETURNS integer
LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN current_setting('default_toast_compression') = 'lz4' THEN 2700 ELSE 8160 END
$$;

CREATE OR REPLACE FUNCTION ensure_span_partitions(first_day date, last_day date) RETURNS integer
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
                'CREATE TABLE %I PARTITION OF span FOR VALUES FROM (%L) TO (%L) WITH (toast_tuple_target = %s)',
                partition_name, day, day + 1, span_toast_target());
            made := made + 1;
        END IF;
        day := day + 1;
    END LOOP;
    RETURN made;
END
$$;

DO $$
DECLARE
    partition_name regclass;
BEGIN
    FOR partition_name IN SELECT relid FROM pg_partition_tree('span') WHERE isleaf LOOP
        EXECUTE format('ALTER TABLE %s SET (toast_tuple_target = %s)', partition_name, span_toast_target());
    END LOOP;
END
$$;
