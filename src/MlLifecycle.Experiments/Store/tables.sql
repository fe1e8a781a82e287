-- What is searched and what is hot: kept current in the transaction that appends the events. Text sorts by code point, so that an index serves
-- ranges and prefixes and an order means the same on every machine.
CREATE SCHEMA IF NOT EXISTS tracking;

CREATE TABLE IF NOT EXISTS tracking.experiments (
    experiment int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    stream uuid NOT NULL UNIQUE,
    project uuid NOT NULL,
    number bigint NOT NULL,
    name text COLLATE "C" NOT NULL,
    artifact_location text NOT NULL,
    deleted boolean NOT NULL,
    created_ms bigint NOT NULL,
    updated_ms bigint NOT NULL,
    tags jsonb NOT NULL,
    CONSTRAINT experiments_number UNIQUE (project, number),
    CONSTRAINT experiments_name UNIQUE (project, name)
);

CREATE SEQUENCE IF NOT EXISTS tracking.run_keys;

CREATE TABLE IF NOT EXISTS tracking.runs (
    run bigint PRIMARY KEY,
    id uuid NOT NULL UNIQUE,
    experiment int NOT NULL,
    name text COLLATE "C" NOT NULL,
    user_id text COLLATE "C" NOT NULL,
    status text COLLATE "C" NOT NULL,
    started_ms bigint NOT NULL,
    ended_ms bigint,
    deleted boolean NOT NULL,
    recorded timestamptz NOT NULL
);
ALTER TABLE tracking.runs ADD COLUMN IF NOT EXISTS deleted_at timestamptz;
-- Counts the commits that changed the run, so that what was read of it once can be known to be current. Space for that in each page keeps the indexes as they are.
ALTER TABLE tracking.runs ADD COLUMN IF NOT EXISTS revision bigint NOT NULL DEFAULT 0;
-- The marks of its parameters (see ParamMarks.cs); -1, all bits, is what was written before there were marks.
ALTER TABLE tracking.runs ADD COLUMN IF NOT EXISTS param_marks bigint NOT NULL DEFAULT -1;
ALTER TABLE tracking.runs DROP COLUMN IF EXISTS marks;
ALTER TABLE tracking.runs SET (fillfactor = 80);
CREATE INDEX IF NOT EXISTS runs_by_start ON tracking.runs (experiment, started_ms DESC, id);

CREATE TABLE IF NOT EXISTS tracking.params (
    run bigint NOT NULL,
    experiment int NOT NULL,
    key text COLLATE "C" NOT NULL,
    value text COLLATE "C" NOT NULL,
    PRIMARY KEY (run, key)
);
-- An index entry holds at most 2.7 kB; a value may be longer.
CREATE INDEX IF NOT EXISTS params_by_value ON tracking.params (experiment, key, left(value, 100));

CREATE TABLE IF NOT EXISTS tracking.tags (
    run bigint NOT NULL,
    experiment int NOT NULL,
    key text COLLATE "C" NOT NULL,
    value text COLLATE "C" NOT NULL,
    PRIMARY KEY (run, key)
);
CREATE INDEX IF NOT EXISTS tags_by_value ON tracking.tags (experiment, key, left(value, 100));

-- One row per run and metric: its latest point, and the number under which its points are kept.
CREATE TABLE IF NOT EXISTS tracking.metrics (
    series bigint GENERATED ALWAYS AS IDENTITY,
    run bigint NOT NULL,
    experiment int NOT NULL,
    key text COLLATE "C" NOT NULL,
    timestamp_ms bigint NOT NULL,
    step bigint NOT NULL,
    value double precision NOT NULL,
    PRIMARY KEY (run, key)
);
-- The run's marks, so that a walk along a metric's values asks after the parameters of few of the runs it meets.
ALTER TABLE tracking.metrics ADD COLUMN IF NOT EXISTS param_marks bigint NOT NULL DEFAULT -1;
ALTER TABLE tracking.metrics DROP COLUMN IF EXISTS marks; -- with the index that held it
CREATE INDEX IF NOT EXISTS metrics_in_order ON tracking.metrics (experiment, key, value, run) INCLUDE (param_marks);
DROP FUNCTION IF EXISTS tracking.marks(text, text);
DROP INDEX IF EXISTS tracking.metrics_by_value;

