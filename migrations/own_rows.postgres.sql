
-- A provider's rows are for that provider, and for the centre; see 0024.
DO $$ DECLARE name text; BEGIN
    FOREACH name IN ARRAY ARRAY[{tables}]
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY own_rows ON %I USING (
            (SELECT current_setting(''todoke.scope'', true)) = ''centre''
            OR encode(isp_id, ''hex'') = (SELECT current_setting(''todoke.scope'', true)))', name);
    END LOOP;
END $$;
