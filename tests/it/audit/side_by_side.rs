//! Processes that write at once: numbers without a gap, one chain.

use std::process::{Child, Command, Stdio};

use todoke::db::{Db, retry};

use super::note;
use crate::centre::{Centre, on_both_engines};

/// Names the store to the processes of [`a_writer_beside_others`], which is no test without it.
const STORE: &str = "TODOKE_TEST_AUDIT_STORE";
/// Leaves that each of them adds.
const LEAVES: &str = "TODOKE_TEST_AUDIT_LEAVES";

/// One of the processes: this very test binary, asked for this alone.
#[test]
fn a_writer_beside_others() {
    let (Ok(store), Ok(leaves)) = (std::env::var(STORE), std::env::var(LEAVES)) else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let db = if store.starts_with("postgres") {
            Db::connect_postgres(&store).await.unwrap()
        } else {
            Db::open_sqlite(store.as_ref()).await.unwrap()
        };
        for no in 0..leaves.parse().unwrap() {
            retry::again(|| note(&db, no)).await.unwrap();
        }
        db.close().await;
    });
}

fn writer(centre: &Centre, leaves: usize) -> Child {
    let store = match centre.database() {
        Some(url) => url.to_owned(),
        None => centre.data().join("todoke.sqlite").display().to_string(),
    };
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "audit::side_by_side::a_writer_beside_others"])
        .env(STORE, store)
        .env(LEAVES, leaves.to_string())
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

on_both_engines! {
    fn three_processes_that_write_a_thousand_leaves_leave_no_gap_and_one_chain(centre) {
        let before = centre.leaves().len();
        let running = [334, 333, 333].map(|leaves| writer(&centre, leaves));
        for mut child in running {
            assert!(child.wait().unwrap().success());
        }
        let verified = centre.does(&["audit", "verify"]);
        assert_eq!(verified.number("leaves"), i64::try_from(before + 1000).unwrap());
        let numbers = "SELECT CAST(no AS TEXT) FROM audit_leaves ORDER BY audit_leaves.no";
        let wanted: Vec<String> = (1..=before + 1000).map(|no| no.to_string()).collect();
        assert_eq!(centre.stored(numbers), wanted);
    }

    fn a_transaction_that_is_let_go_leaves_no_leaf_and_no_gap(centre) {
        let before = centre.leaves().len();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let db = centre.store().await;
            let mut tx = db.begin().await.unwrap();
            let deed = todoke::audit::Deed::new("isp.import", "1");
            let leaf = deed.by("desk-1", todoke::time::Moment(1));
            todoke::audit::note(&mut tx, leaf).await.unwrap();
            drop(tx);
            note(&db, 0).await.unwrap();
            db.close().await;
        });
        let verified = centre.does(&["audit", "verify"]);
        assert_eq!(verified.number("leaves"), i64::try_from(before + 1).unwrap());
    }
}
