-- Reminders that go out as mail, who fetched which list, and how much of the register a collection
-- has looked at.

-- A mail that reminds a provider: of lists, or of contacts that somebody has to confirm. `body` is
-- what it is about, without an address. `target` is to whom it went, and `sealed` the message from
-- when it is made until the other side has it; both are sealed.
-- owner: notices
CREATE TABLE reminder_mails (
    isp_id BYTEA NOT NULL,
    id BYTEA NOT NULL UNIQUE,
    topic TEXT NOT NULL,
    body TEXT NOT NULL,
    state TEXT NOT NULL,
    entered_at BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    way TEXT,
    lang TEXT,
    made_at BIGINT,
    sha256 TEXT,
    target BYTEA,
    sealed BYTEA,
    answer TEXT,
    settled_at BIGINT,
    PRIMARY KEY (isp_id, id)
);

-- What happened to such a mail. `fence` is the lease under which a try was made.
-- owner: notices
CREATE TABLE reminder_mail_events (
    isp_id BYTEA NOT NULL,
    mail_id BYTEA NOT NULL,
    no BIGINT NOT NULL,
    at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    detail TEXT,
    author TEXT NOT NULL,
    fence BIGINT,
    PRIMARY KEY (isp_id, mail_id, no)
);

-- That a provider was asked to confirm a contact: once at each step of each time for which it counts
-- as confirmed.
-- owner: notices
CREATE TABLE contact_reminders (
    isp_id BYTEA NOT NULL,
    contact_id BYTEA NOT NULL,
    confirmed_until BIGINT NOT NULL,
    step TEXT NOT NULL,
    at BIGINT NOT NULL,
    mail_id BYTEA NOT NULL,
    PRIMARY KEY (isp_id, contact_id, confirmed_until, step)
);

-- Who took a list; unknown for lists that were handed out before this was kept.
ALTER TABLE notice_exports ADD COLUMN author TEXT;

-- By which state of the register and of the address table a list in the collection was looked at.
ALTER TABLE taxii_lists ADD COLUMN looked_at TEXT NOT NULL DEFAULT '';
