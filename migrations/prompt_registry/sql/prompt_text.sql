-- What can be searched: the text of the newest version of every prompt and of every version that is live somewhere.
-- The database keeps it, so that it is right whatever road a version or a publish came by.

-- Runs of plain letters and digits; everything else, letters of other alphabets too, only parts them. The same rule
-- reads what somebody searches for (prompt_registry/prompt_search.py), so neither a locale nor a dictionary can differ.
CREATE FUNCTION prompt_words(folded text) RETURNS tsvector
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT array_to_tsvector(coalesce(array_agg(DISTINCT left(word, 100)), '{}'))
    FROM regexp_split_to_table(folded, '[^a-z0-9]+') word WHERE word <> ''
$$;

CREATE TABLE prompt_text (
    project_id bigint   NOT NULL REFERENCES project (id) ON DELETE CASCADE,
    prompt_id  bigint   NOT NULL REFERENCES prompt (id) ON DELETE CASCADE,
    version_id bigint   PRIMARY KEY REFERENCES prompt_version (id) ON DELETE CASCADE,
    number     integer  NOT NULL,
    body       text     NOT NULL,
    folded     text     NOT NULL,
    words      tsvector NOT NULL
);
CREATE INDEX prompt_text_prompt ON prompt_text (prompt_id);
CREATE INDEX prompt_text_words ON prompt_text USING gin (words);

CREATE FUNCTION prompt_text_renew(wanted bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    -- Whoever waited here sees what the one before wrote: every statement of this function looks anew.
    PERFORM 1 FROM prompt WHERE id = wanted FOR NO KEY UPDATE;
    DELETE FROM prompt_text t WHERE t.prompt_id = wanted
        AND t.number <> (SELECT max(v.number) FROM prompt_version v WHERE v.prompt_id = wanted)
        AND NOT EXISTS (SELECT FROM prompt_label l WHERE l.prompt_id = wanted AND l.version_id = t.version_id);
    INSERT INTO prompt_text (project_id, prompt_id, version_id, number, body, folded, words)
    SELECT v.project_id, v.prompt_id, v.id, v.number, said.body, lower(said.body), prompt_words(lower(said.body))
    FROM prompt_version v CROSS JOIN LATERAL (
        SELECT v.text || coalesce(string_agg(message ->> 'content', E'\n' ORDER BY place), '') AS body
        FROM jsonb_array_elements(v.messages) WITH ORDINALITY entries (message, place)
    ) said
    WHERE v.prompt_id = wanted
        AND (v.number = (SELECT max(number) FROM prompt_version WHERE prompt_id = wanted)
             OR v.id IN (SELECT version_id FROM prompt_label WHERE prompt_id = wanted))
        AND NOT EXISTS (SELECT FROM prompt_text t WHERE t.version_id = v.id);
END $$;

CREATE FUNCTION prompt_text_follow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM prompt_text_renew(CASE WHEN TG_OP = 'DELETE' THEN OLD.prompt_id ELSE NEW.prompt_id END);
    RETURN NULL;
END $$;

CREATE TRIGGER prompt_text_of_version AFTER INSERT ON prompt_version
    FOR EACH ROW EXECUTE FUNCTION prompt_text_follow();
CREATE TRIGGER prompt_text_of_label AFTER INSERT OR UPDATE OF version_id OR DELETE ON prompt_label
    FOR EACH ROW EXECUTE FUNCTION prompt_text_follow();

SELECT prompt_text_renew(id) FROM prompt;
