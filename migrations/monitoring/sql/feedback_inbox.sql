-- What became of a piece of feedback, on the feedback itself: it goes when that goes, on every road.
ALTER TABLE score
    ADD COLUMN triage        text   NOT NULL DEFAULT 'new' CHECK (triage IN ('new', 'handled', 'dismissed')),
    ADD COLUMN triaged_by_id bigint REFERENCES user_account (id) ON DELETE SET NULL,
    ADD COLUMN triaged_at    timestamptz,
    ADD CONSTRAINT score_triage_has_a_moment CHECK (triage = 'new' OR triaged_at IS NOT NULL);

-- The same words in the same key, whatever their capitals and spaces; nothing for feedback without words.
CREATE FUNCTION said_key(data_type text, comment text, string_value text) RETURNS bigint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE
        WHEN data_type IN ('text', 'correction') THEN hashtextextended(lower(btrim(regexp_replace(string_value, '\s+', ' ', 'g'))), 0)
        WHEN comment <> '' THEN hashtextextended(lower(btrim(regexp_replace(comment, '\s+', ' ', 'g'))), 0)
    END;

CREATE INDEX score_inbox ON score (project_id, triage, received_at DESC, id DESC)
    WHERE source IN ('user', 'human', 'api') AND (comment <> '' OR data_type IN ('text', 'correction'));
CREATE INDEX score_same_words ON score (project_id, said_key(data_type, comment, string_value), received_at DESC, id DESC)
    WHERE source IN ('user', 'human', 'api') AND (comment <> '' OR data_type IN ('text', 'correction'));
