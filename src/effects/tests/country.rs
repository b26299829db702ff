//! A small country in the tables of the migration.

use sqlx::AssertSqlSafe;
use tempfile::TempDir;
use uuid::Uuid;

use crate::{
    db::{Db, migrate, on_tx},
    time::{Clock, Moment},
};

/// Day `n` of the country.
pub(super) fn day(n: i64) -> Moment {
    Moment(1_700_000_000_000_000).plus_days(n)
}

/// What a report says beside its state.
#[derive(Clone, Copy, Default)]
pub(super) struct Told {
    pub(super) channel: Option<&'static str>,
    pub(super) delivery: Option<&'static str>,
    pub(super) arm: Option<&'static str>,
}

/// A case by its number, which is also its key.
pub(super) type Number = u128;

pub(super) struct Country {
    pub(super) db: Db,
    engine: &'static str,
    stream: &'static str,
    next: Number,
    records: Vec<(Number, Number)>,
    _folder: TempDir,
    admin: Option<(Db, String)>,
}

impl Country {
    /// One per engine that can be reached.
    pub(super) async fn on_every_engine() -> Vec<Self> {
        let folder = TempDir::new().unwrap();
        let db = Db::open_sqlite(&folder.path().join("t.sqlite")).await.unwrap();
        let mut all = vec![Self::over(db, "sqlite", folder, None).await];
        if let Ok(url) = std::env::var("TODOKE_TEST_POSTGRES") {
            let admin = Db::connect_postgres(&url).await.unwrap();
            // The system gives every folder a name of its own; the database borrows it.
            let folder = TempDir::new().unwrap();
            let name = folder.path().file_name().unwrap().to_string_lossy();
            let name = format!("effects{name}");
            let Db::Postgres { writers: pool, .. } = &admin else { unreachable!() };
            let make = AssertSqlSafe(format!("CREATE DATABASE \"{name}\""));
            sqlx::query(make).execute(pool).await.unwrap();
            let (server, _) = url.rsplit_once('/').unwrap();
            let db = Db::connect_postgres(&format!("{server}/{name}")).await.unwrap();
            all.push(Self::over(db, "postgres", folder, Some((admin, name))).await);
        }
        all
    }

    async fn over(
        db: Db,
        engine: &'static str,
        folder: TempDir,
        admin: Option<(Db, String)>,
    ) -> Self {
        migrate::run(&db, &Clock::standing_at(day(0))).await.unwrap();
        let it = Self {
            db,
            engine,
            stream: "notice",
            next: 1000,
            records: Vec::new(),
            _folder: folder,
            admin,
        };
        for (isp, lease) in [(1, "static"), (2, "dynamic:30")] {
            let id = it.key(isp);
            it.run(format!(
                "INSERT INTO isps (id, code, name, lease_policy, changed_at)
                 VALUES ({id}, 'isp{isp}', 'ISP', '{lease}', 0)"
            ))
            .await;
        }
        let feed = it.key(9);
        it.run(format!(
            "INSERT INTO feeds (id, name, format, stream, completeness_floor, added_at)
             VALUES ({feed}, 'scan', 'scan-list', 'notice', 0.9, 0)"
        ))
        .await;
        it
    }

    /// Closes the store and drops its database.
    pub(super) async fn end(self) {
        self.db.close().await;
        if let Some((Db::Postgres { writers: pool, .. }, name)) = self.admin {
            let drop = AssertSqlSafe(format!("DROP DATABASE \"{name}\""));
            sqlx::query(drop).execute(&pool).await.unwrap();
        }
    }

    fn key(&self, number: Number) -> String {
        self.bytes(Uuid::from_u128(number).as_bytes())
    }

    fn bytes(&self, bytes: &[u8]) -> String {
        let hex: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let hex = hex.concat();
        if self.engine == "sqlite" { format!("X'{hex}'") } else { format!("'\\x{hex}'::bytea") }
    }

    async fn run(&self, sql: String) {
        let mut tx = self.db.begin().await.unwrap();
        on_tx!(&mut tx, conn => sqlx::query(AssertSqlSafe(sql)).execute(conn).await.map(|_| ()))
            .unwrap();
        tx.commit().await.unwrap();
    }

    /// Cases from here on are of that stream.
    pub(super) async fn stream(&mut self, stream: &'static str) {
        self.stream = stream;
        self.run(format!("UPDATE feeds SET stream = '{stream}'")).await;
    }

