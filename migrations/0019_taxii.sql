-- Each provider's collection of STIX objects: what is in it since when. The objects are made anew
-- from the lines each time: they bear addresses and inquiry IDs.

-- Times are unique within a collection, so that no page ends between two of the same time. An
-- observable has no version: 0.
-- owner: notices
CREATE TABLE taxii_objects (
    isp_id BYTEA NOT NULL,
    added_at BIGINT NOT NULL,
    object_id TEXT NOT NULL,
    version BIGINT NOT NULL,
    kind TEXT NOT NULL,
    notice_id BYTEA NOT NULL,
    record_no BIGINT NOT NULL,
    PRIMARY KEY (isp_id, added_at)
);
CREATE UNIQUE INDEX taxii_objects_by_id ON taxii_objects (isp_id, object_id, version);

-- Lists that are in, with as many lines taken back as the collection knows of.
-- owner: notices
CREATE TABLE taxii_lists (
    isp_id BYTEA NOT NULL,
    notice_id BYTEA NOT NULL,
    recalled BIGINT NOT NULL,
    PRIMARY KEY (isp_id, notice_id)
);
