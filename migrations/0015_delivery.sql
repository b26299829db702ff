-- How lists reach the providers: their keys, what they prefer, and what was sent.

-- Public keys of providers. One is in force as long as nobody removed it and its own time lasts.
-- owner: isps
CREATE TABLE isp_keys (
    isp_id BYTEA NOT NULL,
    id BYTEA NOT NULL,
    standard TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    owner TEXT NOT NULL,
    algorithm TEXT NOT NULL,
    certificate BYTEA NOT NULL,
    expires_at BIGINT,
    added_at BIGINT NOT NULL,
    added_by TEXT NOT NULL,
    removed_at BIGINT,
    removed_by TEXT,
    PRIMARY KEY (isp_id, id)
);

-- What a provider prefers: the latest row is in force.
-- owner: isps
CREATE TABLE isp_deliveries (
    isp_id BYTEA NOT NULL,
    no BIGINT NOT NULL,
    way TEXT NOT NULL,
    form TEXT NOT NULL,
    schedule TEXT,
    target TEXT,
    dialling TEXT NOT NULL,
    secret BYTEA,
    set_at BIGINT NOT NULL,
    set_by TEXT NOT NULL,
    PRIMARY KEY (isp_id, no)
);

-- A list on its way to its provider. It is entered in the transaction that prepares the list, and
-- says how it stands; `delivery_events` says how it came to be so.
-- owner: notices
CREATE TABLE deliveries (
    isp_id BYTEA NOT NULL,
    id BYTEA NOT NULL UNIQUE,
    notice_id BYTEA NOT NULL,
    way TEXT NOT NULL,
    state TEXT NOT NULL,
    entered_at BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    target TEXT,
    form TEXT,
    made_at BIGINT,
    sha256 TEXT,
    bytes BIGINT,
    answer TEXT,
    settled_at BIGINT,
    PRIMARY KEY (isp_id, id)
);
CREATE INDEX deliveries_by_notice ON deliveries (isp_id, notice_id);

-- `fence` is the lease under which a try was made, so that no try is written twice.
-- owner: notices
CREATE TABLE delivery_events (
    isp_id BYTEA NOT NULL,
    delivery_id BYTEA NOT NULL,
    no BIGINT NOT NULL,
    at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    detail TEXT,
    author TEXT NOT NULL,
    fence BIGINT,
    PRIMARY KEY (isp_id, delivery_id, no)
);

-- The bytes that are sent, sealed, from when they are made until the other side has them: a repeat
-- is the same message.
-- owner: notices
CREATE TABLE delivery_messages (
    isp_id BYTEA NOT NULL,
    delivery_id BYTEA NOT NULL,
    sealed BYTEA NOT NULL,
    PRIMARY KEY (isp_id, delivery_id)
);
