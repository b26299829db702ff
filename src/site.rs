//! The site (公開サイト): the front door and the pages that prove who we are.
//!
//! A register: words that hold for everybody, whatever their case. What runs just now is known to a
//! later stage; the router says whom to ask. Owns no table.

pub mod pages;

use std::pin::Pin;

use crate::{app::App, web::page::Page};

/// Something that runs just now and has a page of its own (実施中のお知らせ).
#[derive(Clone, Debug, PartialEq, Eq)]
#[doc(alias = "実施中のお知らせ")]
pub struct Headline {
    /// The path of its page.
    pub path: String,
    /// Its title, in the language of the page that is asked for.
    pub title: String,
}

/// What runs just now, once it is known.
pub type Headlines<'a> = Pin<Box<dyn Future<Output = anyhow::Result<Vec<Headline>>> + Send + 'a>>;

/// Whom to ask what runs just now.
pub type AskHeadlines = for<'a> fn(&'a App, &'a Page) -> Headlines<'a>;
