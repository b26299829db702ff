//! SQL of the open cases that a claim may move.

use sqlx::FromRow;

use crate::{
    db::{Db, on},
    ids::IspId,
    time::Moment,
};

/// An open case: whose, where and when it was seen last, and under which AS.
#[derive(FromRow)]
pub(in crate::cases) struct Open {
    pub(in crate::cases) isp_id: IspId,
    pub(in crate::cases) spot: Vec<u8>,
    pub(in crate::cases) asn: Option<i64>,
    pub(in crate::cases) last_seen: Moment,
}

/// Open cases at addresses from `first` to `last`.
pub(in crate::cases) async fn open_within(
    db: &Db,
    first: &[u8; 16],
    last: &[u8; 16],
) -> sqlx::Result<Vec<Open>> {
    const SQL: &str = "SELECT isp_id, spot, asn, last_seen FROM cases
         WHERE state IN ('open', 'clean_once', 'recurred') AND spot >= $1 AND spot < $2";
    // A spot goes on behind its address: the last one ends below every longer key of sixteen bytes.
    let end = [&last[..], &[0xff; 8]].concat();
    on!(db, pool => sqlx::query_as(SQL).bind(&first[..]).bind(end).fetch_all(pool).await)
}

/// Open cases under that AS.
pub(in crate::cases) async fn open_of_as(db: &Db, asn: i64) -> sqlx::Result<Vec<Open>> {
    const SQL: &str = "SELECT isp_id, spot, asn, last_seen FROM cases
         WHERE state IN ('open', 'clean_once', 'recurred') AND asn = $1";
    on!(db, pool => sqlx::query_as(SQL).bind(asn).fetch_all(pool).await)
}
