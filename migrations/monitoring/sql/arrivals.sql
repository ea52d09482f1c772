-- How much a project may send; no row, or an empty column: as much as it likes.
CREATE TABLE ingest_quota (
    project_id              bigint  PRIMARY KEY REFERENCES project (id) ON DELETE CASCADE,
    requests_per_minute     integer CHECK (requests_per_minute > 0),
    key_requests_per_minute integer CHECK (key_requests_per_minute > 0),
    megabytes_per_minute    integer CHECK (megabytes_per_minute > 0),
    spans_per_day           bigint  CHECK (spans_per_day > 0),
    megabytes_per_day       integer CHECK (megabytes_per_day > 0)
);

-- What came beside traces: log records, of which only evaluation results are kept, and metrics, which are not kept.
CREATE TABLE ingest_signal_minute (
    project_id bigint      NOT NULL REFERENCES project (id) ON DELETE CASCADE,
    at         timestamptz NOT NULL,
    signal     text        NOT NULL CHECK (signal IN ('logs', 'metrics')),
    requests   bigint      NOT NULL,
    records    bigint      NOT NULL,
    stored     bigint      NOT NULL,
    bytes      bigint      NOT NULL,
    PRIMARY KEY (project_id, at, signal)
);

-- Who sends: one row per key and program, with how far its clock is off.
CREATE TABLE ingest_sender (
    project_id bigint      NOT NULL REFERENCES project (id) ON DELETE CASCADE,
    key_id     text        NOT NULL,
    client     text        NOT NULL,
    first_at   timestamptz NOT NULL DEFAULT now(),
    last_at    timestamptz NOT NULL DEFAULT now(),
    skew_ms    bigint,
    PRIMARY KEY (project_id, key_id, client)
);

-- The canary: one span a minute that goes the whole way, with the time each stage took.
CREATE TABLE canary_run (
    due_at      timestamptz      PRIMARY KEY,
    started_at  timestamptz      NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz,
    send_ms     double precision,
    visible_ms  double precision,
    prompt_ms   double precision,
    job_ms      double precision,
    error       text             NOT NULL DEFAULT ''
);