    /// Complete runs that begin on these days and take a day.
    pub(super) async fn runs(&mut self, days: &[i64]) {
        let feed = self.key(9);
        for start in days {
            let (from, to) = (day(*start).0, day(*start + 1).0);
            self.run(format!(
                "INSERT INTO scan_coverage (feed_id, scan_run, prefix, proto, weakness, ports,
                   from_at, to_at, method_version, status, attempted, completeness, excluded,
                   file_sha256, recorded_at)
                 VALUES ({feed}, 'run{start}', '192.0.2.0/24', 6, 'weak_credentials', '23', {from}, {to},
                   '1', 'complete', 256, 1.0, '', '', {to})"
            ))
            .await;
        }
    }

    /// A case seen from one day to another; `(state, day of the first clean scan's end)`.
    pub(super) async fn case(
        &mut self,
        lease: &str,
        first: i64,
        last: i64,
        (state, clean): (&str, Option<i64>),
    ) -> Number {
        self.next += 1;
        let number = self.next;
        let isp = if lease == "static" { 1 } else { 2 };
        let (owner, id, feed) = (self.key(isp), self.key(number), self.key(9));
        let spot = self.bytes(&number.to_be_bytes());
        let (from, to, stream) = (day(first).0, day(last).0, self.stream);
        let first_clean = clean.map_or("NULL".to_owned(), |clean| day(clean).0.to_string());
        let since = clean.map_or(to, |clean| day(clean + 30).0);
        self.run(format!(
            "INSERT INTO case_traits (no, stream, feed_id, feed_file_id, severity, basis)
             VALUES ({number}, '{stream}', {feed}, {feed}, 'high', 'declared')"
        ))
        .await;
        self.run(format!(
            "INSERT INTO case_rows (isp_id, id, no, spot, term, traits, row_no, opened_at, state,
               state_since, first_clean)
             VALUES ({owner}, {id}, {number}, {spot}, 0, {number}, 1, {from}, '{state}', {since},
               {first_clean})"
        ))
        .await;
        self.run(format!("INSERT INTO case_times VALUES ({number}, {from}, {to})")).await;
        number
    }

    /// Another address of the line that `speaker` speaks for.
    pub(super) async fn member(&mut self, speaker: Number, first: i64, last: i64) -> Number {
        let member = self.case("dynamic:30", first, last, ("open", None)).await;
        let (speaker, id) = (self.key(speaker), self.key(member));
        self.run(format!("UPDATE case_rows SET line_of = {speaker} WHERE id = {id}")).await;
        member
    }

    /// Gives a case a line token.
    pub(super) async fn token(&mut self, case: Number) {
        let id = self.key(case);
        self.run(format!(
            "INSERT INTO line_tokens (isp_id, epoch, token, case_id, said_at, bound_at, author)
             SELECT isp_id, '1', {id}, id, 0, 0, 'test' FROM cases WHERE id = {id}"
        ))
        .await;
    }

    /// A notice of both providers prepared on that day, and when it was fetched.
    pub(super) async fn notice(&mut self, prepared: i64, fetched: &[Moment]) -> Number {
        self.next += 1;
        let number = self.next;
        let (id, at) = (self.key(number), day(prepared).0);
        for isp in [1, 2] {
            let owner = self.key(isp);
            self.run(format!(
                "INSERT INTO notices (isp_id, id, list_id, prepared_at, report_by, lines)
                 VALUES ({owner}, {id}, 'list{number}-{isp}', {at}, {at}, 0)"
            ))
            .await;
            for at in fetched {
                self.run(format!(
                    "INSERT INTO notice_exports (isp_id, notice_id, format, at, sha256)
                     VALUES ({owner}, {id}, 'csv', {}, '')",
                    at.0
                ))
                .await;
            }
        }
        number
    }

    /// Puts cases on a notice.
    pub(super) async fn list(&mut self, notice: Number, cases: &[Number]) {
        for case in cases {
            let (list, id) = (self.key(notice), self.key(*case));
            self.run(format!(
                "INSERT INTO notice_lines (isp_id, notice_id, record_no, case_id, body)
                 SELECT isp_id, {list}, {case}, id, '' FROM cases WHERE id = {id}"
            ))
            .await;
            self.records.push((notice, *case));
        }
    }

    /// The ISP's word on a case.
    pub(super) async fn report(
        &mut self,
        case: Number,
        version: i64,
        (state, told): (&str, Told),
        at: Moment,
    ) {
        let notice = self.records.iter().find(|record| record.1 == case).unwrap().0;
        let (list, id) = (self.key(notice), self.key(case));
        let text = |value: Option<&str>| value.map_or("NULL".to_owned(), |v| format!("'{v}'"));
        let (channel, delivery, arm) = (text(told.channel), text(told.delivery), text(told.arm));
        let at = at.0;
        self.run(format!(
            "INSERT INTO line_reports (isp_id, notice_id, record_no, version, reported_at,
               received_at, state, channel, delivery, arm, body)
             SELECT isp_id, {list}, {case}, {version}, {at}, {at}, '{state}', {channel}, {delivery},
               {arm}, '' FROM cases WHERE id = {id}"
        ))
        .await;
    }

    /// A first word on every case that is on a list.
    pub(super) async fn reported_all(&mut self, at: Moment) {
        for (_, case) in self.records.clone() {
            self.report(case, 1, ("pending", Told::default()), at).await;
        }
    }

    /// The inquiry ID of a case is entered.
    pub(super) async fn came(&mut self, case: Number, at: Moment) {
        self.next += 1;
        let (visit, id, at) = (self.key(self.next), self.key(case), at.0);
        self.run(format!(
            "INSERT INTO visits (id, session_tag, isp_id, case_id, opened_at, seen_at, ends_at)
             SELECT {visit}, {visit}, isp_id, id, {at}, {at}, {at} FROM cases WHERE id = {id}"
        ))
        .await;
    }

    /// Marks at every step of the router manual, one round a day.
    pub(super) async fn marks(&mut self, case: Number, outcomes: &[&str]) {
        let id = self.key(case);
        for (after, outcome) in (12..).zip(outcomes) {
            let at = day(after).0;
            for step in 1..=7 {
                self.run(format!(
                    "INSERT INTO step_marks (isp_id, case_id, at, manual, step, outcome)
                     SELECT isp_id, id, {at}, 'router', {step}, '{outcome}' FROM cases
                      WHERE id = {id}"
                ))
                .await;
            }
        }
    }

    /// The person says that it is done.
    pub(super) async fn claimed(&mut self, case: Number, at: Moment) {
        let (id, at) = (self.key(case), at.0);
        self.run(format!(
            "INSERT INTO case_events (isp_id, case_id, at, kind, author)
             SELECT isp_id, id, {at}, 'claimed', 'visitor' FROM cases WHERE id = {id}"
        ))
        .await;
    }
}
