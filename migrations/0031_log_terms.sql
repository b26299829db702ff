-- How long a provider keeps its logs is said in one place, by whichever way: what its settings said
-- goes there too.

-- The table stands since 0021; it is the register's now.
-- owner: isps
CREATE TABLE IF NOT EXISTS log_terms (
    isp_id BYTEA NOT NULL,
    at BIGINT NOT NULL,
    days BIGINT NOT NULL,
    author TEXT NOT NULL,
    PRIMARY KEY (isp_id, at)
);

-- Why, where that was said.
ALTER TABLE log_terms ADD COLUMN reason TEXT;

INSERT INTO log_terms (isp_id, at, days, author, reason)
SELECT p.isp_id, p.proposed_at, CAST(p.value AS BIGINT), p.proposed_by, p.reason
  FROM isp_proposals p
  JOIN isp_decisions d ON d.isp_id = p.isp_id AND d.subject_id = p.id
 WHERE p.field = 'log_retention_days' AND d.decided = 'approved'
    ON CONFLICT (isp_id, at) DO NOTHING;
