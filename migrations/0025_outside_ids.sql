-- Identities at an outside provider (OpenID Connect), each bound to an account by its own person.

-- The tag is a keyed hash of issuer and subject. What is unbound stays, with the date and by whom.
-- owner: access
CREATE TABLE account_outside_ids (
    account_id BYTEA NOT NULL,
    id BYTEA NOT NULL,
    tag BYTEA NOT NULL,
    issuer TEXT NOT NULL,
    bound_at BIGINT NOT NULL,
    bound_by TEXT NOT NULL,
    unbound_at BIGINT,
    unbound_by TEXT,
    PRIMARY KEY (account_id, id)
);
-- An identity opens one account, and an account has one.
CREATE UNIQUE INDEX account_outside_ids_tag ON account_outside_ids (tag) WHERE unbound_at IS NULL;
CREATE UNIQUE INDEX account_outside_ids_account ON account_outside_ids (account_id)
 WHERE unbound_at IS NULL;

-- Browsers that were sent out to the provider and are awaited back, by the hash of a cookie.
-- owner: access
CREATE TABLE account_outings (
    tag BYTEA PRIMARY KEY,
    account_id BYTEA,
    sealed BYTEA NOT NULL,
    ends_at BIGINT NOT NULL
);
CREATE INDEX account_outings_by_end ON account_outings (ends_at);

-- What is over is swept away at each new row; without these each sweep would read the whole table.
CREATE INDEX sign_in_failures_by_last ON sign_in_failures (last_at);
CREATE INDEX account_sessions_by_end ON account_sessions (ends_at);
