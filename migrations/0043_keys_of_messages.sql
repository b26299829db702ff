-- To which key the message of a delivery was encrypted, if it was: a repeat goes out as the same
-- bytes only while that key is the one in force.
ALTER TABLE deliveries ADD COLUMN key_fingerprint TEXT;
