//! Drafts (下書き): what a campaign says, as an editor writes it in a TOML file or on a page.
//!
//! Where a list came from is asked for and never assumed: who gathered the data, who handed it
//! over, when, and under which basis. Owns no table.

use serde::{Deserialize, Serialize};

use crate::time::Moment;

/// A text in both languages (文言).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Words {
    /// Japanese.
    pub ja: String,
    /// English.
    pub en: String,
}

/// Where the list comes from (出所).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[doc(alias = "出所")]
pub struct Provenance {
    /// Who gathered the data.
    pub source: Words,
    /// Who handed it over, by which way.
    pub handed_over_by: Words,
    /// When.
    pub handed_over_at: Moment,
    /// Under which basis.
    pub basis: Words,
}

/// What a campaign says (掲載内容).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[doc(alias = "掲載内容")]
pub struct Said {
    /// Its title.
    pub title: Words,
    /// Where its list comes from.
    pub provenance: Provenance,
    /// What happened, as Markdown.
    pub happened: Words,
    /// What to do, as Markdown.
    pub to_do: Words,
    /// From when it runs.
    pub from: Moment,
    /// Until when, which is no longer part of it; nothing = until it is closed.
    pub to: Option<Moment>,
    /// By when providers are asked to report.
    pub report_by: Moment,
    /// Whether it is meant for the public at all.
    pub is_public: bool,
    /// The feeds that bring its list.
    pub feeds: Vec<String>,
}

impl Said {
    /// Whether its lines go out at `now`: from its first day until its end, where it has one.
    pub fn runs_at(&self, now: Moment) -> bool {
        self.from <= now && !self.is_over(now)
    }

    /// Whether its end has come.
    pub fn is_over(&self, now: Moment) -> bool {
        self.to.is_some_and(|to| to <= now)
    }
}

/// What a campaign says, as it is written before anybody looked at it (下書き).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[doc(alias = "下書き")]
pub struct Draft {
    /// Its title.
    pub title: Words,
    /// Where its list comes from.
    pub provenance: Origin,
    /// What happened, as Markdown.
    pub happened: Words,
    /// What to do, as Markdown.
    pub to_do: Words,
    /// The day from which it runs.
    pub from: String,
    /// The day on which it ends.
    pub to: Option<String>,
    /// The day by which providers are asked to report.
    pub report_by: String,
    /// Whether it is meant for the public at all.
    pub public: bool,
    /// The feeds that bring its list.
    pub feeds: Vec<String>,
}

/// Where the list comes from, as it is written.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    /// Who gathered the data.
    pub source: Words,
    /// Who handed it over, by which way.
    pub handed_over_by: Words,
    /// The day.
    pub handed_over_at: String,
    /// Under which basis.
    pub basis: Words,
}

/// Why a draft is not understood.
#[derive(Debug, thiserror::Error)]
pub enum NotADraft {
    /// It lacks a field, or has one too many, or is no TOML.
    #[error("the draft is not understood: {0}")]
    NotUnderstood(String),
    /// A text is empty.
    #[error("`{0}` is empty: write it in both languages")]
    Empty(&'static str),
    /// A time is none.
    #[error("`{0}`: {1}")]
    BadTime(&'static str, String),
    /// The end lies before the beginning.
    #[error("`{0}` must lie after `from`")]
    BackToFront(&'static str),
    /// No feed brings its list.
    #[error("`feeds` names no feed: the list of a campaign comes in through one")]
    NoFeed,
}

impl NotADraft {
    /// The field at fault, as drafts name it; nothing where it is the draft as a whole.
    pub fn field(&self) -> Option<&'static str> {
        match self {
            Self::NotUnderstood(_) => None,
            Self::Empty(field) | Self::BadTime(field, _) | Self::BackToFront(field) => Some(field),
            Self::NoFeed => Some("feeds"),
        }
    }
}

impl Said {
    /// Reads a draft from a TOML file.
    pub fn read(toml: &str) -> Result<Self, NotADraft> {
        let draft = toml::from_str(toml).map_err(|e| NotADraft::NotUnderstood(e.to_string()))?;
        Self::of(draft)
    }

    /// What a draft says.
    pub fn of(file: Draft) -> Result<Self, NotADraft> {
        let Origin { source, handed_over_by, handed_over_at, basis } = file.provenance;
        let said = Self {
            provenance: Provenance {
                source,
                handed_over_by,
                handed_over_at: time("provenance.handed_over_at", &handed_over_at)?,
                basis,
            },
            title: file.title,
            happened: file.happened,
            to_do: file.to_do,
            from: time("from", &file.from)?,
            to: file.to.map(|to| time("to", &to)).transpose()?,
            report_by: time("report_by", &file.report_by)?,
            is_public: file.public,
            feeds: file.feeds,
        };
        said.check()?;
        Ok(said)
    }

    fn check(&self) -> Result<(), NotADraft> {
        let Provenance { source, handed_over_by, basis, .. } = &self.provenance;
        for (field, words) in [
            ("title", &self.title),
            ("provenance.source", source),
            ("provenance.handed_over_by", handed_over_by),
            ("provenance.basis", basis),
            ("happened", &self.happened),
            ("to_do", &self.to_do),
        ] {
            if words.ja.trim().is_empty() || words.en.trim().is_empty() {
                return Err(NotADraft::Empty(field));
            }
        }
        if self.to.is_some_and(|to| to <= self.from) {
            return Err(NotADraft::BackToFront("to"));
        }
        if self.report_by <= self.from {
            return Err(NotADraft::BackToFront("report_by"));
        }
        if self.feeds.is_empty() { Err(NotADraft::NoFeed) } else { Ok(()) }
    }
}

fn time(field: &'static str, text: &str) -> Result<Moment, NotADraft> {
    Moment::parse_day(text).map_err(|e| NotADraft::BadTime(field, e.to_string()))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::campaigns) const DRAFT: &str = r#"
        from = "2021-02-22"
        report_by = "2021-04-01"
        public = true
        feeds = ["emotet"]
        title = { ja = "題", en = "Title" }
        happened = { ja = "あ", en = "a" }
        to_do = { ja = "い", en = "b" }
        [provenance]
        source = { ja = "警察", en = "Police" }
        handed_over_by = { ja = "警察庁", en = "National police" }
        handed_over_at = "2021-02-01"
        basis = { ja = "協定", en = "An agreement" }
    "#;

    #[test]
    fn a_draft_is_read_with_days_of_japan() {
        let said = Said::read(DRAFT).unwrap();
        assert_eq!(said.from.rfc3339(), "2021-02-21T15:00:00Z");
        assert_eq!((said.to, said.is_public), (None, true));
    }

    #[test]
    fn a_draft_that_does_not_say_where_its_list_comes_from_is_refused() {
        for (old, new, told) in [
            ("handed_over_at = \"2021-02-01\"", "", "handed_over_at"),
            ("basis = { ja = \"協定\", en = \"An agreement\" }", "", "basis"),
            ("ja = \"協定\"", "ja = \" \"", "`provenance.basis` is empty"),
            ("en = \"Police\"", "en = \"\"", "`provenance.source` is empty"),
            ("\"2021-02-01\"", "\"spring\"", "provenance.handed_over_at"),
            ("report_by = \"2021-04-01\"", "report_by = \"2021-01-01\"", "after `from`"),
            ("feeds = [\"emotet\"]", "feeds = []", "names no feed"),
            ("public = true", "public = true\nmood = 1", "mood"),
        ] {
            let refused = Said::read(&DRAFT.replace(old, new)).unwrap_err().to_string();
            assert!(refused.contains(told), "{old}: {refused}");
        }
    }
}
