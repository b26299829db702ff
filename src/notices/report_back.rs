//! Report back (注意喚起状況報告): what the ISP says of each line, as events; the one that the ISP
//! dated last counts, whenever it came.
//!
//! Good rows go in, bad ones come back with line, column and reason. The same report again changes
//! nothing. A line token joins the case to its line.

use std::{collections::HashMap, io::Read};

use formats::{Reading, report_back as wire};
use serde::Serialize;

use super::{Notice, store};
use crate::{
    app::App,
    cases::{
        CaseRef,
        lines::{self, LineToken},
        register,
    },
    db::{Tx, retry},
    isps::Isp,
    time::Moment,
};

/// A row that came back (差戻し行).
#[derive(Clone, Debug, Serialize)]
pub struct RowError {
    /// The line of the file.
    pub line: u64,
    /// The column at fault.
    pub column: Option<String>,
    /// What is wrong, in words.
    pub reason: String,
}

/// What an import did (報告取込結果).
#[derive(Clone, Debug, Default, Serialize)]
pub struct Imported {
    /// Rows of the file.
    pub rows: usize,
    /// Rows that said something new.
    pub accepted: usize,
    /// Rows that said what was known.
    pub unchanged: usize,
    /// Rows that came back.
    pub errors: Vec<RowError>,
}

/// Reads the report of `isp` and keeps it; with `dry_run` only says what it would do.
pub async fn import(
    app: &App,
    isp: &Isp,
    file: impl Read + Send + 'static,
    dry_run: bool,
) -> anyhow::Result<Result<Imported, formats::FileRefused>> {
    let reading = Reading::at(app.now().0).encoded(formats::Encoding::Auto);
    let (reports, refused) = match wire::read(file, reading) {
        Ok(read) => read,
        Err(refused) => return Ok(Err(refused)),
    };
    let done = keep(app, isp, &reports, dry_run).await?;
    let bad = refused.into_iter().map(|row| RowError {
        line: row.line,
        reason: row.reason.to_string(),
        column: row.column,
    });
    let mut done = Imported { rows: done.rows + bad.len(), ..done };
    done.errors.extend(bad);
    done.errors.sort_by_key(|error| error.line);
    Ok(Ok(done))
}

/// Keeps reports that were read; see [`import`].
pub async fn keep(
    app: &App,
    isp: &Isp,
    reports: &[wire::Report],
    dry_run: bool,
) -> anyhow::Result<Imported> {
    // A report that was kept before is known, so that doing it again changes nothing.
    for _ in 1..retry::TRIES {
        match keep_once(app, isp, reports, dry_run).await {
            Err(fault) if retry::is_worth_asking(&fault) => {}
            done => return done,
        }
    }
    keep_once(app, isp, reports, dry_run).await
}

async fn keep_once(
    app: &App,
    isp: &Isp,
    reports: &[wire::Report],
    dry_run: bool,
) -> anyhow::Result<Imported> {
    let mut done = Imported { rows: reports.len(), ..Imported::default() };
    let mut tx = app.db.begin().await?;
    // Of two reports at once each would overlook the tokens of the other.
    register::hold(&mut tx).await?;
    let mut lists: HashMap<String, Option<Notice>> = HashMap::new();
    for report in reports {
        if !lists.contains_key(&report.list_id) {
            let notice = store::find_in(&mut tx, isp.id, &report.list_id).await?;
            lists.insert(report.list_id.clone(), notice);
        }
        let error = |column: &str, reason: String| RowError {
            line: report.line,
            column: Some(column.to_owned()),
            reason,
        };
        let Some(Some(notice)) = lists.get(&report.list_id) else {
            let reason = format!("{} has no list `{}`", isp.code, report.list_id);
            done.errors.push(error("list_id", reason));
            continue;
        };
        match keep_one(app, &mut tx, isp, notice, report).await? {
            Kept::New => done.accepted += 1,
            Kept::Known => done.unchanged += 1,
            Kept::NoSuchLine => {
                let reason =
                    format!("the list has {} lines; this is {}", notice.lines, report.record_no);
                done.errors.push(error("record_no", reason));
            }
        }
    }
    // A dry run does all of it and lets the transaction go.
    if !dry_run {
        tx.commit().await?;
    }
    Ok(done)
}

enum Kept {
    New,
    Known,
    NoSuchLine,
}

async fn keep_one(
    app: &App,
    tx: &mut Tx,
    isp: &Isp,
    notice: &Notice,
    report: &wire::Report,
) -> anyhow::Result<Kept> {
    let record_no = i64::try_from(report.record_no).unwrap_or(i64::MAX);
    let Some(case) = store::case_of(tx, notice, record_no).await? else {
        return Ok(Kept::NoSuchLine);
    };
    let body = body(report);
    // An old file sent again after a newer one is no news either.
    let (reports, known) = store::reports_so_far(tx, notice, record_no, &body).await?;
    if known {
        return Ok(Kept::Known);
    }
    let stored = store::StoredReport {
        record_no,
        version: reports + 1,
        reported_at: Moment(report.reported_at),
        received_at: app.now(),
        state: report.state.code(),
        identified: report.identified.map(wire::Identified::code),
        reason_code: report.reason_code.map(wire::ReasonCode::code),
        channel: report.notice_channel.map(wire::Channel::code),
        notice_at: report.notice_at.map(Moment),
        delivery: report.delivery_result.map(wire::DeliveryResult::code),
        arm: report.arm.as_deref(),
        body: &body,
    };
    store::insert_report(tx, notice, &stored).await?;
    if let (Some(token), Some(epoch)) = (report.line_token, report.token_epoch.as_deref()) {
        let which = CaseRef { isp: notice.isp_id, id: case };
        let author = format!("isp {}", isp.code);
        let token = LineToken { epoch, token, said_at: stored.reported_at };
        lines::bind(tx, which, &token, app.now(), &author).await?;
    }
    Ok(Kept::New)
}

/// Everything the report says but where it stood in its file.
fn body(report: &wire::Report) -> String {
    let mut bytes = Vec::new();
    let alike = wire::Report { line: 0, ..report.clone() };
    // Writing into memory cannot fail.
    let _ = wire::write(&mut bytes, [&alike], false);
    let text = String::from_utf8_lossy(&bytes).into_owned();
    text.lines().skip(1).collect::<Vec<_>>().join("\n")
}
