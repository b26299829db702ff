//! `/campaigns` and what lies below: what a one-off list is about, who helps, what came of it.
//!
//! Stands with the public figures, since it tells some: counts of lines below ten are withheld, and
//! so is what a difference would tell. Shown is the version to which two people agreed. Owns no
//! table.

mod languages;

use askama::Template;
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::IntoResponse as _,
};

use crate::{
    access::doors::Door,
    app::App,
    campaigns::{
        self, Campaign, Said,
        draft::Words,
        pages::{period, words},
        participants::{self, Standing},
    },
    effects::published::Told,
    language::Language,
    manuals::markdown::to_html,
    notices::campaign_figures::{self, Figures},
    time::Moment,
    web::{
        error::PageResult,
        page::{Page, for_everybody, show},
        routes::Routes,
    },
};

/// The routes of campaigns.
pub(super) fn routes() -> Routes {
    Routes::new()
        .get("/campaigns", Door::Public, all)
        .get("/campaigns/{name}", Door::Public, one)
        .get("/campaigns/{name}/{language}", Door::Public, languages::one)
}

/// A campaign on the list of them.
struct Entry {
    name: String,
    said: Said,
    closed_at: Option<Moment>,
}

impl Entry {
    /// A campaign as the public knows it, if it does.
    fn of(campaign: Campaign) -> Option<Self> {
        let said = campaign.public()?.clone();
        Some(Self { name: campaign.name, said, closed_at: campaign.decided.closed_at })
    }
}

#[derive(Template)]
#[template(path = "effects/campaigns.html")]
struct All {
    page: Page,
    entries: Vec<Entry>,
}

impl All {
    fn words<'a>(&self, of: &'a Words) -> &'a str {
        words(&self.page, of)
    }

    fn period(&self, entry: &Entry) -> String {
        period(&self.page, &entry.said, entry.closed_at)
    }
}

/// `/campaigns`
async fn all(State(app): State<App>, page: Page) -> PageResult {
    let mut entries: Vec<Entry> =
        campaigns::all(&app.db).await?.into_iter().filter_map(Entry::of).collect();
    entries.sort_by_key(|entry| std::cmp::Reverse(entry.said.from));
    Ok(for_everybody(show(&All { page, entries })?))
}

/// The figures as they may be told; nothing where a number is withheld.
struct Public {
    distributed: Option<String>,
    participating: usize,
    left: usize,
    reporting: usize,
    no_report: usize,
    notices: Option<String>,
    rate: Option<String>,
}

impl Public {
    fn of(figures: &Figures) -> Self {
        let mut told = Told::default();
        let mut tell = |count: i64| told.tell(count.unsigned_abs());
        let (distributed, notices) = (tell(figures.distributed()), tell(figures.notices()));
        Self {
            // A share of what is withheld would tell it.
            rate: figures.rate().filter(|_| distributed.is_some() && notices.is_some()),
            distributed: distributed.map(grouped),
            notices: notices.map(grouped),
            participating: figures.participating(),
            left: figures.left(),
            reporting: figures.reporting(),
            no_report: figures.no_report(),
        }
    }
}

/// A number with separators of thousands.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[derive(Template)]
#[template(path = "effects/campaign.html")]
struct One {
    page: Page,
    entry: Entry,
    participants: Vec<String>,
    figures: Public,
    as_of: Moment,
}

impl One {
    fn words<'a>(&self, of: &'a Words) -> &'a str {
        words(&self.page, of)
    }

    fn html(&self, of: &Words) -> String {
        to_html(self.words(of))
    }

    /// The languages that it speaks and pages do not have.
    fn languages(&self) -> Vec<(Language, String)> {
        let spoken = self.entry.said.translations.keys();
        spoken.map(|it| (*it, languages::address(&self.page, &self.entry.name, *it))).collect()
    }

    fn period(&self) -> String {
        period(&self.page, &self.entry.said, self.entry.closed_at)
    }

    fn call(&self) -> String {
        let (phone, hours) = (self.page.phone_in_text(), self.page.hours());
        self.page.with_all("campaign-call", &[("phone", &phone), ("hours", &hours)])
    }

    fn number(&self, number: Option<&String>) -> String {
        number.cloned().unwrap_or_else(|| self.page.t("withheld"))
    }

    fn rate(&self) -> String {
        let Public { distributed, notices, rate, .. } = &self.figures;
        match rate {
            Some(percent) => self.page.with("campaign-percent", "n", percent),
            // Nothing was distributed: there is no share, and none is withheld.
            None if distributed.is_some() && notices.is_some() => "–".to_owned(),
            None => self.page.t("withheld"),
        }
    }
}

/// `/campaigns/{name}`
async fn one(State(app): State<App>, page: Page, Path(name): Path<String>) -> PageResult {
    let campaign = campaigns::find(&app.db, &name).await?;
    // One that is not public looks like none.
    let Some(campaign) = campaign.filter(|one| one.public().is_some()) else {
        return Ok(StatusCode::NOT_FOUND.into_response());
    };
    let as_of = app.now();
    let figures = Public::of(&campaign_figures::of(&app.db, &campaign).await?);
    let standings = participants::standings(&app.db, campaign.id).await?;
    let joined = standings.into_iter().filter(|one| one.kind == Standing::Joined);
    let participants = joined.map(|one| one.isp_name).collect();
    let Some(entry) = Entry::of(campaign) else {
        return Ok(StatusCode::NOT_FOUND.into_response());
    };
    Ok(for_everybody(show(&One { page, entry, participants, figures, as_of })?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notices::campaign_figures::OfIsp;

    fn figures(distributed: i64, notices: i64) -> Public {
        let standing = Some(Standing::Joined);
        let isp = OfIsp { standing, distributed, reported: notices, notices, ..OfIsp::default() };
        let isps = [("isp-a".to_owned(), isp)].into();
        Public::of(&Figures { isps, unattributed: 0 })
    }

    #[test]
    fn lines_below_ten_are_withheld_with_the_rate_that_would_tell_them() {
        let whole = figures(20_845, 1_680);
        assert_eq!(whole.distributed.as_deref(), Some("20,845"));
        assert_eq!(
            (whole.notices.as_deref(), whole.rate.as_deref()),
            (Some("1,680"), Some("8.06"))
        );
        let few = figures(200, 7);
        assert_eq!((few.distributed.as_deref(), few.notices, few.rate), (Some("200"), None, None));
        let differ = figures(200, 195);
        assert_eq!((differ.notices, differ.rate), (None, None), "the difference would be five");
        assert_eq!(grouped(1_234_567), "1,234,567");
    }
}
