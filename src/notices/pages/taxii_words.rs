//! TAXII 2.1 as it is spoken (TAXIIの言葉): media types, answers, errors, and what may be asked for.

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use formats::stamp;
use serde_json::{Value, json};

use super::machine::{self, Refusal};
use crate::{
    notices::collection::{Entry, Filter, PAGE_MAX, Page, Which},
    time::Moment,
    web::problem::Problem,
};

/// The media type of every answer.
const MEDIA: &str = "application/taxii+json;version=2.1";
/// The media type of the objects.
pub(super) const STIX: &str = "application/stix+json;version=2.1";
/// Values of one filter.
const VALUES_MAX: usize = 100;

/// An answer.
pub(super) fn answer(value: &Value) -> Response {
    ([(header::CONTENT_TYPE, MEDIA)], value.to_string()).into_response()
}

/// What went wrong, as TAXII tells it.
pub(super) struct Wrong {
    status: StatusCode,
    title: &'static str,
    description: String,
}

impl Wrong {
    pub(super) fn of(status: StatusCode, title: &'static str, text: impl Into<String>) -> Self {
        Self { status, title, description: text.into() }
    }

    pub(super) fn bad(text: impl Into<String>) -> Self {
        Self::of(StatusCode::BAD_REQUEST, "The request is not understood", text)
    }

    pub(super) fn not_found() -> Self {
        let text = "the lists of collections and objects say what there is for your token";
        Self::of(StatusCode::NOT_FOUND, "There is nothing of that name", text)
    }
}

impl<E: Into<anyhow::Error>> From<E> for Wrong {
    fn from(fault: E) -> Self {
        tracing::error!("a TAXII client got no answer: {:#}", fault.into());
        let text = "this is our fault; try again later";
        Self::of(StatusCode::INTERNAL_SERVER_ERROR, "It did not work", text)
    }
}

/// A refusal, said in the words of TAXII.
pub(super) fn from_refusal(refusal: Refusal) -> Wrong {
    match refusal {
        Refusal::Problem(problem) => Wrong::bad(problem.detail),
        Refusal::Fault(fault) => fault.into(),
    }
}

/// Says in the words of TAXII what the doors and the router tell other machines as problems.
pub async fn spoken(request: Request, next: Next) -> Response {
    let is_taxii = request.uri().path().starts_with("/taxii2");
    let mut answer = next.run(request).await;
    let problem = answer.extensions_mut().remove::<Problem>();
    let Some(problem) = problem.filter(|_| is_taxii) else { return answer };
    let (mut head, _) = answer.into_parts();
    head.headers.remove(header::CONTENT_LENGTH);
    head.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA));
    let body = Wrong::of(head.status, problem.title, problem.detail).body();
    Response::from_parts(head, body.to_string().into())
}

impl Wrong {
    fn body(&self) -> Value {
        json!({
            "title": self.title, "description": self.description,
            "http_status": self.status.as_u16().to_string(),
        })
    }
}

impl IntoResponse for Wrong {
    fn into_response(self) -> Response {
        let mut answer = answer(&self.body());
        *answer.status_mut() = self.status;
        answer
    }
}

/// Refuses whoever takes no answer of this version (406).
pub(super) fn is_acceptable(headers: &HeaderMap) -> Result<(), Wrong> {
    let ranges = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let mut ranges = ranges.flat_map(|line| line.split(',')).map(str::trim).peekable();
    if ranges.peek().is_none() || ranges.any(takes_ours) {
        return Ok(());
    }
    let text = format!("send `Accept: {MEDIA}`");
    Err(Wrong::of(StatusCode::NOT_ACCEPTABLE, "No such media type", text))
}

/// Whether a media range has room for what we answer.
fn takes_ours(range: &str) -> bool {
    let mut parts = range.split(';').map(|part| part.trim().to_ascii_lowercase());
    let kind = parts.next().unwrap_or_default();
    let fits = matches!(kind.as_str(), "application/taxii+json" | "application/*" | "*/*");
    fits && parts.all(|part| match part.split_once('=') {
        Some(("version", version)) => version.trim_matches('"') == "2.1",
        Some(("q", weight)) => weight.parse::<f64>().is_ok_and(|weight| weight > 0.0),
        _ => true,
    })
}

/// A time as TAXII tells it, to the microsecond.
pub(super) fn micro(at: Moment) -> String {
    let fraction = at.0.rem_euclid(1_000_000);
    let second = stamp::utc(at.0 - fraction);
    format!("{}.{fraction:06}Z", second.trim_end_matches('Z'))
}

