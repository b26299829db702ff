-- When each version of a campaign lets its lines go out, and to where a list went, sealed.

-- As the version says; no end where it runs until it is closed.
ALTER TABLE campaign_versions ADD COLUMN runs_from BIGINT;
ALTER TABLE campaign_versions ADD COLUMN runs_to BIGINT;
UPDATE campaign_versions SET runs_from = CAST(CAST(body AS JSON) ->> 'from' AS BIGINT),
    runs_to = CAST(CAST(body AS JSON) ->> 'to' AS BIGINT);

-- To where a message was made for, sealed, and at which server that is. What stands in `target` in the
-- clear is sealed by a job, and the column is for earlier versions.
ALTER TABLE deliveries ADD COLUMN sealed_target BYTEA;
ALTER TABLE deliveries ADD COLUMN server TEXT;
