-- A page, a question's answer, chosen lines or the texts of some are a part of a list: such a part
-- hands out its lines alone. What was entered before stands as it was counted, for the whole list.
ALTER TABLE notice_exports ADD COLUMN is_part BIGINT NOT NULL DEFAULT 0;

-- A line that left as part of its list, and when it first did.
-- owner: notices
CREATE TABLE lines_handed_out (
    isp_id BYTEA NOT NULL,
    notice_id BYTEA NOT NULL,
    record_no BIGINT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (isp_id, notice_id, record_no)
);

-- Lists that left as a whole: taken so, or sent and accepted where they were sent to.
CREATE VIEW whole_lists AS
SELECT isp_id, notice_id, at FROM notice_exports WHERE is_part = 0
UNION ALL
SELECT isp_id, notice_id, COALESCE(settled_at, entered_at) AS at FROM deliveries
 WHERE state = 'accepted';

-- By when a report on the line is due, where that is before the date of its list.
ALTER TABLE notice_lines ADD COLUMN report_by BIGINT;
UPDATE notice_lines SET report_by = CAST(CAST(body AS JSON) ->> 'report_by' AS BIGINT)
 WHERE EXISTS (SELECT 1 FROM campaign_lines k WHERE k.isp_id = notice_lines.isp_id
    AND k.notice_id = notice_lines.notice_id AND k.record_no = notice_lines.record_no);

-- The mail by which a provider was reminded: one that came back reminded nobody.
ALTER TABLE reminders ADD COLUMN mail_id BYTEA;

-- How often what stands on the lines of a list was changed: what was read before may be handed out
-- as long as it is the same.
ALTER TABLE notices ADD COLUMN edition BIGINT NOT NULL DEFAULT 0;
