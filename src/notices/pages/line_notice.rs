//! `/isp/lines/{list}/{record}/notice`: the notice about one line, ready to be copied or printed.

use askama::Template;
use axum::{Form, extract::Path};
use serde::Deserialize;

use super::{
    lines::told,
    not_found, wording_words as words,
    wordings::{Shown, file, unprinted},
};
use crate::{
    access::tenancy::Tenant,
    notices::{
        kit::{self, Kit, NoKit, Wanted, Which, Whom},
        lines,
        press::{Binding, Press, Window},
        wordings::{Way, Wording},
    },
    web::{
        error::PageResult,
        form::Errors,
        page::{Page, show},
        routes::Signed,
    },
};

#[derive(Template)]
#[template(path = "notices/line_notice.html")]
struct Notice {
    page: Page,
    list: String,
    record: i64,
    /// Who is told.
    to: String,
    of: Wanted,
    wording: Wording,
    shown: Shown,
    /// Why it need not be sent again, where it need not.
    done: Option<String>,
}

impl Notice {
    fn is_letter(&self) -> bool {
        self.wording.kind.way == Way::Letter
    }
}

/// What is asked for.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    /// Kind and language, as in `mail.ja`.
    of: String,
    /// `pdf`, or nothing for the page.
    form: String,
}

impl Asked {
    fn of(&self) -> Option<Wanted> {
        let (way, language) = self.of.split_once('.')?;
        Some((way.parse().ok()?, language.parse().ok()?))
    }
}

/// `POST /isp/lines/{list}/{record}/notice`: whoever gets it has the inquiry ID to hand on.
pub(super) async fn make(
    tenant: Tenant,
    signed: Signed,
    Path((list, record)): Path<(String, String)>,
    Form(asked): Form<Asked>,
) -> PageResult {
    let Ok(record) = record.parse() else { return Ok(not_found()) };
    let Some(of) = asked.of() else {
        return refused(&tenant, signed, (&list, record), "kit-no-kind").await;
    };
    let press = match asked.form.as_str() {
        "pdf" if of.0 == Way::Letter => match Press::take().await? {
            Ok(press) => Some(press),
            Err(why) => return unprinted(signed.page, &why),
        },
        _ => None,
    };
    let lacks = |kit: &Kit| press.as_ref().and_then(|press| press.lacks(kit));
    let which = (Which::Line(record), Whom::All);
    let kit = match kit::hand_out(&tenant, &list, of, which, &lacks).await? {
        Ok(kit) => kit,
        Err(NoKit::NoList(_) | NoKit::NoLine(..)) => return Ok(not_found()),
        Err(why) => {
            let words = words::no_kit(&signed.page, &why);
            return not_made(&tenant, signed, (&list, record), Errors::of("of", words)).await;
        }
    };
    let Some(press) = press else {
        let Some(sheet) = kit.sheets.first() else { return Ok(not_found()) };
        let (shown, wording) = (Shown::of(&kit), Wording::clone(&sheet.wording));
        let to = words::addressee(&signed.page, &sheet.about.addressee);
        let done = sheet.about.done.as_ref().map(|why| words::left_out(&signed.page, why));
        return show(&Notice { page: signed.page, list, record, to, of, wording, shown, done });
    };
    let name = format!("attachment; filename=\"{}.{record}.pdf\"", kit.stem());
    match press.print(kit, (Binding::One, Window::Fields), tenant.now()).await? {
        Ok(pdf) => Ok(file(pdf, "application/pdf", &name)),
        Err(why) => unprinted(signed.page, &why),
    }
}

async fn refused(tenant: &Tenant, signed: Signed, which: (&str, i64), key: &str) -> PageResult {
    let words = signed.page.t(key);
    not_made(tenant, signed, which, Errors::of("of", words)).await
}

/// The page of the line, with the reason why there is no notice.
async fn not_made(
    tenant: &Tenant,
    signed: Signed,
    (list, record): (&str, i64),
    errors: Errors,
) -> PageResult {
    match lines::one(tenant, list, record).await? {
        Some(line) => told(tenant, signed, line, errors).await,
        None => Ok(not_found()),
    }
}
