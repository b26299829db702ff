-- How surely a case's device is known, and which rule says so.
--
-- Both stand with maker and model in case_traits, which many cases share. Cases that were opened
-- before have neither: what they hold are a feed's own words.

ALTER TABLE case_traits ADD COLUMN confidence BIGINT;
ALTER TABLE case_traits ADD COLUMN identified_by TEXT;

DROP VIEW cases;
CREATE VIEW cases AS
SELECT r.isp_id, r.id, r.no, r.spot, r.term, c.stream, c.feed_id, c.feed_file_id, r.row_no,
       c.maker, c.model, c.device_kind, c.confidence, c.identified_by, c.severity, r.asn, c.basis,
       r.opened_at,
       CASE WHEN t.first_seen < r.opened_at THEN t.first_seen ELSE r.opened_at END AS first_seen,
       CASE WHEN t.last_seen > r.opened_at THEN t.last_seen ELSE r.opened_at END AS last_seen,
       r.state, COALESCE(r.state_since, r.opened_at) AS state_since, r.first_clean, r.line_of
  FROM case_rows r LEFT JOIN case_traits c ON c.no = r.traits LEFT JOIN case_times t ON t.no = r.no
 WHERE r.state <> 'withdrawn';

DROP VIEW every_case;
CREATE VIEW every_case AS
SELECT r.isp_id, r.id, r.no, r.spot, r.term, c.stream, c.feed_id, c.feed_file_id, r.row_no,
       c.maker, c.model, c.device_kind, c.confidence, c.identified_by, c.severity, r.asn, c.basis,
       r.opened_at,
       CASE WHEN t.first_seen < r.opened_at THEN t.first_seen ELSE r.opened_at END AS first_seen,
       CASE WHEN t.last_seen > r.opened_at THEN t.last_seen ELSE r.opened_at END AS last_seen,
       r.state, COALESCE(r.state_since, r.opened_at) AS state_since, r.first_clean, r.line_of
  FROM case_rows r LEFT JOIN case_traits c ON c.no = r.traits LEFT JOIN case_times t ON t.no = r.no;
