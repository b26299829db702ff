-- The spine: from a feed file to a verified fix.
--
-- One text for both engines. Times are UTC microseconds, addresses and keys are byte strings, JSON
-- is text. A tenant's table carries isp_id first in its key; feeds and sightings precede
-- attribution and have none. Each table names the one stage that writes it.

-- owner: isps
CREATE TABLE isps (
    id BYTEA PRIMARY KEY,
    code TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    upstream TEXT,
    lease_policy TEXT NOT NULL,
    lines BIGINT,
    changed_at BIGINT NOT NULL
);

-- owner: isps
CREATE TABLE isp_asns (
    isp_id BYTEA NOT NULL,
    asn BIGINT NOT NULL,
    PRIMARY KEY (isp_id, asn)
);

-- owner: isps
CREATE TABLE isp_prefixes (
    isp_id BYTEA NOT NULL,
    prefix TEXT NOT NULL,
    valid_from BIGINT NOT NULL,
    valid_to BIGINT,
    kind TEXT NOT NULL,
    PRIMARY KEY (isp_id, prefix, valid_from)
);

-- owner: attribution
CREATE TABLE network_editions (
    id BYTEA PRIMARY KEY,
    sha256 TEXT NOT NULL UNIQUE,
    ranges BIGINT NOT NULL,
    applied_at BIGINT NOT NULL
);

-- owner: attribution
CREATE TABLE network_chunks (
    edition_id BYTEA NOT NULL,
    no BIGINT NOT NULL,
    body BYTEA NOT NULL,
    PRIMARY KEY (edition_id, no)
);

-- owner: feeds
CREATE TABLE feeds (
    id BYTEA PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    format TEXT NOT NULL,
    stream TEXT NOT NULL,
    utc_offset_minutes BIGINT,
    completeness_floor DOUBLE PRECISION NOT NULL,
    added_at BIGINT NOT NULL
);

-- owner: feeds
CREATE TABLE feed_files (
    id BYTEA PRIMARY KEY,
    feed_id BYTEA NOT NULL,
    holds TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    name TEXT NOT NULL,
    bytes BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    rows_done BIGINT NOT NULL,
    counts TEXT NOT NULL,
    completed_at BIGINT,
    refused TEXT,
    UNIQUE (feed_id, holds, sha256)
);

-- owner: feeds
CREATE TABLE run_hits (
    feed_file_id BYTEA NOT NULL,
    scan_run TEXT NOT NULL,
    hits BIGINT NOT NULL,
    first_at BIGINT,
    last_at BIGINT,
    PRIMARY KEY (feed_file_id, scan_run)
);

-- owner: feeds
CREATE TABLE quarantined_rows (
    feed_file_id BYTEA NOT NULL,
    row_no BIGINT NOT NULL,
    line BIGINT NOT NULL,
    column_name TEXT,
    reason TEXT NOT NULL,
    scan_run TEXT,
    ip TEXT,
    released_at BIGINT,
    dismissed_at BIGINT,
    bytes BYTEA NOT NULL,
    PRIMARY KEY (feed_file_id, row_no)
);

-- What operators said of quarantined rows: when, who, why.
-- owner: feeds
CREATE TABLE quarantine_events (
    feed_file_id BYTEA NOT NULL,
    row_no BIGINT NOT NULL,
    at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    author TEXT NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (feed_file_id, row_no, at, kind)
);

-- owner: feeds
CREATE TABLE scan_coverage (
    feed_id BYTEA NOT NULL,
    scan_run TEXT NOT NULL,
    prefix TEXT NOT NULL,
    proto BIGINT NOT NULL,
    weakness TEXT NOT NULL,
    ports TEXT NOT NULL,
    from_at BIGINT NOT NULL,
    to_at BIGINT NOT NULL,
    method_version TEXT NOT NULL,
    status TEXT NOT NULL,
    attempted BIGINT NOT NULL,
    completeness DOUBLE PRECISION NOT NULL,
    hits BIGINT,
    excluded TEXT NOT NULL,
    file_sha256 TEXT NOT NULL,
    recorded_at BIGINT NOT NULL,
    PRIMARY KEY (feed_id, scan_run, prefix, proto, weakness)
);
CREATE INDEX scan_coverage_by_place ON scan_coverage (prefix, to_at);

