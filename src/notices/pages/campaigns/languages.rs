//! What a campaign says in one of the languages beside Japanese and English, as a form.
//!
//! An editor writes it beside the Japanese; it is part of the campaign's next version, which two
//! people agree to. Addresses `…/draft/{language}`.

use std::fmt::Display;

use askama::Template;
use axum::{
    Form,
    extract::{Path, State},
};
use serde::Deserialize;

use super::super::not_found;
use super::draft;
use crate::{
    app::App,
    campaigns::{
        self, Campaign,
        draft::NotADraft,
        translations::{self, LINE_MAX, NotWritten, Speech, Standing, TITLE_MAX, Translation},
    },
    language::Language,
    web::{
        error::PageResult,
        form::Errors,
        page::{Page, show_as},
        routes::Signed,
    },
};

/// A language on the page of a campaign, and how its text stands (言語ごとの状態).
pub(super) struct Row {
    pub(super) language: Language,
    pub(super) standing: Standing,
    /// The same in words.
    pub(super) state: String,
}

impl Row {
    /// The languages beside Japanese and English.
    pub(super) async fn all(
        app: &App,
        page: &Page,
        campaign: &Campaign,
    ) -> anyhow::Result<Vec<Self>> {
        let all = translations::standings(&app.db, campaign).await?.into_iter();
        let row = |(language, standing): (Language, Standing)| {
            let no = standing.version().unwrap_or_default();
            let key = format!("campaigns-language-{}", standing.word());
            Self { language, standing, state: page.with(&key, "no", no) }
        };
        Ok(all.map(row).collect())
    }

    /// Whether there is a text.
    pub(super) fn is_there(&self) -> bool {
        self.standing != Standing::Missing
    }

    /// Whether it is older than the Japanese.
    pub(super) fn is_stale(&self) -> bool {
        matches!(self.standing, Standing::Stale(_))
    }
}

/// What was typed.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(in crate::notices::pages) struct Given {
    title: String,
    source: String,
    by: String,
    basis: String,
    happened: String,
    to_do: String,
    checked: String,
    /// The version whose Japanese stood beside it.
    of: String,
}

impl Given {
    fn of(it: Translation) -> Self {
        Self {
            title: it.title,
            source: it.source,
            by: it.handed_over_by,
            basis: it.basis,
            happened: it.happened,
            to_do: it.to_do,
            ..Self::default()
        }
    }

    /// What it says; nothing where all of it is empty.
    fn translation(&self) -> Option<Translation> {
        let typed = |text: &String| text.trim().replace("\r\n", "\n");
        let all = [&self.title, &self.source, &self.by, &self.basis, &self.happened, &self.to_do];
        let [title, source, handed_over_by, basis, happened, to_do] = all.map(typed);
        let it =
            Translation { title, source, handed_over_by, basis, happened, to_do, checked: None };
        all.iter().any(|text| !text.trim().is_empty()).then_some(it)
    }
}

/// A field of the form, with the Japanese beside it.
struct Field<'a> {
    id: &'static str,
    japanese: &'a str,
    value: &'a str,
    /// Characters on its line; nothing where it has several.
    max: Option<usize>,
}

#[derive(Template)]
#[template(path = "notices/campaign_language.html")]
struct Written {
    page: Page,
    errors: Errors,
    campaign: Campaign,
    row: Row,
    given: Given,
}

impl Written {
    fn language(&self) -> String {
        self.page.t_of("wording-language", self.row.language.word())
    }

    fn title(&self) -> String {
        let values: [(&str, &dyn Display); 2] =
            [("name", &self.campaign.name), ("language", &self.language())];
        self.page.with_all("campaigns-language-title", &values)
    }

    fn fields(&self) -> Vec<Field<'_>> {
        let Some(Speech { title, source, handed_over_by, basis, happened, to_do }) =
            self.campaign.said.speech(Language::Ja)
        else {
            return Vec::new();
        };
        let of = |(id, japanese, value, max)| Field { id, japanese, value, max };
        let given = &self.given;
        [
            ("title", title, given.title.as_str(), Some(TITLE_MAX)),
            ("source", source, &given.source, Some(LINE_MAX)),
            ("by", handed_over_by, &given.by, Some(LINE_MAX)),
            ("basis", basis, &given.basis, Some(LINE_MAX)),
            ("happened", happened, &given.happened, None),
            ("to_do", to_do, &given.to_do, None),
        ]
        .map(of)
        .into()
    }
}

/// The language that an address names, if a campaign may be written in it there.
fn named(word: &str) -> Option<Language> {
    word.parse().ok().filter(|language| Language::BESIDE.contains(language))
}

async fn shown(
    (app, signed): (&App, &Signed),
    campaign: Campaign,
    (language, given): (Language, Given),
    errors: Errors,
) -> PageResult {
    let (status, page) = signed.page.clone().answering(&errors);
    let rows = Row::all(app, &page, &campaign).await?;
    let Some(row) = rows.into_iter().find(|row| row.language == language) else {
        return Ok(not_found());
    };
    show_as(status, &Written { page, errors, campaign, row, given })
}

/// `GET /admin/campaigns/{name}/draft/{language}`
pub(in crate::notices::pages) async fn write(
    State(app): State<App>,
    signed: Signed,
    Path((name, word)): Path<(String, String)>,
) -> PageResult {
    let found = campaigns::find(&app.db, &name).await?.zip(named(&word));
    let Some((campaign, language)) = found else { return Ok(not_found()) };
    let known = campaign.said.translations.get(&language).cloned();
    let given = known.map(Given::of).unwrap_or_default();
    shown((&app, &signed), campaign, (language, given), Errors::none()).await
}

/// `POST /admin/campaigns/{name}/draft/{language}`: the next version; all fields empty = without
/// that language. Where the Japanese changed meanwhile, it is shown anew and nothing is kept.
pub(in crate::notices::pages) async fn keep(
    State(app): State<App>,
    signed: Signed,
    Path((name, word)): Path<(String, String)>,
    Form(given): Form<Given>,
) -> PageResult {
    let found = campaigns::find(&app.db, &name).await?.zip(named(&word));
    let Some((campaign, language)) = found else { return Ok(not_found()) };
    let seen = given.of.parse().unwrap_or(campaign.version);
    if translations::japanese_since(&app.db, &campaign).await? > seen {
        let errors = Errors::of("title", signed.page.t("campaigns-japanese-changed"));
        return shown((&app, &signed), campaign, (language, given), errors).await;
    }
    let before = campaign.said.translations.get(&language).and_then(|it| it.checked);
    let checked = if given.checked.is_empty() { before } else { Some(app.now()) };
    let translation = given.translation().map(|it| Translation { checked, ..it });
    let what = (language, translation.as_ref());
    match translations::write(&app, &name, what, signed.name()).await? {
        Ok(_) => Ok(signed.page.onwards(&format!("/admin/campaigns/{name}#languages"))),
        Err(NotWritten::NoCampaign(_)) => Ok(not_found()),
        Err(NotWritten::Draft(why)) => {
            let errors = Errors::of(field(&why), draft::words(&signed.page, &why));
            shown((&app, &signed), campaign, (language, given), errors).await
        }
    }
}

/// Beside which field a refusal stands.
fn field(why: &NotADraft) -> &'static str {
    match why.field() {
        Some("provenance.source") => "source",
        Some("provenance.handed_over_by") => "by",
        Some("provenance.basis") => "basis",
        Some(field) => field,
        None => "title",
    }
}
