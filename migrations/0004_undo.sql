-- Undo and approval: a wrong batch is taken back, an unusual one waits for a person.

-- A file is being withdrawn from withdrawn_at on; from emptied_at on nothing of it is left.
-- owner: feeds
ALTER TABLE feed_files ADD COLUMN withdrawn_at BIGINT;
ALTER TABLE feed_files ADD COLUMN emptied_at BIGINT;

-- What people decided about a file: when, who, why.
-- owner: feeds
CREATE TABLE feed_file_events (
    feed_file_id BYTEA NOT NULL,
    at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    author TEXT NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (feed_file_id, at, kind)
);

-- How many addresses of each provider a file names; see src/feeds/gate.rs.
-- owner: feeds
CREATE TABLE file_addresses (
    isp_id BYTEA NOT NULL,
    feed_file_id BYTEA NOT NULL,
    addresses BIGINT NOT NULL,
    PRIMARY KEY (isp_id, feed_file_id)
);
CREATE INDEX file_addresses_by_file ON file_addresses (feed_file_id);

-- Files whose cases no list holds before somebody approves.
-- owner: feeds
CREATE TABLE file_gates (
    feed_file_id BYTEA PRIMARY KEY,
    at BIGINT NOT NULL,
    why TEXT NOT NULL,
    approved_at BIGINT
);

-- A list that lost all its lines before it was handed out.
-- owner: notices
ALTER TABLE notices ADD COLUMN withdrawn_at BIGINT;
CREATE INDEX notice_lines_of_case ON notice_lines (case_id);

-- Lines that were handed out and taken back; told_on is the list that tells the provider so.
-- owner: notices
CREATE TABLE line_recalls (
    isp_id BYTEA NOT NULL,
    notice_id BYTEA NOT NULL,
    record_no BIGINT NOT NULL,
    case_id BYTEA NOT NULL,
    at BIGINT NOT NULL,
    author TEXT NOT NULL,
    reason TEXT NOT NULL,
    told_on BYTEA,
    PRIMARY KEY (isp_id, notice_id, record_no)
);

-- Every case, the withdrawn ones too: for whoever was told of one.
CREATE VIEW every_case AS
SELECT r.isp_id, r.id, r.no, r.spot, r.term, c.stream, c.feed_id, c.feed_file_id, r.row_no,
       c.maker, c.model, c.device_kind, c.severity, r.asn, c.basis, r.opened_at,
       CASE WHEN t.first_seen < r.opened_at THEN t.first_seen ELSE r.opened_at END AS first_seen,
       CASE WHEN t.last_seen > r.opened_at THEN t.last_seen ELSE r.opened_at END AS last_seen,
       r.state, COALESCE(r.state_since, r.opened_at) AS state_since, r.first_clean, r.line_of
  FROM case_rows r LEFT JOIN case_traits c ON c.no = r.traits LEFT JOIN case_times t ON t.no = r.no;

-- Whoever counts, lists or judges cases reads those that stand.
DROP VIEW cases;
CREATE VIEW cases AS
SELECT r.isp_id, r.id, r.no, r.spot, r.term, c.stream, c.feed_id, c.feed_file_id, r.row_no,
       c.maker, c.model, c.device_kind, c.severity, r.asn, c.basis, r.opened_at,
       CASE WHEN t.first_seen < r.opened_at THEN t.first_seen ELSE r.opened_at END AS first_seen,
       CASE WHEN t.last_seen > r.opened_at THEN t.last_seen ELSE r.opened_at END AS last_seen,
       r.state, COALESCE(r.state_since, r.opened_at) AS state_since, r.first_clean, r.line_of
  FROM case_rows r LEFT JOIN case_traits c ON c.no = r.traits LEFT JOIN case_times t ON t.no = r.no
 WHERE r.state <> 'withdrawn';
