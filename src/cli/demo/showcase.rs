//! What the year has none of (年度末の催し): a campaign and apartment houses, on its last day.
//!
//! Comes after everything that the year draws and tells, so that no figure of it depends on this.

use std::fs;

use serde::Serialize;

use super::year;
use crate::{
    access::tenancy::Tenant,
    app::App,
    attribution::Attributor,
    campaigns::{
        self, Campaign, Said, decisions, enrol,
        participants::{self, Answer},
    },
    cases::places::Word,
    demo::{
        Country,
        campaign::{self, Part},
        houses,
    },
    feeds,
    isps::{
        self, Isp,
        apartments::{
            Decision,
            contradiction::Question,
            register::{self as buildings, Imported},
        },
    },
    notices::{
        apartments::{self, waiting},
        export, prepare, report_back,
    },
    time::{DAY, Moment},
};

const HOUR: i64 = DAY / 24;

/// What was added (催しの内容).
#[derive(Clone, Debug, Serialize)]
pub(super) struct Showcase {
    /// The name of the campaign.
    pub(super) campaign: &'static str,
    /// Cases that its list opened.
    pub(super) cases: u64,
    /// Apartment houses that a provider told of.
    pub(super) buildings: usize,
    /// Cases in such houses that wait for a person.
    pub(super) for_a_person: usize,
}

impl Showcase {
    /// One line for people.
    pub(super) fn words(&self) -> String {
        format!(
            "Beside the year: the campaign {} (/campaigns/{}, /admin/campaigns) with {} cases, and \
             {} apartment houses (/admin/apartments).",
            self.campaign, self.campaign, self.cases, self.buildings
        )
    }
}

/// Adds it: from nine in the morning to five in the evening.
pub(super) async fn add(app: &App, country: &Country) -> anyhow::Result<Showcase> {
    let morning = app.now();
    let at = |hours: i64| app.clock.set(Moment(morning.0 + hours * HOUR));
    at(2);
    feeds::add(app, &year::registration(&campaign::FEED)?).await??;
    let campaign = announce(app).await?;
    let isps = isps::all(&app.db).await?;
    ask(app, country, (&campaign, &isps)).await?;
    at(3);
    let built = build(app, &isps).await?;
    let attributor = Attributor::load(app).await?;
    let desk = app.data.join("desk");
    fs::create_dir_all(&desk)?;
    let taken = year::take_in(app, &attributor, (&country.campaign_list(), &desk)).await?;
    fs::remove_dir_all(&desk)?;
    enrol::of(app, &campaign).await?;
    at(4);
    let lists = list(app, country, &isps).await?;
    at(10);
    for (isp, lines) in lists {
        let reports = country.campaign_reports(&isp.code, &lines, app.now());
        let tenant = Tenant::of(app, isp.id, &isp.code, "demo");
        let done = report_back::keep(&tenant, &reports, false).await?;
        anyhow::ensure!(done.errors.is_empty(), "{}: {:?}", isp.code, done.errors);
    }
    let for_a_person = decide(app).await?;
    let (campaign, cases) = (campaign::NAME, taken.counts.cases_opened);
    Ok(Showcase { campaign, cases, buildings: built.buildings, for_a_person })
}

/// Enters the campaign, which two people stand for.
async fn announce(app: &App) -> anyhow::Result<Campaign> {
    campaigns::add(app, campaign::NAME, &Said::read(campaign::DRAFT)?, "editor").await??;
    let find = || async {
        let found = campaigns::find(&app.db, campaign::NAME).await?;
        found.ok_or_else(|| anyhow::anyhow!("the campaign was just entered"))
    };
    let entered = find().await?;
    for by in ["isp-office", "reviewer"] {
        decisions::publish(app, &entered, by).await??;
    }
    find().await
}

/// Asks providers, and takes their answers.
async fn ask(
    app: &App,
    country: &Country,
    (campaign, isps): (&Campaign, &[Isp]),
) -> anyhow::Result<()> {
    for (code, part) in country.campaign_parts().filter(|(_, part)| *part != Part::NotAsked) {
        let Some(isp) = isps.iter().find(|isp| isp.code == code) else { continue };
        participants::invite(app, campaign, (isp, "isp-office"), None).await??;
        let answer = match part {
            Part::Joined => Answer::Join,
            Part::Declined => Answer::Decline,
            Part::NotAsked | Part::Asked => continue,
        };
        let tenant = Tenant::of(app, isp.id, &isp.code, "isp-manager");
        participants::answer(&tenant, campaign, answer, None).await??;
    }
    Ok(())
}

/// Hands the register of apartment houses in.
async fn build(app: &App, isps: &[Isp]) -> anyhow::Result<Imported> {
    let isp = isps.iter().find(|isp| isp.code == houses::ISP);
    let isp = isp.ok_or_else(|| anyhow::anyhow!("the provider of the houses is registered"))?;
    let tenant = Tenant::of(app, isp.id, &isp.code, "isp-manager");
    let built = buildings::import(&tenant, houses::REGISTER.as_bytes(), false).await??;
    anyhow::ensure!(built.errors.is_empty(), "the houses: {:?}", built.errors);
    Ok(built)
}

