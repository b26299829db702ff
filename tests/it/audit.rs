//! The audit log: each deed leaves its leaf, and no leaf is changed, lost or added unseen.

mod commands;
mod side_by_side;
mod signing;
mod tampering;
mod workload;

use std::path::Path;

use todoke::{
    audit::{self, Deed},
    db::Db,
    time::Moment,
};

use crate::centre::Centre;

impl Centre {
    /// The leaves of the log, each as `ACT ON BY`, in their order.
    fn leaves(&self) -> Vec<String> {
        self.stored("SELECT act || ' ' || object || ' ' || author FROM audit_leaves ORDER BY no")
    }

    /// The same, each as `ACT ON ISP BY`.
    fn leaves_with_isp(&self) -> Vec<String> {
        self.stored(
            "SELECT act || ' ' || object || ' ' || COALESCE(isp, '-') || ' ' || author
               FROM audit_leaves ORDER BY no",
        )
    }

    /// Writes the log to a file on the desk.
    fn exports_log(&self) -> String {
        let file = self.desk().join("audit.jsonl").display().to_string();
        self.does(&["audit", "export", &file]);
        file
    }

    /// Writes the public key of the log to a file on the desk.
    fn keeps_key(&self) -> String {
        let key = self.does(&["audit", "key"]).one()["key"].as_str().unwrap().to_owned();
        self.file("audit-key.txt", key)
    }

    /// The file to which it writes its checkpoints.
    fn checkpoints(&self) -> String {
        self.data().join("checkpoints/audit-checkpoints.txt").display().to_string()
    }

    /// The store as the program opens it.
    async fn store(&self) -> Db {
        match self.database() {
            Some(url) => Db::connect_postgres(url).await.unwrap(),
            None => Db::open_sqlite(&self.data().join("todoke.sqlite")).await.unwrap(),
        }
    }

    /// Adds so many leaves of all shapes.
    fn notes(&self, from: usize, many: usize) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let db = self.store().await;
            for no in from..from + many {
                note(&db, no).await.unwrap();
            }
            db.close().await;
        });
    }
}

/// Adds a leaf by itself.
async fn note(db: &Db, no: usize) -> sqlx::Result<()> {
    let (on, detail) = (format!("list-{no}"), format!("{{\"lines\":{no},\"of\":\"名簿\"}}"));
    let acts = ["notice.export", "case.show", "isp.import", "quarantine.show"];
    let mut deed = Deed::new(acts[no % 4], &on);
    if no.is_multiple_of(2) {
        deed = deed.with(&detail);
    }
    if no.is_multiple_of(3) {
        deed = deed.of_isp("isp-a");
    }
    let by = ["desk-1", "desk-2", "監査 \"三\"\n"][no % 3];
    let at = Moment(1_790_000_000_000_000 + i64::try_from(no).unwrap());
    let mut tx = db.begin().await?;
    audit::note(&mut tx, deed.by(by, at)).await?;
    tx.commit().await
}

/// What an offline verification says, run where there is no data folder.
fn verifies_offline(centre: &Centre, args: &[&str]) -> (i32, serde_json::Value) {
    let nowhere = Path::new("/nowhere/todoke-data");
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_todoke"));
    command.args(["audit", "verify"]).args(args).arg("--json").env_remove("TODOKE_DATABASE_URL");
    let output = command.env("TODOKE_DATA", nowhere).current_dir(centre.desk()).output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    let told = serde_json::from_str(&told).unwrap_or_else(|_| panic!("{told:?} {output:?}"));
    (output.status.code().unwrap(), told)
}
