//! Places (設置場所): what people said of where a device in an apartment house stands, and who is
//! told where the decision table has no answer.
//!
//! Each word is a dated fact with author and reason; the last one counts, and one that says nothing
//! takes the one before back. What providers report of the place stands in their reports. Owns
//! `case_places`.

use std::collections::HashMap;

use formats::report_back::Placement;

use super::{CaseRef, store::places as store};
use crate::{
    app::App,
    audit::{self, Leaf},
    db::{Db, Tx, retry},
    ids::{CaseId, IspId},
    isps::{
        self,
        apartments::{Decision, buildings::Addressing},
    },
    time::Moment,
};

/// A word about a case in an apartment house (設置場所の経過).
#[derive(Clone, Debug, PartialEq, Eq)]
#[doc(alias = "設置場所の経過")]
pub struct Said {
    /// What was said.
    pub word: Word,
    /// When.
    pub at: Moment,
    /// Who said it.
    pub author: String,
    /// Why.
    pub reason: String,
}

/// What is said (発言).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// Where the device stands, and how that part gets its addresses, as far as that is known;
    /// nothing takes the last such word back.
    Placed(Option<(Placement, Option<Addressing>)>),
    /// Who is told; nothing takes the last such word back.
    Decided(Option<Decision>),
}

impl Word {
    fn kind(self) -> &'static str {
        match self {
            Self::Placed(_) => "placed",
            Self::Decided(_) => "decided",
        }
    }
}

/// The last words about a case (設置場所の現状).
#[derive(Clone, Debug, Default)]
pub struct Standing {
    /// The last word on its place, unless it was taken back.
    pub placed: Option<Said>,
    /// The last word on who is told, unless it was taken back.
    pub decided: Option<Said>,
}

impl Standing {
    /// What these words come to, in order.
    pub fn of(words: &[Said]) -> Self {
        words.iter().fold(Self::default(), |stands, said| match said.word {
            Word::Placed(None) => Self { placed: None, ..stands },
            Word::Placed(_) => Self { placed: Some(said.clone()), ..stands },
            Word::Decided(None) => Self { decided: None, ..stands },
            Word::Decided(_) => Self { decided: Some(said.clone()), ..stands },
        })
    }
}

/// Says something of a case; tells whether that is a change.
pub async fn say(
    app: &App,
    case: CaseRef,
    word: Word,
    (by, reason): (&str, &str),
) -> anyhow::Result<bool> {
    let isps = isps::all(&app.db).await?;
    let isp = isps.iter().find(|isp| isp.id == case.isp).map(|isp| isp.code.as_str());
    retry::looking_again(|| say_once(app, (case, isp), word, (by, reason))).await
}

async fn say_once(
    app: &App,
    (case, isp): (CaseRef, Option<&str>),
    word: Word,
    (by, reason): (&str, &str),
) -> anyhow::Result<bool> {
    let (mut tx, at) = (app.db.begin().await?, app.now());
    let words = history(&mut tx, case).await?;
    let last = words.iter().rev().find(|said| said.word.kind() == word.kind());
    let known = last.map(|said| said.word);
    let nothing = matches!(word, Word::Placed(None) | Word::Decided(None));
    if known == Some(word) || (known.is_none() && nothing) {
        return Ok(false);
    }
    let no = i64::try_from(words.len())? + 1;
    let (value, used) = match word {
        Word::Placed(Some((placement, used))) => {
            (Some(placement.code().to_owned()), used.map(Addressing::word))
        }
        Word::Decided(decision) => (decision.map(|one| one.to_string()), None),
        Word::Placed(None) => (None, None),
    };
    let row = store::Row { no, at, kind: word.kind(), value, used, author: by, reason };
    store::append(&mut tx, case, &row).await?;
    let act = if word.kind() == "placed" { "case.place" } else { "case.decide" };
    let on = case.id.to_string();
    audit::note(&mut tx, Leaf { at, by, act, on: &on, isp, detail: None }).await?;
    tx.commit().await?;
    Ok(true)
}

/// Everything that was said of a case, in order.
pub(crate) async fn history(tx: &mut Tx, case: CaseRef) -> anyhow::Result<Vec<Said>> {
    let mut words = histories(tx, case.isp, &[case.id]).await?;
    Ok(words.remove(&case.id).unwrap_or_default())
}

/// Everything that was said of these cases of a provider, of each in order.
pub(crate) async fn histories(
    tx: &mut Tx,
    isp: IspId,
    cases: &[CaseId],
) -> anyhow::Result<HashMap<CaseId, Vec<Said>>> {
    let keys: Vec<Vec<u8>> = cases.iter().map(|case| case.0.as_bytes().to_vec()).collect();
    let mut rows = store::of(tx, isp, &keys).await?;
    rows.sort_by_key(|row| row.no);
    let mut words: HashMap<CaseId, Vec<Said>> = HashMap::new();
    for row in rows {
        words.entry(row.case_id).or_default().push(row.said()?);
    }
    Ok(words)
}

/// Everything that was said of a case, in order, for whoever looks at it.
pub async fn words(db: &Db, case: CaseRef) -> anyhow::Result<Vec<Said>> {
    let mut tx = db.snapshot().await?;
    history(&mut tx, case).await
}

/// A decision that stands (決定).
#[derive(Clone, Debug)]
#[doc(alias = "決定")]
pub struct Decided {
    /// The case.
    pub case: CaseRef,
    /// What was decided, and by whom.
    pub said: Said,
}

/// Decisions that nobody took back, the latest first, at most `limit`.
pub async fn decided(db: &Db, limit: i64) -> anyhow::Result<Vec<Decided>> {
    let mut all = Vec::new();
    for (isp, row) in store::decided(db, limit).await? {
        let case = CaseRef { isp, id: row.case_id };
        let said = row.said()?;
        if said.word != Word::Decided(None) {
            all.push(Decided { case, said });
        }
    }
    Ok(all)
}

impl store::Stored {
    fn said(self) -> anyhow::Result<Said> {
        let Self { at, value, author, reason, .. } = self;
        let word = if self.kind == "placed" {
            let used = self.address_use.map(Addressing::try_from).transpose()?;
            let placement: Option<Placement> = value.map(|word| word.parse()).transpose()?;
            Word::Placed(placement.map(|placement| (placement, used)))
        } else {
            // What leaves it open decides nothing, also where it was once kept as a decision.
            Word::Decided(value.map(|word| Decision::kept(&word)).transpose()?.flatten())
        };
        Ok(Said { word, at, author, reason })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(at: i64, word: Word) -> Said {
        Said { word, at: Moment(at), author: "desk-1".into(), reason: "asked".into() }
    }

    #[test]
    fn the_last_word_counts_and_can_be_taken_back() {
        let shared = Word::Placed(Some((Placement::Shared, None)));
        let private = Word::Placed(Some((Placement::Private, Some(Addressing::Private))));
        let mut words = vec![said(1, shared), said(2, Word::Decided(Some(Decision::Tenant)))];
        words.push(said(3, private));
        let stands = Standing::of(&words);
        assert_eq!(stands.placed.unwrap().word, private);
        words.push(said(4, Word::Decided(None)));
        let stands = Standing::of(&words);
        assert!(stands.decided.is_none() && stands.placed.is_some());
    }
}
