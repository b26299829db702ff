-- Who did what, and who read what: one chain of hashes over all leaves.

-- owner: audit
CREATE TABLE audit_leaves (
    no BIGINT PRIMARY KEY,
    at BIGINT NOT NULL,
    author TEXT NOT NULL,
    act TEXT NOT NULL,
    object TEXT NOT NULL,
    isp TEXT,
    detail TEXT,
    hash BYTEA NOT NULL
);

-- The last leaf; whoever adds one holds this row until the end of the transaction.
-- owner: audit
CREATE TABLE audit_head (
    id BIGINT PRIMARY KEY,
    no BIGINT NOT NULL,
    hash BYTEA NOT NULL
);
