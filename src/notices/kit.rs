//! The notice kit (周知キット): the texts of a list's lines, for the provider to send by its own hand.
//!
//! Each line gets the text for whoever is told of it, and none where nobody is ([`choice`]).
//! The centre holds no subscriber: names and addresses are left as merge fields. Whoever gets the
//! texts of a list has got its inquiry IDs, so that this counts as handing the list out. Owns no
//! table; reads and writes what [`super::export`] does.

pub mod choice;
mod merge;
mod shelf;

use std::sync::Arc;

use formats::isp_list::Line;
use sha2::{Digest as _, Sha256};

pub use choice::{About, Counted, LeftOut, Whom};
use choice::{Rules, Told};
pub use shelf::{Shelf, sample, shelf};

use super::{
    Notice, export,
    handed_out::{self, Receipt},
    store,
    wordings::{
        Way, Wording,
        fill::{Common, Values},
        language::Language,
        text::Text,
    },
};
use crate::{
    access::{keys::to_hex, tenancy::Tenant},
    audit::{self, Leaf},
    cases::register,
    db::Tx,
    isps,
};

/// By which way, and in which language (求める文面).
pub type Wanted = (Way, Language);

/// Why nobody gets texts (渡せない理由).
#[derive(Debug, thiserror::Error)]
pub enum NoKit {
    /// No such list of this provider.
    #[error("the provider has no list `{0}`; see `todoke notice list`")]
    NoList(String),
    /// The list lost all its lines.
    #[error("the list `{0}` is empty: all its lines were withdrawn before it was handed out")]
    Withdrawn(String),
    /// The list has no such record.
    #[error("the list `{0}` has no record {1}")]
    NoLine(String, i64),
    /// The line gets no text.
    #[error("record {1} of `{0}`: {2}")]
    LeftOut(String, i64, LeftOut),
    /// No line gets one, and words are missing.
    #[error("no line of `{0}` gets a text: {1}")]
    NoWords(String, LeftOut),
    /// Everybody was told already, or has a device that is mended.
    #[error(
        "nobody of `{0}` is left to be told: {1} told already, {2} verified as mended; `--all` \
         takes their texts again"
    )]
    AllTold(String, usize, usize),
    /// The list is not so long.
    #[error("there is no part {0}: the lines to tell make {1}")]
    NoPart(usize, usize),
    /// Of that part nobody is left to be told.
    #[error("nobody of part {0} is left to be told; take another part, or all by `--all`")]
    EmptyPart(usize),
    /// A letter cannot be printed.
    #[error("nothing was handed out: the font has no character {0:?}")]
    NoCharacter(char),
}

/// What finds the first character of a kit that cannot be printed: asked before anything counts as
/// handed out.
pub type Lacks<'a> = &'a (dyn Fn(&Kit) -> Option<char> + Send + Sync);

/// For texts that nobody prints here.
pub const PRINTS_NOTHING: Lacks<'static> = &|_| None;

/// Letters of one file: a printer takes it in one go, and a press holds it in little memory.
pub const PART: usize = 500;

/// Which lines of a list (対象の行).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// All of them.
    All,
    /// Those of so many record numbers of the list, counted from 1: see [`PART`]. Who is told of
    /// in a part does not move to another one when some are reported on in between.
    Part(usize),
    /// The one of that number.
    Line(i64),
}

/// One line's part (一件分).
#[derive(Clone, Debug)]
pub struct Sheet {
    /// Its number on the list.
    pub record_no: u32,
    /// The wording, which is that of whoever is told.
    pub wording: Arc<Wording>,
    /// What the variables become.
    pub values: Values,
    /// Who is told, and how the line stands.
    pub about: About,
}

impl Sheet {
    /// What is said about the line.
    pub fn text(&self) -> Text {
        self.wording.text.filled(|name| self.values.get(name))
    }
}

/// The texts of a list by one way and in one language (周知キット).
#[derive(Clone, Debug)]
#[doc(alias = "周知キット")]
pub struct Kit {
    /// The name of the list.
    pub list_id: String,
    /// The name of the provider.
    pub isp: String,
    /// By which way.
    pub way: Way,
    /// In which language.
    pub language: Language,
    /// The lines that are to be told, in order.
    pub sheets: Vec<Sheet>,
    /// How many lines of the whole list are not, by why.
    pub left_out: Counted,
}

