//! `/`, `/genuine`, `/about-the-scan`, `/privacy`, `/accessibility`.

use askama::Template;
use axum::extract::State;

use crate::{
    access::doors::Door,
    app::App,
    isps::vouched::{self, Vouched},
    site::{AskHeadlines, Headline},
    web::{
        error::PageResult,
        page::{Page, for_everybody, show},
        routes::Routes,
    },
};

/// The routes of this register; what runs just now is asked of `running`.
pub fn routes(running: AskHeadlines) -> Routes {
    let front = move |State(app), page| home(app, page, running);
    let proof = move |State(app), page| genuine(app, page, running);
    Routes::new()
        .get("/", Door::Public, front)
        .get("/genuine", Door::Public, proof)
        .get("/about-the-scan", Door::Public, async |page| text(page, &SCAN))
        .get("/privacy", Door::Public, async |page| text(page, &PRIVACY))
        .get("/accessibility", Door::Public, async |page| text(page, &ACCESSIBILITY))
}

#[derive(Template)]
#[template(path = "site/home.html")]
struct Home {
    page: Page,
    /// What runs just now.
    headlines: Vec<Headline>,
}

/// What runs just now. The front page stands also where the store does not answer.
async fn known(app: &App, page: &Page, running: AskHeadlines) -> Vec<Headline> {
    running(app, page).await.unwrap_or_else(|fault| {
        tracing::warn!("what runs just now is left out of a page: {fault:#}");
        Vec::new()
    })
}

async fn home(app: App, page: Page, running: AskHeadlines) -> PageResult {
    let headlines = known(&app, &page, running).await;
    Ok(for_everybody(show(&Home { page, headlines })?))
}

/// A page of headings with short lines below, as keys of texts.
struct Words {
    title: &'static str,
    lead: &'static str,
    parts: &'static [(&'static str, &'static [&'static str])],
}

const GENUINE: Words = Words {
    title: "genuine-title",
    lead: "genuine-lead",
    parts: &[
        ("genuine-check-title", &["genuine-check-1", "genuine-check-2", "genuine-check-3"]),
        (
            "genuine-never-title",
            &[
                "promise-money",
                "promise-secrets",
                "promise-remote",
                "genuine-never-app",
                "genuine-never-number",
            ],
        ),
        ("genuine-doubt-title", &["genuine-doubt-1", "genuine-doubt-2"]),
    ],
};

const SCAN: Words = Words {
    title: "scan-title",
    lead: "scan-lead",
    parts: &[
        ("scan-why-title", &["scan-why-1", "scan-why-2"]),
        ("scan-how-title", &["scan-how-1", "scan-how-2", "scan-how-3"]),
        ("scan-who-title", &["scan-who-1", "scan-who-2", "scan-who-3"]),
        ("scan-not-title", &["scan-not-1", "scan-not-2"]),
        ("scan-no-notice-title", &["scan-no-notice-1", "scan-no-notice-2"]),
    ],
};

const PRIVACY: Words = Words {
    title: "privacy-title",
    lead: "privacy-lead",
    parts: &[
        ("privacy-keep-title", &["privacy-keep-1", "privacy-keep-2", "privacy-keep-3"]),
        ("privacy-not-title", &["privacy-not-1", "privacy-not-2", "privacy-not-3"]),
        ("privacy-cookie-title", &["privacy-cookie-1", "privacy-cookie-2"]),
        ("privacy-guess-title", &["privacy-guess-1", "privacy-guess-2"]),
    ],
};

const ACCESSIBILITY: Words = Words {
    title: "accessibility-title",
    lead: "accessibility-lead",
    parts: &[
        (
            "accessibility-do-title",
            &[
                "accessibility-do-1",
                "accessibility-do-2",
                "accessibility-do-3",
                "accessibility-do-4",
            ],
        ),
        ("accessibility-state-title", &["accessibility-state-1", "accessibility-state-2"]),
        ("accessibility-tell-title", &["accessibility-tell-1"]),
    ],
};

#[derive(Template)]
#[template(path = "site/text.html")]
struct Text {
    page: Page,
    title: &'static str,
    lead: &'static str,
    parts: &'static [(&'static str, &'static [&'static str])],
    /// Providers whose notices are known by a page or a domain.
    vouched: Vec<Vouched>,
    /// What runs just now, so that a notice of it can be held against its own page.
    headlines: Vec<Headline>,
}

impl Text {
    /// A line, with the values any of them may name.
    fn line(&self, key: &str) -> String {
        let centre = &self.page.centre;
        let (hours, phone) = (self.page.hours(), self.page.phone_in_text());
        self.page
            .lang
            .say_with(key, &[("phone", &phone), ("domain", &centre.domain), ("hours", &hours)])
    }
}

async fn genuine(app: App, page: Page, running: AskHeadlines) -> PageResult {
    let vouched = vouched::all(&app.db).await?;
    let headlines = known(&app, &page, running).await;
    said(page, &GENUINE, (vouched, headlines))
}

fn text(page: Page, words: &Words) -> PageResult {
    said(page, words, (Vec::new(), Vec::new()))
}

fn said(
    page: Page,
    words: &Words,
    (vouched, headlines): (Vec<Vouched>, Vec<Headline>),
) -> PageResult {
    let Words { title, lead, parts } = *words;
    Ok(for_everybody(show(&Text { page, title, lead, parts, vouched, headlines })?))
}
