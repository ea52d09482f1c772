-- The words of a call, for the search in texts: of what went in and what came out, up to 64 Ki characters of each. They are
-- written with the row of the call by whoever looks at it, so never on the way in, and are gone with it.
ALTER TABLE call_analysis ADD COLUMN words tsvector;

CREATE FUNCTION words_of_text(said text) RETURNS tsvector
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    IF said IS NULL THEN
        RETURN ''::tsvector;
    END IF;
    -- Of messages only what is said in them, without what JSON makes of line breaks and quotes.
    IF length(said) <= 65536 AND (said IS JSON OBJECT OR said IS JSON ARRAY) THEN
        BEGIN
            RETURN jsonb_to_tsvector('simple'::regconfig, said::jsonb, '["string"]');
        EXCEPTION WHEN OTHERS THEN
            NULL; -- Characters that JSON can name and PostgreSQL cannot store: read it as a text.
        END;
    END IF;
    RETURN to_tsvector('simple'::regconfig, regexp_replace(left(said, 65536), '\\(u[0-9a-fA-F]{4}|.)', ' ', 'g'));
EXCEPTION WHEN OTHERS THEN
    -- A text that cannot be indexed must not keep its call from being looked at.
    RETURN ''::tsvector;
END
$$;

-- What is looked for: all of the words, one after another, the last one by its beginning; nothing when there is no word in it.
CREATE FUNCTION words_wanted(said text) RETURNS tsquery
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN numnode(q) > 0 THEN (q::text || ':*')::tsquery END FROM phraseto_tsquery('simple'::regconfig, said) q
$$;

CREATE FUNCTION fill_call_words() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    SELECT words_of_text(s.input) || words_of_text(s.output) INTO NEW.words FROM span s
     WHERE s.project_id = NEW.project_id AND s.start_day = NEW.start_day AND s.trace_id = NEW.trace_id AND s.span_id = NEW.span_id;
    RETURN NEW;
END
$$;
CREATE TRIGGER call_analysis_words BEFORE INSERT ON call_analysis FOR EACH ROW EXECUTE FUNCTION fill_call_words();

-- Calls that were looked at before this have no words and no place in the index.
CREATE INDEX call_analysis_words ON call_analysis USING gin (words) WITH (gin_pending_list_limit = 512) WHERE words IS NOT NULL;
