//! Languages of notices (周知の言語): seven, more than the pages have.
//!
//! Wordings are written in all of them, and so may be what a campaign says. Owns no table.

use std::str::FromStr;

use serde::{Deserialize, Serialize, Serializer};

use crate::time::Moment;

/// A language that a subscriber is addressed in (周知の言語).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
#[doc(alias = "周知の言語")]
pub enum Language {
    /// Japanese.
    Ja,
    /// Easy Japanese (やさしい日本語).
    JaEasy,
    /// English.
    En,
    /// Chinese in simplified characters.
    ZhHans,
    /// Vietnamese.
    Vi,
    /// Korean.
    Ko,
    /// Portuguese as in Brazil.
    PtBr,
}

impl Language {
    /// All of them, the commonest first.
    pub const ALL: [Self; 7] =
        [Self::Ja, Self::JaEasy, Self::En, Self::ZhHans, Self::Vi, Self::Ko, Self::PtBr];

    /// Those beside Japanese and English, which every text of the centre is written in.
    pub const BESIDE: [Self; 5] = [Self::JaEasy, Self::ZhHans, Self::Vi, Self::Ko, Self::PtBr];

    /// The wire word; but for `ja-easy` it is the tag of BCP 47.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ja => "ja",
            Self::JaEasy => "ja-easy",
            Self::En => "en",
            Self::ZhHans => "zh-Hans",
            Self::Vi => "vi",
            Self::Ko => "ko",
            Self::PtBr => "pt-BR",
        }
    }

    /// The tag of BCP 47, for the part of a page that is in it.
    pub fn tag(self) -> &'static str {
        if self.is_japanese() { "ja" } else { self.word() }
    }

    /// What it is called in English.
    pub fn in_english(self) -> &'static str {
        match self {
            Self::Ja => "Japanese",
            Self::JaEasy => "easy Japanese",
            Self::En => "English",
            Self::ZhHans => "Chinese",
            Self::Vi => "Vietnamese",
            Self::Ko => "Korean",
            Self::PtBr => "Portuguese",
        }
    }

    /// What its readers call it.
    pub fn own_name(self) -> &'static str {
        match self {
            Self::Ja => "日本語",
            Self::JaEasy => "やさしい日本語",
            Self::En => "English",
            Self::ZhHans => "简体中文",
            Self::Vi => "Tiếng Việt",
            Self::Ko => "한국어",
            Self::PtBr => "Português (Brasil)",
        }
    }

    /// Whether it is Japanese, easy or not.
    pub fn is_japanese(self) -> bool {
        matches!(self, Self::Ja | Self::JaEasy)
    }

    /// The date in Japan as its readers write it.
    pub fn date(self, at: Moment) -> String {
        let day = at.in_japan();
        let (year, month, date) = (day.year(), day.month(), day.day());
        match self {
            Self::Ja => at.date_ja(),
            Self::JaEasy | Self::ZhHans => format!("{year}年{month}月{date}日"),
            Self::En => at.date_en(),
            Self::Vi => format!("{date}/{month}/{year}"),
            Self::Ko => format!("{year}년 {month}월 {date}일"),
            Self::PtBr => format!("{date:02}/{month:02}/{year}"),
        }
    }
}

/// A word that names no language of notices.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no language of notices; there are ja, ja-easy, en, zh-Hans, vi, ko and pt-BR")]
pub struct NotALanguage(String);

impl FromStr for Language {
    type Err = NotALanguage;

    fn from_str(word: &str) -> Result<Self, NotALanguage> {
        let known = Self::ALL.into_iter().find(|language| language.word() == word);
        known.ok_or_else(|| NotALanguage(word.to_owned()))
    }
}

impl TryFrom<String> for Language {
    type Error = NotALanguage;

    fn try_from(word: String) -> Result<Self, NotALanguage> {
        word.parse()
    }
}

impl Serialize for Language {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.word())
    }
}