-- A log in itself: points are added, never changed. A point sent twice is kept twice and read once. The points of a metric that one commit brought are
-- one row (see Chunk.cs), which costs a tenth of a row for each; the rows of many small commits are put together later (see ChunkMerger.cs).
CREATE TABLE IF NOT EXISTS tracking.chunks (
    series bigint NOT NULL,
    first_ms bigint NOT NULL,
    last_ms bigint NOT NULL,
    recorded timestamptz NOT NULL,
    points bytea NOT NULL
);
ALTER TABLE tracking.chunks ALTER COLUMN points SET STORAGE EXTERNAL; -- compressed already
-- When each point was recorded, of chunks put together; without it, all were at the moment "recorded", which else is the last of them.
ALTER TABLE tracking.chunks ADD COLUMN IF NOT EXISTS moments bytea;
ALTER TABLE tracking.chunks ALTER COLUMN moments SET STORAGE EXTERNAL;
CREATE INDEX IF NOT EXISTS chunks_in_order ON tracking.chunks (series, first_ms, last_ms);

CREATE TABLE IF NOT EXISTS tracking.inputs (
    run bigint NOT NULL,
    experiment int NOT NULL,
    name text COLLATE "C" NOT NULL,
    digest text COLLATE "C" NOT NULL,
    position int NOT NULL,
    source_type text NOT NULL,
    source text NOT NULL,
    schema text,
    profile text,
    context text COLLATE "C",
    tags jsonb NOT NULL,
    PRIMARY KEY (run, name, digest)
);
CREATE INDEX IF NOT EXISTS inputs_by_dataset ON tracking.inputs (experiment, name, digest);

CREATE TABLE IF NOT EXISTS tracking.models (
    model int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    stream uuid NOT NULL UNIQUE,
    project uuid NOT NULL,
    name text COLLATE "C" NOT NULL,
    description text NOT NULL,
    created_ms bigint NOT NULL,
    updated_ms bigint NOT NULL,
    tags jsonb NOT NULL,
    CONSTRAINT models_name UNIQUE (project, name)
);

CREATE TABLE IF NOT EXISTS tracking.model_versions (
    stream uuid NOT NULL REFERENCES tracking.models (stream) ON DELETE CASCADE,
    version int NOT NULL,
    source text NOT NULL,
    run_id text COLLATE "C" NOT NULL,
    run_link text NOT NULL,
    description text NOT NULL,
    user_id text NOT NULL,
    stage text NOT NULL,
    created_ms bigint NOT NULL,
    updated_ms bigint NOT NULL,
    tags jsonb NOT NULL,
    PRIMARY KEY (stream, version)
);

CREATE TABLE IF NOT EXISTS tracking.model_aliases (
    stream uuid NOT NULL REFERENCES tracking.models (stream) ON DELETE CASCADE,
    alias text COLLATE "C" NOT NULL,
    version int NOT NULL,
    PRIMARY KEY (stream, alias)
);
ALTER TABLE tracking.model_versions ADD COLUMN IF NOT EXISTS model_id text COLLATE "C";
ALTER TABLE tracking.model_versions ADD COLUMN IF NOT EXISTS location text;

-- Logged models that runs made (output) or used.
CREATE TABLE IF NOT EXISTS tracking.run_models (
    run bigint NOT NULL,
    model_id text COLLATE "C" NOT NULL,
    output boolean NOT NULL,
    step bigint NOT NULL,
    position int NOT NULL,
    PRIMARY KEY (run, output, model_id)
);

CREATE TABLE IF NOT EXISTS tracking.logged_models (
    id uuid PRIMARY KEY,
    project uuid NOT NULL,
    experiment bigint NOT NULL,
    name text COLLATE "C" NOT NULL,
    model_type text COLLATE "C" NOT NULL,
    source_run text COLLATE "C" NOT NULL,
    artifact_uri text NOT NULL,
    creator text NOT NULL,
    status text COLLATE "C" NOT NULL,
    deleted boolean NOT NULL,
    created_ms bigint NOT NULL,
    updated_ms bigint NOT NULL,
    params jsonb NOT NULL,
    tags jsonb NOT NULL
);
CREATE INDEX IF NOT EXISTS logged_models_by_age ON tracking.logged_models (project, experiment, created_ms DESC, id DESC);

