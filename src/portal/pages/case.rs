//! `/case`: what was found, on which device, and what to do; the choice of the device; help.

use askama::Template;
use axum::{
    Form,
    extract::{Query, State},
    http::StatusCode,
    response::Response,
};
use serde::Deserialize;

use super::{Anybody, Visitor, named};
use crate::{
    app::App,
    manuals::Kind,
    portal::{
        guide::{self, Choice, Confidence, Guide},
        marks::{self, Progress},
        result::{self, Answer},
    },
    time::Moment,
    web::{
        error::PageResult,
        form::Errors,
        page::{Page, show, show_as},
    },
};

/// Streams that have words of their own.
const STREAMS: [(&str, &str); 5] = [
    ("notice", "stream-notice"),
    ("nicter", "stream-nicter"),
    ("firmware", "stream-firmware"),
    ("reflector", "stream-reflector"),
    ("campaign", "stream-campaign"),
];

#[derive(Template)]
#[template(path = "portal/case.html")]
struct CasePage {
    page: Page,
    guide: Guide,
    stream: &'static str,
    danger: String,
    remedy: String,
    device: String,
    /// Whether the device is known well enough to begin at once.
    sure: bool,
    /// Whether enough scans found nothing: then there is no danger to name.
    gone: bool,
    first_seen: Moment,
    last_seen: Moment,
    /// Whether it was found on one day alone.
    found_once: bool,
    claimed: Option<Moment>,
    /// The step where somebody goes on who has begun.
    goes_on_at: Option<u32>,
}

pub(super) async fn show_case(State(app): State<App>, whoever: Anybody) -> PageResult {
    let Anybody { page, visit, named } = whoever;
    if let Some(named) = named {
        return named::page(&app, page, (&visit, named)).await;
    }
    let guide = Guide::of(&app, &visit).await?;
    let outcome = result::of(&app, visit.case).await?;
    let progress = marks::progress(&app, &visit, guide.manual).await?;
    let goes_on_at = progress.next(u32::try_from(guide.steps(page.lang).len())?);
    let known = STREAMS.iter().find(|(stream, _)| *stream == guide.stream);
    show(&CasePage {
        stream: known.map_or("stream-other", |(_, key)| key),
        danger: format!("danger-{}", guide.weakness),
        remedy: format!("remedy-{}", guide.weakness),
        device: device_words(&page, &guide),
        sure: guide.kind != Kind::Unknown || guide.confidence() == Confidence::Model,
        gone: outcome.answer == Answer::NoLongerFound,
        first_seen: outcome.first_seen,
        last_seen: outcome.last_seen,
        found_once: outcome.first_seen.date_jst() == outcome.last_seen.date_jst(),
        claimed: outcome.claimed,
        goes_on_at,
        guide,
        page,
    })
}

/// The device in words of confidence: likely, never certain.
fn device_words(page: &Page, guide: &Guide) -> String {
    let kind = page.t_of("device", guide.kind.word());
    let (maker, model) = (guide.maker.as_deref(), guide.model.as_deref());
    match (guide.confidence(), maker, model) {
        (Confidence::Model, Some(maker), Some(model)) => {
            page.with("device-is-model", "model", format!("{maker} {model}"))
        }
        (Confidence::Model, None, Some(model)) => page.with("device-is-model", "model", model),
        (Confidence::Maker, Some(maker), _) => page.with("device-is-maker", "maker", maker),
        (Confidence::Kind, ..) => page.with("device-is-kind", "kind", kind),
        _ => page.t("device-is-unknown"),
    }
}

#[derive(Template)]
#[template(path = "portal/device.html")]
struct DeviceForm {
    page: Page,
    errors: Errors,
    words: Vec<&'static str>,
    chosen: Option<&'static str>,
}

impl DeviceForm {
    fn new(page: Page, errors: Errors, chosen: Option<&'static str>) -> Self {
        let words = Choice::all().into_iter().map(Choice::word).collect();
        Self { page, errors, words, chosen }
    }
}

pub(super) async fn device_form(State(app): State<App>, visitor: Visitor) -> PageResult {
    let guide = Guide::of(&app, &visitor.visit).await?;
    let fed = (guide.kind != Kind::Unknown).then_some(guide.kind.word());
    let chosen = guide.choice.map(Choice::word).or(fed);
    show(&DeviceForm::new(visitor.page, Errors::none(), chosen))
}

#[derive(Deserialize)]
pub(super) struct Chosen {
    #[serde(default)]
    device: String,
}

pub(super) async fn choose_device(
    State(app): State<App>,
    visitor: Visitor,
    Form(chosen): Form<Chosen>,
) -> PageResult {
    let Visitor { page, visit } = visitor;
    let Some(choice) = Choice::of_word(&chosen.device) else {
        let errors = Errors::of("device-router", page.t("device-none"));
        let form = DeviceForm::new(page.refused(), errors, None);
        return show_as(StatusCode::UNPROCESSABLE_ENTITY, &form);
    };
    guide::choose(&app, &visit, choice).await?;
    Ok(after_choice(&page, choice))
}

fn after_choice(page: &Page, choice: Choice) -> Response {
    match choice {
        Choice::Is(_) => page.onwards("/case/manual/1#main"),
        Choice::NotMine => page.onwards("/case/help?about=not-mine#main"),
        Choice::Unused => page.onwards("/case/help?about=unused#main"),
    }
}

#[derive(Deserialize)]
pub(super) struct About {
    about: Option<String>,
}

#[derive(Template)]
#[template(path = "portal/help.html")]
struct Help {
    page: Page,
    title: &'static str,
    words: &'static [&'static str],
    /// What to have at hand for the call.
    have: &'static str,
    /// Nothing is left to do but to say so.
    finished: bool,
    /// What to say on the phone of the step that does not work.
    stuck: Option<String>,
}

pub(super) async fn help(
    State(app): State<App>,
    whoever: Anybody,
    Query(asked): Query<About>,
) -> PageResult {
    let Anybody { page, visit, named } = whoever;
    if named.is_some() {
        let (title, words, have) = ("help-title", &["help-lead"], "help-have-named");
        return show(&Help { page, title, words, have, finished: false, stuck: None });
    }
    let (title, words, finished): (&str, &[&str], bool) = match asked.about.as_deref() {
        Some("not-mine") => {
            ("not-mine-title", &["not-mine-who", "not-mine-do", "not-mine-thanks"], false)
        }
        Some("unused") => ("unused-title", &["unused-do", "unused-plug", "unused-after"], true),
        _ => ("help-title", &["help-lead"], false),
    };
    let guide = Guide::of(&app, &visit).await?;
    let progress = marks::progress(&app, &visit, guide.manual).await?;
    let stuck = where_stuck(&page, &guide, &progress);
    show(&Help { page, title, words, have: "help-have", finished, stuck })
}

/// The step and the cause in one sentence that can be read out on the phone.
fn where_stuck(page: &Page, guide: &Guide, progress: &Progress) -> Option<String> {
    let (no, named) = progress.stuck()?;
    let place = usize::try_from(no).ok()?;
    let step = *guide.steps(page.lang).get(place.checked_sub(1)?)?;
    let cause = named.and_then(|named| guide.cause(page.lang, place, named));
    let (key, cause) = match cause {
        Some(cause) => ("help-stuck-cause", cause.name.as_str()),
        None => ("help-stuck", ""),
    };
    let values: [(&str, &dyn std::fmt::Display); 3] =
        [("n", &no), ("step", &step.title), ("cause", &cause)];
    Some(page.lang.say_with(key, &values))
}
