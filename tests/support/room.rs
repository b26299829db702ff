//! A store within the test's own process, emptied between stories: for properties over thousands of
//! them, where starting a program for each would take hours.

use std::{fs, path::PathBuf, process::Command, sync::Arc};

use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng as _};
use tempfile::TempDir;
use todoke::{
    access::keys::Keys,
    app::App,
    attribution::Attributor,
    db::{Db, migrate, state_hash::state_hash},
    feeds::{self, Feed, Format, Registration, files, receive::FeedFile},
    intake::{self, Taken},
    isps, sightings,
    time::{Clock, Moment},
};

use crate::{
    builders::{Row, csv},
    centre::{Engine, fresh_database},
};

/// An application on a store of its own.
pub(crate) struct Room {
    pub(crate) app: App,
    folder: Arc<TempDir>,
    database: Option<String>,
    emptying: Vec<String>,
}

impl Room {
    /// A fresh one, or nothing when this run has no PostgreSQL.
    pub(crate) async fn open(engine: Engine) -> Option<Self> {
        let database = match engine {
            Engine::Sqlite => None,
            Engine::Postgres => Some(fresh_database()?),
        };
        // In memory where there is such a folder: nothing here has to outlast a loss of power.
        let memory = PathBuf::from("/dev/shm");
        let folder =
            if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        let folder = folder.unwrap();
        let keys = folder.path().join("keys");
        Keys::create(&keys, &mut ChaCha20Rng::seed_from_u64(7)).unwrap();
        let db = match &database {
            Some(url) => Db::connect_postgres(url).await.unwrap(),
            None => Db::open_sqlite(&folder.path().join("room.sqlite")).await.unwrap(),
        };
        let clock = Clock::standing_at(Moment::parse("2026-06-10T09:00:00+09:00").unwrap());
        migrate::run(&db, &clock).await.unwrap();
        let app = App::new(db, clock, Keys::load(&keys).unwrap(), folder.path().to_owned());
        let emptying = emptying(&app.db).await;
        Some(Self { app: app.seeded(1), folder: Arc::new(folder), database, emptying })
    }

    /// The application as another node runs it on the same store.
    pub(crate) async fn beside(&self) -> App {
        let db = match &self.database {
            Some(url) => Db::connect_postgres(url).await.unwrap(),
            None => Db::open_sqlite(&self.folder.path().join("room.sqlite")).await.unwrap(),
        };
        let keys = Keys::load(&self.folder.path().join("keys")).unwrap();
        App::new(db, self.app.clock.clone(), keys, self.folder.path().to_owned()).seeded(2)
    }

    /// Takes everything out, and registers these providers and feeds of lists with these streams.
    pub(crate) async fn begins(&self, providers: &[Row], streams: &[&str]) -> Story<'_> {
        self.begins_with(providers, streams, &Format::ScanList).await
    }

    /// The same with feeds of that format.
    pub(crate) async fn begins_with(
        &self,
        providers: &[Row],
        streams: &[&str],
        format: &Format,
    ) -> Story<'_> {
        let mut tx = self.app.db.begin().await.unwrap();
        for sql in &self.emptying {
            run(&mut tx, sql).await;
        }
        tx.commit().await.unwrap();
        let _ = fs::remove_dir_all(self.folder.path().join("archive"));
        let register = csv(providers);
        isps::register::import(&self.app, register.as_bytes()).await.unwrap().unwrap();
        let mut feeds = Vec::new();
        for (no, stream) in streams.iter().enumerate() {
            let new = Registration {
                name: format!("feed-{no}"),
                format: format.clone(),
                stream: stream.parse().unwrap(),
                utc_offset_minutes: None,
                completeness_floor: 0.9,
            };
            feeds.push(feeds::add(&self.app, &new).await.unwrap().unwrap().0);
        }
        let attributor = Attributor::load(&self.app).await.unwrap();
        Story { room: self, feeds, attributor }
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let Some(url) = &self.database else { return };
        let (server, name) = url.rsplit_once('/').expect("the URL names a database");
        let drop = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
        let _ = Command::new("psql").args([&format!("{server}/postgres"), "-qc", &drop]).output();
    }
}

