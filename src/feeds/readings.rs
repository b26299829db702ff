//! Readings (閲覧記録): who fetched the raw bytes of a file, which bear addresses, and when.

use sqlx::FromRow;

use super::store;
use crate::{
    app::App,
    audit::{self, Deed},
    db::Db,
    ids::FileId,
    time::Moment,
};

/// That somebody fetched the raw bytes of a file (閲覧記録).
#[derive(Clone, Debug, FromRow)]
#[doc(alias = "閲覧記録")]
pub struct Reading {
    /// When.
    pub at: Moment,
    /// Who, by the name of the account.
    pub reader: String,
}

/// Notes that `reader` fetches a file now, before the first byte goes out.
pub async fn note(app: &App, file: FileId, reader: &str) -> crate::db::Result<()> {
    let mut tx = app.db.begin().await?;
    store::overview::insert_reading(&mut tx, file, reader, app.now()).await?;
    let name = file.to_string();
    audit::note(&mut tx, Deed::new("file.raw", &name).by(reader, app.now())).await?;
    tx.commit().await
}

/// Who fetched a file, latest first.
pub async fn of(db: &Db, file: FileId) -> crate::db::Result<Vec<Reading>> {
    store::overview::readings(db, file).await
}
