//! Migrations (移行): embedded, applied once, under a lock row.
//!
//! The lock is a row with a lease rather than an advisory lock, which some distributed PostgreSQL
//! lack. Owns `migration_lock`, and `_sqlx_migrations` through sqlx.

use std::{borrow::Cow, time::Duration};

use anyhow::{Context as _, bail};
use sqlx::migrate::{Migration, MigrationType, Migrator};

use super::{Db, dialect, on, on_tx};
use crate::time::Clock;

/// The migrations in order: number, words, text.
const MIGRATIONS: &[(i64, &str, &str)] = &[
    (1, "the spine", include_str!("../../migrations/0001_spine.sql")),
    (2, "intake", include_str!("../../migrations/0002_intake.sql")),
    (3, "ways in", include_str!("../../migrations/0003_ways_in.sql")),
    (4, "undo and approval", include_str!("../../migrations/0004_undo.sql")),
    (5, "devices", include_str!("../../migrations/0005_devices.sql")),
    (6, "attribution in time", include_str!("../../migrations/0006_attribution_in_time.sql")),
    (7, "access", include_str!("../../migrations/0007_access.sql")),
    (8, "identities", include_str!("../../migrations/0008_identities.sql")),
    (9, "mapping of files", include_str!("../../migrations/0009_mapping_of_files.sql")),
    (10, "report types", include_str!("../../migrations/0010_report_types.sql")),
    (11, "validity of AS numbers", include_str!("../../migrations/0011_asn_validity.sql")),
    (12, "refusals of ways", include_str!("../../migrations/0012_way_refusals.sql")),
    (13, "corrections", include_str!("../../migrations/0013_corrections.sql")),
    (14, "audit", include_str!("../../migrations/0014_audit.sql")),
    (15, "delivery", include_str!("../../migrations/0015_delivery.sql")),
    (16, "wordings", include_str!("../../migrations/0016_wordings.sql")),
    (17, "campaigns", include_str!("../../migrations/0017_campaigns.sql")),
    (18, "apartments", include_str!("../../migrations/0018_apartments.sql")),
    (19, "collections of providers", include_str!("../../migrations/0019_taxii.sql")),
    (21, "the way back", include_str!("../../migrations/0021_report_back.sql")),
    (22, "self-service of providers", include_str!("../../migrations/0022_self_service.sql")),
    (23, "accounts", include_str!("../../migrations/0023_accounts.sql")),
    (24, ROW_SECURITY, include_str!("../../migrations/0024_row_security.postgres.sql")),
    (25, "outside identities", include_str!("../../migrations/0025_outside_ids.sql")),
    (28, "reminders by mail", include_str!("../../migrations/0028_reminder_mails.sql")),
    (29, "returned mails", include_str!("../../migrations/0029_returned_mails.sql")),
    (31, "one word on logs", include_str!("../../migrations/0031_log_terms.sql")),
    (32, "periods and targets", include_str!("../../migrations/0032_periods_and_targets.sql")),
    (33, "names of tokens", include_str!("../../migrations/0033_token_labels.sql")),
    (34, "calls taken back", include_str!("../../migrations/0034_reminders_taken_back.sql")),
    (35, "lines handed out", include_str!("../../migrations/0035_lines_handed_out.sql")),
    (37, "once and waiting", include_str!("../../migrations/0037_once_and_waiting.sql")),
    (38, "sealed preferences", include_str!("../../migrations/0038_preferences_and_returns.sql")),
    (40, "each time a report came", include_str!("../../migrations/0040_report_attempts.sql")),
    (43, "keys of messages", include_str!("../../migrations/0043_keys_of_messages.sql")),
    (44, "what waits", include_str!("../../migrations/0044_what_waits.sql")),
];

/// What lets a provider see its own rows of tables that came after the row policies; the tables of
/// each such migration.
const OWN_ROWS: &str = include_str!("../../migrations/own_rows.postgres.sql");
const OF_PROVIDERS: [(i64, &str); 4] = [
    (28, "'reminder_mails', 'reminder_mail_events', 'contact_reminders'"),
    (35, "'lines_handed_out'"),
    (40, "'report_attempts', 'report_refusals'"),
    (44, "'lines_of_others'"),
];

/// Migrations that move rows of providers, and what makes a connection to PostgreSQL see them.
const MOVES_ROWS: [i64; 5] = [31, 35, 37, 40, 44];
const FOR_THE_CENTRE: &str = "SELECT set_config('todoke.scope', 'centre', true);\n";

