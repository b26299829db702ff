-- Attribution as of the time: from when an edition of the address table holds, who forwards what is
-- found in its addresses, who is told of an apartment network, and what stood in the register
-- before each import.

-- Which edition holds from when, as somebody said it; what was undone stays, with who and why.
-- owner: attribution
CREATE TABLE network_imports (
    no BIGINT PRIMARY KEY,
    edition_id BYTEA NOT NULL,
    valid_from BIGINT NOT NULL,
    imported_at BIGINT NOT NULL,
    undone_at BIGINT,
    undone_by TEXT,
    undone_reason TEXT
);

INSERT INTO network_imports (no, edition_id, valid_from, imported_at)
SELECT (SELECT COUNT(*) FROM network_editions b
         WHERE b.applied_at < a.applied_at OR (b.applied_at = a.applied_at AND b.id <= a.id)),
       a.id, a.applied_at, a.applied_at
  FROM network_editions a;

-- Imports of the register, each with what stood before it of the providers it touched.
-- owner: isps
CREATE TABLE isp_imports (
    no BIGINT PRIMARY KEY,
    imported_at BIGINT NOT NULL,
    before_it TEXT NOT NULL,
    difference TEXT NOT NULL,
    undone_at BIGINT,
    undone_by TEXT,
    undone_reason TEXT
);

ALTER TABLE isps ADD COLUMN wholesale TEXT;
ALTER TABLE isps ADD COLUMN removed_at BIGINT;
ALTER TABLE isp_prefixes ADD COLUMN name TEXT;
ALTER TABLE isp_prefixes ADD COLUMN notify TEXT;
