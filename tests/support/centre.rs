//! A support centre of its own for each test: a fresh store on one engine, driven by the commands.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

use crate::template;

/// When every centre begins.
const BEGINNING: &str = "2026-04-01T09:00:00+09:00";

/// Which engine a centre runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
}

/// A centre with its own data folder and its own database.
pub(crate) struct Centre {
    folder: TempDir,
    database: Option<String>,
    now: String,
}

/// What a command answered.
#[derive(Debug)]
pub(crate) struct Answer {
    /// Its exit status.
    pub(crate) status: i32,
    /// Its JSON lines.
    pub(crate) lines: Vec<Value>,
    /// What it told people.
    pub(crate) stderr: String,
}

impl Answer {
    fn of(output: Output) -> Self {
        let stdout = String::from_utf8(output.stdout).unwrap();
        Self {
            status: output.status.code().unwrap_or(-1),
            lines: stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// The one line it answered.
    #[track_caller]
    pub(crate) fn one(&self) -> &Value {
        assert_eq!(self.lines.len(), 1, "{self:?}");
        &self.lines[0]
    }

    /// A number of its one line.
    #[track_caller]
    pub(crate) fn number(&self, field: &str) -> i64 {
        self.one()[field].as_i64().unwrap_or_else(|| panic!("no number `{field}` in {self:?}"))
    }
}

impl Centre {
    /// A fresh centre, or nothing when this run has no PostgreSQL.
    pub(crate) fn open(engine: Engine) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let database = template::copy(engine, &folder.path().join("data"))?.database;
        Some(Self { folder, database, now: BEGINNING.into() })
    }

    /// Makes the store and the keys of a centre.
    pub(crate) fn init(data: &Path, database: Option<&str>) {
        // Wordings are begun with where a test is about them.
        let mut init = Self::program((data, BEGINNING, database), &["init", "--without-wordings"]);
        let done = init.output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }

    /// The same centre, its database in the hands of a role that is no superuser: row policies
    /// hold for it.
    pub(crate) fn owned_by_no_superuser(mut self) -> Self {
        let url = self.database.as_deref().expect("this is asked on PostgreSQL alone");
        let (server, name) = url.rsplit_once('/').expect("the URL names a database");
        let sql = format!(
            "CREATE ROLE {name} LOGIN NOSUPERUSER; ALTER DATABASE {name} OWNER TO {name};
             GRANT {name} TO CURRENT_USER"
        );
        let owns = format!(
            "DO $$ DECLARE one text; BEGIN
               FOR one IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
                 EXECUTE format('ALTER TABLE %I OWNER TO {name}', one); END LOOP;
               FOR one IN SELECT viewname FROM pg_views WHERE schemaname = 'public' LOOP
                 EXECUTE format('ALTER VIEW %I OWNER TO {name}', one); END LOOP;
             END $$"
        );
        for sql in [sql, owns] {
            let psql = Command::new("psql")
                .args([url, "-v", "ON_ERROR_STOP=1", "-qc", &sql])
                .output()
                .expect("psql comes with PostgreSQL");
            assert!(psql.status.success(), "{}", String::from_utf8_lossy(&psql.stderr));
        }
        let host = server.rsplit_once('@').map_or(server, |(_, host)| host);
        let host = host.trim_start_matches("postgres://");
        self.database = Some(format!("postgres://{name}@{host}/{name}"));
        self
    }

    /// A fresh centre on the same engine, with keys of its own.
    pub(crate) fn another(&self) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = self.database.as_ref().and_then(|_| fresh_database());
        let other = Self { folder, database, now: BEGINNING.into() };
        Self::init(&other.data(), other.database());
        other
    }

    /// Sets the calendar: a date, at nine in the morning in Japan, or a full time.
    pub(crate) fn on(&mut self, day: &str) -> &mut Self {
        self.now = if day.len() == 10 { format!("{day}T09:00:00+09:00") } else { day.to_owned() };
        self
    }

    /// The data folder.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The desk: a folder for files that come and go.
    pub(crate) fn desk(&self) -> &Path {
        self.folder.path()
    }

    /// The database server's address of this centre's own database, if it has one.
    pub(crate) fn database(&self) -> Option<&str> {
        self.database.as_deref()
    }

