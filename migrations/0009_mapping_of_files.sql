-- By which mapping a file was taken in: the one of its feed's name that was saved then.

ALTER TABLE feed_files ADD COLUMN mapped_at BIGINT;
UPDATE feed_files SET mapped_at =
    (SELECT MAX(m.saved_at) FROM csv_mappings m JOIN feeds d ON d.format = 'csv:' || m.name
      WHERE d.id = feed_files.feed_id AND m.saved_at <= feed_files.received_at);
