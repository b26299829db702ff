
-- A provider's rows are for that provider, and for the centre; see 0024.
ALTER TABLE lines_handed_out ENABLE ROW LEVEL SECURITY;
ALTER TABLE lines_handed_out FORCE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON lines_handed_out USING (
    (SELECT current_setting('todoke.scope', true)) = 'centre'
    OR encode(isp_id, 'hex') = (SELECT current_setting('todoke.scope', true)));
