-- The register in the hands of its providers: whom the centre reaches there, what they claim and
-- propose, and what was decided about it. Facts are added and never overwritten.

-- Each version of a contact. What reaches somebody is sealed; the tag finds a mail address again.
-- owner: isps
CREATE TABLE isp_contacts (
    isp_id BYTEA NOT NULL,
    id BYTEA NOT NULL,
    version BIGINT NOT NULL,
    role TEXT NOT NULL,
    mail_tag BYTEA NOT NULL,
    body BYTEA NOT NULL,
    written_at BIGINT NOT NULL,
    written_by TEXT NOT NULL,
    PRIMARY KEY (isp_id, id, version)
);
CREATE INDEX isp_contacts_by_mail ON isp_contacts (mail_tag);

-- That a version of a contact was confirmed or doubted, or the contact removed.
-- owner: isps
CREATE TABLE isp_contact_events (
    isp_id BYTEA NOT NULL,
    contact_id BYTEA NOT NULL,
    no BIGINT NOT NULL,
    version BIGINT NOT NULL,
    at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    author TEXT NOT NULL,
    reason TEXT,
    PRIMARY KEY (isp_id, contact_id, no)
);

-- What a provider claims or gives back: a prefix or an AS number, from–to.
-- owner: isps
CREATE TABLE isp_claims (
    isp_id BYTEA NOT NULL,
    id BYTEA NOT NULL,
    act TEXT NOT NULL,
    prefix TEXT,
    asn BIGINT,
    kind TEXT,
    name TEXT,
    notify TEXT,
    valid_from BIGINT NOT NULL,
    valid_to BIGINT,
    reason TEXT NOT NULL,
    claimed_at BIGINT NOT NULL,
    claimed_by TEXT NOT NULL,
    PRIMARY KEY (isp_id, id)
);

-- What a provider proposes of itself.
-- owner: isps
CREATE TABLE isp_proposals (
    isp_id BYTEA NOT NULL,
    id BYTEA NOT NULL,
    field TEXT NOT NULL,
    value TEXT NOT NULL,
    reason TEXT NOT NULL,
    proposed_at BIGINT NOT NULL,
    proposed_by TEXT NOT NULL,
    PRIMARY KEY (isp_id, id)
);

-- What was decided about a claim or a proposal: once each.
-- owner: isps
CREATE TABLE isp_decisions (
    isp_id BYTEA NOT NULL,
    subject_id BYTEA NOT NULL,
    decided TEXT NOT NULL,
    decided_at BIGINT NOT NULL,
    decided_by TEXT NOT NULL,
    reason TEXT NOT NULL,
    import_no BIGINT,
    beside TEXT,
    PRIMARY KEY (isp_id, subject_id)
);
