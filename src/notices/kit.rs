//! The notice kit (周知キット): the texts of a list's lines, for the provider to send by its own hand.
//!
//! The centre holds no subscriber: names and addresses are left as merge fields. Whoever gets the
//! texts of a list has got its inquiry IDs, so that this counts as handing the list out. Owns no
//! table; reads and writes what [`super::export`] does.

use std::sync::Arc;

use formats::{
    isp_list::{Action, Line},
    safe_csv::guard,
};
use sha2::{Digest as _, Sha256};

use super::{
    Notice, export, store,
    wordings::{
        self, Kind, Wording,
        fill::{Common, Values},
        in_force,
        text::{Text, parts},
    },
};
use crate::{
    access::{keys::to_hex, tenancy::Tenant},
    app::App,
    audit::{self, Leaf},
    cases::register,
    config::Centre,
    db::Tx,
    isps,
    time::Moment,
};

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
    /// The line was taken back.
    #[error("record {1} of `{0}` was taken back: nobody is to be told")]
    TakenBack(String, i64),
    /// The list is not so long.
    #[error("there is no part {0}: the lines to tell make {1}")]
    NoPart(usize, usize),
    /// Nobody approved a wording.
    #[error(
        "no wording of {0} is in force in {1}: draft one or load the shipped ones (`todoke wording \
         load`), and let somebody else approve it (`todoke wording approve`)"
    )]
    NoWording(&'static str, &'static str),
}

/// Letters of one file: a printer takes it in one go, and a press holds it in little memory.
pub const PART: usize = 500;

/// Which lines of a list (対象の行).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// All of them.
    All,
    /// So many at a time, counted from 1: see [`PART`].
    Part(usize),
    /// The one of that number.
    Line(i64),
}

/// One line's part (一件分).
#[derive(Clone, Debug)]
pub struct Sheet {
    /// Its number on the list.
    pub record_no: u32,
    /// What the variables become.
    pub values: Values,
}

/// The texts of a list in one kind and language (周知キット).
#[derive(Clone, Debug)]
#[doc(alias = "周知キット")]
pub struct Kit {
    /// The name of the list.
    pub list_id: String,
    /// The name of the provider.
    pub isp: String,
    /// The wording.
    pub wording: Wording,
    /// The lines that are to be told, in order.
    pub sheets: Vec<Sheet>,
    /// How many lines are not, since they were taken back.
    pub taken_back: usize,
}

impl Kit {
    /// What is said about one line.
    pub fn text(&self, sheet: &Sheet) -> Text {
        self.wording.text.filled(|name| sheet.values.get(name))
    }

    /// The texts as a mail merge takes them: CSV in UTF-8 with a byte-order mark, a row per line.
    pub fn csv(&self) -> anyhow::Result<Vec<u8>> {
        let mut rows = csv::WriterBuilder::new()
            .terminator(csv::Terminator::CRLF)
            .from_writer(b"\xEF\xBB\xBF".to_vec());
        rows.write_record([
            "list_id",
            "record_no",
            "inquiry_id",
            "template_version",
            "subject",
            "text",
            "parts",
            "found_on",
            "device",
            "finding",
            "remedy",
        ])?;
        let version = self.wording.to_string();
        for sheet in &self.sheets {
            let text = self.text(sheet);
            let body = text.plain(self.wording.kind);
            let is_sms = self.wording.kind == Kind::Sms;
            let value = |name| guard(sheet.values.get(name).unwrap_or_default());
            let parts = if is_sms { parts(&body).to_string() } else { String::new() };
            rows.write_record([
                guard(&self.list_id).as_ref(),
                &sheet.record_no.to_string(),
                sheet.values.inquiry_id(),
                &version,
                &guard(&text.subject),
                &guard(&body.replace('\n', "\r\n")),
                &parts,
                value("found_on").as_ref(),
                value("device").as_ref(),
                value("finding").as_ref(),
                value("remedy").as_ref(),
            ])?;
        }
        rows.into_inner().map_err(|fault| anyhow::anyhow!("{fault}"))
    }
}

/// Hands the texts of a list out, in the wording that is in force now.
pub async fn hand_out(
    tenant: &Tenant,
    list_id: &str,
    of: wordings::Of,
    which: Which,
) -> anyhow::Result<Result<Kit, NoKit>> {
    let app = tenant.app();
    let Some(isp) = isps::by_code(&app.db, tenant.code()).await? else {
        return Ok(Err(NoKit::NoList(list_id.to_owned())));
    };
    let mut tx = tenant.begin().await?;
    // As for an export: whoever takes a file back meanwhile finds that its lines were handed out.
    register::hold(&mut tx).await?;
    let all = wordings::all(&mut tx).await?;
    let Some(wording) = in_force(&all, of, tenant.now()).cloned() else {
        return Ok(Err(NoKit::NoWording(of.0.word(), of.1.word())));
    };
    let notice = match store::find_in(&mut tx, tenant.isp(), list_id).await? {
        None => return Ok(Err(NoKit::NoList(list_id.to_owned()))),
        Some(notice) if notice.withdrawn_at.is_some() => {
            return Ok(Err(NoKit::Withdrawn(list_id.to_owned())));
        }
        Some(notice) => notice,
    };
    let lines = export::read(app, &mut tx, (&notice, &isp.code), true).await?;
    let (lines, taken_back) = match chosen(list_id, lines, which) {
        Ok(chosen) => chosen,
        Err(refused) => return Ok(Err(refused)),
    };
    let common = Arc::new(Common::of(&app.centre, &isp.name, of.1));
    let sheet = |line| Sheet { record_no: line_no(line), values: Values::of(&common, line) };
    let sheets = lines.iter().map(sheet).collect();
    let kit = Kit { list_id: list_id.to_owned(), isp: isp.name, wording, sheets, taken_back };
    record(&mut tx, tenant, (&notice, &kit), which).await?;
    tx.commit().await?;
    Ok(Ok(kit))
}