impl Kit {
    /// The names of the wordings in it, each once.
    pub fn wordings(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for sheet in &self.sheets {
            let name = sheet.wording.to_string();
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    /// What its files are called, up to the first dot that says of which sort they are.
    pub fn stem(&self) -> String {
        format!("{}.{}-{}", self.list_id, self.way.word(), self.language.word())
    }
}

/// Hands the texts of a list out, in the wordings that are in force now; whom nobody needs to tell
/// again is left out unless all are asked for.
pub async fn hand_out(
    tenant: &Tenant,
    list_id: &str,
    asked: Wanted,
    (which, whom): (Which, Whom),
    lacks: Lacks<'_>,
) -> anyhow::Result<Result<Kit, NoKit>> {
    let app = tenant.app();
    let Some(isp) = isps::by_code(&app.db, tenant.code()).await? else {
        return Ok(Err(NoKit::NoList(list_id.to_owned())));
    };
    let rules = Rules::of(tenant, asked).await?;
    let mut tx = tenant.begin().await?;
    // As for an export: whoever takes a file back meanwhile finds that its lines were handed out.
    register::hold(&mut tx).await?;
    let notice = match listed(&mut tx, tenant, list_id).await? {
        Ok(notice) => notice,
        Err(refused) => return Ok(Err(refused)),
    };
    let mut lines = export::read(app, &mut tx, (&notice, &isp.code), true).await?;
    if let Which::Line(no) = which {
        lines.retain(|line| i64::try_from(line.record_no) == Ok(no));
        if lines.is_empty() {
            return Ok(Err(NoKit::NoLine(list_id.to_owned(), no)));
        }
    }
    // Whoever names one line sees how it stands, and means it.
    let whom = if matches!(which, Which::Line(_)) { Whom::All } else { whom };
    let (told, left_out) = whom.of(rules.sort(&mut tx, (tenant, &notice), lines).await?);
    let told = match chosen(&notice, (told, &left_out), which) {
        Ok(told) => told,
        Err(refused) => return Ok(Err(refused)),
    };
    let common = Arc::new(Common::of(&app.centre, &isp.name, asked.1));
    let sheets = told.into_iter().map(|(line, told)| sheet(&common, &line, told)).collect();
    let (way, language) = asked;
    let kit = Kit { list_id: list_id.to_owned(), isp: isp.name, way, language, sheets, left_out };
    if let Some(character) = lacks(&kit) {
        return Ok(Err(NoKit::NoCharacter(character)));
    }
    record(&mut tx, tenant, (&notice, &kit), which).await?;
    tx.commit().await?;
    Ok(Ok(kit))
}

fn sheet(common: &Arc<Common>, line: &Line, told: Told) -> Sheet {
    Sheet {
        record_no: u32::try_from(line.record_no).unwrap_or(u32::MAX),
        wording: told.wording,
        values: Values::of(common, line, told.campaign),
        about: told.about,
    }
}

/// The list of that name, if it holds anything.
async fn listed(
    tx: &mut Tx,
    tenant: &Tenant,
    list_id: &str,
) -> anyhow::Result<Result<Notice, NoKit>> {
    Ok(match store::find_in(tx, tenant.isp(), list_id).await? {
        None => Err(NoKit::NoList(list_id.to_owned())),
        Some(notice) if notice.withdrawn_at.is_some() => Err(NoKit::Withdrawn(list_id.to_owned())),
        Some(notice) => Ok(notice),
    })
}

/// Those lines that are meant, of all that get a text.
fn chosen(
    notice: &Notice,
    (mut told, left_out): (Vec<(Line, Told)>, &Counted),
    which: Which,
) -> Result<Vec<(Line, Told)>, NoKit> {
    let list = || notice.list_id.clone();
    match (which, left_out.first()) {
        (Which::Line(no), Some((why, _))) => {
            return Err(NoKit::LeftOut(list(), no, why.clone()));
        }
        _ if told.is_empty() => {
            if let Some((why, _)) = left_out.iter().find(|(why, _)| why.lacks_words()) {
                return Err(NoKit::NoWords(list(), why.clone()));
            }
            if left_out.iter().any(|(why, _)| why.is_done()) {
                let of = |why: &LeftOut| lines_of(left_out, why);
                return Err(NoKit::AllTold(list(), of(&LeftOut::ToldBefore), of(&LeftOut::Mended)));
            }
        }
        _ => {}
    }
    let Which::Part(part) = which else { return Ok(told) };
    let parts = parts_of(notice);
    if !(1..=parts).contains(&part) {
        return Err(NoKit::NoPart(part, parts));
    }
    told.retain(|(line, _)| part_of(line.record_no) == part);
    if told.is_empty() { Err(NoKit::EmptyPart(part)) } else { Ok(told) }
}

/// In which part a record of a list stands.
fn part_of(record_no: u64) -> usize {
    let before = usize::try_from(record_no.saturating_sub(1)).unwrap_or(usize::MAX);
    before / PART + 1
}

/// How many parts a list has.
fn parts_of(notice: &Notice) -> usize {
    usize::try_from(notice.lines).unwrap_or_default().div_ceil(PART).max(1)
}

/// How many lines get no text for that reason.
fn lines_of(left_out: &Counted, why: &LeftOut) -> usize {
    left_out.iter().find(|(known, _)| known == why).map_or(0, |(_, lines)| *lines)
}

/// What a kit would hold (渡す前の件数): looked at before anything is handed out.
#[derive(Clone, Debug)]
pub struct Count {
    /// Lines that get a text: of those, nobody was told yet.
    pub told: usize,
    /// How many do not, by why; those that need not be told again among them.
    pub left_out: Counted,
    /// Parts of at most [`PART`] letters.
    pub parts: usize,
}

impl Count {
    /// Lines that get a text where all are asked for.
    pub fn all(&self) -> usize {
        let done = self.left_out.iter().filter(|(why, _)| why.is_done());
        self.told + done.map(|(_, lines)| lines).sum::<usize>()
    }
}

/// Counts what a list holds for that way and language; nobody gets an inquiry ID by that.
pub async fn count(
    tenant: &Tenant,
    list_id: &str,
    asked: Wanted,
) -> anyhow::Result<Result<Count, NoKit>> {
    let rules = Rules::of(tenant, asked).await?;
    let mut tx = tenant.snapshot().await?;
    let notice = match listed(&mut tx, tenant, list_id).await? {
        Ok(notice) => notice,
        Err(refused) => return Ok(Err(refused)),
    };
    let which = (&notice, tenant.code());
    let lines = export::unnumbered(tenant.app(), &mut tx, which, false).await?;
    let lines = lines.into_iter().map(|(_, line)| line).collect();
    let sorted = rules.sort(&mut tx, (tenant, &notice), lines).await?;
    let (told, left_out) = Whom::NotYetTold.of(sorted);
    Ok(Ok(Count { told: told.len(), left_out, parts: parts_of(&notice) }))
}

/// Records that the texts were handed out, and their lines with them. The text of one line leaves a
/// receipt of its own only where nothing of its list was handed out before.
async fn record(
    tx: &mut Tx,
    tenant: &Tenant,
    (notice, kit): (&Notice, &Kit),
    which: Which,
) -> anyhow::Result<()> {
    let sha256 = to_hex(&Sha256::digest(kit.csv()?));
    let word = format!("{}-{}", kit.way.word(), kit.language.word());
    let records: Vec<i64> = kit.sheets.iter().map(|sheet| i64::from(sheet.record_no)).collect();
    let is_one = matches!(which, Which::Line(_));
    if is_one && handed_out::is_begun(tx, notice).await? {
        handed_out::lines(tx, (notice.isp_id, notice.id), &records, tenant.now()).await?;
    } else {
        let receipt = Receipt::of(tenant, (&word, &sha256));
        handed_out::part(tx, notice, &records, receipt).await?;
    }
    let record = if let Which::Line(no) = which { Some(no) } else { None };
    let left_out: usize = kit.left_out.iter().map(|(_, lines)| lines).sum();
    let detail = serde_json::json!({
        "kind": kit.way.word(), "language": kit.language.word(), "lines": kit.sheets.len(),
        "left_out": left_out, "record": record, "template_version": kit.wordings().join(" "),
        "sha256": sha256,
    });
    let leaf = Leaf {
        at: tenant.now(),
        by: tenant.by(),
        act: "notice.texts",
        on: &notice.list_id,
        isp: Some(tenant.code()),
        detail: Some(&detail.to_string()),
    };
    Ok(audit::note(tx, leaf).await?)
}
