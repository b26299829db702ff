//! Feeds, their files, and a file's raw bytes.

use std::io::Read as _;

use askama::Template;
use axum::{
    body::Body,
    extract::{Path, Query, State},
    http::{HeaderValue, header},
    response::{IntoResponse as _, Response},
};

use super::{Paged, feed_of, not_found};
use crate::{
    access::roles::Act,
    app::App,
    feeds::{
        archive, gate,
        overview::{self, OneFile, Overview, PageOf},
        readings,
        receive::Counts,
        ways::{
            self, Way,
            history::{self, WayRun},
        },
    },
    ids::FileId,
    jobs::schedule::{self, Schedule},
    web::{
        error::PageResult,
        page::{Page, show},
        routes::Signed,
    },
};

/// Bytes of a raw file that are on their way at once.
const PIECE: usize = 256 << 10;

#[derive(Template)]
#[template(path = "intake/feeds.html")]
struct AllFeeds {
    page: Page,
    feeds: Vec<Overview>,
    /// Files that wait for approval.
    held: usize,
}

/// `/admin/feeds`
pub(super) async fn all(State(app): State<App>, signed: Signed) -> PageResult {
    let (feeds, held) = (overview::all(&app.db).await?, gate::waiting(&app.db).await?.len());
    show(&AllFeeds { page: signed.page, feeds, held })
}

#[derive(Template)]
#[template(path = "intake/feed.html")]
struct OneFeed {
    page: Page,
    name: String,
    files: PageOf<OneFile>,
    /// Ways in, each with its schedule in words and its last run.
    ways: Vec<(Way, String, Option<WayRun>)>,
}

/// `/admin/feeds/{name}`
pub(super) async fn one(
    State(app): State<App>,
    signed: Signed,
    Path(name): Path<String>,
    Query(paged): Query<Paged>,
) -> PageResult {
    let feed = match feed_of(&app, &name).await {
        Ok(feed) => feed,
        Err(answer) => return answer,
    };
    let files = overview::files(&app.db, feed.id, paged.page).await?;
    let mut ways = Vec::new();
    for way in ways::all(&app.db, Some(feed.id)).await? {
        let last = history::last(&app.db, &way).await?;
        let schedule = in_words(&signed.page, &way)?;
        ways.push((way, schedule, last));
    }
    show(&OneFeed { page: signed.page, name, files, ways })
}

/// When a way is run, in the language of the page.
pub(super) fn in_words(page: &Page, way: &Way) -> anyhow::Result<String> {
    Ok(match way.schedule()? {
        Schedule::Every(span) => {
            let (number, unit) = schedule::in_units(span);
            page.with(&format!("ways-every-{unit}"), "n", number)
        }
        Schedule::Cron(cron) => page.with("ways-cron", "pattern", cron.as_str()),
    })
}

#[derive(Template)]
#[template(path = "intake/file.html")]
struct FilePage {
    page: Page,
    file: OneFile,
    counts: Counts,
    readings: Vec<readings::Reading>,
    may_read: bool,
}

/// `/admin/files/{id}`
pub(super) async fn file(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
) -> PageResult {
    let Ok(id) = id.parse::<FileId>() else { return Ok(not_found()) };
    let Some(file) = overview::file(&app.db, id).await? else { return Ok(not_found()) };
    // A file of coverage counts other things; what it shares with hits is shown.
    let counts = serde_json::from_str(&file.counts).unwrap_or_default();
    let readings = readings::of(&app.db, id).await?;
    let may_read = signed.may(Act::ReadRaw);
    show(&FilePage { page: signed.page, file, counts, readings, may_read })
}

/// `/admin/files/{id}/raw`: the bytes as they came, for intake alone; each reading is noted first.
pub(super) async fn raw(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
) -> PageResult {
    let Ok(id) = id.parse::<FileId>() else { return Ok(not_found()) };
    let Some(file) = overview::file(&app.db, id).await? else { return Ok(not_found()) };
    readings::note(&app, id, signed.name()).await?;
    let bytes = archive::bytes_of(&app, &file.listed.sha256)?;
    Ok(download(&file.listed.name, bytes))
}

/// A file as an attachment, sent piece by piece, whatever its size.
fn download(name: &str, mut bytes: impl std::io::Read + Send + 'static) -> Response {
    let pieces = futures::stream::unfold((), move |()| {
        let mut piece = Vec::with_capacity(PIECE);
        let read = bytes.by_ref().take(PIECE as u64).read_to_end(&mut piece);
        let next = match read {
            Ok(0) => None,
            Ok(_) => Some((Ok(piece), ())),
            Err(fault) => Some((Err(fault), ())),
        };
        std::future::ready(next)
    });
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let name: String = name.chars().map(|c| if plain(c) { c } else { '_' }).collect();
    let named = HeaderValue::from_str(&format!("attachment; filename=\"{name}\""));
    let kind = HeaderValue::from_static("application/octet-stream");
    let mut answer = Body::from_stream(pieces).into_response();
    let set = answer.headers_mut();
    set.insert(header::CONTENT_TYPE, kind);
    set.insert(
        header::CONTENT_DISPOSITION,
        named.unwrap_or(HeaderValue::from_static("attachment")),
    );
    answer
}
