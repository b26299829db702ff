-- Ways in: where files are fetched from, when, and what came of each run.

-- What is done again and again. `fence` grows with each lease: whoever writes as the holder of a
-- lease proves by it that nobody else has taken the job since.
-- owner: jobs
CREATE TABLE jobs (
    kind TEXT NOT NULL,
    subject BYTEA NOT NULL,
    due_at BIGINT,
    attempts BIGINT NOT NULL,
    fence BIGINT NOT NULL,
    leased_until BIGINT,
    PRIMARY KEY (kind, subject)
);

-- owner: feeds
CREATE TABLE feed_ways (
    id BYTEA PRIMARY KEY,
    feed_id BYTEA NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    settings TEXT NOT NULL,
    secret_file TEXT,
    schedule TEXT NOT NULL,
    position TEXT NOT NULL,
    added_at BIGINT NOT NULL,
    paused_at BIGINT,
    UNIQUE (feed_id, name)
);

-- A run that has no `ended_at` is going on, or was cut off.
-- owner: feeds
CREATE TABLE way_runs (
    way_id BYTEA NOT NULL,
    run_no BIGINT NOT NULL,
    began_at BIGINT NOT NULL,
    ended_at BIGINT,
    files BIGINT NOT NULL,
    known BIGINT NOT NULL,
    refused BIGINT NOT NULL,
    fault TEXT,
    next_at BIGINT,
    PRIMARY KEY (way_id, run_no)
);

-- What was fetched already, by the name that its source gives it.
-- owner: feeds
CREATE TABLE way_items (
    way_id BYTEA NOT NULL,
    item TEXT NOT NULL,
    run_no BIGINT NOT NULL,
    at BIGINT NOT NULL,
    refused TEXT,
    PRIMARY KEY (way_id, item)
);
