//! `/campaigns/{name}/{language}`: a campaign in one of the languages that pages do not have.
//!
//! It says what two people agreed to in that language, and nothing where there is no such text; the
//! frame around it stays Japanese or English. The words between come from
//! `content/wordings/campaign-page.toml`. Owns no table.

use std::{collections::HashMap, sync::LazyLock};

use askama::Template;
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::IntoResponse as _,
};
use serde::Deserialize;

use super::Entry;
use crate::{
    app::App,
    campaigns::{self, pages::end, translations::Speech},
    language::Language,
    web::{
        error::PageResult,
        page::{Page, for_everybody, show},
    },
};

/// Words around what a campaign says, in one language (添える言葉).
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Words {
    since: String,
    closed: String,
    happened: String,
    to_do: String,
    call: String,
    genuine_title: String,
    genuine: String,
    genuine_page: String,
    origin: String,
    source: String,
    handed_over_by: String,
    handed_over_at: String,
    basis: String,
    others: String,
}

static WORDS: LazyLock<HashMap<Language, Words>> = LazyLock::new(|| {
    let words = include_str!("../../../../content/wordings/campaign-page.toml");
    toml::from_str(words).unwrap_or_else(|fault| panic!("campaign-page.toml: {fault}"))
});

#[derive(Template)]
#[template(path = "effects/campaign_language.html")]
struct One {
    page: Page,
    entry: Entry,
    language: Language,
    words: &'static Words,
}

impl One {
    fn speech(&self) -> Option<Speech<'_>> {
        self.entry.said.speech(self.language)
    }

    /// The day on which the list was handed over.
    fn received(&self) -> String {
        self.language.date(self.entry.said.provenance.handed_over_at)
    }

    fn period(&self) -> String {
        let Entry { said, closed_at, .. } = &self.entry;
        let from = self.language.date(said.from);
        match end(said, *closed_at) {
            Some(end) => format!("{from} – {}", self.language.date(end)),
            None => self.words.since.replace("{day}", &from),
        }
    }

    fn call(&self) -> String {
        let centre = &self.page.centre;
        let is_ja = self.language.is_japanese();
        let hours = if is_ja { &centre.hours_ja } else { &centre.hours_en };
        self.words.call.replace("{phone}", &self.page.phone_in_text()).replace("{hours}", hours)
    }

    /// The page that tells a genuine notice, as one types it.
    fn genuine(&self) -> String {
        format!("{}/genuine", self.page.centre.domain)
    }

    /// The other languages that the campaign speaks, Japanese and English first.
    fn others(&self) -> Vec<(Language, String)> {
        let others = self.entry.said.languages().into_iter().filter(|it| *it != self.language);
        others.map(|it| (it, address(&self.page, &self.entry.name, it))).collect()
    }
}

/// Where a campaign is read in that language.
pub(super) fn address(page: &Page, name: &str, language: Language) -> String {
    let path = campaigns::page_of(name, language);
    // The frame around what pages do not speak stays as it is.
    if Language::BESIDE.contains(&language) { page.href(path) } else { path }
}

/// `/campaigns/{name}/{language}`
pub(super) async fn one(
    State(app): State<App>,
    page: Page,
    Path((name, word)): Path<(String, String)>,
) -> PageResult {
    let entry = campaigns::find(&app.db, &name).await?.and_then(Entry::of);
    let language = word.parse::<Language>().ok();
    // What is not public, or not written, looks like none.
    let found = entry.zip(language).filter(|(entry, it)| entry.said.speech(*it).is_some());
    let words = language.and_then(|language| WORDS.get(&language));
    let Some(((entry, language), words)) = found.zip(words) else {
        return Ok(StatusCode::NOT_FOUND.into_response());
    };
    Ok(for_everybody(show(&One { page, entry, language, words })?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notices::wordings::{plain, text::Text};

    #[test]
    fn there_are_words_in_each_language_that_pages_do_not_have_and_easy_ones_are_easy() {
        for language in Language::BESIDE {
            let words = &WORDS[&language];
            assert!(words.since.contains("{day}"));
            assert!(words.call.contains("{phone}") && words.call.contains("{hours}"));
            let all = format!("{words:?}");
            let body = all.replace("\", ", "\n").replace([',', '"'], "\n");
            let text = Text { subject: String::new(), body };
            assert_eq!(plain::findings(language, &text), []);
        }
        assert_eq!(WORDS.len(), Language::BESIDE.len());
    }
}