    /// A file of the centre's desk with this content.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.folder.path().join(name);
        fs::write(&path, content).unwrap();
        path.display().to_string()
    }

    /// A command with this centre's store and calendar, not yet started.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        Self::program((&self.data(), &self.now, self.database()), args)
    }

    fn program((data, now, url): (&Path, &str, Option<&str>), args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_todoke"));
        command.args(args).env_remove("TODOKE_DATABASE_URL");
        command.env("TODOKE_DATA", data).env("TODOKE_NOW", now);
        if let Some(url) = url {
            command.env("TODOKE_DATABASE_URL", url);
        }
        command.stdin(Stdio::null());
        command
    }

    /// Runs a command and gives whatever it answers.
    pub(crate) fn tries(&self, args: &[&str]) -> Answer {
        Answer::of(self.command(args).arg("--json").output().unwrap())
    }

    /// Starts the same command several times at once and gives what each answers.
    pub(crate) fn tries_at_once(&self, times: usize, args: &[&str]) -> Vec<Answer> {
        let start = |_| {
            let mut command = self.command(args);
            command.arg("--json").stdout(Stdio::piped()).stderr(Stdio::piped());
            command.spawn().unwrap()
        };
        let running: Vec<_> = (0..times).map(start).collect();
        running.into_iter().map(|child| Answer::of(child.wait_with_output().unwrap())).collect()
    }

    /// Runs a command that must succeed.
    #[track_caller]
    pub(crate) fn does(&self, args: &[&str]) -> Answer {
        let answer = self.tries(args);
        assert_eq!(answer.status, 0, "{args:?}: {answer:?}");
        answer
    }

    /// Takes in a file of a feed; gives the command's answer, whatever its status.
    pub(crate) fn ingests(&self, feed: &str, name: &str, content: impl AsRef<[u8]>) -> Answer {
        let file = self.file(name, content);
        self.tries(&["ingest", "--feed", feed, &file])
    }

    /// The hash over the logical state.
    pub(crate) fn state_hash(&self) -> String {
        self.does(&["state-hash"]).one()["hash"].as_str().unwrap().to_owned()
    }

    /// All cases.
    pub(crate) fn cases(&self) -> Vec<Value> {
        self.does(&["case", "list"]).lines
    }
}

impl Drop for Centre {
    /// The server keeps no database of a test that is over.
    fn drop(&mut self) {
        let Some(url) = &self.database else { return };
        let (server, name) = url.rsplit_once('/').expect("the URL names a database");
        let drop = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
        // Its owner may be a role of its own, which cannot drop itself.
        let server = std::env::var("TODOKE_TEST_POSTGRES").unwrap_or(format!("{server}/postgres"));
        let role = format!("DROP ROLE IF EXISTS {name}");
        let _ = Command::new("psql").args([&server, "-qc", &drop, "-c", &role]).output();
    }
}

/// A database of its own on the server of this run.
pub(crate) fn fresh_database() -> Option<String> {
    let url = template::server()?;
    let name = fresh_name();
    template::asks(&url, &format!("CREATE DATABASE {name}"));
    let base = url.rsplit_once('/').expect("the URL names a database").0;
    Some(format!("{base}/{name}"))
}

/// A name that no other database has.
pub(crate) fn fresh_name() -> String {
    format!("todoke_{}", uuid::Builder::from_random_bytes(random()).into_uuid().simple())
}

fn random() -> [u8; 16] {
    use std::io::Read as _;
    let mut bytes = [0; 16];
    fs::File::open("/dev/urandom").unwrap().read_exact(&mut bytes).unwrap();
    bytes
}

/// Makes one test per engine of a function that takes a [`Centre`].
macro_rules! on_both_engines {
    ($($(#[$doc:meta])* fn $name:ident($centre:ident) $body:block)*) => {$(
        $(#[$doc])*
        mod $name {
            #[allow(unused_imports, reason = "not every test needs what its file imports")]
            use super::*;

            fn story(mut $centre: $crate::centre::Centre) {
                let _ = &mut $centre;
                $body
            }

            #[test]
            fn sqlite() {
                let centre = $crate::centre::Centre::open($crate::centre::Engine::Sqlite);
                story(centre.expect("SQLite is always there"));
            }

            #[test]
            fn postgres() {
                match $crate::centre::Centre::open($crate::centre::Engine::Postgres) {
                    Some(centre) => story(centre),
                    None => println!("skipped: TODOKE_TEST_POSTGRES names no server"),
                }
            }
        }
    )*};
}

pub(crate) use on_both_engines;
