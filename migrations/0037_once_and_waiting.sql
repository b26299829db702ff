-- Forms that are taken once alone, and what providers said before the centre vouched for it.

-- A form that was sent, by the key that its page gave it.
-- owner: access
CREATE TABLE sent_forms (
    id BYTEA PRIMARY KEY,
    sent_at BIGINT NOT NULL,
    sent_by TEXT NOT NULL
);

-- Since when a page or a domain held on its provider's word alone, where it did.
ALTER TABLE isp_proposals ADD COLUMN held_from BIGINT;
UPDATE isp_proposals SET held_from =
       (SELECT d.decided_at FROM isp_decisions d
         WHERE d.isp_id = isp_proposals.isp_id AND d.subject_id = isp_proposals.id
           AND d.decided = 'approved' AND d.decided_by = isp_proposals.proposed_by)
 WHERE field IN ('announcement_page', 'sender_domain');

-- The last word of a provider on each waits for the centre: what it decided itself decides nothing.
DELETE FROM isp_decisions WHERE EXISTS (
    SELECT 1 FROM isp_proposals p
     WHERE p.isp_id = isp_decisions.isp_id AND p.id = isp_decisions.subject_id
       AND p.held_from IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM isp_proposals l
          LEFT JOIN isp_decisions d ON d.isp_id = l.isp_id AND d.subject_id = l.id
         WHERE l.isp_id = p.isp_id AND l.field = p.field
           AND (l.proposed_at > p.proposed_at OR (l.proposed_at = p.proposed_at AND l.id > p.id))
           AND COALESCE(d.decided, 'waiting') <> 'withdrawn'));
