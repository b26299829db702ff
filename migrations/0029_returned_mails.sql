-- Mails that came to the return address, so that each is taken once however often it is fetched.

-- A mail that said something of a delivery, by the SHA-256 of its bytes.
-- owner: notices
CREATE TABLE returned_mails (
    sha256 BYTEA NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    came_at BIGINT NOT NULL
);

-- A mail of the mailbox that was looked at, by the numbers that its server gives it. One that says
-- nothing of a delivery stays unseen there, with the reason here.
-- owner: notices
CREATE TABLE bounce_items (
    item TEXT NOT NULL PRIMARY KEY,
    looked_at BIGINT NOT NULL,
    refused TEXT
);

-- Each time the mailbox was fetched: what came of it.
-- owner: notices
CREATE TABLE bounce_runs (
    fence BIGINT NOT NULL PRIMARY KEY,
    ended_at BIGINT NOT NULL,
    taken BIGINT NOT NULL,
    known BIGINT NOT NULL,
    refused BIGINT NOT NULL,
    fault TEXT
);
