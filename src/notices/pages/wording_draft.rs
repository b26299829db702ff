//! `/admin/wordings/{kind}/{language}/draft`: the next version is written, looked at, and handed to
//! the second person.

use askama::Template;
use axum::{
    Form,
    extract::{Path, State},
    http::StatusCode,
};
use serde::Deserialize;

use super::{
    not_found, wording_words as words,
    wordings::{Shown, of},
};
use crate::{
    app::App,
    notices::{
        kit,
        wordings::{
            self, Of, Way, Wording, fill, plain, shipped,
            text::{Text, Variable, variables_of},
        },
    },
    web::{
        error::PageResult,
        form::Errors,
        page::{Page, show, show_as},
        routes::Signed,
    },
};

#[derive(Template)]
#[template(path = "notices/wording_draft.html")]
struct Draft {
    page: Page,
    errors: Errors,
    wording: Wording,
    /// How its reader would get it, and what makes it hard to read.
    looked: Option<(Shown, Vec<String>)>,
    variables: Vec<Variable>,
}

impl Draft {
    fn of(signed: &Signed, wording: Wording) -> Self {
        let (page, errors) = (signed.page.clone(), Errors::none());
        let variables = variables_of(wording.kind.audience).collect();
        Self { page, errors, wording, looked: None, variables }
    }

    fn has_subject(&self) -> bool {
        self.wording.kind.way != Way::Sms
    }

    /// Lines of the field: a short message is short.
    fn rows(&self) -> usize {
        if self.has_subject() { 24 } else { 8 }
    }
}

/// `GET /admin/wordings/{kind}/{language}/draft`
pub(super) async fn form(
    State(app): State<App>,
    signed: Signed,
    Path(path): Path<(String, String)>,
) -> PageResult {
    let Some(of) = of(&path) else { return Ok(not_found()) };
    let all = wordings::list(&app).await?;
    let latest = all.iter().rfind(|wording| wording.of() == of);
    let text = latest.map_or_else(|| shipped::text(of), |latest| latest.text.clone());
    show(&Draft::of(&signed, Wording::unsaved(of, &text, app.now())))
}

/// What was written.
#[derive(Deserialize)]
pub(super) struct Written {
    #[serde(default)]
    subject: String,
    #[serde(default)]
    body: String,
    #[serde(default)]
    act: String,
}

impl Written {
    fn text(&self) -> Text {
        let body = self.body.replace("\r\n", "\n");
        Text { subject: self.subject.trim().to_owned(), body: body.trim().to_owned() }
    }
}

/// `POST /admin/wordings/{kind}/{language}/draft`
pub(super) async fn write(
    State(app): State<App>,
    signed: Signed,
    Path(path): Path<(String, String)>,
    Form(written): Form<Written>,
) -> PageResult {
    let Some(of) = of(&path) else { return Ok(not_found()) };
    let text = written.text();
    if written.act != "keep" {
        return look(&app, &signed, of, &text);
    }
    match wordings::draft(&app, signed.name(), of, &text).await? {
        Ok(wording) => {
            let (kind, language) = (of.0.word(), of.1.word());
            let version = wording.version;
            let to = format!("/admin/wordings/{kind}/{language}?version={version}#main");
            Ok(signed.page.onwards(&to))
        }
        Err(why) => {
            let mut draft = Draft::of(&signed, Wording::unsaved(of, &text, app.now()));
            draft.errors = words::not_drafted(&signed.page, &why);
            draft.page = draft.page.refused();
            show_as(StatusCode::UNPROCESSABLE_ENTITY, &draft)
        }
    }
}

/// Shows what was written as its reader would get it; nothing is kept.
fn look(app: &App, signed: &Signed, of: Of, text: &Text) -> PageResult {
    let wording = Wording::unsaved(of, text, app.now());
    let mut draft = Draft::of(signed, wording.clone());
    if let Err(why) = text.check(of) {
        draft.errors = words::not_a_text(&signed.page, &why);
        draft.page = draft.page.refused();
        return show_as(StatusCode::UNPROCESSABLE_ENTITY, &draft);
    }
    let example = fill::example(of);
    let advice = plain::findings(of.1, &text.filled(|name| example.get(name)));
    let advice = advice.iter().map(|one| words::advice(&signed.page, one)).collect();
    draft.looked = Some((Shown::of(&kit::sample(app, wording)), advice));
    show(&draft)
}
