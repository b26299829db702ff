//! The country's year (一年): each day's files, reports, visits, verdicts and lists, in that order.

use std::{
    fs,
    net::{IpAddr, Ipv4Addr},
    path::{Path, PathBuf},
    str::FromStr as _,
};

use anyhow::Context as _;
use serde::Serialize;

use crate::{
    access::tenancy::Tenant,
    app::App,
    attribution::{Attributor, editions, networks},
    cases::{self, CaseRef, Filter, claims, inquiry_id},
    demo::{
        Country, Day, Feed, FeedFile,
        people::{Act, ActKind, STEPS, StepOutcome},
    },
    feeds::{self, coverage, gate, withdrawal::Word},
    intake::{self, Taken},
    isps::{self, Isp, register},
    notices::{export, prepare, report_back},
    portal::{
        entry::{self, Entered},
        guide::Guide,
        marks::{self, Became, Mark},
    },
    verification::clean_scans::{self, Keep},
    web::texts::Lang,
};

/// Where the country's visitors come from; the site keeps no address.
const VISITOR: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// An inquiry ID that a visitor of the demo can type, and what it shows.
#[derive(Debug, Serialize)]
pub(super) struct IdToTry {
    pub(super) inquiry_id: String,
    pub(super) state: &'static str,
}

/// Lets the country live through its year.
pub(super) async fn live_through(app: &App, country: &mut Country) -> anyhow::Result<()> {
    let table = Box::new(std::io::Cursor::new(country.network_table_csv()));
    let table = networks::Networks::read(vec![("the table of the country".to_owned(), table)])?;
    editions::import(app, &table, None, true).await?;
    let register = register::import(app, country.isp_register_csv().as_bytes()).await??;
    anyhow::ensure!(register.errors.is_empty(), "the register: {:?}", register.errors);
    for feed in country.feeds() {
        feeds::add(app, &registration(&feed)?).await??;
    }
    let attributor = Attributor::load(app).await?;
    let isps = isps::all(&app.db).await?;
    let desk = app.data.join("desk");
    fs::create_dir_all(&desk)?;
    let bar = indicatif::ProgressBar::new(crate::demo::DAYS as u64);
    let shape = "{bar:30} {msg} ({eta} to go)";
    bar.set_style(indicatif::ProgressStyle::with_template(shape)?);
    let year = Year { app, attributor, isps, desk };
    while let Some(day) = country.next_day() {
        app.clock.set(day.at);
        bar.set_message(day.at.date_jst());
        year.live(country, &day).await?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    fs::remove_dir_all(&year.desk)?;
    Ok(())
}

/// How a feed of the country is registered.
pub(super) fn registration(feed: &Feed) -> anyhow::Result<feeds::Registration> {
    Ok(feeds::Registration {
        name: feed.name.to_owned(),
        format: feed.format.parse()?,
        stream: formats::Stream::from_str(feed.stream)?,
        utc_offset_minutes: None,
        completeness_floor: 0.9,
    })
}

async fn feed_of(app: &App, file: &FeedFile) -> anyhow::Result<feeds::Feed> {
    feeds::by_name(&app.db, file.feed).await?.context("the country's feed is registered")
}

/// Takes a file in, by way of a folder.
pub(super) async fn take_in(
    app: &App,
    attributor: &Attributor,
    (file, desk): (&FeedFile, &Path),
) -> anyhow::Result<Taken> {
    let path = desk.join(&file.name);
    fs::write(&path, &file.body)?;
    let feed = feed_of(app, file).await?;
    let taken = intake::take_one(app, (&feed, attributor), &path).await?;
    anyhow::ensure!(taken.refused.is_none(), "{}: {:?}", taken.file, taken.refused);
    if taken.waits_for_approval.is_some() {
        // Its scans are right by construction, and small providers are found in whole.
        let word = Word { author: "demo", reason: "a scan of the synthetic country" };
        gate::approve(app, taken.id, word).await?;
    }
    fs::remove_file(&path)?;
    Ok(taken)
}

struct Year<'a> {
    app: &'a App,
    attributor: Attributor,
    isps: Vec<Isp>,
    desk: PathBuf,
}

