//! `/isp/keys`: the public keys that a provider's mails are encrypted to.
//!
//! A key is sent, looked at, compared with its owner's, and only then handed in; between the two it
//! lies in the form.

use askama::Template;
use axum::{
    Form,
    extract::{Multipart, Path},
    http::StatusCode,
    response::IntoResponse as _,
};
use serde::Deserialize;

use super::onwards;
use crate::{
    access::tenancy::Tenant,
    isps::keys::{self, IspKey, Standing, WARN_DAYS},
    mail::{Certificate, KeyRefused, Standard},
    time::Moment,
    web::{
        error::PageResult,
        form::{Errors, Sent, handed_in, held},
        page::{Page, show, show_as},
        routes::Signed,
    },
};

/// A key as base64 in a form, and what stands around it.
pub(super) const FILE_MAX: usize = 512 << 10;

/// A fingerprint as the programs of its standard show it, to be compared digit by digit.
pub(crate) fn fingerprint(standard: Standard, digits: &str) -> String {
    let (size, between) = match standard {
        Standard::OpenPgp => (4, " "),
        Standard::Smime => (2, ":"),
    };
    let digits: Vec<char> = digits.to_uppercase().chars().collect();
    let groups: Vec<String> = digits.chunks(size).map(|group| group.iter().collect()).collect();
    groups.join(between)
}

/// The same of a key that was handed in.
pub(crate) fn fingerprint_of(key: &IspKey) -> String {
    fingerprint(key.standard, &key.fingerprint)
}

/// The day on which a key's time is over.
fn end(page: &Page, at: Option<&Moment>) -> String {
    at.map_or_else(|| page.t("keys-no-end"), |at| page.day(at))
}

/// How a key stands, in words, with what to do where there is something.
fn standing(page: &Page, standing: &Standing) -> String {
    match standing {
        Standing::Unfit(why) => page.with("keys-unfit", "why", unfit(page, why)),
        _ => page.t_of("keys-standing", standing.word()),
    }
}

/// Why a key that was fit when it was handed in is so no more, in a few words.
pub(crate) fn unfit(page: &Page, why: &KeyRefused) -> String {
    match why {
        // What was taken was one public key, as long as its bytes are what they were.
        KeyRefused::NoKey | KeyRefused::Several(_) | KeyRefused::Secret => {
            page.t("keys-unfit-unsigned")
        }
        _ => page.t_of("keys-unfit", why.word()),
    }
}

#[derive(Template)]
#[template(path = "isps/keys.html")]
struct Keys {
    page: Page,
    errors: Errors,
    known: Vec<(IspKey, Standing)>,
    /// What was pasted.
    text: String,
}

/// `GET /isp/keys`
pub(super) async fn all(tenant: Tenant, signed: Signed) -> PageResult {
    listed(&tenant, signed, String::new(), Errors::none()).await
}

async fn listed(tenant: &Tenant, signed: Signed, text: String, errors: Errors) -> PageResult {
    let now = tenant.now();
    let known = keys::all(tenant).await?.into_iter().map(|key| {
        let standing = key.standing(now);
        (key, standing)
    });
    let known = known.collect();
    let (status, page) = signed.page.answering(&errors);
    show_as(status, &Keys { page, errors, known, text })
}

async fn refused(tenant: &Tenant, signed: Signed, text: String, why: &KeyRefused) -> PageResult {
    // What nobody but its owner should have is not shown again.
    let text = if *why == KeyRefused::Secret { String::new() } else { text };
    let field = if text.is_empty() { "file" } else { "text" };
    let errors = Errors::of(field, signed.page.t_of("keys-refused", why.word()));
    listed(tenant, signed, text, errors).await
}

#[derive(Template)]
#[template(path = "isps/keys_check.html")]
struct Check {
    page: Page,
    errors: Errors,
    key: Certificate,
    /// Whether its time is over soon.
    ends_soon: bool,
}

impl Check {
    fn data(&self) -> String {
        held(&self.key.bytes)
    }

