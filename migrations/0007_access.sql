-- Who may do what: people of the centre, their links and sessions, and the tokens of machines.

-- owner: access
CREATE TABLE staff (
    id BYTEA PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    role TEXT NOT NULL,
    added_at BIGINT NOT NULL,
    added_by TEXT NOT NULL,
    ended_at BIGINT,
    ended_by TEXT
);

-- One-time links: the hash of what is written behind the address.
-- owner: access
CREATE TABLE staff_links (
    tag BYTEA PRIMARY KEY,
    staff_id BYTEA NOT NULL,
    made_at BIGINT NOT NULL,
    made_by TEXT NOT NULL,
    ends_at BIGINT NOT NULL,
    used_at BIGINT
);

-- owner: access
CREATE TABLE staff_sessions (
    tag BYTEA PRIMARY KEY,
    staff_id BYTEA NOT NULL,
    opened_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL
);

-- owner: access
CREATE TABLE api_tokens (
    id BYTEA PRIMARY KEY,
    tag BYTEA NOT NULL UNIQUE,
    scope TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    made_by TEXT NOT NULL,
    ends_at BIGINT NOT NULL,
    used_at BIGINT,
    withdrawn_at BIGINT,
    withdrawn_by TEXT
);
