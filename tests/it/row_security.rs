//! Row policies on PostgreSQL: a provider's rows, asked for by a raw connection.

use std::process::Command;

use crate::{
    builders::{hit, notified, provider, token},
    centre::{Centre, Engine},
};

/// What a raw connection is answered, after `first` was said on it.
fn asks(url: &str, first: &str, sql: &str) -> Result<String, String> {
    let sql = format!("{first}; {sql}");
    let psql = Command::new("psql")
        .args([url, "-v", "ON_ERROR_STOP=1", "-qAtX", "-c", &sql])
        .output()
        .expect("psql comes with PostgreSQL");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if psql.status.success() { Ok(text(&psql.stdout)) } else { Err(text(&psql.stderr)) }
}

/// What a connection says that works for the centre.
const AS_CENTRE: &str = "SET todoke.scope = 'centre'";

/// Tables that name a provider and have no policy; the migration says why.
const OPEN: &str = "'isp_asns', 'isp_prefixes', 'accounts', 'api_tokens'";

/// The tables of the store that name a provider and have a policy.
fn divided(url: &str) -> Vec<String> {
    let tables = asks(
        url,
        AS_CENTRE,
        &format!(
            "SELECT string_agg(table_name, ' ' ORDER BY table_name) FROM (
        SELECT DISTINCT c.table_name FROM information_schema.columns c
          JOIN information_schema.tables t USING (table_schema, table_name)
         WHERE c.table_schema = 'public' AND c.column_name = 'isp_id'
           AND t.table_type = 'BASE TABLE' AND c.table_name NOT IN ({OPEN})) x"
        ),
    );
    tables.unwrap().split_whitespace().map(str::to_owned).collect()
}

/// A row for each of these providers where a table has none yet, so that no policy is asked about
/// nothing. What is written means nothing: the policy reads the provider's key alone.
fn fill(url: &str, table: &str, providers: [&str; 2]) {
    let sql = format!(
        "SELECT string_agg(column_name || ' ' || data_type, ',' ORDER BY ordinal_position)
           FROM information_schema.columns
          WHERE table_schema = 'public' AND table_name = '{table}' AND is_nullable = 'NO'
            AND column_default IS NULL AND is_generated = 'NEVER'"
    );
    let columns = asks(url, AS_CENTRE, &sql).unwrap();
    let columns: Vec<(&str, &str)> =
        columns.split(',').map(|column| column.split_once(' ').unwrap()).collect();
    for provider in providers {
        // What has to be unique differs by the provider.
        let value = |(_, kind): &(&str, &str)| match *kind {
            "bytea" => format!("decode('{provider}', 'hex')"),
            "text" => format!("'{provider}'"),
            _ => "1".to_owned(),
        };
        let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
        let values: Vec<String> = columns.iter().map(value).collect();
        let (names, values) = (names.join(", "), values.join(", "));
        let insert = format!("INSERT INTO {table} ({names}) VALUES ({values})");
        asks(url, AS_CENTRE, &insert).unwrap_or_else(|fault| panic!("{table}: {fault}"));
    }
}

/// Each table that names a provider shows the rows of `a` and of `b` to whom they belong, and none
/// to nobody.
fn every_table_is_divided(url: &str, (a, b): (&str, &str)) {
    let tables = divided(url);
    assert!(tables.len() > 20, "{tables:?}");
    for table in &tables {
        let forced = format!(
            "SELECT relrowsecurity AND relforcerowsecurity FROM pg_class
              WHERE relname = '{table}' AND relnamespace = 'public'::regnamespace"
        );
        assert_eq!(asks(url, AS_CENTRE, &forced).unwrap(), "t", "{table} has a forced policy");
        let count = format!("SELECT COUNT(*) FROM {table}");
        let of = |scope: &str| asks(url, scope, &count).unwrap().parse::<i64>().unwrap();
        if of(AS_CENTRE) == 0 {
            fill(url, table, [a, b]);
        }
        let (of_a, of_b) =
            (of(&format!("SET todoke.scope = '{a}'")), of(&format!("SET todoke.scope = '{b}'")));
        assert_eq!(of_a + of_b, of(AS_CENTRE), "{table}");
        assert!(of_a > 0 || of_b > 0, "{table} holds rows");
        for nobody in ["SELECT 1 WHERE false", "SET todoke.scope = ''", "SET todoke.scope = 'x'"] {
            assert_eq!(of(nobody), 0, "{table}: {nobody}");
        }
    }
}

