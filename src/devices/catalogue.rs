//! The catalogue (機器一覧): makers, aliases and rules, as `content/devices/*.toml` state them.

use std::{
    collections::BTreeMap,
    sync::{LazyLock, OnceLock},
};

use anyhow::Context as _;
use regex::bytes::{Regex, RegexBuilder, RegexSet, RegexSetBuilder};
use serde::Deserialize;

use super::{
    Place,
    kind::{Kind, Support},
    names::{folded, maker_called},
};

/// A maker (メーカー) with its other names and what tells its devices.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[doc(alias = "メーカー")]
pub struct Maker {
    /// The name of its file, by which rules are named.
    #[serde(skip)]
    pub id: &'static str,
    /// Its name.
    #[serde(rename = "maker")]
    pub name: String,
    /// Its name in Japanese.
    #[serde(rename = "maker_ja")]
    pub name_ja: String,
    /// Other names; width, case, spaces and legal forms need no alias of their own.
    pub aliases: Vec<String>,
    /// What its devices mostly are, where one thing is.
    #[serde(default)]
    pub kind: Kind,
    /// Whether its name in a text is evidence; not where the name is an everyday word.
    #[serde(default = "yes")]
    pub mention: bool,
    /// What tells its devices.
    #[serde(default)]
    pub rules: Vec<Rule>,
    /// Models whose support has ended.
    #[serde(default)]
    pub ended: Vec<Ended>,
}

/// A rule (判定規則): a pattern, and what a text that has it tells.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[doc(alias = "判定規則")]
pub struct Rule {
    /// Its name among those of its maker.
    pub name: String,
    /// What the device is.
    pub kind: Kind,
    /// The series the models belong to.
    pub series: Option<String>,
    /// The pattern, without regard to case; beside it stands neither letter nor digit. Its first
    /// group is the model.
    pub pattern: String,
    /// Where it is looked for; everywhere when empty.
    #[serde(default)]
    pub at: Vec<Place>,
    /// Whether the maker must be known otherwise, since others have models of such a name.
    #[serde(default)]
    pub needs_maker: bool,
    /// Whether the model is written as it was found; else in capitals.
    #[serde(default)]
    pub as_written: bool,
    /// The model, where the pattern does not hold it.
    pub model: Option<String>,
    /// How sure the maker and the kind are, from 0 to 100.
    pub confidence: u8,
    /// Evidence that the rule must decide: `maker`, `model`, `banner`, `title`, …
    pub example: BTreeMap<String, String>,
    /// The model that the example must give.
    pub finds: Option<String>,
    #[serde(skip)]
    regex: OnceLock<Regex>,
}

/// Models that their maker does not mend any more (サポート終了機種).
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ended {
    /// The models.
    pub models: Vec<String>,
    /// Where the maker says so.
    pub source: String,
}

fn yes() -> bool {
    true
}

impl Maker {
    fn parse(id: &'static str, text: &str) -> anyhow::Result<Self> {
        let maker: Self = toml::from_str(text).context("the file is not understood")?;
        for rule in &maker.rules {
            builder(&rule.pattern).build().with_context(|| format!("rule {}", rule.name))?;
        }
        Ok(Self { id, ..maker })
    }

    /// All its names, the one of the catalogue first.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let own = [self.name.as_str(), self.name_ja.as_str()];
        own.into_iter().chain(self.aliases.iter().map(String::as_str))
    }

    /// A pattern for any of its names in a text.
    fn mentioned(&self) -> String {
        let names: Vec<String> = self.names().map(regex::escape).collect();
        bounded(&names.join("|"))
    }
}

impl Rule {
    /// The model in `text`, where the rule's pattern has a group that found one.
    pub(super) fn model_in(&self, text: &[u8]) -> Option<String> {
        if let Some(model) = &self.model {
            return Some(model.clone());
        }
        let regex = self.regex.get_or_init(|| {
            builder(&self.pattern).build().expect("the catalogue compiled it when it was read")
        });
        let model = String::from_utf8_lossy(regex.captures(text)?.get(1)?.as_bytes()).into_owned();
        Some(if self.as_written { model } else { model.to_uppercase() })
    }
}

/// The pattern with no letter or digit beside it.
fn bounded(pattern: &str) -> String {
    format!("(?:^|[^0-9A-Za-z])(?:{pattern})(?:[^0-9A-Za-z]|$)")
}

fn builder(pattern: &str) -> RegexBuilder {
    let mut builder = RegexBuilder::new(&bounded(pattern));
    builder.unicode(false).case_insensitive(true);
    builder
}

macro_rules! written {
    ($($name:literal)+) => {
        /// Every maker's file, in the order that decides between equals.
        const WRITTEN: &[(&str, &str)] = &[$((
            $name,
            include_str!(concat!("../../content/devices/", $name, ".toml")),
        ),)+];
    };
}

written! {
    "buffalo" "nec" "iodata" "elecom" "logitec" "planex" "corega" "yamaha" "ntt" "tp-link" "asus"
    "netgear" "d-link" "linksys" "huawei" "zte" "sharp" "fxc" "inaba" "seiko-solutions"
    "century-systems" "furukawa" "allied-telesis" "fortinet" "sonicwall" "draytek" "cisco"
    "mikrotik" "ubiquiti" "zyxel" "qnap" "synology" "western-digital" "panasonic" "sony" "canon"
    "axis" "hikvision" "dahua" "xiongmai" "vstarcam" "brother" "epson" "ricoh" "kyocera"
    "fujifilm" "contec"
}

static MAKERS: LazyLock<Vec<Maker>> = LazyLock::new(|| {
    let read = |(id, text): &(&'static str, &str)| {
        Maker::parse(id, text).unwrap_or_else(|fault| panic!("devices of {id}: {fault:#}"))
    };
    WRITTEN.iter().map(read).collect()
});

/// All makers.
pub fn makers() -> &'static [Maker] {
    &MAKERS
}

/// What a text may hold: a rule of a maker, or the maker's name.
#[derive(Clone, Copy, Debug)]
pub(super) enum Sought {
    Rule(&'static Maker, &'static Rule),
    Mention(&'static Maker),
}

/// Everything sought, and all of its patterns as one.
static SOUGHT: LazyLock<(Vec<Sought>, RegexSet)> = LazyLock::new(|| {
    let mut sought = Vec::new();
    let mut patterns = Vec::new();
    for maker in makers() {
        for rule in &maker.rules {
            sought.push(Sought::Rule(maker, rule));
            patterns.push(bounded(&rule.pattern));
        }
        sought.push(Sought::Mention(maker));
        patterns.push(maker.mentioned());
    }
    let set = RegexSetBuilder::new(patterns).unicode(false).case_insensitive(true).build();
    (sought, set.expect("each pattern of the catalogue compiles, and together they are small"))
});

/// What `text` holds, in the order of the catalogue.
pub(super) fn held(text: &[u8]) -> impl Iterator<Item = Sought> {
    let (sought, set) = &*SOUGHT;
    set.matches(text).into_iter().map(|no| sought[no])
}

/// Whether the maker still mends the model, where the catalogue knows that it does not.
pub(super) fn support(maker: Option<&str>, model: Option<&str>) -> Option<Support> {
    let (maker, model) = (maker_called(maker?)?, folded(model?));
    let ended = maker.ended.iter().flat_map(|ended| &ended.models);
    ended.into_iter().any(|ended| folded(ended) == model).then_some(Support::Ended)
}
