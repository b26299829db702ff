//! Translations (訳文): what a campaign says in languages beside Japanese and English.
//!
//! They belong to the version that they stand in, and two people agree to them with it. A language
//! says all that the Japanese says, or nothing; what is older than the Japanese is told apart, and
//! whoever held it against the Japanese and found it right says so. Owns no table of its own.

use serde::{Deserialize, Serialize};

use super::{
    Added, Campaign, NoSuchCampaign, Said,
    draft::{NotADraft, time},
    store,
};
use crate::{
    app::App,
    audit::{self, Leaf},
    db::{Db, retry},
    language::Language,
    time::Moment,
};

/// Characters of a title, at most: it is the subject of a mail.
pub const TITLE_MAX: usize = 120;
/// Characters of what stands on one line, at most.
pub const LINE_MAX: usize = 300;
/// Characters of what happened, or of what to do, at most.
pub const TEXT_MAX: usize = 2_000;

/// What a campaign says in one more language (訳文); its times are texts as long as it is a draft.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[doc(alias = "訳文")]
pub struct Translation<At = Moment> {
    /// The title.
    pub title: String,
    /// Who gathered the data.
    pub source: String,
    /// Who handed it over, by which way.
    pub handed_over_by: String,
    /// Under which basis.
    pub basis: String,
    /// What happened, as Markdown.
    pub happened: String,
    /// What to do, as Markdown.
    pub to_do: String,
    /// When somebody last held it against the Japanese and found it right.
    #[serde(default = "nobody", skip_serializing_if = "Option::is_none")]
    pub checked: Option<At>,
}

fn nobody<At>() -> Option<At> {
    None
}

impl Translation<String> {
    /// What it says, its time understood.
    pub(super) fn read(self) -> Result<Translation, NotADraft> {
        let Self { title, source, handed_over_by, basis, happened, to_do, checked } = self;
        let checked = checked.map(|at| time("checked", &at)).transpose()?;
        Ok(Translation { title, source, handed_over_by, basis, happened, to_do, checked })
    }
}

impl Translation {
    /// What it says.
    pub fn speech(&self) -> Speech<'_> {
        Speech {
            title: &self.title,
            source: &self.source,
            handed_over_by: &self.handed_over_by,
            basis: &self.basis,
            happened: &self.happened,
            to_do: &self.to_do,
        }
    }
}

/// What a campaign says in one language, whichever that is (一つの言語の文).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(alias = "一つの言語の文")]
pub struct Speech<'a> {
    /// The title.
    pub title: &'a str,
    /// Who gathered the data.
    pub source: &'a str,
    /// Who handed it over, by which way.
    pub handed_over_by: &'a str,
    /// Under which basis.
    pub basis: &'a str,
    /// What happened, as Markdown.
    pub happened: &'a str,
    /// What to do, as Markdown.
    pub to_do: &'a str,
}

impl Speech<'_> {
    /// Checks that nothing of it is missing, too long, or no text.
    pub(super) fn check(&self, language: Language) -> Result<(), NotADraft> {
        let is_first = matches!(language, Language::Ja | Language::En);
        for (field, text, max) in [
            ("title", self.title, TITLE_MAX),
            ("provenance.source", self.source, LINE_MAX),
            ("provenance.handed_over_by", self.handed_over_by, LINE_MAX),
            ("provenance.basis", self.basis, LINE_MAX),
            ("happened", self.happened, TEXT_MAX),
            ("to_do", self.to_do, TEXT_MAX),
        ] {
            let has = text.chars().count();
            let is_foreign =
                |c: char| c.is_control() && !(max == TEXT_MAX && matches!(c, '\n' | '\r' | '\t'));
            match text.trim().is_empty() {
                true if is_first => return Err(NotADraft::Empty(field)),
                true => return Err(NotADraft::Unwritten(field, language)),
                false if has > max => return Err(NotADraft::TooLong(field, language, (has, max))),
                false if text.contains(is_foreign) => {
                    return Err(NotADraft::Control(field, language));
                }
                false => {}
            }
        }
        Ok(())
    }
}