/// Prepares and hands out the lists of those who take part.
async fn list<'a>(
    app: &App,
    country: &Country,
    isps: &'a [Isp],
) -> anyhow::Result<Vec<(&'a Isp, Vec<formats::isp_list::Line>)>> {
    let mut lists = Vec::new();
    for (code, _) in country.campaign_parts().filter(|(_, part)| *part == Part::Joined) {
        let Some(isp) = isps.iter().find(|isp| isp.code == code) else { continue };
        let Some(notice) = prepare::for_isp(app, isp).await? else { continue };
        let lines = export::lines(app, &notice, isp).await?;
        export::write(app, &notice, isp, export::Form::Csv).await?;
        lists.push((isp, lines));
    }
    Ok(lists)
}

/// A person decides the first case that the table leaves open; gives how many are left.
async fn decide(app: &App) -> anyhow::Result<usize> {
    let mut open = Vec::new();
    let see = |one: waiting::Waiting| {
        open.extend(Some(one).filter(|one| one.question == Question::Decide));
    };
    waiting::each(&app.db, see).await?;
    open.sort_by(|a, b| a.case.spot.cmp(&b.case.spot));
    let Some(first) = open.first() else { return Ok(0) };
    let word = Word::Decided(Some(Decision::Tenant));
    let said = ("isp-office", "建物の通信記録から、部屋が分かりました。");
    apartments::say(app, &first.case, word, said).await??;
    Ok(open.len() - 1)
}

#[cfg(test)]
mod tests {
    use super::{super::logins, *};
    use crate::{
        access::keys::Keys,
        cases::{self, Filter},
        db::{Db, migrate},
        demo::{DAYS, SEED},
        isps::register,
        notices::campaign_figures,
        time::Clock,
    };

    /// The last morning of a year of which nothing but the register is there.
    async fn morning(folder: &tempfile::TempDir, country: &Country) -> App {
        let mut rng = <rand_chacha::ChaCha20Rng as rand::SeedableRng>::seed_from_u64(1);
        let keys = folder.path().join("keys");
        Keys::create(&keys, &mut rng).unwrap();
        let db = Db::open_sqlite(&folder.path().join("t.sqlite")).await.unwrap();
        let seven =
            Moment(crate::demo::BEGINS.plus_days(i64::try_from(DAYS).unwrap() - 1).0 + 7 * HOUR);
        let clock = Clock::standing_at(seven);
        migrate::run(&db, &clock).await.unwrap();
        let keys = Keys::load(&keys).unwrap();
        let app = App::new(db, clock, keys, folder.path().to_path_buf()).seeded(SEED);
        register::import(&app, country.isp_register_csv().as_bytes()).await.unwrap().unwrap();
        logins::make(&app).await.unwrap();
        app
    }

    /// How each case in an apartment house is answered, each word once.
    async fn routes(app: &App) -> Vec<String> {
        let mut routes = Vec::new();
        for case in cases::list(&app.db, &Filter::default(), 1_000).await.unwrap() {
            if let Some(placed) = apartments::of(&app.db, &case).await.unwrap() {
                let question = placed.question.map_or("", Question::word);
                routes.push(format!("{} {question}", placed.route_word()).trim_end().to_owned());
            }
        }
        routes.sort();
        routes.dedup();
        routes
    }

    #[tokio::test]
    async fn the_demo_shows_a_campaign_with_figures_and_each_row_of_the_decision_table() {
        let folder = tempfile::tempdir().unwrap();
        let country = Country::draw(SEED);
        let app = morning(&folder, &country).await;
        let shown = add(&app, &country).await.unwrap();
        assert_eq!((shown.buildings, shown.for_a_person, shown.cases), (3, 1, 74));
        let campaign = campaigns::find(&app.db, campaign::NAME).await.unwrap().unwrap();
        assert!(campaign.public().is_some(), "two people stand for it");
        let figures = campaign_figures::of(&app.db, &campaign).await.unwrap();
        assert_eq!((figures.obtained(), figures.unattributed), (76, 2));
        assert_eq!((figures.participating(), figures.reporting(), figures.no_report()), (5, 4, 1));
        assert_eq!(figures.distributed(), 60);
        let rate: f64 = figures.rate().unwrap().parse().unwrap();
        assert!((30.0..80.0).contains(&rate), "{rate}");
        assert_eq!(figures.to_nobody().len(), 3, "declined, asked, not asked");
        assert_eq!(
            routes(&app).await,
            [
                "decide decide",
                "nobody:APARTMENT_SHARED_DEVICE",
                "nobody:IP_SHARED_NO_PORT",
                "nobody:PENDING place",
                "own_provider",
                "tell:association",
                "tell:owner",
                "tell:tenant",
            ]
        );
        app.db.close().await;
    }
}
