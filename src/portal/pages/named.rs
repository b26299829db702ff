//! `/case` of a case that a campaign names: what the campaign says, and whom to call.

use anyhow::Context as _;
use askama::Template;

use crate::{
    app::App,
    campaigns::{draft::Words, pages::words},
    cases,
    manuals::markdown::to_html,
    portal::{Visit, named::Named},
    time::Moment,
    web::{
        error::PageResult,
        page::{Page, show},
    },
};

#[derive(Template)]
#[template(path = "portal/named.html")]
struct NamedPage {
    page: Page,
    named: Named,
    /// The date that the letter tells.
    dated: Moment,
}

impl NamedPage {
    fn words<'a>(&self, of: &'a Words) -> &'a str {
        words(&self.page, of)
    }

    fn html(&self, of: &Words) -> String {
        to_html(self.words(of))
    }

    fn title(&self) -> String {
        let said = self.named.said.as_ref();
        let title = said.map(|said| self.words(&said.title).to_owned());
        title.unwrap_or_else(|| self.page.t("named-no-words-title"))
    }
}

/// What the campaign says, for whoever was told of the case.
pub(super) async fn page(app: &App, page: Page, (visit, named): (&Visit, Named)) -> PageResult {
    let case = cases::find(&app.db, visit.case).await?;
    let dated = case.context("a visit of a case that is gone")?.last_seen;
    show(&NamedPage { page, named, dated })
}
