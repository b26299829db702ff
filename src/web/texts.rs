//! Interface texts (文言): Fluent files in `locales/`, Japanese first, English complete.

use std::{borrow::Cow, collections::HashMap, fmt::Display};

use fluent_templates::{LanguageIdentifier, Loader as _, fluent_bundle::FluentValue, langid};

fluent_templates::static_loader! {
    static LOCALES = {
        locales: "./locales",
        fallback_language: "ja",
        // Marks of direction around each value would stand in plain left-to-right text for nothing.
        customise: |bundle| bundle.set_use_isolating(false),
    };
}

static JA: LanguageIdentifier = langid!("ja");
static EN: LanguageIdentifier = langid!("en");

/// A language of the pages (表示言語).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(alias = "表示言語")]
pub enum Lang {
    /// Japanese, at `/…`.
    Ja,
    /// English, at `/en/…`.
    En,
}

impl Lang {
    /// All languages, the first being the one without a prefix.
    pub const ALL: [Self; 2] = [Self::Ja, Self::En];

    /// The word for `lang=` and for `?lang=`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Ja => "ja",
            Self::En => "en",
        }
    }

    /// The language of that code.
    pub fn of_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|lang| lang.code() == code)
    }

    /// Takes the language off a path: `/en/id` is `/id` in English.
    pub fn of_path(path: &str) -> (Self, &str) {
        match path.strip_prefix("/en") {
            Some("") => (Self::En, "/"),
            Some(rest) if rest.starts_with('/') => (Self::En, rest),
            _ => (Self::Ja, path),
        }
    }

    /// Puts the language on a path: `/id` in English is `/en/id`.
    pub fn href(self, path: &str) -> String {
        match (self, path) {
            (Self::Ja, _) => path.to_owned(),
            (Self::En, "/") => "/en".to_owned(),
            (Self::En, _) => format!("/en{path}"),
        }
    }

    /// The text under `key`.
    pub fn say(self, key: &str) -> String {
        LOCALES.lookup(self.identifier(), key)
    }

    /// The text under `key` with values in it.
    pub fn say_with(self, key: &str, values: &[(&str, &dyn Display)]) -> String {
        let named = |(name, value): &(&str, &dyn Display)| {
            (Cow::Owned((*name).to_owned()), FluentValue::from(value.to_string()))
        };
        let values: HashMap<Cow<'static, str>, FluentValue<'_>> =
            values.iter().map(named).collect();
        LOCALES.lookup_with_args(self.identifier(), key, &values)
    }

    fn identifier(self) -> &'static LanguageIdentifier {
        match self {
            Self::Ja => &JA,
            Self::En => &EN,
        }
    }
}

#[cfg(test)]
mod tests;