#[test]
fn a_raw_connection_sees_the_rows_of_the_provider_that_it_works_for_and_no_others() {
    let Some(centre) = Centre::open(Engine::Postgres) else {
        return println!("skipped: TODOKE_TEST_POSTGRES names no server");
    };
    let centre = centre.owned_by_no_superuser();
    centre.serves(&[
        provider("isp-a", "static", "203.0.113.0/24"),
        provider("isp-b", "static", "198.51.100.0/24"),
    ]);
    let seen = ["203.0.113.5", "203.0.113.6", "198.51.100.5"];
    centre.takes(&seen.map(|ip| hit("r1", "2026-03-31T10:00:00+09:00", ip)));
    for isp in ["isp-a", "isp-b"] {
        let list = centre.prepares(isp).expect("cases wait");
        centre.exports(&list, "csv");
        let row = notified(&list, 1, "2026-04-01T08:00:00+09:00");
        let told = row.with("line_token", token('a')).with("token_epoch", "1");
        assert_eq!(centre.reports(isp, &[told]).status, 0);
    }
    let url = centre.database().unwrap().to_owned();
    let key = |code: &str| {
        let sql = format!("SELECT encode(id, 'hex') FROM isps WHERE code = '{code}'");
        asks(&url, AS_CENTRE, &sql).unwrap()
    };
    let (a, b) = (key("isp-a"), key("isp-b"));

    every_table_is_divided(&url, (&a, &b));

    let own = format!("SET todoke.scope = '{a}'");
    let stolen = format!("UPDATE notices SET isp_id = decode('{b}', 'hex')");
    assert!(asks(&url, &own, &stolen).unwrap_err().contains("row-level security"));
    let touched = format!(
        "WITH u AS (UPDATE notices SET lines = 0 WHERE isp_id = decode('{b}', \
        'hex') RETURNING 1) SELECT COUNT(*) FROM u"
    );
    assert_eq!(asks(&url, &own, &touched).unwrap(), "0");
}

/// What a check warns of, which makes nothing in the store wrong.
fn warnings(centre: &Centre) -> String {
    let told = centre.does(&["check"]);
    let report = told.one();
    assert_eq!(report["ok"], true, "{report}");
    report["warnings"].to_string()
}

#[test]
fn whoever_runs_todoke_as_a_role_above_policies_is_told_so_and_what_to_do() {
    let Some(centre) = Centre::open(Engine::Postgres) else {
        return println!("skipped: TODOKE_TEST_POSTGRES names no server");
    };
    let admin = centre.database().unwrap().to_owned();
    let told = warnings(&centre);
    assert!(told.contains("is a superuser") && told.contains("NOSUPERUSER NOBYPASSRLS"), "{told}");
    let told = serves_a_moment(&centre);
    assert!(told.contains("warning: row-level security holds nothing back"), "{told}");

    let centre = centre.owned_by_no_superuser();
    centre.serves(&[provider("isp-a", "static", "203.0.113.0/24")]);
    centre.takes(&[hit("r1", "2026-03-31T10:00:00+09:00", "203.0.113.5")]);
    assert_eq!(warnings(&centre), "[]");
    assert!(!serves_a_moment(&centre).contains("row-level security"));
    let url = centre.database().unwrap().to_owned();
    let cases = "SELECT COUNT(*) FROM case_rows";
    let (nobody, role) = ("SET todoke.scope = ''", url.rsplit_once('/').unwrap().1);
    assert_eq!(asks(&url, nobody, cases).unwrap(), "0", "policies bind an ordinary role");
    asks(&admin, "SELECT 1 WHERE false", &format!("ALTER ROLE {role} BYPASSRLS")).unwrap();
    assert_eq!(asks(&url, nobody, cases).unwrap(), "1", "and nobody else");
    let told = warnings(&centre);
    assert!(told.contains("has BYPASSRLS") && told.contains(role), "{told}");
}

/// Serves until it listens, and gives what it told people by then.
fn serves_a_moment(centre: &Centre) -> String {
    use std::io::{BufRead as _, BufReader, Read as _};
    let mut serving = centre
        .command(&["serve", "--listen", "127.0.0.1:0", "--no-jobs", "--json"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(serving.stdout.take().unwrap()).read_line(&mut line).unwrap();
    serving.kill().unwrap();
    let mut told = String::new();
    serving.stderr.take().unwrap().read_to_string(&mut told).unwrap();
    serving.wait().unwrap();
    told
}
