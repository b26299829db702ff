//! `todoke demo`: builds the synthetic country by the ordinary verbs and serves it.
//!
//! Files, coverage, lists, reports and visits go through the same code as anybody's; only the
//! calendar is the country's own. Then the true effect, which is a parameter of the country, stands
//! beside what the product finds. A campaign and apartment houses come last.

mod logins;
mod showcase;
mod year;

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;
use serde_json::json;

use self::{logins::Login, showcase::Showcase};
use super::{Ended, Global, Out, Refused, given, init, serve};
use crate::{
    app::App,
    db::migrate,
    demo::{self, Country, truth::HORIZON_DAYS},
    effects::{self, Draw, Scope},
    notices::wordings::shipped,
    router,
    time::Clock,
};

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  todoke demo\n  todoke demo --exit --json")]
pub(super) struct Demo {
    /// Serve here.
    #[arg(long, default_value = "127.0.0.1:8080", value_parser = given::listen)]
    listen: String,
    /// Another country.
    #[arg(long, default_value_t = demo::SEED)]
    seed: u64,
    /// Stop after building.
    #[arg(long)]
    exit: bool,
}

/// One arm: what is true of it, and what the product finds.
#[derive(Debug, Serialize)]
struct ArmEffect {
    arm: String,
    true_effect: f64,
    estimated_effect: Option<f64>,
    lower: Option<f64>,
    upper: Option<f64>,
    true_share: f64,
    /// The share that the lot made true in this country; the true one is its mean over all seeds.
    drawn_share: f64,
    drawn_effect: f64,
    estimated_share: Option<f64>,
    lines: u64,
}

impl Demo {
    pub(super) async fn run(&self, global: &Global, out: Out) -> anyhow::Result<Ended> {
        let global = Self::folder(global)?;
        init::create(&global).await?;
        let app = self.open(&global).await?;
        let mut country = Country::draw(self.seed);
        if crate::feeds::all(&app.db).await?.is_empty() {
            shipped::begin_with(&app).await?;
            year::live_through(&app, &mut country).await?;
        } else {
            return Err(Refused::because(format!(
                "{} holds data already; give the demo an empty --data folder",
                global.data.display()
            )));
        }
        let tries = year::ids_to_try(&app).await?;
        let logins = logins::make(&app).await?;
        let figures = Figures::of(&app, &country).await?;
        let showcase = showcase::add(&app, &country).await?;
        self.tell(out, &figures, (&tries, &logins, &showcase))?;
        if !self.exit {
            let listener = serve::listen(&self.listen).await?;
            let address = listener.local_addr()?;
            eprintln!("Serving on http://{address} (statistics: /statistics) until Ctrl-C.");
            let present = app.clone().on_clock(Clock::going_on_from(app.now()));
            router::serve(present, listener, serve::stopped()).await?;
        }
        app.db.close().await;
        Ok(Ended::Done)
    }

    /// A demo needs a folder of its own; the default one is made anew each time.
    fn folder(global: &Global) -> anyhow::Result<Global> {
        if global.data != Path::new("./todoke-data") {
            return Ok(global.clone());
        }
        let data = PathBuf::from("./todoke-data/demo");
        if data.exists() {
            std::fs::remove_dir_all(&data)?;
        }
        Ok(Global { data, ..global.clone() })
    }

    async fn open(&self, global: &Global) -> anyhow::Result<App> {
        let keys = crate::access::keys::Keys::load(&global.data.join("keys"));
        let db = super::open_db(global).await?;
        let clock = Clock::standing_at(demo::BEGINS);
        migrate::run(&db, &clock).await?;
        let keys = keys.map_err(Refused::because)?;
        Ok(App::new(db, clock, keys, global.data.clone()).seeded(self.seed))
    }

