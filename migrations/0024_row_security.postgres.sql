-- A provider's rows are for that provider, and for the centre: forced on whoever owns the tables.
--
-- A connection says for whom it works by `todoke.scope`: `centre`, or the key of a provider as 32
-- hexadecimal digits, set for one transaction. A connection that says nothing sees nothing. Who
-- serves which addresses is no secret of one provider, and who somebody is has to be found out
-- before their provider is known: those four tables have no policy.
DO $$ DECLARE name text; BEGIN
    FOR name IN
        SELECT c.table_name FROM information_schema.columns c
          JOIN information_schema.tables t USING (table_schema, table_name)
         WHERE c.table_schema = current_schema AND c.column_name = 'isp_id'
           AND t.table_type = 'BASE TABLE'
           AND c.table_name NOT IN ('isp_asns', 'isp_prefixes', 'accounts', 'api_tokens')
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        -- As queries of their own the settings are asked once for each statement.
        EXECUTE format('CREATE POLICY own_rows ON %I USING (
            (SELECT current_setting(''todoke.scope'', true)) = ''centre''
            OR encode(isp_id, ''hex'') = (SELECT current_setting(''todoke.scope'', true)))', name);
    END LOOP;
END $$;
