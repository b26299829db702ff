-- AS numbers change hands as prefixes do: each provider announces one from a moment on, until another.
-- owner: isps
CREATE TABLE isp_asns_anew (
    isp_id BYTEA NOT NULL,
    asn BIGINT NOT NULL,
    valid_from BIGINT NOT NULL,
    valid_to BIGINT,
    PRIMARY KEY (isp_id, asn, valid_from)
);
INSERT INTO isp_asns_anew SELECT isp_id, asn, -9223372036854775807 - 1, NULL FROM isp_asns;
DROP TABLE isp_asns;
ALTER TABLE isp_asns_anew RENAME TO isp_asns;
