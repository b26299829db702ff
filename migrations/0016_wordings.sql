-- What notices say: versions of each wording, and what two people decided about them.

-- owner: notices
CREATE TABLE wordings (
    kind TEXT NOT NULL,
    language TEXT NOT NULL,
    version BIGINT NOT NULL,
    subject TEXT NOT NULL,
    body TEXT NOT NULL,
    drafted_at BIGINT NOT NULL,
    drafted_by TEXT NOT NULL,
    PRIMARY KEY (kind, language, version)
);

-- A version is approved once and retired once; what is not here did not happen.
-- owner: notices
CREATE TABLE wording_events (
    kind TEXT NOT NULL,
    language TEXT NOT NULL,
    version BIGINT NOT NULL,
    fact TEXT NOT NULL,
    at BIGINT NOT NULL,
    author TEXT NOT NULL,
    from_at BIGINT,
    reason TEXT,
    PRIMARY KEY (kind, language, version, fact)
);
