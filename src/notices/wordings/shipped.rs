//! The wordings that come with the program (同梱の文面): files in `content/wordings/`.
//!
//! They are drafts like any other: loaded under the name of whoever loads them, and in force only
//! after somebody else approved them.

use std::{collections::HashMap, sync::LazyLock};

use serde::Deserialize;

use super::{Kind, NotDrafted, Of, Wording, draft, language::Language, list, text::Text};
use crate::app::App;

/// Texts by a wire word.
pub type Texts = HashMap<String, String>;

/// The words around the wordings of a language (添える言葉).
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Words {
    /// What the inquiry ID is called.
    pub number: String,
    /// What the QR code is for.
    pub caption: String,
    /// Who answers the phone; with variables.
    pub call: String,
    /// The provider's number under its name; with variables.
    pub sender_phone: String,
    /// What was found, by `weakness_code`.
    pub finding: Texts,
    /// What to do about it, by `weakness_code`.
    pub remedy: Texts,
    /// What kind of device it is.
    pub device: Texts,
}

static WORDS: LazyLock<HashMap<String, Words>> = LazyLock::new(|| {
    let words = include_str!("../../../content/wordings/words.toml");
    toml::from_str(words).unwrap_or_else(|fault| panic!("content/wordings/words.toml: {fault}"))
});

/// The words around the wordings of `language`.
pub fn words(language: Language) -> &'static Words {
    let words = WORDS.get(language.word());
    words.expect("a test reads the words of every language out of the file that is built in")
}

macro_rules! files {
    ($($language:literal)+) => {
        /// Kind, language and text of each file.
        const FILES: &[(&str, &str, &str)] = &[$(
            ("mail", $language, files!(@ "mail" $language)),
            ("letter", $language, files!(@ "letter" $language)),
            ("sms", $language, files!(@ "sms" $language)),
            ("phone", $language, files!(@ "phone" $language)),
        )+];
    };
    (@ $kind:literal $language:literal) => {
        include_str!(concat!("../../../content/wordings/", $kind, ".", $language, ".md"))
    };
}

files! { "ja" "ja-easy" "en" "zh-Hans" "vi" "ko" "pt-BR" }

/// The text that comes with the program.
pub fn text((kind, language): Of) -> Text {
    let file = FILES.iter().find(|(k, l, _)| *k == kind.word() && *l == language.word());
    let (.., file) = file.expect("a test asks for every kind in every language");
    Text::parse(file)
}

/// Every kind in every language.
pub fn all() -> impl Iterator<Item = Of> {
    let of = |kind| Language::ALL.into_iter().map(move |language| (kind, language));
    Kind::ALL.into_iter().flat_map(of)
}

/// What came of loading (読込結果).
#[derive(Debug, Default)]
pub struct Loaded {
    /// Drafts that were made.
    pub drafted: Vec<Wording>,
    /// How many texts stood there already, as some version.
    pub unchanged: usize,
}

/// Drafts, as `by`, each shipped text that no version has said yet; again = no change.
pub async fn load(app: &App, by: &str) -> anyhow::Result<Result<Loaded, NotDrafted>> {
    let known = list(app).await?;
    let mut loaded = Loaded::default();
    for of in all() {
        let text = text(of);
        if known.iter().any(|wording| wording.of() == of && wording.text == text) {
            loaded.unchanged += 1;
            continue;
        }
        match draft(app, by, of, &text).await? {
            Ok(wording) => loaded.drafted.push(wording),
            Err(NotDrafted::Same(_)) => loaded.unchanged += 1,
            Err(refused) => return Ok(Err(refused)),
        }
    }
    Ok(Ok(loaded))
}