    fn tell(
        &self,
        out: Out,
        figures: &Figures,
        (tries, logins, showcase): (&[year::IdToTry], &[Login], &Showcase),
    ) -> anyhow::Result<()> {
        let Figures { arms, naive, cases } = figures;
        let strongest = arms.last();
        let value = json!({
            "seed": self.seed,
            "cases": cases,
            "horizon_days": HORIZON_DAYS,
            "true_effect": strongest.map(|arm| arm.true_effect),
            "estimated_effect": strongest.and_then(|arm| arm.estimated_effect),
            "interval": strongest.and_then(|arm| Some([arm.lower?, arm.upper?])),
            "by_arm": arms,
            "naive_by_address": naive,
            "inquiry_ids": tries,
            "logins": logins,
            "showcase": showcase,
        });
        let logins: Vec<String> = logins.iter().map(Login::words).collect();
        let words = words(arms, *naive, *cases, tries);
        let entry =
            "Accounts for /sign-in: name, password, codes for the second step, each good once";
        let (beside, logins) = (showcase.words(), logins.join("\n"));
        out.line(&value, format!("{words}\n\n{beside}\n\n{entry}:\n{logins}"))
    }
}

/// What the year comes to.
struct Figures {
    arms: Vec<ArmEffect>,
    naive: Option<f64>,
    cases: u64,
}

impl Figures {
    async fn of(app: &App, country: &Country) -> anyhow::Result<Self> {
        let scope = Scope::of_stream("notice", app.now());
        Ok(Self {
            arms: arms(app, country, &scope).await?,
            naive: effects::naive::by_address(&app.db, &scope).await?.estimate,
            cases: crate::cases::count(&app.db, app.now()).await?,
        })
    }
}

/// The arms in order of their true effect, each against waiting.
async fn arms(app: &App, country: &Country, scope: &Scope) -> anyhow::Result<Vec<ArmEffect>> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "180 days")]
    let days = HORIZON_DAYS as u16;
    let draw = Draw::default();
    let found = effects::compare::compare(&app.db, scope, days, draw).await?;
    let truths = country.truth_table();
    let waiting = truths.iter().find(|truth| truth.channel == effects::WAIT);
    let drawn_waiting = waiting.map_or(0.0, |truth| truth.realised_share);
    let mut arms: Vec<ArmEffect> = truths
        .iter()
        .filter(|truth| truth.channel != effects::WAIT)
        .map(|truth| {
            let effect = found.iter().find(|effect| effect.arm == truth.channel);
            ArmEffect {
                arm: truth.channel.to_owned(),
                true_effect: truth.true_effect,
                drawn_effect: truth.realised_share - drawn_waiting,
                estimated_effect: effect.map(|effect| effect.difference),
                lower: effect.map(|effect| effect.interval.lower),
                upper: effect.map(|effect| effect.interval.upper),
                true_share: truth.true_share,
                drawn_share: truth.realised_share,
                estimated_share: effect.map(|effect| effect.fixed),
                lines: effect.map_or(0, |effect| effect.n),
            }
        })
        .collect();
    arms.sort_by(|a, b| a.true_effect.total_cmp(&b.true_effect));
    Ok(arms)
}

fn words(arms: &[ArmEffect], naive: Option<f64>, cases: u64, tries: &[year::IdToTry]) -> String {
    let percent = |share: Option<f64>| share.map_or("–".into(), |s| format!("{:.1}", 100.0 * s));
    let line = |arm: &ArmEffect| {
        format!(
            "  {:<6} {:>6}   {:>9}   {} to {}",
            arm.arm,
            percent(Some(arm.true_effect)),
            percent(arm.estimated_effect),
            percent(arm.lower),
            percent(arm.upper)
        )
    };
    let arms = arms.iter().map(line).collect::<Vec<_>>().join("\n");
    let id = |id: &year::IdToTry| format!("  {}   {}", id.inquiry_id, id.state);
    let tries = tries.iter().map(id).collect::<Vec<_>>().join("\n");
    format!(
        "{cases} cases. What the warning adds to the share fixed within {HORIZON_DAYS} days, in \
         percentage points:\n  arm      true   estimated   95 % interval\n{arms}\n\
         Counting addresses alone would call {} % fixed by the next scan.\n\n\
         Inquiry IDs to try:\n{tries}",
        percent(naive)
    )
}
