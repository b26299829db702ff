//! Campaigns on pages: what every page says of one alike, public or not.
//!
//! The pages themselves stand where the figures of a campaign are known. Owns no table.

use super::{Said, draft::Words};
use crate::{
    time::Moment,
    web::{page::Page, texts::Lang},
};

/// A text in the language of a page.
pub(crate) fn words<'a>(page: &Page, words: &'a Words) -> &'a str {
    if page.lang == Lang::Ja { &words.ja } else { &words.en }
}

/// When a campaign runs, in words.
pub(crate) fn period(page: &Page, said: &Said, closed_at: Option<Moment>) -> String {
    let from = page.day(&said.from);
    // What ends at midnight ends on the day before.
    let to = said.to.map(|to| page.day(&Moment(to.0 - 1)));
    match closed_at.map(|at| page.day(&at)).or(to) {
        Some(to) => page.with_all("campaign-from-to", &[("from", &from), ("to", &to)]),
        None => page.with("campaign-since", "from", from),
    }
}
