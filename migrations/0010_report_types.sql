-- A file is known by its content and by the type of report that its name says: the same bytes may be
-- two reports. Nothing stands where an older version took the file in and noted no type; it stands
-- for every type then.
-- owner: feeds
CREATE TABLE feed_files_anew (
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
    tried_at BIGINT,
    withdrawn_at BIGINT,
    emptied_at BIGINT,
    mapped_at BIGINT,
    report_type TEXT,
    UNIQUE (feed_id, holds, sha256, report_type)
);
INSERT INTO feed_files_anew
SELECT id, feed_id, holds, sha256, name, bytes, received_at, rows_done, counts, completed_at, refused,
       tried_at, withdrawn_at, emptied_at, mapped_at, NULL
  FROM feed_files;
DROP TABLE feed_files;
ALTER TABLE feed_files_anew RENAME TO feed_files;
