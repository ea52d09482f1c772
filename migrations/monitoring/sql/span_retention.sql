-- Drops the partitions of whole days before `first_kept` that hold no step of a trace that began since; returns how many.
-- A partition that somebody reads or writes is left for the next time: nobody waits for this.
CREATE FUNCTION drop_span_partitions(first_kept timestamptz) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    old text;
    is_kept boolean;
    dropped integer := 0;
BEGIN
    FOR old IN
        SELECT relid::regclass::text FROM pg_partition_tree('span')
         WHERE isleaf AND relid::regclass::text ~ '^span_\d{8}$'
           AND relid::regclass::text < 'span_' || to_char(first_kept AT TIME ZONE 'UTC', 'YYYYMMDD')
    LOOP
        EXECUTE format(
            'SELECT EXISTS (SELECT FROM %I s JOIN trace t ON t.project_id = s.project_id AND t.trace_id = s.trace_id
                             WHERE t.started_at >= $1)', old
        ) INTO is_kept USING first_kept;
        CONTINUE WHEN is_kept;
        BEGIN
            PERFORM set_config('lock_timeout', '500ms', true);
            EXECUTE format('DROP TABLE %I', old);
            dropped := dropped + 1;
        EXCEPTION WHEN lock_not_available THEN
            CONTINUE;
        END;
    END LOOP;
    RETURN dropped;
END
$$;