/// What empties every table but those of the migrations.
async fn emptying(db: &Db) -> Vec<String> {
    let tables: Vec<String> = match db {
        Db::Sqlite { readers, .. } => {
            sqlx::query_scalar("SELECT name FROM sqlite_master WHERE type = 'table'")
                .fetch_all(readers)
                .await
        }
        Db::Postgres { readers: pool, .. } => {
            sqlx::query_scalar("SELECT tablename::TEXT FROM pg_tables WHERE schemaname = 'public'")
                .fetch_all(pool)
                .await
        }
    }
    .unwrap();
    let kept = |name: &String| {
        ["_sqlx_migrations", "migration_lock", "case_numbers"].contains(&name.as_str())
            || name.starts_with("sqlite_")
    };
    let emptied = tables.into_iter().filter(|name| !kept(name));
    let mut all: Vec<String> = emptied.map(|name| format!("DELETE FROM {name}")).collect();
    all.push("UPDATE case_numbers SET next = 1".to_owned());
    all
}

async fn run(tx: &mut todoke::db::Tx, sql: &str) {
    let sql = sqlx::AssertSqlSafe(sql.to_owned());
    match tx {
        todoke::db::Tx::Sqlite(tx) => sqlx::query(sql).execute(&mut **tx).await.map(|_| ()),
        todoke::db::Tx::Postgres(tx) => sqlx::query(sql).execute(&mut **tx).await.map(|_| ()),
    }
    .unwrap();
}

/// What is told in a room from its emptying on.
pub(crate) struct Story<'a> {
    pub(crate) room: &'a Room,
    pub(crate) feeds: Vec<Feed>,
    attributor: Attributor,
}

impl Story<'_> {
    /// Takes a file of a feed in.
    pub(crate) async fn takes(&self, feed: usize, name: &str, bytes: &[u8]) -> Taken {
        self.takes_from(".", feed, name, bytes).await
    }

    /// The same from a folder of that name, so that files of one name may come at once.
    pub(crate) async fn takes_from(
        &self,
        folder: &str,
        feed: usize,
        name: &str,
        bytes: &[u8],
    ) -> Taken {
        let folder = self.room.folder.path().join(folder);
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join(name);
        fs::write(&path, bytes).unwrap();
        let reading = (&self.feeds[feed], &self.attributor);
        let taken = intake::take_one(&self.room.app, reading, &path).await;
        taken.unwrap_or_else(|fault| panic!("{name}: {fault:#}"))
    }

    /// Takes a file of the first feed in, and tells `progress` of each batch.
    pub(crate) async fn takes_telling(
        &self,
        name: &str,
        bytes: &[u8],
        progress: &(dyn Fn(u64) + Sync),
    ) -> Taken {
        let path = self.room.folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        let reading = (&self.feeds[0], &self.attributor);
        intake::take_in(&self.room.app, reading, &path, progress).await.unwrap().remove(0)
    }

    /// A file of that content hash or id, with its feed.
    pub(crate) async fn file(&self, named: &str) -> (Feed, FeedFile) {
        files::named(&self.room.app.db, named).await.unwrap().unwrap()
    }

    /// How each case was opened, without the keys that the program draws.
    pub(crate) async fn openings(&self) -> Vec<String> {
        const SQL: &str = "SELECT i.code || ' ' || c.state || ' ' || CAST(c.term AS TEXT)
                || ' ' || CAST(c.opened_at AS TEXT) || ' ' || CAST(c.first_seen AS TEXT)
                || ' ' || CAST(c.last_seen AS TEXT) || ' ' || c.stream || ' ' || c.severity
                || ' ' || COALESCE(c.model, '-') || ' ' || c.basis || ' ' || f.name
                || ' ' || CAST(c.row_no AS TEXT)
             FROM cases c JOIN isps i ON i.id = c.isp_id
             JOIN feed_files f ON f.id = c.feed_file_id ORDER BY 1";
        match &self.room.app.db {
            Db::Sqlite { readers, .. } => sqlx::query_scalar(SQL).fetch_all(readers).await,
            Db::Postgres { readers: pool, .. } => sqlx::query_scalar(SQL).fetch_all(pool).await,
        }
        .unwrap()
    }

    /// The hash over the logical state.
    pub(crate) async fn hash(&self) -> String {
        state_hash(&self.room.app.db, sightings::unpack).await.unwrap().hash
    }
}
