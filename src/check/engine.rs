//! The engine's own check (保管庫の自己点検): whether its file and its indexes hold together.

use super::{Findings, Kind, store::engine as store};
use crate::db::Db;

/// Has SQLite read its whole file, or PostgreSQL its indexes where the extension for it is there.
pub(super) async fn check(db: &Db, findings: &mut Findings) -> anyhow::Result<()> {
    let mut view = db.snapshot().await?;
    if matches!(db, Db::Sqlite { .. }) {
        let (said, loose) = match store::sqlite_says(&mut view).await {
            Ok(said) => said,
            Err(fault) => (vec![fault.to_string()], 0),
        };
        for what in said.into_iter().filter(|line| line != "ok") {
            findings.add(Kind::Engine, "integrity_check", what);
        }
        if loose > 0 {
            let what = format!("{loose} rows name a parent that is not there");
            findings.add(Kind::Engine, "foreign_key_check", what);
        }
        return Ok(());
    }
    if let Some(above) = db.above_policies().await? {
        findings.warn(above.to_string());
    }
    if !store::has_amcheck(&mut view).await? {
        findings.skip(
            "PostgreSQL's indexes: a superuser has yet to run CREATE EXTENSION amcheck in this \
             database",
        );
        return Ok(());
    }
    let indexes = store::indexes(&mut view).await?;
    drop(view);
    for index in indexes {
        match store::check_index(db, &index).await {
            Ok(()) => {}
            // Whose account may not run it learns no more than that.
            Err(fault) if store::is_forbidden(&fault) => {
                findings.skip(format!("PostgreSQL's indexes: {fault}"));
                return Ok(());
            }
            Err(fault) => findings.add(Kind::Engine, index, fault.to_string()),
        }
    }
    Ok(())
}