/// Those of the lines that are meant and to be told, and how many were taken back.
fn chosen(list_id: &str, mut lines: Vec<Line>, which: Which) -> Result<(Vec<Line>, usize), NoKit> {
    if let Which::Line(no) = which {
        lines.retain(|line| i64::from(line_no(line)) == no);
        if lines.is_empty() {
            return Err(NoKit::NoLine(list_id.to_owned(), no));
        }
    }
    let all = lines.len();
    lines.retain(|line| line.action != Action::Withdrawn);
    let taken_back = all - lines.len();
    match which {
        Which::Line(no) if lines.is_empty() => Err(NoKit::TakenBack(list_id.to_owned(), no)),
        Which::Part(part) => {
            let parts = lines.len().div_ceil(PART).max(1);
            if !(1..=parts).contains(&part) {
                return Err(NoKit::NoPart(part, parts));
            }
            let part = lines.into_iter().skip((part - 1) * PART).take(PART).collect();
            Ok((part, taken_back))
        }
        Which::All | Which::Line(_) => Ok((lines, taken_back)),
    }
}

/// Records that the texts were handed out. Whoever gets the text of one line has something of the
/// list in hand: that is recorded where nothing says so yet, and not at each line.
async fn record(
    tx: &mut Tx,
    tenant: &Tenant,
    (notice, kit): (&Notice, &Kit),
    which: Which,
) -> anyhow::Result<()> {
    let (kind, language) = kit.wording.of();
    let sha256 = to_hex(&Sha256::digest(kit.csv()?));
    let word = format!("{}-{}", kind.word(), language.word());
    let is_one = matches!(which, Which::Line(_));
    if !is_one || !store::is_handed_out(tx, notice).await? {
        let by = (tenant.now(), tenant.by());
        store::insert_export(tx, notice, (&word, &sha256), by).await?;
    }
    let record = if let Which::Line(no) = which { Some(no) } else { None };
    let detail = serde_json::json!({
        "kind": kind.word(), "language": language.word(), "lines": kit.sheets.len(),
        "record": record, "template_version": kit.wording.to_string(), "sha256": sha256,
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

/// What lies ready for a provider (周知キットの中身).
#[derive(Clone, Debug)]
pub struct Shelf {
    /// Which edition.
    pub edition: Option<String>,
    /// The wordings in force, one of a kind and language at most.
    pub wordings: Vec<Wording>,
    isp: String,
    centre: Centre,
    now: Moment,
}

/// What lies ready for the provider now.
pub async fn shelf(tenant: &Tenant) -> anyhow::Result<Shelf> {
    let (app, now) = (tenant.app(), tenant.now());
    let isp = isps::by_code(&app.db, tenant.code()).await?;
    let mut tx = tenant.snapshot().await?;
    let all = wordings::all(&mut tx).await?;
    let now_of = |of| in_force(&all, of, now).cloned();
    Ok(Shelf {
        edition: wordings::edition(&all, now),
        wordings: wordings::shipped::all().filter_map(now_of).collect(),
        isp: isp.map_or_else(|| tenant.code().to_owned(), |isp| isp.name),
        centre: Centre::clone(&app.centre),
        now,
    })
}

impl Shelf {
    /// The wording of that kind and language, if one is in force.
    pub fn of(&self, of: wordings::Of) -> Option<&Wording> {
        self.wordings.iter().find(|wording| wording.of() == of)
    }

    /// A kit of one line for nobody: how a text of this provider reads and its letter looks.
    pub fn sample(&self, wording: &Wording) -> Kit {
        sample_of((&self.centre, &self.isp), wording.clone(), self.now)
    }

    /// The text with merge fields in place of all that differs from line to line; they are the
    /// columns of the texts of a list.
    pub fn open(&self, wording: &Wording) -> Text {
        let common = Arc::new(Common::of(&self.centre, &self.isp, wording.language));
        let values = Values::open(&common);
        wording.text.filled(|name| values.get(name))
    }
}

fn line_no(line: &Line) -> u32 {
    u32::try_from(line.record_no).unwrap_or(u32::MAX)
}

/// A kit of one line for nobody: how a text reads and a letter looks.
pub fn sample(app: &App, wording: Wording) -> Kit {
    let isp = wordings::fill::sample_isp(wording.language);
    sample_of((&app.centre, isp), wording, app.now())
}

fn sample_of((centre, isp): (&Centre, &str), wording: Wording, on: Moment) -> Kit {
    let common = Arc::new(Common::of(centre, isp, wording.language));
    let values = Values::sample(&common, on);
    Kit {
        list_id: "sample".to_owned(),
        isp: isp.to_owned(),
        wording,
        sheets: vec![Sheet { record_no: 1, values }],
        taken_back: 0,
    }
}
