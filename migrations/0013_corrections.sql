-- As what the provider is told of a line that was taken back: withdrawn, or corrected where the case
-- stands by other sightings.
ALTER TABLE line_recalls ADD COLUMN told_as TEXT;
UPDATE line_recalls SET told_as = 'withdrawn' WHERE told_on IS NOT NULL;

-- By which mapping a row was read that left quarantine: the one of its feed that was saved then.
ALTER TABLE quarantined_rows ADD COLUMN mapped_at BIGINT;
UPDATE quarantined_rows SET mapped_at =
    (SELECT MAX(m.saved_at) FROM csv_mappings m JOIN feeds d ON d.format = 'csv:' || m.name
       JOIN feed_files f ON f.feed_id = d.id
      WHERE f.id = quarantined_rows.feed_file_id AND m.saved_at <= quarantined_rows.released_at)
 WHERE released_at IS NOT NULL;
