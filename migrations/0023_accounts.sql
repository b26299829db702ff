-- Accounts of people, of the centre and of providers: invited by a link, good for two factors.

-- owner: access
CREATE TABLE accounts (
    id BYTEA PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    role TEXT NOT NULL,
    isp_id BYTEA,
    isp TEXT,
    invited_at BIGINT NOT NULL,
    confirmed_at BIGINT,
    suspended_at BIGINT,
    ended_at BIGINT
);

INSERT INTO accounts (id, name, role, invited_at, ended_at)
SELECT id, name, role, added_at, ended_at FROM staff;

-- What became of an account: when, what, by whom.
-- owner: access
CREATE TABLE account_events (
    account_id BYTEA NOT NULL,
    no BIGINT NOT NULL,
    at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    author TEXT NOT NULL,
    PRIMARY KEY (account_id, no)
);

INSERT INTO account_events (account_id, no, at, kind, author)
SELECT id, 1, added_at, 'invited', added_by FROM staff;
INSERT INTO account_events (account_id, no, at, kind, author)
SELECT id, 2, ended_at, 'ended', COALESCE(ended_by, '') FROM staff WHERE ended_at IS NOT NULL;

-- One-time links: the hash of what is written behind the address.
-- owner: access
CREATE TABLE account_links (
    tag BYTEA PRIMARY KEY,
    account_id BYTEA NOT NULL,
    made_at BIGINT NOT NULL,
    made_by TEXT NOT NULL,
    ends_at BIGINT NOT NULL,
    used_at BIGINT
);

INSERT INTO account_links (tag, account_id, made_at, made_by, ends_at, used_at)
SELECT tag, staff_id, made_at, made_by, ends_at, used_at FROM staff_links;

-- A session knows its account and how far whoever holds it has shown who they are. What a ceremony
-- with a passkey has to remember until its answer lies here too.
-- owner: access
CREATE TABLE account_sessions (
    tag BYTEA PRIMARY KEY,
    account_id BYTEA NOT NULL,
    level TEXT NOT NULL,
    opened_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    ceremony BYTEA
);
CREATE INDEX account_sessions_by_account ON account_sessions (account_id);

-- owner: access
CREATE TABLE account_passwords (
    account_id BYTEA PRIMARY KEY,
    hash TEXT NOT NULL,
    set_at BIGINT NOT NULL
);

-- Second factors: passkeys, and secrets of apps that show a code. Sealed, as their secrets are.
-- owner: access
CREATE TABLE account_factors (
    account_id BYTEA NOT NULL,
    id BYTEA NOT NULL,
    kind TEXT NOT NULL,
    label TEXT NOT NULL,
    sealed BYTEA NOT NULL,
    added_at BIGINT NOT NULL,
    used_at BIGINT,
    last_step BIGINT,
    removed_at BIGINT,
    PRIMARY KEY (account_id, id)
);

-- owner: access
CREATE TABLE account_recovery_codes (
    account_id BYTEA NOT NULL,
    tag BYTEA NOT NULL,
    made_at BIGINT NOT NULL,
    used_at BIGINT,
    PRIMARY KEY (account_id, tag)
);

-- How often signing in failed, by name and by source; both as keyed hashes.
-- owner: access
CREATE TABLE sign_in_failures (
    bucket BYTEA PRIMARY KEY,
    failures BIGINT NOT NULL,
    last_at BIGINT NOT NULL
);

DROP TABLE staff_links;
DROP TABLE staff_sessions;
DROP TABLE staff;

-- The provider that a token is good for, if it is one.
ALTER TABLE api_tokens ADD COLUMN isp_id BYTEA;
