-- What production sends, beside the event store: written by COPY, thousands of rows a second, and named by events once a window of it is closed.

CREATE TABLE IF NOT EXISTS reference_column (
    reference_id uuid NOT NULL,
    place        int NOT NULL,
    facts        json NOT NULL,
    numbers      bytea NOT NULL, -- sorted, eight bytes each, little-endian
    PRIMARY KEY (reference_id, place)
);

-- One row per deployment; whoever adds predictions holds it, so that their places are without gaps.
CREATE TABLE IF NOT EXISTS prediction_intake (
    deployment_id uuid PRIMARY KEY,
    seconds       int,                       -- of a window of time; null when windows are of rows only
    grace_seconds int NOT NULL,
    closed_before bigint NOT NULL DEFAULT 0, -- spans before this one take no more predictions
    latest_at     timestamptz,
    last_received timestamptz NOT NULL
);

-- How many predictions each span of time has; span 0 is all time when windows are of rows only.
CREATE TABLE IF NOT EXISTS prediction_span (
    deployment_id uuid NOT NULL,
    span          bigint NOT NULL,
    rows          bigint NOT NULL,
    PRIMARY KEY (deployment_id, span)
);

-- Windows in the order in which they are evaluated: span by span, and within a span part by part.
CREATE TABLE IF NOT EXISTS prediction_window (
    deployment_id uuid NOT NULL,
    span          bigint NOT NULL,
    part          int NOT NULL,
    rows          int NOT NULL,
    closed_by     text,    -- null while it is open
    correlation   text,
    number        int,     -- null until it is evaluated
    PRIMARY KEY (deployment_id, span, part)
);
CREATE INDEX IF NOT EXISTS prediction_window_due ON prediction_window (deployment_id, span, part) WHERE number IS NULL;
CREATE UNIQUE INDEX IF NOT EXISTS prediction_window_number ON prediction_window (deployment_id, number);

CREATE TABLE IF NOT EXISTS prediction (
    deployment_id uuid NOT NULL,
    id            text COLLATE "C" NOT NULL,
    at            timestamptz NOT NULL,
    latency_ms    float8,
    prediction    text,
    score         float8,
    features      json NOT NULL,
    span          bigint NOT NULL,
    part          int, -- null when it came too late for its window
    PRIMARY KEY (deployment_id, id)
);
CREATE INDEX IF NOT EXISTS prediction_place ON prediction (deployment_id, span, part);

CREATE TABLE IF NOT EXISTS label (
    deployment_id uuid NOT NULL,
    id            text COLLATE "C" NOT NULL,
    label         text NOT NULL,
    at            timestamptz NOT NULL,
    PRIMARY KEY (deployment_id, id)
);

-- Halves of inference events that wait for the other half.
CREATE TABLE IF NOT EXISTS inference_half (
    deployment_id uuid NOT NULL,
    event_id      text NOT NULL,
    response      boolean NOT NULL,
    at            timestamptz,
    data          json NOT NULL,
    received_at   timestamptz NOT NULL,
    PRIMARY KEY (deployment_id, event_id, response)
);
CREATE INDEX IF NOT EXISTS inference_half_age ON inference_half (received_at);