-- The points of each metric of a logged model, by the data it was measured on.
CREATE TABLE IF NOT EXISTS tracking.model_metrics (
    model uuid NOT NULL,
    key text COLLATE "C" NOT NULL,
    dataset_name text COLLATE "C" NOT NULL,
    dataset_digest text COLLATE "C" NOT NULL,
    run uuid NOT NULL,
    timestamp_ms bigint NOT NULL,
    step bigint NOT NULL,
    value double precision NOT NULL
);
ALTER TABLE tracking.model_metrics DROP CONSTRAINT IF EXISTS model_metrics_pkey; -- by which there was but one point of a metric
-- The longest key and the longest name of a data set have no room in one index entry.
CREATE UNIQUE INDEX IF NOT EXISTS model_metrics_in_order ON tracking.model_metrics (model, key, timestamp_ms, step, run, md5(dataset_name), dataset_digest);
DROP INDEX IF EXISTS tracking.model_metrics_points;

CREATE TABLE IF NOT EXISTS tracking.traces (
    stream uuid PRIMARY KEY,
    project uuid NOT NULL,
    experiment bigint NOT NULL,
    id text COLLATE "C" NOT NULL,
    client_request_id text COLLATE "C",
    request_ms bigint NOT NULL,
    duration_ms bigint,
    state text COLLATE "C" NOT NULL,
    metadata jsonb NOT NULL,
    tags jsonb NOT NULL,
    assessments jsonb NOT NULL,
    runs text[] NOT NULL
);
CREATE INDEX IF NOT EXISTS traces_by_age ON tracking.traces (project, experiment, request_ms DESC, id);

-- A log in itself: spans are added, never changed. A span sent twice is kept twice and read once, the last as it came.
CREATE TABLE IF NOT EXISTS tracking.spans (
    trace uuid NOT NULL,
    position bigint GENERATED ALWAYS AS IDENTITY,
    span text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    started_ns bigint NOT NULL,
    content text NOT NULL
);
CREATE INDEX IF NOT EXISTS spans_of_trace ON tracking.spans (trace, span, position DESC);

CREATE TABLE IF NOT EXISTS tracking.webhooks (
    id uuid PRIMARY KEY,
    project uuid NOT NULL,
    name text NOT NULL,
    description text NOT NULL,
    url text NOT NULL,
    events text[] NOT NULL,
    active boolean NOT NULL,
    created_ms bigint NOT NULL,
    updated_ms bigint NOT NULL,
    secret bytea
);
CREATE INDEX IF NOT EXISTS webhooks_of_project ON tracking.webhooks (project, id);

-- What is still to be delivered.
CREATE TABLE IF NOT EXISTS tracking.deliveries (
    delivery bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    webhook uuid NOT NULL REFERENCES tracking.webhooks (id) ON DELETE CASCADE,
    payload text NOT NULL,
    due timestamptz NOT NULL,
    attempts int NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS deliveries_due ON tracking.deliveries (due);

CREATE TABLE IF NOT EXISTS tracking.evaluation_records (
    dataset uuid NOT NULL,
    key text COLLATE "C" NOT NULL,
    position bigint GENERATED ALWAYS AS IDENTITY,
    id uuid NOT NULL,
    inputs jsonb NOT NULL,
    expectations jsonb NOT NULL,
    tags jsonb NOT NULL,
    source jsonb,
    created_ms bigint NOT NULL,
    updated_ms bigint NOT NULL,
    created_by text NOT NULL,
    updated_by text NOT NULL,
    PRIMARY KEY (dataset, key)
);
ALTER TABLE tracking.evaluation_records ADD COLUMN IF NOT EXISTS outputs jsonb;
CREATE INDEX IF NOT EXISTS evaluation_records_in_order ON tracking.evaluation_records (dataset, position);

-- Numbers are not given again.
CREATE TABLE IF NOT EXISTS tracking.purged_experiments (
    project uuid NOT NULL,
    number bigint NOT NULL,
    PRIMARY KEY (project, number)
);