impl Year<'_> {
    async fn live(&self, country: &mut Country, day: &Day) -> anyhow::Result<()> {
        let app = self.app;
        for file in &day.files {
            take_in(app, &self.attributor, (file, &self.desk)).await?;
        }
        for file in &day.coverage {
            self.cover(file).await?;
        }
        for (code, _, reports) in country.reports_due(day.at) {
            let isp = self.isp(code)?;
            let tenant = Tenant::of(app, isp.id, &isp.code, "demo");
            report_back::keep(&tenant, &reports, false).await?;
        }
        for act in country.acts_due(day.at) {
            app.clock.set(act.at);
            self.act(&act).await?;
        }
        app.clock.set(day.at);
        if day.verify {
            clean_scans::review(app, day.at, Keep::Written).await?;
        }
        if day.lists_due {
            for isp in &self.isps {
                let Some(notice) = prepare::for_isp(app, isp).await? else { continue };
                let lines = export::lines(app, &notice, isp).await?;
                export::write(app, &notice, isp, export::Form::Csv).await?;
                country.answer(&isp.code, &lines, day.at);
            }
        }
        Ok(())
    }

    fn isp(&self, code: &str) -> anyhow::Result<&Isp> {
        self.isps.iter().find(|isp| isp.code == code).context("the country's ISP is registered")
    }

    async fn cover(&self, file: &FeedFile) -> anyhow::Result<()> {
        let path = self.desk.join(&file.name);
        fs::write(&path, &file.body)?;
        let feed = feed_of(self.app, file).await?;
        let taken = coverage::take_in(self.app, &feed, &path).await?;
        anyhow::ensure!(taken.refused.is_none(), "{}: {:?}", taken.file, taken.refused);
        fs::remove_file(&path)?;
        Ok(())
    }

    /// What a visitor does, through the same verbs as the pages.
    async fn act(&self, act: &Act) -> anyhow::Result<()> {
        let app = self.app;
        // An ID whose case closed half a year ago leads nowhere, and its holder goes away.
        let entered = entry::open(app, &act.inquiry_id, VISITOR).await?;
        let Entered::Opened(secret) = entered else { return Ok(()) };
        let Some(visit) = entry::resume(app, &secret).await? else { return Ok(()) };
        match act.kind {
            ActKind::Visit => {}
            ActKind::StepMark { step, outcome } => {
                let guide = Guide::of(app, &visit).await?;
                let done = outcome == StepOutcome::Done;
                // The country's manuals have four steps; whoever does the last one here does all
                // that the real manual has beyond it.
                let steps = guide.manual.steps(Lang::Ja, guide.infected()).len();
                let last = if done && step == STEPS { u32::try_from(steps)? } else { step };
                for step in step..=last.max(step) {
                    let became = if done { Became::Done } else { Became::Stuck(None) };
                    marks::note(app, &visit, guide.manual, &Mark { step, became }).await?;
                }
            }
            ActKind::Claim => {
                let steps_done = (1..=STEPS).collect();
                let claim = claims::Claim { steps_done, on: None };
                claims::record(app, visit.case, &claim).await?;
            }
        }
        entry::leave(app, &secret).await
    }
}

/// One inquiry ID for each state that a case can be in.
pub(super) async fn ids_to_try(app: &App) -> anyhow::Result<Vec<IdToTry>> {
    let mut tries = Vec::new();
    for (state, word) in cases::STATES {
        let filter = Filter { state: Some(state), ..Filter::default() };
        for case in cases::list(&app.db, &filter, 10_000).await?.into_iter().rev() {
            let which = CaseRef { isp: case.isp_id, id: case.id };
            let listed = cases::events(&app.db, which).await?;
            if case.line_of.is_none() && listed.iter().any(|event| event.kind == "listed") {
                let mut tx = app.db.begin().await?;
                let id = inquiry_id::issue(app, &mut tx, which).await?;
                tx.commit().await?;
                tries.push(IdToTry { inquiry_id: id.reveal(), state: word });
                break;
            }
        }
    }
    Ok(tries)
}
