-- What tells one device from all others, and where it was seen again by that.
--
-- A row of hits says how many of them tell their device; see src/sightings/hits.rs. Those that were
-- taken in before tell of none.

ALTER TABLE hits ADD COLUMN identified BIGINT NOT NULL DEFAULT 0;
CREATE INDEX hits_identified ON hits (shelf) WHERE identified > 0;

-- That the device of a case was seen again as another case; see src/verification/same_device.rs.
-- owner: verification
CREATE TABLE same_devices (
    isp_id BYTEA NOT NULL,
    case_id BYTEA NOT NULL,
    later_id BYTEA NOT NULL,
    kind TEXT NOT NULL,
    since BIGINT NOT NULL,
    PRIMARY KEY (isp_id, case_id, later_id)
);
CREATE INDEX same_devices_by_later ON same_devices (isp_id, later_id);
