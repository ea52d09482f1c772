-- Long rows are compressed, and then moved out of line, until three fit on a page. The target used before was 128 bytes: it
-- moved every text longer than a pointer out of line, names and previews too, which doubled the work of an insert. No list
-- reads this table; what reads it wants whole traces.
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
                'CREATE TABLE %I PARTITION OF span FOR VALUES FROM (%L) TO (%L) WITH (toast_tuple_target = 2700)',
                partition_name, day, day + 1);
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
        EXECUTE format('ALTER TABLE %s SET (toast_tuple_target = 2700)', partition_name);
    END LOOP;
END
$$;
