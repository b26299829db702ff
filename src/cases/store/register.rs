//! SQL of the register: its shelves, and the numbers of cases.

use crate::db::{
    Tx,
    bulk::{self, Column, Target},
    on_tx,
};

/// Draws `count` numbers and gives the first; holds others back until this transaction is over.
pub(in crate::cases) async fn draw_numbers(tx: &mut Tx, count: usize) -> sqlx::Result<i64> {
    const SQL: &str = "UPDATE case_numbers SET next = next + $1 WHERE id = 1 RETURNING next";
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    let next: i64 = on_tx!(tx, conn => sqlx::query_scalar(SQL).bind(count).fetch_one(conn).await)?;
    Ok(next - count)
}

/// The shelves of these names that are there.
pub(in crate::cases) async fn shelves(
    tx: &mut Tx,
    names: &[Vec<u8>],
) -> sqlx::Result<Vec<(Vec<u8>, Vec<u8>)>> {
    bulk::select_in(tx, "SELECT shelf, body FROM case_shelves", "shelf", names).await
}

/// Writes shelves, in place of those of the same name.
pub(in crate::cases) async fn put_shelves(
    tx: &mut Tx,
    shelves: Vec<(Vec<u8>, Vec<u8>)>,
) -> sqlx::Result<()> {
    let target = Target {
        table: "case_shelves",
        columns: "shelf, body",
        conflict: "ON CONFLICT (shelf) DO UPDATE SET body = excluded.body",
    };
    let (names, bodies) = shelves.into_iter().unzip();
    bulk::insert(tx, target, [Column::Bytes(names), Column::Bytes(bodies)]).await?;
    Ok(())
}

/// Drops shelves on which no case stands any more.
pub(in crate::cases) async fn drop_shelves(tx: &mut Tx, names: &[Vec<u8>]) -> sqlx::Result<()> {
    const SQL: &str = "DELETE FROM case_shelves WHERE shelf = $1";
    for name in names {
        on_tx!(&mut *tx, conn => sqlx::query(SQL).bind(name).execute(conn).await.map(|_| ()))?;
    }
    Ok(())
}
