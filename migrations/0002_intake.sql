-- Taking in at national scale: mappings, what a delivery held, and who read raw files.

-- How a CSV of any shape is read, under the name that feeds call it by; see docs/formats.
-- owner: feeds
CREATE TABLE csv_mappings (
    name TEXT NOT NULL,
    saved_at BIGINT NOT NULL,
    saved_by TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (name, saved_at)
);

-- Archived mails and archives that a file came in, by the hash of their content.
-- owner: feeds
CREATE TABLE file_containers (
    feed_file_id BYTEA NOT NULL,
    sha256 TEXT NOT NULL,
    PRIMARY KEY (feed_file_id, sha256)
);
CREATE INDEX file_containers_by_content ON file_containers (sha256);

-- When a file that was accepted was tried in vain: others go first then.
ALTER TABLE feed_files ADD COLUMN tried_at BIGINT;

-- Who read the raw bytes of a file, and when.
-- owner: feeds
CREATE TABLE raw_readings (
    feed_file_id BYTEA NOT NULL,
    at BIGINT NOT NULL,
    reader TEXT NOT NULL,
    PRIMARY KEY (feed_file_id, at, reader)
);