impl Said {
    /// What it says in that language, if it speaks it.
    pub fn speech(&self, language: Language) -> Option<Speech<'_>> {
        let is_ja = match language {
            Language::Ja => true,
            Language::En => false,
            _ => return self.translations.get(&language).map(Translation::speech),
        };
        let origin = &self.provenance;
        let [title, source, handed_over_by, basis, happened, to_do] = [
            &self.title,
            &origin.source,
            &origin.handed_over_by,
            &origin.basis,
            &self.happened,
            &self.to_do,
        ]
        .map(|words| if is_ja { words.ja.as_str() } else { words.en.as_str() });
        Some(Speech { title, source, handed_over_by, basis, happened, to_do })
    }

    /// The languages that it speaks, the commonest first.
    pub fn languages(&self) -> Vec<Language> {
        Language::ALL.into_iter().filter(|language| self.speech(*language).is_some()).collect()
    }
}

/// How the text in a language stands (訳文の状態).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(alias = "訳文の状態")]
pub enum Standing {
    /// There is none.
    Missing,
    /// It was written or checked in that version, and the Japanese is as it was then.
    Current(i64),
    /// The Japanese changed in that version, and nobody looked at it since.
    Stale(i64),
}

impl Standing {
    /// The wire word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Current(_) => "current",
            Self::Stale(_) => "stale",
        }
    }

    /// The version that it tells of.
    pub fn version(self) -> Option<i64> {
        match self {
            Self::Missing => None,
            Self::Current(no) | Self::Stale(no) => Some(no),
        }
    }

    /// How `language` stands after these versions, in order.
    fn after(versions: &[(i64, Said)], language: Language) -> Self {
        let of = |said: &Said| said.translations.get(&language).cloned();
        if versions.last().and_then(|(_, said)| of(said)).is_none() {
            return Self::Missing;
        }
        let own = unchanged_since(versions, |one, other| of(one) == of(other));
        let japanese = japanese_stands_since(versions);
        if japanese > own { Self::Stale(japanese) } else { Self::Current(own) }
    }
}

/// The first version from which on something stayed as it is in the last one.
fn unchanged_since(versions: &[(i64, Said)], is_same: impl Fn(&Said, &Said) -> bool) -> i64 {
    let Some((_, last)) = versions.last() else { return 0 };
    let same = versions.iter().rev().take_while(|(_, said)| is_same(said, last));
    same.last().map_or(0, |(no, _)| *no)
}

fn japanese_stands_since(versions: &[(i64, Said)]) -> i64 {
    unchanged_since(versions, |one, other| one.speech(Language::Ja) == other.speech(Language::Ja))
}

async fn versions(db: &Db, campaign: &Campaign) -> anyhow::Result<Vec<(i64, Said)>> {
    let mut versions = Vec::new();
    for (no, body) in store::versions(db, campaign.id).await? {
        versions.push((no, serde_json::from_str(&body)?));
    }
    Ok(versions)
}

/// Since which version the Japanese says what it says now.
pub async fn japanese_since(db: &Db, campaign: &Campaign) -> anyhow::Result<i64> {
    Ok(japanese_stands_since(&versions(db, campaign).await?))
}

/// How each language beside Japanese and English stands in the latest version.
pub async fn standings(db: &Db, campaign: &Campaign) -> anyhow::Result<Vec<(Language, Standing)>> {
    let versions = versions(db, campaign).await?;
    Ok(Language::BESIDE.map(|language| (language, Standing::after(&versions, language))).into())
}

