-- Campaigns: help around a one-off list, who takes part in it, which cases it names.

-- owner: campaigns
CREATE TABLE campaigns (
    id BYTEA PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    added_at BIGINT NOT NULL,
    author TEXT NOT NULL
);

-- What a campaign says, as JSON; a later version stands in the place of the earlier, which stays.
-- owner: campaigns
CREATE TABLE campaign_versions (
    campaign_id BYTEA NOT NULL,
    no BIGINT NOT NULL,
    at BIGINT NOT NULL,
    author TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (campaign_id, no)
);

-- What people decided: proposed, published, taken_down, closed, reopened.
-- owner: campaigns
CREATE TABLE campaign_facts (
    campaign_id BYTEA NOT NULL,
    no BIGINT NOT NULL,
    at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    version BIGINT,
    author TEXT NOT NULL,
    reason TEXT,
    PRIMARY KEY (campaign_id, no)
);

-- Which feed brings the list of which campaign: each feed that of one.
-- owner: campaigns
CREATE TABLE campaign_feeds (
    feed_id BYTEA PRIMARY KEY,
    campaign_id BYTEA NOT NULL,
    at BIGINT NOT NULL,
    author TEXT NOT NULL
);

-- What was said of a provider's part: invited, joined, declined, withdrew. The last one counts.
-- owner: campaigns
CREATE TABLE campaign_isp_facts (
    isp_id BYTEA NOT NULL,
    campaign_id BYTEA NOT NULL,
    no BIGINT NOT NULL,
    at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    author TEXT NOT NULL,
    reason TEXT,
    PRIMARY KEY (isp_id, campaign_id, no)
);

-- Cases that a file of the campaign saw, each with the first such file.
-- owner: campaigns
CREATE TABLE campaign_cases (
    isp_id BYTEA NOT NULL,
    campaign_id BYTEA NOT NULL,
    case_id BYTEA NOT NULL,
    feed_file_id BYTEA NOT NULL,
    enrolled_at BIGINT NOT NULL,
    PRIMARY KEY (isp_id, campaign_id, case_id)
) /* clustered */;
CREATE INDEX campaign_cases_by_case ON campaign_cases (isp_id, case_id);

-- When a file was in, and how many of its rows had left quarantine, when its cases were enrolled: one
-- that was withdrawn and brought back, or of which more is understood, is read again.
-- owner: campaigns
CREATE TABLE campaign_files (
    campaign_id BYTEA NOT NULL,
    feed_file_id BYTEA NOT NULL,
    completed_at BIGINT NOT NULL,
    released BIGINT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (campaign_id, feed_file_id)
);

-- Lines that were put on a list under the name of a campaign.
-- owner: notices
CREATE TABLE campaign_lines (
    isp_id BYTEA NOT NULL,
    notice_id BYTEA NOT NULL,
    record_no BIGINT NOT NULL,
    campaign_id BYTEA NOT NULL,
    case_id BYTEA NOT NULL,
    PRIMARY KEY (isp_id, notice_id, record_no)
) /* clustered */;

-- How each provider stands to each campaign that somebody told it of.
CREATE VIEW campaign_standings AS
SELECT f.isp_id, f.campaign_id, f.kind, f.at, f.author, f.reason
  FROM campaign_isp_facts f
 WHERE f.no = (SELECT MAX(l.no) FROM campaign_isp_facts l
                WHERE l.isp_id = f.isp_id AND l.campaign_id = f.campaign_id);

-- Campaigns that nobody closed, or somebody opened again.
CREATE VIEW open_campaigns AS
SELECT c.id, c.name
  FROM campaigns c
 WHERE COALESCE((SELECT MAX(f.no) FROM campaign_facts f
                  WHERE f.campaign_id = c.id AND f.kind = 'closed'), 0)
    <= COALESCE((SELECT MAX(f.no) FROM campaign_facts f
                  WHERE f.campaign_id = c.id AND f.kind = 'reopened'), 0);
