//! What the office's work costs: `cargo xtask bench office`.
//!
//! Takes how many providers there are, how many lines each has, a folder for the store, and where
//! the store is PostgreSQL its URL. Prints one JSON object: seconds to prepare and export all
//! lists side by side, the 95th percentile of the page of lines of one provider as somebody signed
//! in asks for it, and seconds to check and to keep a report of ten thousand rows.
#![allow(clippy::unwrap_used, reason = "a measurement that cannot go on may say so")]

use std::{fmt::Write as _, fs, io::Cursor, net::IpAddr, path::PathBuf, time::Instant};

use axum::{Router, body::Body, http::Request};
use http_body_util::BodyExt as _;
use serde_json::json;
use todoke::{
    access::{
        accounts::{self, Hand, Invitation},
        doors::Level,
        factors::{Kind, Shown},
        keys::Keys,
        roles::Role,
        sessions,
        tenancy::Tenant,
    },
    app::App,
    attribution::Attributor,
    db::{Db, migrate},
    feeds::{self, Format, Registration, gate, withdrawal::Word},
    intake,
    isps::{self, Isp},
    notices::{
        Notice,
        export::{self, Form},
        prepare, report_back,
    },
    router,
    time::{Clock, Moment},
    web::peer::Peer,
};
use tower::ServiceExt as _;

// As the program runs.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

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
    let providers = isps::all(&app.db).await.unwrap();
    let begun = Instant::now();
    let (notice, prepared, exported) = prepare_and_export(&app, &providers).await;
    let both = begun.elapsed().as_secs_f64();
    let tenant = Tenant::of(&app, providers[0].id, &providers[0].code, "bench");
    let (checked, kept) = report(&tenant, &notice.list_id, lines.min(ROWS)).await;
    let page_p95_ms = pages(&app, &providers[0]).await;
    println!(
        "{}",
        json!({
            "providers": count, "lines": lines, "prepare_seconds": prepared,
            "export_seconds": exported, "both_seconds": both, "page_p95_ms": page_p95_ms,
            "report_rows": lines.min(ROWS), "check_seconds": checked, "keep_seconds": kept,
        })
    );
}

/// Prepares the list of each provider, and exports those that are prepared beside it, as the centre
/// does; gives the first list, and the seconds that either took.
async fn prepare_and_export(app: &App, providers: &[Isp]) -> (Notice, f64, f64) {
    let (ready, mut waiting) = tokio::sync::mpsc::channel::<(Isp, Notice)>(providers.len());
    let exporting = app.clone();
    let runtime = tokio::runtime::Handle::current();
    let export = async move {
        let mut seconds = 0.0;
        while let Some((isp, notice)) = waiting.recv().await {
            let begun = Instant::now();
            export::write(&exporting, &notice, &isp, Form::Csv).await.unwrap();
            seconds += begun.elapsed().as_secs_f64();
        }
        seconds
    };
    let exports = std::thread::spawn(move || runtime.block_on(export));
    let begun = Instant::now();
    let mut first = None;
    for isp in providers {
        let notice = prepare::for_isp(app, isp).await.unwrap().unwrap();
        first.get_or_insert_with(|| notice.clone());
        ready.send((isp.clone(), notice)).await.unwrap();
    }
    drop(ready);
    let prepared = begun.elapsed().as_secs_f64();
    (first.unwrap(), prepared, exports.join().unwrap())
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

/// The 95th percentile of a page, in milliseconds, over several filters, from the first page on:
/// what somebody of the provider asks for who is signed in, from the request to the last byte.
async fn pages(app: &App, isp: &Isp) -> f64 {
    let invitation =
        Invitation { name: "desk", role: Role::IspStaff, isp: Some((isp.id, &isp.code)) };
    let account = accounts::invite(app, invitation, Hand::Machine("bench")).await.unwrap().unwrap();
    let first = sessions::open(app, &account, Level::First).await.unwrap();
    let session = sessions::resume(app, &first).await.unwrap().unwrap();
    let secret = sessions::raise(app, &session, Shown::Factor(Kind::Totp)).await.unwrap();
    let cookie = format!("__Host-todoke-staff={secret}");
    let routes = router::build(app.clone());
    let mut taken = Vec::new();
    for filter in
        ["", "state=no_report", "state=notified", "state=withdrawn", "model=Model+7", "urgent=1"]
    {
        let mut after = String::new();
        for _ in 0..PAGES {
            let begun = Instant::now();
            let page = page(&routes, &cookie, &format!("/isp/lines?{filter}&after={after}")).await;
            taken.push(begun.elapsed().as_secs_f64() * 1000.0);
            // A page links to itself in another language, and to what comes after it.
            let mut links = page.split("after=").skip(1);
            let next = links.find_map(|rest| rest.split('"').next().filter(|one| *one != after));
            after = next.unwrap_or_default().to_owned();
        }
    }
    taken.sort_by(f64::total_cmp);
    taken[taken.len() * 95 / 100]
}

async fn page(routes: &Router, cookie: &str, path: &str) -> String {
    let request = Request::get(path).header("host", "todoke.example").header("cookie", cookie);
    let mut request = request.body(Body::empty()).unwrap();
    request.extensions_mut().insert(Peer(IpAddr::from([198, 51, 100, 1])));
    let answer = routes.clone().oneshot(request).await.unwrap();
    assert_eq!(answer.status(), 200, "{path}");
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(body.to_vec()).unwrap()
}
