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

-- The archived mail or archive that a file came in, by the hash of its content.
ALTER TABLE feed_files ADD COLUMN came_in TEXT;

-- Who read the raw bytes of a file, and when.
-- owner: feeds
CREATE TABLE raw_readings (
    feed_file_id BYTEA NOT NULL,
    at BIGINT NOT NULL,
    reader TEXT NOT NULL,
    PRIMARY KEY (feed_file_id, at, reader)
);
