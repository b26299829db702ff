-- A call that was noted by mistake is taken back by a later fact, which names it.
ALTER TABLE reminders ADD COLUMN takes_back BYTEA;
