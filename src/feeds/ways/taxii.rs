//! A TAXII collection (TAXIIコレクション): its new objects, page by page (TAXII 2.1).
//!
//! Each page is kept as one file. Pages of one run are asked for with the same query, but for the
//! mark of the next page. The way goes on from the time at which the server added the last object,
//! and only once all pages are in: within them, objects may share a time.

use std::collections::BTreeMap;

use anyhow::Context as _;
use serde::{Deserialize, Serialize, de::IgnoredAny};
use ureq::http::Request;

use super::run::Run;
use crate::{
    net::{
        Trouble,
        dial::Dialling,
        outgoing::{self, Answer, Outgoing},
    },
    time::Moment,
};

/// The media type of every request and answer.
const MEDIA: &str = "application/taxii+json;version=2.1";
/// The largest page.
const PAGE_MAX: u64 = 64 << 20;
/// Pages of one run.
const PAGES_MAX: usize = 10_000;
/// Who is spoken of when something goes wrong.
const WHO: &str = "the TAXII server";

/// What a collection is reached by (TAXIIコレクションの設定).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[doc(alias = "TAXIIコレクションの設定")]
pub struct Settings {
    /// The discovery address, such as `https://host/taxii2/`.
    pub discovery: String,
    /// The API root; nothing = the one that discovery names as the default.
    #[serde(default)]
    pub api_root: Option<String>,
    /// The collection, by id, alias or title.
    pub collection: String,
    /// From when on objects are wanted at first; nothing = all.
    #[serde(default)]
    pub added_after: Option<String>,
    /// Filters, such as `match[type]` = `indicator`.
    #[serde(default)]
    pub filters: BTreeMap<String, String>,
    /// Objects of a page; a server may send fewer.
    pub page_size: u32,
    /// How to connect.
    #[serde(default)]
    pub dialling: Dialling,
}

impl Settings {
    pub(super) fn objection(&self) -> Option<String> {
        let taken = |name: &&String| ["added_after", "next", "limit"].contains(&name.as_str());
        if let Some(name) = self.filters.keys().find(taken) {
            return Some(format!("`{name}` is no filter"));
        }
        let bad = self.added_after.iter().find_map(|text| Moment::parse(text).err());
        bad.map(|why| why.to_string())
            .or_else(|| outgoing::objection(&self.discovery))
            .or_else(|| self.api_root.as_deref().and_then(outgoing::objection))
    }
}

/// The time at which the server added the last object that is in, as the server writes it.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Position {
    added_after: Option<String>,
}

#[derive(Deserialize)]
struct Discovery {
    default: Option<String>,
    #[serde(default)]
    api_roots: Vec<String>,
}

#[derive(Deserialize)]
struct Collections {
    #[serde(default)]
    collections: Vec<Collection>,
}

#[derive(Deserialize)]
struct Collection {
    id: String,
    title: Option<String>,
    alias: Option<String>,
    can_read: bool,
}

/// What is read of a page; the objects are for the reader of the feed.
#[derive(Deserialize)]
struct Envelope {
    #[serde(default)]
    more: bool,
    next: Option<String>,
    #[serde(default)]
    objects: Vec<IgnoredAny>,
}

/// A server and how it is spoken to.
struct Server {
    outgoing: Outgoing,
    authorization: Option<String>,
}

pub(super) async fn fetch(run: &mut Run<'_>, settings: &Settings) -> Result<(), Trouble> {
    let urls = [Some(settings.discovery.as_str()), settings.api_root.as_deref()];
    let urls: Vec<&str> = urls.into_iter().flatten().collect();
    let outgoing = Outgoing::to(&urls, &settings.dialling)?;
    let authorization = run.secret()?.map(|secret| secret.authorization());
    let server = Server { outgoing, authorization };
    let root = server.root(settings).await?;
    let collection = server.collection(&root, &settings.collection).await?;
    let position: Position = run.position();
    let after = position.added_after.or_else(|| settings.added_after.clone());
    let mut query: Vec<(&str, String)> =
        settings.filters.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
    query.extend(after.map(|after| ("added_after", after)));
    query.push(("limit", settings.page_size.to_string()));
    let url = format!("{root}collections/{collection}/objects/");
    if let Some(last) = pages(run, &server, (&url, &query), &collection).await? {
        run.go_on_from(&Position { added_after: Some(last) }).await?;
    }
    Ok(())
}

