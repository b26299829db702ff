-- To where a provider wishes its lists, sealed; and of which message a mail came back.

-- What stands in `target` in the clear is sealed by a job, and the column is for earlier versions.
ALTER TABLE isp_deliveries ADD COLUMN sealed_target BYTEA;

-- The delivery or the reminder that it speaks of; unknown for those that came before this was kept.
ALTER TABLE returned_mails ADD COLUMN message_id BYTEA;
