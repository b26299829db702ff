-- What each run of a way refused. A name may come again and be refused again, and each run keeps its
-- own reason; `way_items` goes on saying which names need not be fetched again.
-- owner: feeds
CREATE TABLE way_refusals (
    way_id BYTEA NOT NULL,
    run_no BIGINT NOT NULL,
    item TEXT NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (way_id, run_no, item)
);
INSERT INTO way_refusals (way_id, run_no, item, reason)
SELECT way_id, run_no, item, refused FROM way_items WHERE refused IS NOT NULL;
