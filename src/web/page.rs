//! The page around each page (枠): language, phone bar, promises, the way out.
//!
//! A handler takes a [`Page`], puts it into its template struct as `page`, and answers with
//! [`show`]; the template extends `layout.html`.

use std::{convert::Infallible, fmt::Display, sync::Arc};

use askama::Template;
use axum::{
    extract::{FromRequestParts, OriginalUri},
    http::{StatusCode, header, request::Parts},
    response::{IntoResponse as _, Redirect, Response},
};

use super::{assets, error::PageResult, form::Errors, menu::Menu, texts::Lang};
use crate::{
    access::{accounts::Account, roles::Role},
    app::App,
    config::Centre,
    time::Moment,
};

/// Who works on a page (作業者).
#[derive(Clone, Debug)]
pub struct AtWork {
    /// The name of the account.
    pub name: String,
    /// Its role.
    pub role: Role,
    /// The short name of its provider, if it is one's.
    pub isp: Option<String>,
}

/// What the layout needs to know (枠).
#[derive(Clone, Debug)]
pub struct Page {
    /// The language of this page.
    pub lang: Lang,
    /// Its path without the language, for the link to the other one.
    pub path: String,
    /// Its query, kept when the language changes; it never carries an ID.
    pub query: String,
    /// Who runs this centre.
    pub centre: Arc<Centre>,
    /// Inside a session: the layout offers the way out and says when it ends.
    pub visiting: bool,
    /// Who is signed in: the page is theirs and not the public's.
    pub at_work: Option<AtWork>,
    /// The form on it was refused: the title says so first.
    pub refused: bool,
}

impl Page {
    /// A page of that path and language.
    pub fn at(app: &App, lang: Lang, path: &str, query: &str) -> Self {
        let (path, query) = (path.to_owned(), query.to_owned());
        let centre = Arc::clone(&app.centre);
        Self { lang, path, query, centre, visiting: false, at_work: None, refused: false }
    }

    /// The same page inside a session.
    #[must_use]
    pub fn visiting(mut self) -> Self {
        self.visiting = true;
        self
    }

    /// The same page for somebody who is signed in.
    #[must_use]
    pub fn at_work(mut self, account: &Account) -> Self {
        let (name, isp) = (account.name.clone(), account.isp.clone());
        self.at_work = Some(AtWork { name, role: account.role, isp });
        self
    }

    /// Where somebody who is signed in can go, and where they are.
    pub fn menu(&self) -> Menu {
        Menu::of(self)
    }

    /// The same page after its form was refused.
    #[must_use]
    pub fn refused(mut self) -> Self {
        self.refused = true;
        self
    }

    /// The page with these refusals on it, and the status it is answered with: 422 where there are
    /// any, and then its title says so first.
    pub fn answering(self, errors: &Errors) -> (StatusCode, Self) {
        if errors.any() {
            (StatusCode::UNPROCESSABLE_ENTITY, self.refused())
        } else {
            (StatusCode::OK, self)
        }
    }

    /// The text under `key` in this page's language.
    pub fn t(&self, key: impl AsRef<str>) -> String {
        self.lang.say(key.as_ref())
    }

    /// The text under a key put together from a stem and a word of a closed list.
    pub fn t_of(&self, stem: &str, word: &str) -> String {
        self.lang.say(&format!("{stem}-{word}"))
    }

    /// The text under `key` with one value in it.
    pub fn with(&self, key: &str, name: &str, value: impl Display) -> String {
        self.lang.say_with(key, &[(name, &value)])
    }

    /// The text under `key` with these values in it.
    pub fn with_all(&self, key: &str, values: &[(&str, &dyn Display)]) -> String {
        self.lang.say_with(key, values)
    }

    /// A path in this page's language.
    pub fn href(&self, path: impl AsRef<str>) -> String {
        self.lang.href(path.as_ref())
    }

    /// This page in the other language.
    pub fn in_other_language(&self) -> String {
        let path = self.other_language().href(&self.path);
        if self.query.is_empty() { path } else { format!("{path}?{}", self.query) }
    }

    /// The other language.
    pub fn other_language(&self) -> Lang {
        if self.lang == Lang::Ja { Lang::En } else { Lang::Ja }
    }

    /// The address of an asset.
    pub fn asset(&self, name: &str) -> String {
        assets::href(name)
    }

    /// The address of one of our drawings.
    pub fn picture(&self, name: &str) -> String {
        assets::href(&format!("pictures/{name}.svg"))
    }

    /// A day, never an hour: clock times of a detection are the ISP's to know.
    pub fn day(&self, at: &Moment) -> String {
        if self.lang == Lang::Ja { at.date_ja() } else { at.date_en() }
    }

    /// A moment to the minute in Japan, for the centre's own people: `2026-11-23 10:05`.
    pub fn clock(&self, at: &Moment) -> String {
        at.in_japan().strftime("%Y-%m-%d %H:%M").to_string()
    }

    /// A day that is not certain: its month and number, without year and weekday.
    pub fn around(&self, at: &Moment) -> String {
        let day = at.in_japan();
        match self.lang {
            Lang::Ja => format!("{}月{}日", day.month(), day.day()),
            Lang::En => day.strftime("%-d %B").to_string(),
        }
    }

    /// The centre's name.
    pub fn centre_name(&self) -> &str {
        if self.lang == Lang::Ja { &self.centre.name_ja } else { &self.centre.name_en }
    }

    /// The phone number within a sentence: a word joiner after each dash keeps it on one line.
    pub fn phone_in_text(&self) -> String {
        self.centre.phone.replace('-', "-\u{2060}")
    }

    /// What people call the outside provider that may say who they are, where there is one.
    pub fn outside_name(&self) -> Option<&str> {
        let oidc = self.centre.oidc.as_ref()?;
        Some(if self.lang == Lang::Ja { &oidc.name_ja } else { &oidc.name_en })
    }

    /// The centre's hours.
    pub fn hours(&self) -> &str {
        if self.lang == Lang::Ja { &self.centre.hours_ja } else { &self.centre.hours_en }
    }

    /// A redirect after a form was taken (303), to a path in this page's language.
    ///
    /// `to` carries its own fragment, or the browser keeps the old `#errors`.
    pub fn onwards(&self, to: &str) -> Response {
        Redirect::to(&self.href(to)).into_response()
    }
}

impl FromRequestParts<App> for Page {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        let asked = parts.extensions.get::<OriginalUri>();
        let uri = asked.map_or(&parts.uri, |original| &original.0);
        let (lang, path) = Lang::of_path(uri.path());
        Ok(Self::at(app, lang, path, uri.query().unwrap_or_default()))
    }
}

/// Answers with a page.
pub fn show(template: &impl Template) -> PageResult {
    show_as(StatusCode::OK, template)
}

/// Answers with a page under another status: 422 for a refused form, 429 for an empty budget.
pub fn show_as(status: StatusCode, template: &impl Template) -> PageResult {
    let body = template.render()?;
    Ok((status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], body).into_response())
}

/// Lets an answer that is the same for everybody be kept for five minutes; unset, nothing is kept.
pub fn for_everybody(mut answer: Response) -> Response {
    let kept = header::HeaderValue::from_static("public, max-age=300");
    answer.headers_mut().insert(header::CACHE_CONTROL, kept);
    answer
}
