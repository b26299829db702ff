//! `/admin/campaigns/{name}/lists`: the list of a campaign, looked at before it is taken in.
//!
//! Looking reads every row and says what is wrong with it by line and column, and whose the rows
//! are; nothing is kept. Between looking and taking in, the file lies in the form itself. Stands
//! here, since taking in goes through the first four stages.

use std::{collections::BTreeMap, io};

use askama::Template;
use axum::{
    Form,
    body::Body,
    extract::{Multipart, Path, State},
    http::StatusCode,
};
use formats::{FileRefused, Row};
use serde::Deserialize;

use super::{
    desk::{Desk, NotSpooled},
    not_found,
    push::is_plain,
};
use crate::{
    app::App,
    attribution::Attributor,
    campaigns::{
        self, Campaign, enrol,
        participants::{self, Standing},
    },
    feeds::{self, Feed, format, quarantine::reasons},
    ids::IspId,
    intake, isps,
    web::{
        error::PageResult,
        form::{self, Errors, file_refused, handed_in, held},
        page::{Page, show, show_as},
        routes::Signed,
        texts::Lang,
    },
};

/// A file as base64 in a form, and what stands around it.
pub(super) const FORM_MAX: usize = 96 << 20;
/// Rows that came back and are shown.
const SHOWN: usize = 200;

/// What taking a list in would do.
#[derive(Default)]
struct Tried {
    rows: usize,
    refused: usize,
    /// Good rows that nobody is known to serve.
    unattributed: usize,
    /// Line, column and what is wrong, of the first rows that came back.
    errors: Vec<(u64, Option<String>, String)>,
    /// Providers by code: how they stand to the campaign, and how many rows are theirs.
    isps: Vec<(String, &'static str, usize)>,
    /// Why the file breaks off, if it does.
    broken: Option<String>,
}

#[derive(Template)]
#[template(path = "intake/list_check.html")]
struct Check {
    page: Page,
    errors: Errors,
    campaign: String,
    feed: String,
    name: String,
    data: String,
    tried: Option<Tried>,
}

/// A list as it was sent.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Sent {
    feed: String,
    name: String,
    data: String,
}

impl Sent {
    /// What a form sends; and why its file is refused, if it is.
    async fn of(sent: Multipart) -> (Self, Option<FileRefused>) {
        let form = form::Sent::of(sent, FORM_MAX).await;
        let feed = form.text("feed").to_owned();
        let (data, refused) = match form.file {
            Ok(file) => (held(&file), None),
            Err(why) => (String::new(), Some(why)),
        };
        (Self { feed, name: form.file_name, data }, refused)
    }

    /// The name under which the file is kept.
    fn plain_name(&self) -> String {
        if is_plain(&self.name) { self.name.clone() } else { "list.csv".to_owned() }
    }
}

/// The campaign of that name and its feed of that name; nothing where there is none.
async fn named(app: &App, name: &str, feed: &str) -> anyhow::Result<Option<(Campaign, Feed)>> {
    let Some(campaign) = campaigns::find(&app.db, name).await? else { return Ok(None) };
    if !campaign.said.feeds.iter().any(|known| known == feed) {
        return Ok(None);
    }
    let feed = feeds::by_name(&app.db, feed).await?;
    Ok(feed.map(|feed| (campaign, feed)))
}

/// Lays a list on a desk of its own.
async fn laid(app: &App, sent: &Sent) -> anyhow::Result<Option<Desk>> {
    let bytes = handed_in(&sent.data);
    if bytes.is_empty() {
        return Ok(None);
    }
    let desk = Desk::make(app, &sent.plain_name())?;
    match desk.spool(Body::from(bytes), FORM_MAX as u64).await {
        Ok(_) => Ok(Some(desk)),
        Err(NotSpooled::Fault(fault)) => Err(fault.into()),
        Err(NotSpooled::BrokenOff | NotSpooled::TooLarge) => Ok(None),
    }
}

