//! What a campaign says, as a form: the first version of a new one, and the next version.
//!
//! A version changes nothing for the public, who see what two people agreed to. What it says in
//! other languages has forms of its own, and goes into the next version as it is.

use std::collections::BTreeMap;

use askama::Template;
use axum::{
    Form,
    extract::{Path, State},
};
use serde::Deserialize;

use super::{super::not_found, languages::Row};
use crate::{
    access::roles::Act,
    app::App,
    campaigns::{
        self, Campaign, CampaignRefused, Said,
        draft::{Draft, NotADraft, Origin, Words},
    },
    feeds,
    language::Language,
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
            translations: BTreeMap::new(),
        })
    }
}

#[derive(Template)]
#[template(path = "notices/campaign_draft.html")]
struct Written {
    page: Page,
    errors: Errors,
    /// The campaign that is changed; none where it is new.
    known: Option<Campaign>,
    given: Given,
    /// Feeds that may bring its list.
    feeds: Vec<String>,
    /// What it says in other languages.
    languages: Vec<Row>,
    may_write: bool,
}

impl Written {
    fn is_new(&self) -> bool {
        self.known.is_none()
    }
}

async fn shown(
    (app, signed): (&App, &Signed),
    (known, given): (Option<Campaign>, Given),
    errors: Errors,
) -> PageResult {
    let mut feeds = feeds::all(&app.db).await?;
    feeds.retain(|feed| feed.stream == "campaign");
    let (status, page) = signed.page.clone().answering(&errors);
    let feeds = feeds.into_iter().map(|feed| feed.name).collect();
    let languages = match &known {
        Some(campaign) => Row::all(app, &page, campaign).await?,
        None => Vec::new(),
    };
    let may_write = signed.may(Act::DraftWording);
    show_as(status, &Written { page, errors, known, given, feeds, languages, may_write })
}

/// `GET /admin/new-campaign`
pub(in crate::notices::pages) async fn new(State(app): State<App>, signed: Signed) -> PageResult {
    shown((&app, &signed), (None, Given::default()), Errors::none()).await
}

/// `GET /admin/campaigns/{name}/draft`
pub(in crate::notices::pages) async fn change(
    State(app): State<App>,
    signed: Signed,
    Path(name): Path<String>,
) -> PageResult {
    let Some(campaign) = campaigns::find(&app.db, &name).await? else { return Ok(not_found()) };
    let given = Given::of(&campaign.name, campaign.said.clone());
    shown((&app, &signed), (Some(campaign), given), Errors::none()).await
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
        return shown((&app, &signed), (None, given), errors).await;
    }
    kept((&app, &signed), (None, given)).await
}

/// `POST /admin/campaigns/{name}/draft`
pub(in crate::notices::pages) async fn say(
    State(app): State<App>,
    signed: Signed,
    Path(name): Path<String>,
    Form(given): Form<Given>,
) -> PageResult {
    let Some(campaign) = campaigns::find(&app.db, &name).await? else { return Ok(not_found()) };
    kept((&app, &signed), (Some(campaign), Given { name, ..given })).await
}

async fn kept(
    (app, signed): (&App, &Signed),
    (known, given): (Option<Campaign>, Given),
) -> PageResult {
    let page = &signed.page;
    let (field, words) = match given.said() {
        Ok(said) => {
            let others = known.as_ref().map(|known| known.said.translations.clone());
            let said = Said { translations: others.unwrap_or_default(), ..said };
            match campaigns::add(app, &given.name, &said, signed.name()).await? {
                Ok(_) => {
                    let to = format!("/admin/campaigns/{}#main", given.name);
                    return Ok(page.onwards(&to));
                }
                Err(why) => {
                    let (field, key) = field_of(&why);
                    (field, page.t(key))
                }
            }
        }
        Err(why) => (field(&why), words(page, &why)),
    };
    shown((app, signed), (known, given), Errors::of(field, words)).await
}

/// Beside which field a refusal of the draft stands.
fn field(why: &NotADraft) -> &'static str {
    let is_en = why.language() == Some(Language::En);
    let of = |ja, en| if is_en { en } else { ja };
    match why.field() {
        Some("provenance.source") => of("source_ja", "source_en"),
        Some("provenance.handed_over_by") => of("by_ja", "by_en"),
        Some("provenance.handed_over_at") => "at",
        Some("provenance.basis") => of("basis_ja", "basis_en"),
        Some("happened") => of("happened_ja", "happened_en"),
        Some("to_do") => of("to_do_ja", "to_do_en"),
        Some("title") => of("title_ja", "title_en"),
        Some(field) => field,
        None => "name",
    }
}

/// A refusal of a draft, in words.
pub(super) fn words(page: &Page, why: &NotADraft) -> String {
    match why {
        NotADraft::Empty(_) => page.t("campaigns-both-languages"),
        NotADraft::Unwritten(..) | NotADraft::NotBeside(_) => page.t("campaigns-unwritten"),
        NotADraft::TooLong(.., (n, max)) => {
            page.with_all("campaigns-too-long", &[("n", n), ("max", max)])
        }
        NotADraft::Control(..) => page.t("campaigns-control"),
        NotADraft::BackToFront(_) => page.t("campaigns-back-to-front"),
        NotADraft::NoFeed => page.t("campaigns-no-feed"),
        NotADraft::BadTime(..) | NotADraft::NotUnderstood(_) => page.t("networks-no-day"),
    }
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