/// Fetches page after page; gives when the server added the last object, as far as it tells.
async fn pages(
    run: &mut Run<'_>,
    server: &Server,
    (url, query): (&str, &[(&str, String)]),
    collection: &str,
) -> Result<Option<String>, Trouble> {
    let (mut next, mut last): (Option<String>, Option<String>) = (None, None);
    let mut before = Vec::new();
    for number in 1..=PAGES_MAX {
        let mut query = query.to_vec();
        query.extend(next.clone().map(|next| ("next", next)));
        let query = serde_urlencoded::to_string(&query).context("the query")?;
        let answer = server.get(&format!("{url}?{query}")).await?;
        let envelope: Envelope = read(&answer, "a page")?;
        if let Some(added) = added_last(&answer) {
            last = Some(added.to_owned());
        }
        if !envelope.objects.is_empty() {
            let stamp = last.as_deref().unwrap_or("undated");
            let name = format!("taxii-{collection}-{stamp}-{number}.json");
            let path = run.room_for(&name)?;
            std::fs::write(&path, &answer.body).context("a page cannot be written")?;
            if let Some(why) = run.hand_over_fetched(&path).await?.refusal() {
                run.remember(&name, Some(why)).await?;
            }
        }
        if !envelope.more {
            return Ok(last);
        }
        // The mark may stay the same from page to page; a page that does leads nowhere.
        if envelope.next.is_none() || answer.body == before {
            return Err(Trouble::new(format!("{WHO} says that there is more, and not where")));
        }
        (next, before) = (envelope.next, answer.body);
    }
    Err(Trouble::new(format!("{WHO} has more than {PAGES_MAX} pages; narrow the filters")))
}

fn added_last(answer: &Answer) -> Option<&str> {
    let told = answer.header("x-taxii-date-added-last")?;
    Moment::parse(told).is_ok().then_some(told)
}

fn read<T: serde::de::DeserializeOwned>(answer: &Answer, what: &str) -> Result<T, Trouble> {
    let read = serde_json::from_slice(&answer.body);
    read.map_err(|e| Trouble::new(format!("{what} of {WHO} is not understood: {e}")))
}

impl Server {
    async fn get(&self, url: &str) -> Result<Answer, Trouble> {
        let mut request = Request::get(url).header("Accept", MEDIA);
        if let Some(authorization) = &self.authorization {
            request = request.header("Authorization", authorization);
        }
        let request = request.body(Vec::new()).context("the request")?;
        let answer = self.outgoing.call(request, PAGE_MAX).await?.good(WHO)?;
        let media = answer.header("content-type").unwrap_or_default();
        if !media.starts_with("application/taxii+json") {
            let words = format!("{WHO} answers `{media}`, which is not TAXII 2.1");
            return Err(Trouble::new(words));
        }
        Ok(answer)
    }

    /// The API root, with a slash at its end.
    async fn root(&self, settings: &Settings) -> Result<String, Trouble> {
        let slashed = |root: &str| format!("{}/", root.trim_end_matches('/'));
        if let Some(root) = &settings.api_root {
            return Ok(slashed(root));
        }
        let found: Discovery = read(&self.get(&settings.discovery).await?, "discovery")?;
        let root = found.default.or_else(|| found.api_roots.into_iter().next());
        let root = root.ok_or_else(|| Trouble::new(format!("{WHO} names no API root")))?;
        // A root may be told as a path alone.
        let is_path = root.starts_with('/');
        Ok(slashed(&if is_path { rooted(&settings.discovery, &root) } else { root }))
    }

    /// The id of the collection that is called `wanted`.
    async fn collection(&self, root: &str, wanted: &str) -> Result<String, Trouble> {
        let answer = self.get(&format!("{root}collections/")).await?;
        let all: Collections = read(&answer, "the list of collections")?;
        let called = |one: &&Collection| {
            one.id == wanted
                || one.alias.as_deref() == Some(wanted)
                || one.title.as_deref() == Some(wanted)
        };
        let found = all.collections.iter().find(called);
        let Some(found) = found else {
            return Err(Trouble::new(format!("{WHO} has no collection `{wanted}`")));
        };
        let plain = found.id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        if !plain || found.id.is_empty() {
            return Err(Trouble::new(format!("{WHO} gives the collection `{wanted}` no id")));
        }
        if !found.can_read {
            return Err(Trouble::new(format!("{WHO} lets us not read `{wanted}`")));
        }
        Ok(found.id.clone())
    }
}

/// `path` on the server of `url`.
fn rooted(url: &str, path: &str) -> String {
    let end = url.find("://").map_or(0, |at| at + 3);
    let host = url[end..].find('/').map_or(url.len(), |at| end + at);
    format!("{}{path}", &url[..host])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_told_as_a_path_lies_on_the_same_server() {
        assert_eq!(rooted("https://a.example:1/taxii2/", "/api/"), "https://a.example:1/api/");
        assert_eq!(rooted("https://a.example", "/api/"), "https://a.example/api/");
    }
}