/// `POST /admin/campaigns/{name}/lists`: what taking it in would do.
pub(super) async fn check(
    State(app): State<App>,
    signed: Signed,
    Path(name): Path<String>,
    sent: Multipart,
) -> PageResult {
    let (sent, file) = Sent::of(sent).await;
    let Some((campaign, feed)) = named(&app, &name, &sent.feed).await? else {
        return Ok(not_found());
    };
    if let Some(why) = file {
        let words = file_refused(signed.page.lang, &why);
        return refused(signed, &campaign, &sent, words);
    }
    let Some(desk) = laid(&app, &sent).await? else {
        let words = signed.page.t("lists-none");
        return refused(signed, &campaign, &sent, words);
    };
    match tried(&app, (&campaign, &feed), &desk, signed.page.lang).await? {
        Ok(tried) => show(&Check {
            page: signed.page,
            errors: Errors::none(),
            campaign: campaign.name,
            feed: sent.feed.clone(),
            name: sent.plain_name(),
            data: sent.data,
            tried: Some(tried),
        }),
        Err(why) => {
            let words = signed.page.with("office-report-refused", "why", why);
            refused(signed, &campaign, &sent, words)
        }
    }
}

fn refused(signed: Signed, campaign: &Campaign, sent: &Sent, words: String) -> PageResult {
    show_as(
        StatusCode::UNPROCESSABLE_ENTITY,
        &Check {
            page: signed.page.refused(),
            errors: Errors::of("file", words),
            campaign: campaign.name.clone(),
            feed: sent.feed.clone(),
            name: sent.plain_name(),
            data: String::new(),
            tried: None,
        },
    )
}

/// Reads every row of a list, and says whose it is; why the file is refused as a whole, if it is.
async fn tried(
    app: &App,
    (campaign, feed): (&Campaign, &Feed),
    desk: &Desk,
    lang: Lang,
) -> anyhow::Result<Result<Tried, String>> {
    let attributor = Attributor::load(app).await?;
    let (feed, path, now) = (feed.clone(), desk.path(), app.now());
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let reading = move || {
        let rows = format::open_rows(&feed, &name, &path, now)?;
        Ok::<_, FileRefused>(read(rows, &attributor, lang))
    };
    let (mut tried, of) = match tokio::task::spawn_blocking(reading).await? {
        Ok(read) => read,
        Err(why) => return Ok(Err(file_refused(lang, &why))),
    };
    let standings = participants::standings(&app.db, campaign.id).await?;
    let isps = isps::all(&app.db).await?;
    for (isp, rows) in of {
        let stands = standings.iter().find(|said| said.isp_id == isp);
        let word = stands.map_or("not_invited", |said| Standing::word(said.kind));
        let code = isps.iter().find(|one| one.id == isp).map(|one| one.code.clone());
        tried.isps.push((code.unwrap_or_default(), word, rows));
    }
    tried.isps.sort();
    Ok(Ok(tried))
}

fn read(
    rows: impl Iterator<Item = io::Result<Row>>,
    attributor: &Attributor,
    lang: Lang,
) -> (Tried, BTreeMap<IspId, usize>) {
    let (mut tried, mut of) = (Tried::default(), BTreeMap::new());
    for row in rows {
        match row {
            Ok(Row::Detection(seen)) => {
                tried.rows += 1;
                let at = crate::time::Moment(seen.detected_at);
                match attributor.attribute(seen.ip, at).isp {
                    Some(isp) => *of.entry(isp).or_insert(0) += 1,
                    None => tried.unattributed += 1,
                }
            }
            Ok(Row::Refused(back)) => {
                (tried.rows, tried.refused) = (tried.rows + 1, tried.refused + 1);
                if tried.errors.len() < SHOWN {
                    let means = reasons::told(back.reason.code(), lang).means;
                    tried.errors.push((back.line, back.column, means));
                }
            }
            Err(fault) => {
                tried.broken = Some(fault.to_string());
                break;
            }
        }
    }
    (tried, of)
}

/// `POST /admin/campaigns/{name}/lists/confirm`: takes it in, and looks for its cases.
pub(super) async fn confirm(
    State(app): State<App>,
    signed: Signed,
    Path(name): Path<String>,
    Form(sent): Form<Sent>,
) -> PageResult {
    let Some((campaign, feed)) = named(&app, &name, &sent.feed).await? else {
        return Ok(not_found());
    };
    let Some(desk) = laid(&app, &sent).await? else {
        let words = signed.page.t("lists-none");
        return refused(signed, &campaign, &sent, words);
    };
    let hands = app.clone().in_the_hands_of(signed.name());
    let attributor = Attributor::load(&hands).await?;
    intake::take_in(&hands, (&feed, &attributor), &desk.path(), &|_| {}).await?;
    enrol::asked(&hands, &campaign).await?;
    Ok(signed.page.onwards(&format!("/admin/campaigns/{name}#main")))
}
