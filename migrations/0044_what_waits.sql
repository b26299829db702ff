-- What a message that waits tells of its list: how often the list was changed by then, and how many
-- of its lines it told as taken back. Once that is another, the message is made anew.
ALTER TABLE deliveries ADD COLUMN edition TEXT;

-- Who told nobody because somebody is still being asked is at it.
UPDATE notice_lines SET said = 'pending'
 WHERE said = 'not_notified' AND EXISTS (SELECT 1 FROM line_reports r
    WHERE r.isp_id = notice_lines.isp_id AND r.notice_id = notice_lines.notice_id
      AND r.record_no = notice_lines.record_no AND r.version = notice_lines.said_version
      AND r.reason_code = 'PENDING');

-- Lines that stand and that the register gives to another provider than the one of their list, as
-- it was when the list was looked through last: nobody is asked about them.
-- owner: notices
CREATE TABLE lines_of_others (
    isp_id BYTEA NOT NULL,
    notice_id BYTEA NOT NULL,
    record_no BIGINT NOT NULL,
    PRIMARY KEY (isp_id, notice_id, record_no)
);

-- With which state of the register and the address table it was.
ALTER TABLE notices ADD COLUMN looked_at TEXT;
