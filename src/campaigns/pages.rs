//! Campaigns on pages: what every page says of one alike, public or not.
//!
//! The pages themselves stand where the figures of a campaign are known. Owns no table.

use super::{Said, draft::Words};
use crate::{
    app::App,
    language::Language,
    site::{Headline, Headlines},
    time::Moment,
    web::{page::Page, texts::Lang},
};

/// A text in the language of a page.
pub(crate) fn words<'a>(page: &Page, words: &'a Words) -> &'a str {
    if page.lang == Lang::Ja { &words.ja } else { &words.en }
}

/// When a campaign runs, in words: until its closing where that comes before its end. On which day
/// it was closed is told apart.
pub(crate) fn period(page: &Page, said: &Said, closed_at: Option<Moment>) -> String {
    let from = page.day(&said.from);
    match end(said, closed_at).map(|at| page.day(&at)) {
        Some(to) => page.with_all("campaign-from-to", &[("from", &from), ("to", &to)]),
        None => page.with("campaign-since", "from", from),
    }
}

/// The last day on which it runs, where that is known.
pub(crate) fn end(said: &Said, closed_at: Option<Moment>) -> Option<Moment> {
    // What ends at midnight ends on the day before.
    let to = said.to.map(|to| Moment(to.0 - 1));
    // What was closed before it began never ran: its period stays what it was meant to be.
    let closed_at = closed_at.filter(|at| *at >= said.from);
    [to, closed_at].into_iter().flatten().min()
}

/// What the public may read of campaigns that run now, for the pages that everybody begins with.
pub(crate) fn headlines<'a>(app: &'a App, page: &'a Page) -> Headlines<'a> {
    Box::pin(async move {
        let running = super::running(&app.db, app.now()).await?;
        let headline = |one: &super::Campaign| {
            let title = words(page, &one.public()?.title).to_owned();
            Some(Headline { path: super::page_of(&one.name, Language::Ja), title })
        };
        Ok(running.iter().filter_map(headline).collect())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::campaigns::draft::tests::DRAFT;

    #[test]
    fn a_closing_ends_a_period_and_never_stretches_it() {
        let day = |day: &str| Moment::parse_day(day).unwrap();
        let open = Said::read(DRAFT).unwrap();
        let to = Some(day("2021-03-31"));
        let ends = Said { to, ..open.clone() };
        let last = Some(Moment(day("2021-03-31").0 - 1));
        assert_eq!(end(&open, None), None);
        assert_eq!(end(&ends, None), last);
        assert_eq!(end(&ends, Some(day("2021-03-10"))), Some(day("2021-03-10")));
        assert_eq!(end(&ends, Some(day("2021-05-10"))), last, "it was over before");
        assert_eq!(end(&open, Some(day("2021-05-10"))), Some(day("2021-05-10")));
        assert_eq!(end(&ends, Some(day("2021-02-01"))), last, "it never ran");
    }
}
