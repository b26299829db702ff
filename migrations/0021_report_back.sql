-- The way back from the provider: receipts, reminders, how long it keeps its logs, and where each
-- line stands, so that a page of a long list is read by an index.

-- When the provider's line was seen, on what device, and what its latest report says: the number of
-- that report, and its state; nothing where no report came.
ALTER TABLE notice_lines ADD COLUMN seen_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE notice_lines ADD COLUMN model TEXT;
ALTER TABLE notice_lines ADD COLUMN said TEXT;
ALTER TABLE notice_lines ADD COLUMN said_version BIGINT;
UPDATE notice_lines SET seen_at = CAST(CAST(body AS JSON) ->> 'last_seen' AS BIGINT),
    model = CAST(body AS JSON) ->> 'model',
    said_version = (SELECT r.version FROM line_reports r WHERE r.isp_id = notice_lines.isp_id
        AND r.notice_id = notice_lines.notice_id AND r.record_no = notice_lines.record_no
        ORDER BY r.reported_at DESC, r.version DESC LIMIT 1);
UPDATE notice_lines SET said = (SELECT r.state FROM line_reports r
        WHERE r.isp_id = notice_lines.isp_id AND r.notice_id = notice_lines.notice_id
          AND r.record_no = notice_lines.record_no AND r.version = notice_lines.said_version)
 WHERE said_version IS NOT NULL;
CREATE INDEX notice_lines_by_time ON notice_lines (isp_id, seen_at, notice_id, record_no);
CREATE INDEX notice_lines_by_word ON notice_lines (isp_id, said, seen_at, notice_id, record_no);

-- With which upload a report came, and which report of its line it corrects.
ALTER TABLE line_reports ADD COLUMN upload_id BYTEA;
ALTER TABLE line_reports ADD COLUMN corrects BIGINT;

-- Files that providers handed in; the same bytes again are the same upload.
-- owner: notices
CREATE TABLE report_uploads (
    isp_id BYTEA NOT NULL,
    id BYTEA NOT NULL,
    sha256 TEXT NOT NULL,
    receipt TEXT NOT NULL,
    at BIGINT NOT NULL,
    author TEXT NOT NULL,
    all_rows BIGINT NOT NULL,
    accepted BIGINT NOT NULL,
    unchanged BIGINT NOT NULL,
    refused BIGINT NOT NULL,
    PRIMARY KEY (isp_id, id)
);
CREATE UNIQUE INDEX report_uploads_by_content ON report_uploads (isp_id, sha256);
CREATE UNIQUE INDEX report_uploads_by_receipt ON report_uploads (isp_id, receipt);

-- How many days a provider keeps the logs that tell which line held an address; the latest word.
-- owner: notices
CREATE TABLE log_terms (
    isp_id BYTEA NOT NULL,
    at BIGINT NOT NULL,
    days BIGINT NOT NULL,
    author TEXT NOT NULL,
    PRIMARY KEY (isp_id, at)
);

-- That a provider is, or was, reminded of a list, and by whom; `due` waits to go out.
-- owner: notices
CREATE TABLE reminders (
    isp_id BYTEA NOT NULL,
    id BYTEA NOT NULL,
    notice_id BYTEA NOT NULL,
    reason TEXT NOT NULL,
    state TEXT NOT NULL,
    way TEXT,
    at BIGINT NOT NULL,
    author TEXT NOT NULL,
    PRIMARY KEY (isp_id, id)
);
CREATE INDEX reminders_by_list ON reminders (isp_id, notice_id, at);

-- Whom else a token stands for, asked of thousands of tokens at once.
CREATE INDEX line_tokens_by_token ON line_tokens (isp_id, token);