-- The first sightings of cases in full, in order of rows; see src/sightings/kept.rs.
-- owner: sightings
CREATE TABLE sighting_chunks (
    feed_file_id BYTEA NOT NULL,
    first_row BIGINT NOT NULL,
    last_row BIGINT NOT NULL,
    body BYTEA NOT NULL,
    PRIMARY KEY (feed_file_id, first_row)
);

-- Where and when, of every sighting, by neighbourhood of addresses; see src/sightings/hits.rs.
-- owner: sightings
CREATE TABLE hits (
    shelf BYTEA NOT NULL,
    feed_file_id BYTEA NOT NULL,
    first_row BIGINT NOT NULL,
    from_at BIGINT NOT NULL,
    to_at BIGINT NOT NULL,
    body BYTEA NOT NULL,
    PRIMARY KEY (shelf, feed_file_id, first_row)
);

-- owner: attribution
CREATE TABLE unattributed (
    spot BYTEA PRIMARY KEY,
    feed_file_id BYTEA NOT NULL,
    row_no BIGINT NOT NULL,
    asn BIGINT,
    network_kind TEXT NOT NULL,
    first_seen BIGINT NOT NULL,
    last_seen BIGINT NOT NULL
) /* clustered */;

-- How each case was opened and how it stands; read it by the view `cases` below.
-- owner: cases
CREATE TABLE case_rows (
    isp_id BYTEA NOT NULL,
    id BYTEA NOT NULL,
    no BIGINT NOT NULL,
    spot BYTEA NOT NULL,
    term BIGINT NOT NULL,
    traits BIGINT NOT NULL,
    row_no BIGINT NOT NULL,
    asn BIGINT,
    opened_at BIGINT NOT NULL,
    state TEXT NOT NULL DEFAULT 'open',
    state_since BIGINT,
    first_clean BIGINT,
    line_of BYTEA,
    PRIMARY KEY (isp_id, id)
) /* clustered */;
CREATE INDEX case_rows_by_line ON case_rows (isp_id, line_of) WHERE line_of IS NOT NULL;
CREATE INDEX case_rows_verified ON case_rows (no, state_since) WHERE state = 'verified';

-- What many cases that were opened together have in common, under the number of one of them.
-- owner: cases
CREATE TABLE case_traits (
    no BIGINT PRIMARY KEY,
    stream TEXT NOT NULL,
    feed_id BYTEA NOT NULL,
    feed_file_id BYTEA NOT NULL,
    maker TEXT,
    model TEXT,
    device_kind TEXT,
    severity TEXT NOT NULL,
    basis TEXT NOT NULL
);

-- From when to when a case was seen apart from the sighting that opened it. What a day's list
-- changes in every case lies here, in rows so narrow that all of them are a few thousand pages.
-- owner: cases
CREATE TABLE case_times (
    no BIGINT PRIMARY KEY,
    first_seen BIGINT NOT NULL,
    last_seen BIGINT NOT NULL
);

-- The number that the next case gets. Whoever takes a batch in, a report, or a part of a review
-- holds this row until it is done.
-- owner: cases
CREATE TABLE case_numbers (
    id BIGINT PRIMARY KEY,
    next BIGINT NOT NULL
);
INSERT INTO case_numbers (id, next) VALUES (1, 1);

-- How often lines of a provider were joined or parted by its reports.
-- owner: cases
CREATE TABLE line_joins (
    isp_id BYTEA PRIMARY KEY,
    joins BIGINT NOT NULL
);

-- Which case stands at a spot; see src/cases/register.rs.
-- owner: cases
CREATE TABLE case_shelves (
    shelf BYTEA PRIMARY KEY,
    body BYTEA NOT NULL
);

CREATE VIEW cases AS
SELECT r.isp_id, r.id, r.no, r.spot, r.term, c.stream, c.feed_id, c.feed_file_id, r.row_no,
       c.maker, c.model, c.device_kind, c.severity, r.asn, c.basis, r.opened_at,
       CASE WHEN t.first_seen < r.opened_at THEN t.first_seen ELSE r.opened_at END AS first_seen,
       CASE WHEN t.last_seen > r.opened_at THEN t.last_seen ELSE r.opened_at END AS last_seen,
       r.state, COALESCE(r.state_since, r.opened_at) AS state_since, r.first_clean, r.line_of
  FROM case_rows r LEFT JOIN case_traits c ON c.no = r.traits LEFT JOIN case_times t ON t.no = r.no;