    fn fingerprint(&self) -> String {
        fingerprint(self.key.standard, &self.key.fingerprint)
    }
}

fn checked(tenant: &Tenant, signed: Signed, key: Certificate, errors: Errors) -> PageResult {
    let warned_from = tenant.now().plus_days(WARN_DAYS);
    let ends_soon = key.expires_at.is_some_and(|at| at < warned_from);
    let (status, page) = signed.page.answering(&errors);
    show_as(status, &Check { page, errors, key, ends_soon })
}

/// `POST /isp/keys`: whose key it is, before it is handed in.
pub(super) async fn check(tenant: Tenant, signed: Signed, sent: Multipart) -> PageResult {
    let sent = Sent::of(sent, FILE_MAX).await;
    let text = sent.text("text").to_owned();
    let Ok(file) = sent.file else {
        return refused(&tenant, signed, String::new(), &KeyRefused::NoKey).await;
    };
    let (given, text) = match (file.is_empty(), text.trim()) {
        (true, "") => {
            let errors = Errors::of("file", signed.page.t("keys-none-given"));
            return listed(&tenant, signed, String::new(), errors).await;
        }
        (true, pasted) => (pasted.as_bytes().to_vec(), text),
        (false, _) => (file, String::new()),
    };
    match keys::look(&tenant, &given).await? {
        Ok(key) => checked(&tenant, signed, key, Errors::none()),
        Err(why) => refused(&tenant, signed, text, &why).await,
    }
}

/// A key that was looked at, and whether it was compared.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Compared {
    data: String,
    compared: String,
}

/// `POST /isp/keys/confirm`: hands it in.
pub(super) async fn confirm(
    tenant: Tenant,
    signed: Signed,
    Form(given): Form<Compared>,
) -> PageResult {
    let file = handed_in(&given.data);
    let key = match keys::look(&tenant, &file).await? {
        Ok(key) => key,
        Err(why) => return refused(&tenant, signed, String::new(), &why).await,
    };
    if given.compared != "yes" {
        let errors = Errors::of("compared", signed.page.t("keys-not-compared"));
        return checked(&tenant, signed, key, errors);
    }
    match keys::add(&tenant, &file).await? {
        Ok(added) => Ok(onwards(&signed, &format!("/isp/keys/{}", added.key.fingerprint))),
        Err(why) => refused(&tenant, signed, String::new(), &why).await,
    }
}

#[derive(Template)]
#[template(path = "isps/key.html")]
struct One {
    page: Page,
    key: IspKey,
    standing: Standing,
}

/// `GET /isp/keys/{fingerprint}`: how it stands, and since when.
pub(super) async fn one(
    tenant: Tenant,
    signed: Signed,
    Path(fingerprint): Path<String>,
) -> PageResult {
    let keys = keys::all(&tenant).await?;
    // The one that stands comes first.
    let Some(key) = keys.into_iter().find(|key| key.fingerprint == fingerprint) else {
        return Ok(StatusCode::NOT_FOUND.into_response());
    };
    let standing = key.standing(tenant.now());
    show(&One { page: signed.page, key, standing })
}

/// `POST /isp/keys/{fingerprint}`: it is used no more.
pub(super) async fn remove(
    tenant: Tenant,
    signed: Signed,
    Path(fingerprint): Path<String>,
) -> PageResult {
    if !fingerprint.chars().all(|digit| digit.is_ascii_hexdigit()) {
        return Ok(StatusCode::NOT_FOUND.into_response());
    }
    // One that a colleague removed meanwhile stays so, and its page says by whom.
    let _ = keys::remove(&tenant, &fingerprint).await?;
    Ok(onwards(&signed, &format!("/isp/keys/{fingerprint}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_shown_as_the_programs_of_its_standard_show_it() {
        assert_eq!(fingerprint(Standard::OpenPgp, "1f3a97c20b4d"), "1F3A 97C2 0B4D");
        assert_eq!(fingerprint(Standard::Smime, "1f3a97"), "1F:3A:97");
    }
}
