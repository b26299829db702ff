-- Each time that a file of reports came, the same bytes again as well, what was taken of it and what
-- came back; and by which wording somebody was told.

-- By which wording, as it was reported; empty where none was said, and nothing on reports that came
-- before this column: those say it in `body` alone.
ALTER TABLE line_reports ADD COLUMN template_version TEXT;

-- `refusals_no` is the attempt under which the rows that came back are kept: an earlier one where
-- they were the same, and nothing where they were not kept.
-- owner: notices
CREATE TABLE report_attempts (
    isp_id BYTEA NOT NULL,
    upload_id BYTEA NOT NULL,
    no BIGINT NOT NULL,
    at BIGINT NOT NULL,
    author TEXT NOT NULL,
    all_rows BIGINT NOT NULL,
    accepted BIGINT NOT NULL,
    unchanged BIGINT NOT NULL,
    refused BIGINT NOT NULL,
    refusals_no BIGINT,
    PRIMARY KEY (isp_id, upload_id, no)
);
INSERT INTO report_attempts (isp_id, upload_id, no, at, author, all_rows, accepted, unchanged, refused)
SELECT isp_id, id, 1, at, author, all_rows, accepted, unchanged, refused FROM report_uploads;

-- Rows that came back, without what stood in them.
-- owner: notices
CREATE TABLE report_refusals (
    isp_id BYTEA NOT NULL,
    upload_id BYTEA NOT NULL,
    attempt_no BIGINT NOT NULL,
    no BIGINT NOT NULL,
    line_no BIGINT NOT NULL,
    column_name TEXT,
    code TEXT NOT NULL,
    reason TEXT NOT NULL,
    instead TEXT NOT NULL,
    PRIMARY KEY (isp_id, upload_id, attempt_no, no)
);