-- owner: cases
CREATE TABLE case_events (
    isp_id BYTEA NOT NULL,
    case_id BYTEA NOT NULL,
    at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    author TEXT NOT NULL,
    detail TEXT,
    withdrawn_at BIGINT,
    PRIMARY KEY (isp_id, case_id, at, kind)
) /* clustered */;

-- owner: cases
CREATE TABLE inquiry_ids (
    tag BYTEA PRIMARY KEY,
    isp_id BYTEA NOT NULL,
    case_id BYTEA NOT NULL,
    sealed BYTEA NOT NULL,
    issued_at BIGINT NOT NULL,
    ends_at BIGINT
);
CREATE UNIQUE INDEX inquiry_ids_by_case ON inquiry_ids (isp_id, case_id);

-- owner: cases
CREATE TABLE line_tokens (
    isp_id BYTEA NOT NULL,
    epoch TEXT NOT NULL,
    token BYTEA NOT NULL,
    case_id BYTEA NOT NULL,
    said_at BIGINT NOT NULL,
    bound_at BIGINT NOT NULL,
    author TEXT NOT NULL,
    ended_at BIGINT,
    PRIMARY KEY (isp_id, epoch, token, case_id)
);
CREATE INDEX line_tokens_by_case ON line_tokens (isp_id, case_id);

-- owner: notices
CREATE TABLE notices (
    isp_id BYTEA NOT NULL,
    id BYTEA NOT NULL,
    list_id TEXT NOT NULL UNIQUE,
    prepared_at BIGINT NOT NULL,
    report_by BIGINT NOT NULL,
    lines BIGINT NOT NULL,
    PRIMARY KEY (isp_id, id)
);

-- owner: notices
CREATE TABLE notice_lines (
    isp_id BYTEA NOT NULL,
    notice_id BYTEA NOT NULL,
    record_no BIGINT NOT NULL,
    case_id BYTEA NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (isp_id, notice_id, record_no)
);
CREATE INDEX notice_lines_by_case ON notice_lines (isp_id, case_id);

-- owner: notices
CREATE TABLE notice_exports (
    isp_id BYTEA NOT NULL,
    notice_id BYTEA NOT NULL,
    format TEXT NOT NULL,
    at BIGINT NOT NULL,
    sha256 TEXT NOT NULL,
    PRIMARY KEY (isp_id, notice_id, format, at)
);

-- owner: notices
CREATE TABLE line_reports (
    isp_id BYTEA NOT NULL,
    notice_id BYTEA NOT NULL,
    record_no BIGINT NOT NULL,
    version BIGINT NOT NULL,
    reported_at BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    state TEXT NOT NULL,
    identified TEXT,
    reason_code TEXT,
    channel TEXT,
    notice_at BIGINT,
    delivery TEXT,
    arm TEXT,
    body TEXT NOT NULL,
    PRIMARY KEY (isp_id, notice_id, record_no, version)
);

-- owner: portal
CREATE TABLE visits (
    id BYTEA PRIMARY KEY,
    session_tag BYTEA NOT NULL UNIQUE,
    isp_id BYTEA NOT NULL,
    case_id BYTEA NOT NULL,
    opened_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL
);

-- owner: portal
CREATE TABLE step_marks (
    isp_id BYTEA NOT NULL,
    case_id BYTEA NOT NULL,
    at BIGINT NOT NULL,
    manual TEXT NOT NULL,
    step BIGINT NOT NULL,
    outcome TEXT NOT NULL,
    cause TEXT,
    PRIMARY KEY (isp_id, case_id, at, manual, step)
);

-- owner: portal
CREATE TABLE device_choices (
    isp_id BYTEA NOT NULL,
    case_id BYTEA NOT NULL,
    at BIGINT NOT NULL,
    choice TEXT NOT NULL,
    PRIMARY KEY (isp_id, case_id, at)
);

-- owner: portal
CREATE TABLE lookup_budget (
    bucket TEXT PRIMARY KEY,
    tokens DOUBLE PRECISION NOT NULL,
    refreshed_at BIGINT NOT NULL,
    place_at BIGINT
);
CREATE INDEX lookup_budget_by_age ON lookup_budget (refreshed_at);

-- owner: verification
CREATE TABLE clean_scans (
    isp_id BYTEA NOT NULL,
    case_id BYTEA NOT NULL,
    ended_at BIGINT NOT NULL,
    feed_id BYTEA NOT NULL,
    scan_run TEXT NOT NULL,
    PRIMARY KEY (isp_id, case_id, ended_at, feed_id, scan_run)
) /* clustered */;
