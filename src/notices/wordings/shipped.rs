//! The wordings that come with the program (同梱の文面): files in `content/wordings/`.
//!
//! A new centre begins with them in force, so that it is not empty: as versions whose author and
//! approver are two roles of the program itself, [`EDITOR`] and [`REVIEWER`], and nobody of the
//! centre. Loaded later they are drafts like any other: under the name of whoever loads them, and
//! in force only after somebody else approved them.

use std::{collections::HashMap, sync::LazyLock};

use serde::Deserialize;

use super::{
    Kind, NotDrafted, Of, Wording, draft, drafted,
    language::Language,
    list,
    store::{self, Decided},
    text::Text,
};
use crate::app::App;

/// Who wrote the texts that come with the program (同梱の文面の起案者): a name no account can bear.
pub const EDITOR: &str = "todoke (editor)";
/// Who let them come with it (同梱の文面の承認者): another one.
pub const REVIEWER: &str = "todoke (reviewer)";

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
    /// How long that takes and what it costs, by `weakness_code`; `{minutes}` is filled in from the
    /// manual that fits.
    pub effort: Texts,
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
            files!("mail", $language), files!("letter", $language), files!("sms", $language),
            files!("phone", $language), files!("mail-manager", $language),
            files!("letter-manager", $language), files!("sms-manager", $language),
            files!("phone-manager", $language), files!("mail-campaign", $language),
            files!("letter-campaign", $language), files!("sms-campaign", $language),
            files!("phone-campaign", $language),
        )+];
    };
    ($kind:literal, $language:literal) => {
        (
            $kind,
            $language,
            include_str!(concat!("../../../content/wordings/", $kind, ".", $language, ".md")),
        )
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

impl Wording {
    /// Whether it came with the program, and nobody of the centre stands for it.
    pub fn is_shipped(&self) -> bool {
        self.drafted_by == EDITOR
    }

    /// Whether no native reader has looked through it: so it is with the shipped texts in languages
    /// other than Japanese and English.
    pub fn is_unread(&self) -> bool {
        self.is_shipped() && !self.language.is_japanese() && self.language != Language::En
    }
}

/// Puts the shipped texts in force where no wording was ever written, as version 1 of each; gives
/// how many. Where there is any, it stays as it is.
pub async fn begin_with(app: &App) -> anyhow::Result<usize> {
    let mut tx = app.db.begin().await?;
    if !store::all(&mut tx).await?.is_empty() {
        return Ok(0);
    }
    let now = app.now();
    let mut begun = 0;
    for of in all() {
        let wording = drafted(of, 1, &text(of), (EDITOR, now));
        store::insert(&mut tx, &wording).await?;
        store::insert_event(&mut tx, &wording, (REVIEWER, now), Decided::Approved(now)).await?;
        begun += 1;
    }
    tx.commit().await?;
    Ok(begun)
}
