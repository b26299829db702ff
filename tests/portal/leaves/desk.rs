//! The desk of what comes in: rows in quarantine, and files that wait.

use todoke::{access::roles::Role, attribution::Attributor, feeds, intake, isps};

use super::Walk;
use crate::{centre::Centre, people::signed_in};

/// Rows in quarantine, and a file that waits for somebody.
pub(super) async fn of_intake(walk: &mut Walk<'_>, file: &str) {
    let desk = &mut signed_in(walk.centre, "desk-1", Role::Intake).await;
    let row = format!("/admin/quarantine/{file}/2");
    let route = "/admin/quarantine/{file}/{row}";
    let feed = ("/admin/feeds/{name}/retry", "/admin/feeds/telnet/retry");
    walk.writes(("desk-1", desk), feed, &[], "quarantine.retry").await;
    for (act, leaf) in [("dismiss", "quarantine.dismiss"), ("reopen", "quarantine.reopen")] {
        let said = [("act", act), ("reason", "a test row")];
        walk.writes(("desk-1", desk), (route, &row), &said, leaf).await;
    }
    let mended = "2026-05-01 01:02:04,203.0.113.50,tcp,23,two";
    let mend = [("act", "mend"), ("reason", "typo"), ("text", mended)];
    walk.writes(("desk-1", desk), (route, &row), &mend, "quarantine.dismiss").await;
    for (day, act, leaf) in [("03", "approve", "file.approve"), ("04", "decline", "file.withdraw")]
    {
        let path = format!("/admin/approvals/{}", waiting(walk.centre, day).await);
        let said = [("act", act), ("reason", "a national scan")];
        walk.writes(("desk-1", desk), ("/admin/approvals/{id}", &path), &said, leaf).await;
    }
}

/// A file out of all measure, which waits until somebody approves it.
async fn waiting(centre: &Centre, day: &str) -> String {
    // The office approved of few lines, so that this is many.
    let register = "code,name,asns,lease_policy,lines,prefix\n\
        isp-a,Provider A,,static,1000,203.0.113.0/24\n";
    isps::register::import(&centre.app, register.as_bytes()).await.unwrap().unwrap();
    let feed = feeds::by_name(&centre.app.db, "telnet").await.unwrap().unwrap();
    let attributor = Attributor::load(&centre.app).await.unwrap();
    let path = centre.app.data.join(format!("2026-05-{day}-scan_telnet-jp.csv"));
    let hosts = if day == "03" { 1..=150 } else { 2..=151 };
    let rows = hosts.map(|n| format!("2026-05-{day} 01:02:03,203.0.113.{n},tcp,23,x\n"));
    let rows: String = rows.collect();
    std::fs::write(&path, format!("timestamp,ip,protocol,port,hostname\n{rows}")).unwrap();
    let taken = intake::take_one(&centre.app, (&feed, &attributor), &path).await.unwrap();
    assert!(taken.waits_for_approval.is_some(), "{taken:?}");
    taken.id.to_string()
}