/// Why nothing is written in a language (受け付けない理由).
#[derive(Debug, thiserror::Error)]
pub enum NotWritten {
    /// No such campaign.
    #[error(transparent)]
    NoCampaign(#[from] NoSuchCampaign),
    /// It is not fit to be read.
    #[error(transparent)]
    Draft(#[from] NotADraft),
}

/// Writes what a campaign says in a language, as its next version, or takes the language out; what
/// it says in others stays as the latest version has it.
pub async fn write(
    app: &App,
    name: &str,
    (language, translation): (Language, Option<&Translation>),
    by: &str,
) -> anyhow::Result<Result<Added, NotWritten>> {
    if !Language::BESIDE.contains(&language) {
        return Ok(Err(NotADraft::NotBeside(language).into()));
    }
    if let Some(Err(refused)) = translation.map(|it| it.speech().check(language)) {
        return Ok(Err(refused.into()));
    }
    retry::looking_again(|| async {
        let (mut tx, now) = (app.db.begin().await?, app.now());
        let known = match store::id_of(&mut tx, name).await? {
            Some(id) => store::latest(&mut tx, id).await?.map(|latest| (id, latest)),
            None => None,
        };
        let Some((id, (no, body))) = known else {
            return Ok(Err(NoSuchCampaign(name.to_owned()).into()));
        };
        let before: Said = serde_json::from_str(&body)?;
        let mut said = before.clone();
        match translation {
            Some(it) => said.translations.insert(language, it.clone()),
            None => said.translations.remove(&language),
        };
        if said == before {
            return Ok(Ok(Added::Unchanged));
        }
        let (no, runs) = (no + 1, (said.from, said.to));
        let body = serde_json::to_string(&said)?;
        store::insert_version(&mut tx, (id, no), (now, by), (&body, runs)).await?;
        let detail = format!("{{\"version\":{no},\"language\":\"{}\"}}", language.word());
        let leaf =
            Leaf { at: now, by, act: "campaign.add", on: name, isp: None, detail: Some(&detail) };
        audit::note(&mut tx, leaf).await?;
        tx.commit().await?;
        Ok(Ok(Added::Version(no)))
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::{super::draft::tests::DRAFT, *};

    const VI: &str = r#"
        [translations.vi]
        title = "Thông báo"
        source = "Cảnh sát"
        handed_over_by = "Cảnh sát quốc gia"
        basis = "Thỏa thuận"
        happened = "a"
        to_do = "1. b"
    "#;

    fn said(ja: &str, more: &str) -> Said {
        Said::read(&format!("{}{more}", DRAFT.replace("題", ja))).unwrap()
    }

    #[test]
    fn a_text_is_older_than_the_japanese_once_that_changed_after_it_and_until_somebody_looks() {
        let checked = format!("{VI}checked = \"2021-03-01\"\n");
        let all = [("一", ""), ("一", VI), ("二", VI), ("二", VI), ("二", &checked)];
        let versions: Vec<_> = (1..).zip(all.map(|(ja, more)| said(ja, more))).collect();
        let after = |no: usize| Standing::after(&versions[..no], Language::Vi);
        assert_eq!(
            [1, 2, 3, 4, 5].map(after),
            [
                Standing::Missing,
                Standing::Current(2),
                Standing::Stale(3),
                Standing::Stale(3),
                Standing::Current(5)
            ]
        );
        assert_eq!(Standing::after(&versions, Language::Ko), Standing::Missing);
    }

    #[test]
    fn a_language_says_all_of_it_or_nothing_and_nothing_too_long() {
        let refused = |old: &str, new: &str| {
            let draft = format!("{DRAFT}{}", VI.replace(old, new));
            Said::read(&draft).unwrap_err().to_string()
        };
        assert!(refused("basis = \"Thỏa thuận\"", "").contains("missing field `basis`"));
        assert!(refused("\"Cảnh sát\"", "\" \"").contains("`provenance.source` is empty in vi"));
        let long = format!("\"{}\"", "a".repeat(121));
        assert!(refused("\"Thông báo\"", &long).contains("`title` has 121 characters in vi"));
        assert!(refused("\"Thông báo\"", "\"a\\u0007\"").contains("control character"));
        assert!(refused("translations.vi", "translations.fr").contains("`fr` is no language"));
        assert!(refused("translations.vi", "translations.en").contains("stand with each text"));
        assert_eq!(said("題", VI).languages(), [Language::Ja, Language::En, Language::Vi]);
    }
}
