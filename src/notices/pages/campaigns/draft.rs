//! What a campaign says, as a form: the first version of a new one, and the next version.
//!
//! A version changes nothing for the public, who see what two people agreed to.

use askama::Template;
use axum::{
    Form,
    extract::{Path, State},
};
use serde::Deserialize;

use super::super::not_found;
use crate::{
    app::App,
    campaigns::{
        self, CampaignRefused, Said,
        draft::{Draft, NotADraft, Origin, Words},
    },
    feeds,
    time::Moment,
    web::{
        error::PageResult,
        form::Errors,
        page::{Page, show_as},
        routes::Signed,
    },
};

/// What was typed.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(in crate::notices::pages) struct Given {
    name: String,
    title_ja: String,
    title_en: String,
    source_ja: String,
    source_en: String,
    by_ja: String,
    by_en: String,
    at: String,
    basis_ja: String,
    basis_en: String,
    happened_ja: String,
    happened_en: String,
    to_do_ja: String,
    to_do_en: String,
    from: String,
    to: String,
    report_by: String,
    public: String,
    feeds: String,
}

/// A moment as it is typed: midnights as days.
fn day(at: Moment) -> String {
    let day = at.date_jst();
    let is_midnight = Moment::parse_day(&day).is_ok_and(|midnight| midnight == at);
    if is_midnight { day } else { at.rfc3339() }
}

/// A field of the form.
struct Field {
    id: &'static str,
    value: String,
    is_long: bool,
    hint: Option<&'static str>,
}

impl Given {
    fn of(name: &str, said: Said) -> Self {
        let Said { title, provenance, happened, to_do, .. } = said;
        Self {
            name: name.to_owned(),
            title_ja: title.ja,
            title_en: title.en,
            source_ja: provenance.source.ja,
            source_en: provenance.source.en,
            by_ja: provenance.handed_over_by.ja,
            by_en: provenance.handed_over_by.en,
            at: day(provenance.handed_over_at),
            basis_ja: provenance.basis.ja,
            basis_en: provenance.basis.en,
            happened_ja: happened.ja,
            happened_en: happened.en,
            to_do_ja: to_do.ja,
            to_do_en: to_do.en,
            from: day(said.from),
            to: said.to.map(day).unwrap_or_default(),
            report_by: day(said.report_by),
            public: if said.is_public { "yes".to_owned() } else { String::new() },
            feeds: said.feeds.join(" "),
        }
    }

    /// The fields in their order.
    fn fields(&self) -> Vec<Field> {
        let day = Some("campaigns-day-hint");
        let text = Some("campaigns-text-hint");
        let of = |(id, value, hint): (&'static str, &String, Option<&'static str>)| Field {
            id,
            value: value.clone(),
            is_long: hint == text,
            hint,
        };
        [
            ("title_ja", &self.title_ja, None),
            ("title_en", &self.title_en, None),
            ("source_ja", &self.source_ja, None),
            ("source_en", &self.source_en, None),
            ("by_ja", &self.by_ja, None),
            ("by_en", &self.by_en, None),
            ("at", &self.at, day),
            ("basis_ja", &self.basis_ja, None),
            ("basis_en", &self.basis_en, None),
            ("happened_ja", &self.happened_ja, text),
            ("happened_en", &self.happened_en, text),
            ("to_do_ja", &self.to_do_ja, text),
            ("to_do_en", &self.to_do_en, text),
            ("from", &self.from, day),
            ("to", &self.to, Some("campaigns-to-hint")),
            ("report_by", &self.report_by, Some("campaigns-report-by-hint")),
        ]
        .map(of)
        .into()
    }

    fn said(&self) -> Result<Said, NotADraft> {
        let typed = |text: &str| text.trim().replace("\r\n", "\n");
        let both = |ja: &str, en: &str| Words { ja: typed(ja), en: typed(en) };
        let feeds = self.feeds.split([' ', ',', '\u{3000}', '\u{3001}']);
        Said::of(Draft {
            title: both(&self.title_ja, &self.title_en),
            provenance: Origin {
                source: both(&self.source_ja, &self.source_en),
                handed_over_by: both(&self.by_ja, &self.by_en),
                handed_over_at: typed(&self.at),
                basis: both(&self.basis_ja, &self.basis_en),
            },
            happened: both(&self.happened_ja, &self.happened_en),
            to_do: both(&self.to_do_ja, &self.to_do_en),
            from: typed(&self.from),
            to: Some(typed(&self.to)).filter(|to| !to.is_empty()),
            report_by: typed(&self.report_by),
            public: !self.public.is_empty(),
            feeds: feeds.filter(|feed| !feed.is_empty()).map(str::to_owned).collect(),
        })
    }
}

