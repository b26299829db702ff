//! What the office's work costs: `cargo xtask bench office`.
//!
//! Takes how many providers there are, how many lines each has, a folder for the store, and where
//! the store is PostgreSQL its URL. Prints one JSON object: seconds to prepare and export all
//! lists, the 95th percentile of a page of lines of one provider, and seconds to check and to keep
//! a report of ten thousand rows.
#![allow(clippy::unwrap_used, reason = "a measurement that cannot go on may say so")]

use std::{fmt::Write as _, fs, io::Cursor, path::PathBuf, time::Instant};

use serde_json::json;
use todoke::{
    access::{keys::Keys, tenancy::Tenant},
    app::App,
    attribution::Attributor,
    db::{Db, migrate},
    feeds::{self, Format, Registration, gate, withdrawal::Word},
    intake, isps,
    notices::{
        Notice,
        export::{self, Form},
        lines::{self, Filter, LineState},
        prepare, report_back,
    },
    time::{Clock, Moment},
};

/// Rows of the report.
const ROWS: usize = 10_000;
/// Pages that are read for each filter.
const PAGES: usize = 60;

#[tokio::main]
async fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (count, lines) = (args[0].parse().unwrap(), args[1].parse().unwrap());
    let folder = PathBuf::from(&args[2]);
    fs::create_dir_all(&folder).unwrap();
    let db = match args.get(3) {
        Some(url) => Db::connect_postgres(url).await.unwrap(),
        None => Db::open_sqlite(&folder.join("todoke.sqlite")).await.unwrap(),
    };
    let clock = Clock::standing_at(Moment::parse("2026-05-10T09:00:00+09:00").unwrap());
    migrate::run(&db, &clock).await.unwrap();
    let app = App::new(db, clock, Keys { lookup: [7; 32], seal: [8; 32] }, folder).seeded(1);
    take_in(&app, count, lines).await;
    let begun = Instant::now();
    let mut notices: Vec<Notice> = Vec::new();
    let providers = isps::all(&app.db).await.unwrap();
    for isp in &providers {
        notices.push(prepare::for_isp(&app, isp).await.unwrap().unwrap());
    }
    let prepared = begun.elapsed().as_secs_f64();
    let begun = Instant::now();
    for (isp, notice) in providers.iter().zip(&notices) {
        export::write(&app, notice, isp, Form::Csv).await.unwrap();
    }
    let exported = begun.elapsed().as_secs_f64();
    let tenant = Tenant::of(&app, providers[0].id, &providers[0].code, "bench");
    let (checked, kept) = report(&tenant, &notices[0].list_id, lines.min(ROWS)).await;
    println!(
        "{}",
        json!({
            "providers": count, "lines": lines, "prepare_seconds": prepared,
            "export_seconds": exported, "page_p95_ms": pages(&tenant).await,
            "report_rows": lines.min(ROWS), "check_seconds": checked, "keep_seconds": kept,
        })
    );
}

/// Providers with a block each, and a list of what was found there.
async fn take_in(app: &App, count: usize, lines: usize) {
    let mut register = "code,name,lease_policy,prefix\n".to_owned();
    let mut list = "scan_run,record_no,stream,detected_at,ip,proto,port,method_version,outcome,\
                    application,weakness_code,device_model\n"
        .to_owned();
    for isp in 0..count {
        writeln!(register, "isp-{isp:03},Provider {isp},dynamic:30,60.{isp}.0.0/16").unwrap();
        for no in 0..lines {
            let (high, low, minute) = (no / 256, no % 256, no % 60);
            writeln!(
                list,
                "r1,{no},notice,2026-05-0{}T10:{minute:02}:00+09:00,60.{isp}.{high}.{low},tcp,23,\
                 m1,detected,telnet,weak_credentials,Model {}",
                no % 9 + 1,
                no % 40
            )
            .unwrap();
        }
    }
    isps::register::import(app, Cursor::new(register)).await.unwrap().unwrap();
    let new = Registration {
        name: "scanner".to_owned(),
        format: Format::ScanList,
        stream: formats::Stream::Notice,
        utc_offset_minutes: None,
        completeness_floor: 0.9,
    };
    let (feed, _) = feeds::add(app, &new).await.unwrap().unwrap();
    let attributor = Attributor::load(app).await.unwrap();
    let path = app.data.join("list.csv");
    fs::write(&path, list).unwrap();
    let taken = intake::take_one(app, (&feed, &attributor), &path).await.unwrap();
    let word = Word { author: "bench", reason: "made up" };
    gate::approve(app, taken.id, word).await.unwrap();
}

/// Seconds to check a report and to keep it.
async fn report(tenant: &Tenant, list: &str, rows: usize) -> (f64, f64) {
    let mut csv = "list_id,record_no,reported_at,state,identified,notice_channel,notice_at,\
                   line_token,token_epoch\n"
        .to_owned();
    let at = "2026-05-10T08:00:00+09:00";
    for no in 1..=rows {
        writeln!(csv, "{list},{no},{at},notified,yes,email,{at},{no:064x},1").unwrap();
    }
    let mut seconds = [0.0; 2];
    for (dry_run, taken) in [true, false].into_iter().zip(&mut seconds) {
        let begun = Instant::now();
        let file = Cursor::new(csv.clone());
        let done = report_back::import(tenant, file, dry_run).await.unwrap().unwrap();
        assert_eq!((done.accepted, done.errors.len()), (rows, 0));
        *taken = begun.elapsed().as_secs_f64();
    }
    (seconds[0], seconds[1])
}

/// The 95th percentile of a page, in milliseconds, over several filters, from the first page on.
async fn pages(tenant: &Tenant) -> f64 {
    let mut taken = Vec::new();
    for filter in [
        Filter::default(),
        Filter { state: Some(LineState::NoReport), ..Filter::default() },
        Filter { state: Some(LineState::Notified), ..Filter::default() },
        Filter { state: Some(LineState::Withdrawn), ..Filter::default() },
        Filter { model: Some("Model 7".to_owned()), ..Filter::default() },
        Filter { is_urgent: true, ..Filter::default() },
    ] {
        let mut after = None;
        for _ in 0..PAGES {
            let begun = Instant::now();
            let page = lines::page(tenant, &filter, after).await.unwrap();
            taken.push(begun.elapsed().as_secs_f64() * 1000.0);
            after = page.next;
        }
    }
    taken.sort_by(f64::total_cmp);
    taken[taken.len() * 95 / 100]
}
