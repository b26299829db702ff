-- Apartment houses: their buildings and units, and where in them a device stands.

-- A building as its provider says it is, as JSON; the last word counts, and one without a text takes
-- the building off the register.
-- owner: isps
CREATE TABLE apartment_buildings (
    isp_id BYTEA NOT NULL,
    building TEXT NOT NULL,
    no BIGINT NOT NULL,
    at BIGINT NOT NULL,
    author TEXT NOT NULL,
    body TEXT,
    PRIMARY KEY (isp_id, building, no)
);

-- What people said of the place of a device and of who is told: placed, decided, undone.
-- owner: cases
CREATE TABLE case_places (
    isp_id BYTEA NOT NULL,
    case_id BYTEA NOT NULL,
    no BIGINT NOT NULL,
    at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    value TEXT,
    address_use TEXT,
    author TEXT NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (isp_id, case_id, no)
);