#[derive(Template)]
#[template(path = "notices/campaign_draft.html")]
struct Written {
    page: Page,
    errors: Errors,
    is_new: bool,
    given: Given,
    /// Feeds that may bring its list.
    feeds: Vec<String>,
}

async fn shown(
    app: &App,
    signed: &Signed,
    (is_new, given): (bool, Given),
    errors: Errors,
) -> PageResult {
    let mut feeds = feeds::all(&app.db).await?;
    feeds.retain(|feed| feed.stream == "campaign");
    let (status, page) = signed.page.clone().answering(&errors);
    let feeds = feeds.into_iter().map(|feed| feed.name).collect();
    show_as(status, &Written { page, errors, is_new, given, feeds })
}

/// `GET /admin/new-campaign`
pub(in crate::notices::pages) async fn new(State(app): State<App>, signed: Signed) -> PageResult {
    shown(&app, &signed, (true, Given::default()), Errors::none()).await
}

/// `GET /admin/campaigns/{name}/draft`
pub(in crate::notices::pages) async fn change(
    State(app): State<App>,
    signed: Signed,
    Path(name): Path<String>,
) -> PageResult {
    let Some(campaign) = campaigns::find(&app.db, &name).await? else { return Ok(not_found()) };
    let given = Given::of(&campaign.name, campaign.said);
    shown(&app, &signed, (false, given), Errors::none()).await
}

/// `POST /admin/new-campaign`
pub(in crate::notices::pages) async fn create(
    State(app): State<App>,
    signed: Signed,
    Form(given): Form<Given>,
) -> PageResult {
    let given = Given { name: given.name.trim().to_owned(), ..given };
    if campaigns::find(&app.db, &given.name).await?.is_some() {
        let errors = Errors::of("name", signed.page.t("campaigns-taken"));
        return shown(&app, &signed, (true, given), errors).await;
    }
    kept(&app, &signed, (true, given)).await
}

/// `POST /admin/campaigns/{name}/draft`
pub(in crate::notices::pages) async fn say(
    State(app): State<App>,
    signed: Signed,
    Path(name): Path<String>,
    Form(given): Form<Given>,
) -> PageResult {
    if campaigns::find(&app.db, &name).await?.is_none() {
        return Ok(not_found());
    }
    kept(&app, &signed, (false, Given { name, ..given })).await
}

async fn kept(app: &App, signed: &Signed, (is_new, given): (bool, Given)) -> PageResult {
    let refused = match given.said() {
        Ok(said) => match campaigns::add(app, &given.name, &said, signed.name()).await? {
            Ok(_) => {
                let to = format!("/admin/campaigns/{}#main", given.name);
                return Ok(signed.page.onwards(&to));
            }
            Err(why) => field_of(&why),
        },
        Err(why) => field(&why),
    };
    let errors = Errors::of(refused.0, signed.page.t(refused.1));
    shown(app, signed, (is_new, given), errors).await
}

/// Beside which field a refusal of the draft stands, and its words.
fn field(why: &NotADraft) -> (&'static str, &'static str) {
    let field = match why.field() {
        Some("provenance.source") => "source_ja",
        Some("provenance.handed_over_by") => "by_ja",
        Some("provenance.handed_over_at") => "at",
        Some("provenance.basis") => "basis_ja",
        Some("happened") => "happened_ja",
        Some("to_do") => "to_do_ja",
        Some("title") => "title_ja",
        Some(field) => field,
        None => "name",
    };
    let key = match why {
        NotADraft::Empty(_) => "campaigns-both-languages",
        NotADraft::BackToFront(_) => "campaigns-back-to-front",
        NotADraft::NoFeed => "campaigns-no-feed",
        NotADraft::BadTime(..) | NotADraft::NotUnderstood(_) => "networks-no-day",
    };
    (field, key)
}

fn field_of(why: &CampaignRefused) -> (&'static str, &'static str) {
    match why {
        CampaignRefused::BadName(_) => ("name", "campaigns-bad-name"),
        CampaignRefused::NoSuchFeed(_) | CampaignRefused::OtherStream(..) => {
            ("feeds", "campaigns-no-such-feed")
        }
        CampaignRefused::FeedTaken(_) => ("feeds", "campaigns-feed-taken"),
    }
}