/// The one migration that the engines do not share, and what it is where rows have no policies.
const ROW_SECURITY: &str = "row security";
const NO_ROW_SECURITY: &str = include_str!("../../migrations/0024_row_security.sqlite.sql");

/// The schema that this program reads and writes.
pub const SCHEMA: i64 = MIGRATIONS[MIGRATIONS.len() - 1].0;

const LEASE: i64 = 60_000_000;
const TRIES: u32 = 300;

/// Brings the store to [`SCHEMA`]; of several nodes that start together one works, others wait.
///
/// A store that stands there already is only read, so that a command starts while another writes.
pub async fn run(db: &Db, clock: &Clock) -> anyhow::Result<()> {
    let migrations = migrations(db);
    if is_current(db, &migrations).await {
        return Ok(());
    }
    ensure_lock_row(db).await?;
    for _ in 0..TRIES {
        let now = clock.now().0;
        if take_lock(db, now).await? {
            let done = apply(db, migrations).await;
            set_lock(db, 0).await?;
            return done;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    bail!("another node has been migrating for a minute; look at it, then start again")
}

fn migrations(db: &Db) -> Vec<Migration> {
    let sqlite = matches!(db, Db::Sqlite { .. });
    let one = |&(number, words, text): &(i64, &'static str, &str)| {
        let text = match (sqlite, words) {
            (true, ROW_SECURITY) => NO_ROW_SECURITY.to_owned(),
            (true, _) => dialect::for_sqlite(text),
            (false, _) => for_postgres(number, text),
        };
        let sql = sqlx::SqlStr::from_static(Box::leak(text.into_boxed_str()));
        Migration::new(number, Cow::Borrowed(words), MigrationType::Simple, sql, false)
    };
    MIGRATIONS.iter().map(one).collect()
}

/// The text of a migration with what rows of providers need of it.
fn for_postgres(number: i64, text: &str) -> String {
    let sees = if MOVES_ROWS.contains(&number) { FOR_THE_CENTRE } else { "" };
    let tables = OF_PROVIDERS.iter().find(|(of, _)| *of == number);
    let policies = tables.map(|(_, tables)| OWN_ROWS.replace("{tables}", tables));
    format!("{sees}{text}{}", policies.unwrap_or_default())
}

/// Whether exactly these migrations stand in the store; a store that cannot say so is not current.
async fn is_current(db: &Db, migrations: &[Migration]) -> bool {
    const SQL: &str = "SELECT version, checksum FROM _sqlx_migrations WHERE success
         ORDER BY version";
    let applied: sqlx::Result<Vec<(i64, Vec<u8>)>> =
        on!(db, pool => sqlx::query_as(SQL).fetch_all(pool).await);
    let wanted = migrations.iter().map(|one| (one.version, one.checksum.to_vec()));
    applied.is_ok_and(|applied| applied.into_iter().eq(wanted))
}

async fn apply(db: &Db, migrations: Vec<Migration>) -> anyhow::Result<()> {
    let mut migrator = Migrator::with_migrations(migrations);
    migrator.set_locking(false);
    match db {
        Db::Sqlite { writer, .. } => migrator.run(writer).await,
        Db::Postgres { writers, .. } => migrator.run(writers).await,
    }
    .context("the store cannot be migrated")
}

async fn ensure_lock_row(db: &Db) -> anyhow::Result<()> {
    const TABLE: &str =
        "CREATE TABLE IF NOT EXISTS migration_lock (id BIGINT PRIMARY KEY, until BIGINT NOT NULL)";
    const ROW: &str = "INSERT INTO migration_lock (id, until) VALUES (1, 0) ON CONFLICT DO NOTHING";
    // Two PostgreSQL sessions that create the same table at once may collide; the loser asks again.
    for _ in 0..5 {
        let mut tx = db.begin().await?;
        let made = on_tx!(&mut tx, conn => sqlx::query(TABLE).execute(conn).await.map(|_| ()));
        if made.is_ok() {
            on_tx!(&mut tx, conn => sqlx::query(ROW).execute(conn).await.map(|_| ()))?;
            tx.commit().await?;
            return Ok(());
        }
    }
    bail!("the migration lock table cannot be made")
}

async fn take_lock(db: &Db, now: i64) -> sqlx::Result<bool> {
    const SQL: &str = "UPDATE migration_lock SET until = $1 WHERE id = 1 AND until < $2";
    let mut tx = db.begin().await?;
    let taken = on_tx!(&mut tx, conn => sqlx::query(SQL)
        .bind(now + LEASE).bind(now).execute(conn).await.map(|done| done.rows_affected()))?;
    tx.commit().await?;
    Ok(taken == 1)
}

async fn set_lock(db: &Db, until: i64) -> sqlx::Result<()> {
    const SQL: &str = "UPDATE migration_lock SET until = $1 WHERE id = 1";
    let mut tx = db.begin().await?;
    on_tx!(&mut tx, conn => sqlx::query(SQL).bind(until).execute(conn).await.map(|_| ()))?;
    tx.commit().await
}

#[cfg(test)]
mod tests {
    use sqlx::AssertSqlSafe;

    use super::*;
    use crate::time::Moment;

    /// A case as the first schema keeps it.
    const CASE: [&str; 2] = [
        "INSERT INTO case_traits (no, stream, feed_id, feed_file_id, maker, severity, basis)
         VALUES (1, 'notice', $1, $1, 'Example', 'high', 'declared')",
        "INSERT INTO case_rows (isp_id, id, no, spot, term, traits, row_no, opened_at)
         VALUES ($1, $1, 1, $1, 0, 1, 1, 7)",
    ];

    const READ: &str = "SELECT maker, confidence, identified_by, first_seen FROM cases";

    /// A file, and who announces which AS number, as the schemas before 10 keep them.
    const BEFORE_TEN: [&str; 2] = [
        "INSERT INTO feed_files (id, feed_id, holds, sha256, name, bytes, received_at, rows_done,
             counts, withdrawn_at, mapped_at)
         VALUES ($1, $1, 'hits', 'ab', 'scan_ssh.csv', 3, 4, 5, '{}', 6, 7)",
        "INSERT INTO isp_asns (isp_id, asn) VALUES ($1, 64496)",
    ];

    const KEPT: &str =
        "SELECT f.name, f.withdrawn_at, f.mapped_at, f.report_type, a.asn, a.valid_from,
             a.valid_to
         FROM feed_files f JOIN isp_asns a ON a.isp_id = f.feed_id";

    type Kept = (String, i64, i64, Option<String>, i64, i64, Option<i64>);

    /// What runs of a way fetched and refused, as the schemas before 12 keep it.
    const BEFORE_TWELVE: [&str; 2] = [
        "INSERT INTO way_items (way_id, item, run_no, at, refused)
         VALUES ($1, 'bad.csv', 3, 8, 'it has no header')",
        "INSERT INTO way_items (way_id, item, run_no, at) VALUES ($1, 'good.csv', 3, 8)",
    ];

    const REFUSED: &str = "SELECT run_no, item, reason FROM way_refusals";

    /// A provider, for how long it keeps its logs, a campaign, to where lists go and went, a call,
    /// and a mail that came back, as the schemas before 30 keep them.
    const BEFORE_THIRTY: [&str; 8] = [
        "INSERT INTO isps (id, code, name, lease_policy, changed_at)
         VALUES ($1, 'isp-a', 'A', 'static', 1)",
        "INSERT INTO isp_proposals (isp_id, id, field, value, reason, proposed_at, proposed_by)
         VALUES ($1, $1, 'log_retention_days', '90', 'small disks', 2, 'noc')",
        "INSERT INTO isp_decisions (isp_id, subject_id, decided, decided_at, decided_by, reason)
         VALUES ($1, $1, 'approved', 3, 'office', 'asked')",
        "INSERT INTO campaign_versions (campaign_id, no, at, author, body)
         VALUES ($1, 1, 4, 'editor', '{\"from\":5,\"to\":null}')",
        "INSERT INTO isp_deliveries (isp_id, no, way, form, target, dialling, set_at, set_by)
         VALUES ($1, 1, 'mail-openpgp', 'csv', 'abuse@isp-a.example', '{}', 6, 'office')",
        "INSERT INTO deliveries (isp_id, id, notice_id, way, state, entered_at, attempts, target)
         VALUES ($1, $1, $1, 'mail-openpgp', 'accepted', 7, 1, 'abuse@isp-a.example')",
        "INSERT INTO reminders (isp_id, id, notice_id, reason, state, at, author)
         VALUES ($1, $1, $1, 'asked', 'noted', 8, 'office')",
        "INSERT INTO returned_mails (sha256, kind, came_at) VALUES ($1, 'bounced', 9)",
    ];

    /// What is to be read of them in the newest schema: each in words of its own.
    const SINCE_THIRTY: [&str; 6] = [
        "SELECT days || ' ' || author || ' ' || reason FROM log_terms",
        "SELECT runs_from || ' ' || COALESCE(CAST(runs_to AS TEXT), 'open')
           FROM campaign_versions",
        "SELECT target FROM isp_deliveries WHERE sealed_target IS NULL",
        "SELECT target FROM deliveries
          WHERE sealed_target IS NULL AND server IS NULL AND key_fingerprint IS NULL
            AND edition IS NULL",
        "SELECT state FROM reminders WHERE takes_back IS NULL",
        "SELECT kind FROM returned_mails WHERE message_id IS NULL",
    ];

    /// The migrations of the schema of that number, and before.
    fn until(db: &Db, schema: i64) -> Vec<Migration> {
        migrations(db).into_iter().filter(|one| one.version <= schema).collect()
    }

    async fn written(db: &Db, facts: &[&'static str]) {
        let mut tx = db.begin().await.unwrap();
        for &sql in facts {
            on_tx!(&mut tx, conn => sqlx::query(sql)
                .bind(&b"key"[..]).execute(conn).await.map(|_| ()))
            .unwrap();
        }
        tx.commit().await.unwrap();
    }

    async fn upgraded(db: &Db) {
        ensure_lock_row(db).await.unwrap();
        apply(db, until(db, 1)).await.unwrap();
        written(db, &CASE).await;
        apply(db, until(db, 9)).await.unwrap();
        written(db, &BEFORE_TEN).await;
        apply(db, until(db, 11)).await.unwrap();
        written(db, &BEFORE_TWELVE).await;
        apply(db, until(db, 29)).await.unwrap();
        written(db, &BEFORE_THIRTY).await;
        run(db, &Clock::standing_at(Moment(1))).await.unwrap();
        let cases: Vec<(String, Option<i64>, Option<String>, i64)> =
            on!(db, pool => sqlx::query_as(READ).fetch_all(pool).await).unwrap();
        assert_eq!(cases, [("Example".to_owned(), None, None, 7)]);
        let kept: Vec<Kept> = on!(db, pool => sqlx::query_as(KEPT).fetch_all(pool).await).unwrap();
        assert_eq!(kept, [("scan_ssh.csv".to_owned(), 6, 7, None, 64_496, i64::MIN, None)]);
        let refused: Vec<(i64, String, String)> =
            on!(db, pool => sqlx::query_as(REFUSED).fetch_all(pool).await).unwrap();
        assert_eq!(refused, [(3, "bad.csv".to_owned(), "it has no header".to_owned())]);
        let mut told = Vec::new();
        for sql in SINCE_THIRTY {
            let one: Vec<String> =
                on!(db, pool => sqlx::query_scalar(sql).fetch_all(pool).await).unwrap();
            told.extend(one);
        }
        let (desk, words) = ("abuse@isp-a.example", "90 noc small disks");
        assert_eq!(told, [words, "5 open", desk, desk, "noted", "bounced"]);
    }

    #[test]
    fn migrations_stand_in_the_order_in_which_they_are_applied() {
        assert!(MIGRATIONS.is_sorted_by(|one, next| one.0 < next.0));
    }

    #[tokio::test]
    async fn a_store_of_older_schemas_keeps_its_facts_when_it_is_brought_up_to_date() {
        let folder = tempfile::tempdir().unwrap();
        upgraded(&Db::open_sqlite(&folder.path().join("t.sqlite")).await.unwrap()).await;
        let Ok(url) = std::env::var("TODOKE_TEST_POSTGRES") else {
            return println!("skipped: TODOKE_TEST_POSTGRES names no server");
        };
        let admin = Db::connect_postgres(&url).await.unwrap();
        let Db::Postgres { writers: pool, .. } = &admin else {
            unreachable!("it is reached by its URL")
        };
        // The system gives every folder a name of its own; the database borrows it.
        let name = folder.path().file_name().unwrap().to_string_lossy();
        let (name, server) = (format!("migrate{name}"), url.rsplit_once('/').unwrap().0);
        let make = AssertSqlSafe(format!("CREATE DATABASE \"{name}\""));
        sqlx::query(make).execute(pool).await.unwrap();
        let db = Db::connect_postgres(&format!("{server}/{name}")).await.unwrap();
        upgraded(&db).await;
        db.close().await;
        let drop = AssertSqlSafe(format!("DROP DATABASE \"{name}\""));
        sqlx::query(drop).execute(pool).await.unwrap();
    }
}
