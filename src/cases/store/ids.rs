//! SQL of many inquiry IDs at once.

use crate::{
    db::{
        Tx,
        bulk::{self, Column, Target},
    },
    ids::{CaseId, IspId},
    time::Moment,
};

/// The sealed inquiry IDs of those of these cases that have one.
pub(in crate::cases) async fn sealed(
    tx: &mut Tx,
    isp: IspId,
    cases: &[Vec<u8>],
) -> sqlx::Result<Vec<(CaseId, Vec<u8>)>> {
    const SQL: &str = "SELECT case_id, sealed FROM inquiry_ids WHERE isp_id = $1 AND case_id";
    bulk::select_of(tx, SQL, isp.0.as_bytes(), cases).await
}

/// Keeps fresh inquiry IDs, each its tag, case and ciphertext; gives how many tags were free.
pub(in crate::cases) async fn insert(
    tx: &mut Tx,
    isp: IspId,
    fresh: &[(Vec<u8>, CaseId, Vec<u8>)],
    at: Moment,
) -> sqlx::Result<u64> {
    let target = Target {
        table: "inquiry_ids",
        columns: "tag, isp_id, case_id, sealed, issued_at",
        conflict: "ON CONFLICT (tag) DO NOTHING",
    };
    let mut order: Vec<_> = fresh.iter().collect();
    // In the order of the index of tags, which is the larger part of the work.
    order.sort_unstable_by(|one, other| one.0.cmp(&other.0));
    let columns = [
        Column::Bytes(order.iter().map(|one| one.0.clone()).collect()),
        Column::Bytes(vec![isp.0.as_bytes().to_vec(); order.len()]),
        Column::Bytes(order.iter().map(|one| one.1.0.as_bytes().to_vec()).collect()),
        Column::Bytes(order.iter().map(|one| one.2.clone()).collect()),
        Column::Int(vec![at.0; order.len()]),
    ];
    bulk::insert(tx, target, columns).await
}