/// The version of an object: its `modified`, to the letter; of an observable since when it is in.
pub(super) fn version(entry: &Entry) -> String {
    let text = micro(entry.version_at());
    // `modified` is told to the thousandth.
    if entry.version == 0 { text } else { format!("{}Z", &text[..text.len() - 4]) }
}

/// What may be asked for; what is not known is refused, since it would give more than was asked.
pub(super) fn filter(query: Option<&str>, object: Option<&str>) -> Result<Filter, Wrong> {
    let mut filter = Filter {
        added_after: None,
        next: None,
        limit: PAGE_MAX,
        ids: object.into_iter().map(str::to_owned).collect(),
        kinds: Vec::new(),
        versions: vec![Which::Last],
    };
    for (name, value) in machine::parameters(query).map_err(from_refusal)? {
        match name.as_str() {
            "added_after" => {
                let at = stamp::parse(&value, None);
                let words = "`added_after` is a time such as 2026-04-01T00:00:00.000000Z";
                filter.added_after = Some(at.map_err(|_| Wrong::bad(words))?);
            }
            "next" => {
                let mark = value.parse().map_err(|_| Wrong::bad("`next` is none of ours"))?;
                filter.next = Some(mark);
            }
            "limit" => {
                let limit = value.parse::<i64>().ok().filter(|limit| *limit >= 0);
                let limit = limit.ok_or_else(|| Wrong::bad("`limit` is a number from 1 on"))?;
                // Clients write 0 where they have no limit of their own.
                filter.limit = if limit == 0 { PAGE_MAX } else { limit.min(PAGE_MAX) };
            }
            "match[id]" if object.is_none() => filter.ids = values(&value)?,
            "match[type]" if object.is_none() => filter.kinds = values(&value)?,
            "match[version]" => {
                filter.versions =
                    values(&value)?.iter().map(|word| which(word)).collect::<Result<_, _>>()?;
            }
            "match[spec_version]" => {
                if !values(&value)?.iter().any(|word| word == "2.1") {
                    // All objects are of that version, so that none fits.
                    filter.ids = vec![String::new()];
                }
            }
            other => return Err(Wrong::bad(format!("`{other}` is no parameter here"))),
        }
    }
    Ok(filter)
}

fn values(text: &str) -> Result<Vec<String>, Wrong> {
    let values: Vec<String> = text.split(',').map(|one| one.trim().to_owned()).collect();
    if values.len() > VALUES_MAX {
        return Err(Wrong::bad("a filter takes at most 100 values"));
    }
    Ok(values)
}

fn which(word: &str) -> Result<Which, Wrong> {
    Ok(match word {
        "last" => Which::Last,
        "first" => Which::First,
        "all" => Which::All,
        time => {
            let words = "`match[version]` takes last, first, all, or times";
            Which::At(stamp::parse(time, None).map_err(|_| Wrong::bad(words))?)
        }
    })
}

/// A page as an answer, with the times between which its objects were added.
pub(super) fn paged(page: &Page, name: &str, items: Vec<Value>) -> Result<Response, Wrong> {
    let mut envelope = json!({ "more": page.more });
    if let Some(last) = page.entries.last().filter(|_| page.more) {
        envelope["next"] = last.added_at.0.to_string().into();
    }
    // An empty page leaves the list out.
    if !items.is_empty() {
        envelope[name] = items.into();
    }
    let mut answer = answer(&envelope);
    let ends = [
        ("x-taxii-date-added-first", page.entries.first()),
        ("x-taxii-date-added-last", page.entries.last()),
    ];
    for (header, entry) in ends {
        if let Some(entry) = entry {
            let value = HeaderValue::from_str(&micro(entry.added_at))?;
            answer.headers_mut().insert(HeaderName::from_static(header), value);
        }
    }
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_takes_our_version_is_answered() {
        let check = |accept: &str, fits: bool| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, accept.parse().unwrap());
            assert_eq!(is_acceptable(&headers).is_ok(), fits, "{accept}");
        };
        check(MEDIA, true);
        check("application/taxii+json; version=2.1", true);
        check("application/taxii+json", true);
        check("text/html, */*;q=0.1", true);
        check("application/taxii+json;version=2.0", false);
        check("application/json", false);
        check("*/*;q=0", false);
        check("text/html", false);
        assert!(is_acceptable(&HeaderMap::new()).is_ok());
    }

    #[test]
    fn times_are_told_to_the_microsecond() {
        assert_eq!(micro(Moment(1_775_001_600_000_001)), "2026-04-01T00:00:00.000001Z");
    }
}
