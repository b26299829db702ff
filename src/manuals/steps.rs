//! Steps (手順): one action each, with what to do when it does not work.
//!
//! A manual is written as Markdown. `#` is its title, `##` a step with its action as `{#action}`,
//! `{#action .infected}` a step for infected devices alone and `.weak` one for the others; a list
//! under `###` holds the known causes, each beginning with its name in bold.

use anyhow::{Context as _, bail, ensure};

use super::markdown;
use crate::web::assets;

/// What a manual says in one language.
#[derive(Clone, Debug)]
pub struct Text {
    /// Its title.
    pub title: String,
    /// What to know before one begins, as HTML.
    pub before: String,
    /// All its steps, those for infected devices included.
    pub steps: Vec<Step>,
}

/// Step (手順): one action.
#[derive(Clone, Debug)]
#[doc(alias = "手順")]
pub struct Step {
    /// The action in one word, the same in all languages: `initialise`, `password`.
    pub action: String,
    /// For infected devices only (`true`), for the others only (`false`), or for all.
    pub only: Option<bool>,
    /// One sentence with one verb.
    pub title: String,
    /// Our drawing, where one helps.
    pub picture: Option<Picture>,
    /// How to do it, as HTML.
    pub body: String,
    /// Why it may not work.
    pub causes: Vec<Cause>,
}

/// A drawing with the words for those who cannot see it.
#[derive(Clone, Debug)]
pub struct Picture {
    /// Its name under `assets/pictures/`.
    pub name: String,
    /// What it shows.
    pub alt: String,
}

/// A known cause why a step fails (つまずきの原因).
#[derive(Clone, Debug)]
#[doc(alias = "つまずきの原因")]
pub struct Cause {
    /// What one sees, in the words one would use.
    pub name: String,
    /// What to do then, as HTML.
    pub remedy: String,
}

impl Text {
    /// Reads the Markdown below the front matter.
    pub fn parse(markdown: &str) -> anyhow::Result<Self> {
        let mut parts = format!("\n{}", markdown.trim()).into_boxed_str().to_string();
        parts = parts.replace("\n## ", "\u{0}");
        let mut parts = parts.split('\u{0}');
        let head = parts.next().unwrap_or_default().trim();
        let (title, before) = head.split_once('\n').unwrap_or((head, ""));
        let title = title.strip_prefix("# ").context("a manual begins with its title")?;
        let steps: Vec<Step> = parts.map(Step::parse).collect::<Result<_, _>>()?;
        ensure!(!steps.is_empty(), "`{title}` has no step");
        Ok(Self { title: title.trim().to_owned(), before: markdown::to_html(before), steps })
    }
}

impl Step {
    fn parse(part: &str) -> anyhow::Result<Self> {
        let (heading, rest) = part.split_once('\n').unwrap_or((part, ""));
        let (title, mark) = heading.split_once("{#").context("a step names its action: {#…}")?;
        let mark = mark.trim_end().trim_end_matches('}');
        let (action, only) = match mark.split_once(" .") {
            None => (mark, None),
            Some((action, "infected")) => (action, Some(true)),
            Some((action, "weak")) => (action, Some(false)),
            Some((_, other)) => bail!("a step is for `.infected` or `.weak`, not `.{other}`"),
        };
        let (body, causes) = rest.split_once("\n### ").unwrap_or((rest, ""));
        let (picture, body) = picture(body)?;
        Ok(Self {
            action: action.to_owned(),
            only,
            title: title.trim().to_owned(),
            picture,
            body: markdown::to_html(&body),
            causes: causes.lines().filter_map(|l| l.strip_prefix("- ")).map(cause).collect(),
        })
    }
}

/// Takes the line `![what it shows](name)` out of a step.
fn picture(body: &str) -> anyhow::Result<(Option<Picture>, String)> {
    let is_picture = |line: &&str| line.starts_with("![");
    let Some(line) = body.lines().find(is_picture) else { return Ok((None, body.to_owned())) };
    let (alt, name) = line[2..].split_once("](").context("a picture is `![alt](name)`")?;
    let name = name.trim_end().trim_end_matches(')').to_owned();
    ensure!(assets::has_picture(&name), "no drawing is called `{name}`");
    ensure!(!alt.trim().is_empty(), "the drawing `{name}` says nothing to those who cannot see");
    let rest: Vec<&str> = body.lines().filter(|line| !is_picture(line)).collect();
    Ok((Some(Picture { name, alt: alt.to_owned() }), rest.join("\n")))
}

fn cause(line: &str) -> Cause {
    let named = line.strip_prefix("**").and_then(|line| line.split_once("**"));
    let (name, remedy) = named.unwrap_or((line, ""));
    Cause { name: name.to_owned(), remedy: markdown::to_html(remedy.trim()) }
}
