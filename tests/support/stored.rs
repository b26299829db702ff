//! What no command shows: a look into the store itself, one branch per engine.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use crate::centre::Centre;

impl Centre {
    /// The texts of a query of one text column.
    pub(crate) fn stored(&self, sql: &'static str) -> Vec<String> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            if let Some(url) = self.database() {
                let pool = sqlx::PgPool::connect(url).await.unwrap();
                let texts = sqlx::query_scalar(sql).fetch_all(&pool).await.unwrap();
                pool.close().await;
                return texts;
            }
            let url = format!("sqlite://{}", self.data().join("todoke.sqlite").display());
            let pool = sqlx::SqlitePool::connect(&url).await.unwrap();
            let texts = sqlx::query_scalar(sql).fetch_all(&pool).await.unwrap();
            pool.close().await;
            texts
        })
    }

    /// Runs statements that no command would, straight on the store.
    pub(crate) fn spoils(&self, sql: &'static str) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            if let Some(url) = self.database() {
                let pool = sqlx::PgPool::connect(url).await.unwrap();
                sqlx::raw_sql(sql).execute(&pool).await.unwrap();
                return pool.close().await;
            }
            let url = format!("sqlite://{}", self.data().join("todoke.sqlite").display());
            let pool = sqlx::SqlitePool::connect(&url).await.unwrap();
            sqlx::raw_sql(sql).execute(&pool).await.unwrap();
            pool.close().await;
        });
    }

    /// Whoever was invited has signed in by both factors, as pages alone let them.
    pub(crate) fn everybody_has_signed_in(&self) {
        self.spoils("UPDATE accounts SET confirmed_at = invited_at WHERE confirmed_at IS NULL");
    }

    /// A copy of the whole database, to go back to.
    pub(crate) fn keeps(&self) -> PathBuf {
        let copy = self.desk().join("kept");
        if let Some(url) = self.database() {
            let mut dump = Command::new("pg_dump");
            let dumped = dump.args(["--clean", "--if-exists", "--file"]).arg(&copy).arg(url);
            assert!(dumped.status().unwrap().success());
        } else {
            std::fs::copy(self.data().join("todoke.sqlite"), &copy).unwrap();
        }
        copy
    }

    /// Goes back to a copy.
    pub(crate) fn has_again(&self, copy: &Path) {
        if let Some(url) = self.database() {
            let mut psql = Command::new("psql");
            let restored = psql.args([url, "-v", "ON_ERROR_STOP=1", "-qX", "-f"]);
            let output = restored.arg(copy).output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            return;
        }
        let file = self.data().join("todoke.sqlite");
        for log in ["todoke.sqlite-wal", "todoke.sqlite-shm"] {
            let _ = std::fs::remove_file(self.data().join(log));
        }
        std::fs::copy(copy, file).unwrap();
    }

    /// Whether `word` stands anywhere the centre keeps things, but in the archive of raw files:
    /// that one holds the bytes as the feed sent them, and is the place they are deleted from.
    pub(crate) fn keeps_anywhere(&self, word: &str) -> bool {
        let dumped = self.database().is_some_and(|url| {
            let dump = Command::new("pg_dump").arg(url).output().expect("it comes with psql");
            assert!(dump.status.success(), "{}", String::from_utf8_lossy(&dump.stderr));
            // Byte strings stand in a dump as hexadecimal digits.
            let hex = todoke::access::keys::to_hex(word.as_bytes());
            holds(&dump.stdout, word) || holds(&dump.stdout, &hex)
        });
        dumped || holds_below(&self.data(), word)
    }
}

fn holds_below(folder: &Path, word: &str) -> bool {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).any(|path| {
        if path.is_dir() {
            !path.ends_with("archive") && holds_below(&path, word)
        } else {
            holds(&std::fs::read(&path).unwrap(), word)
        }
    })
}

fn holds(bytes: &[u8], word: &str) -> bool {
    bytes.windows(word.len()).any(|part| part == word.as_bytes())
}
