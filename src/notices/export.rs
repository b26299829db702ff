//! Exporting (出力): a list as bytes, the same as often as asked, until lines of it are taken back:
//! then a later version says so.

use std::{
    collections::{HashMap, HashSet},
    str::FromStr,
};

use anyhow::Context as _;
use formats::{
    Issue, intelmq,
    isp_list::{self, Action, Line, Unmappable},
    n6, stix, xarf,
};
use sha2::{Digest as _, Sha256};

use super::{
    Notice,
    handed_out::{self, Receipt},
    line::LineBody,
    readable::{self, Reader},
    store::{self, StoredLine},
};
use crate::{
    access::keys::to_hex,
    app::App,
    audit::{self, Deed},
    cases::{CaseRef, inquiry_id, register},
    db::Tx,
    isps::Isp,
    sightings::Spot,
    time::Moment,
};

/// How a list is written (出力形式).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// CSV in UTF-8 with a byte-order mark, which spreadsheets need.
    Csv,
    /// CSV in CP932.
    CsvSjis,
    /// JSON Lines.
    Jsonl,
    /// Events of IntelMQ, one per line.
    Intelmq,
    /// XARF 4 reports, one per line.
    Xarf,
    /// Events of n6, one per line.
    N6,
    /// A STIX 2.1 bundle.
    Stix,
}

impl Form {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Csv, Self::CsvSjis, Self::Jsonl, Self::Intelmq, Self::Xarf, Self::N6, Self::Stix];

    /// The wire word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::CsvSjis => "csv-sjis",
            Self::Jsonl => "jsonl",
            Self::Intelmq => "intelmq",
            Self::Xarf => "xarf",
            Self::N6 => "n6",
            Self::Stix => "stix",
        }
    }

    /// The media type.
    pub fn media(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::CsvSjis => "text/csv; charset=shift_jis",
            Self::Jsonl | Self::Intelmq | Self::Xarf | Self::N6 => "application/jsonl",
            Self::Stix => "application/stix+json;version=2.1",
        }
    }
}

/// A word that names no form this version writes.
#[derive(Debug, thiserror::Error)]
#[error(
    "`{0}` is no form this version writes; it writes csv, csv-sjis, jsonl, intelmq, xarf, n6, stix"
)]
pub struct NotAForm(String);

impl FromStr for Form {
    type Err = NotAForm;

    fn from_str(word: &str) -> Result<Self, NotAForm> {
        let form = Self::ALL.into_iter().find(|form| form.word() == word);
        form.ok_or_else(|| NotAForm(word.to_owned()))
    }
}

/// Who hands a list out, and when, as formats of other programs tell it. Questions go to the
/// mailbox that each domain has for such (RFC 2142).
pub(crate) fn issue(app: &App, notice: &Notice) -> Issue {
    Issue {
        org: app.centre.name_ja.clone(),
        contact: format!("abuse@{}", app.centre.domain),
        domain: app.centre.domain.clone(),
        issued_at: notice.prepared_at.0,
    }
}

/// The lines of a list as the ISP gets them, inquiry IDs included.
pub async fn lines(app: &App, notice: &Notice, isp: &Isp) -> anyhow::Result<Vec<Line>> {
    let mut tx = app.db.begin().await?;
    let lines = read(app, &mut tx, (notice, &isp.code), false).await?;
    let deed = Deed::new("notice.read", &notice.list_id).of_isp(&isp.code);
    audit::note_deed(app, &mut tx, deed).await?;
    tx.commit().await?;
    Ok(lines)
}

/// The lines of a list that its provider may read, and the records that are taken back, with when;
/// where `drops`, lines of which it was never told leave the list.
async fn listed(
    app: &App,
    tx: &mut Tx,
    notice: &Notice,
    drops: bool,
) -> anyhow::Result<(Vec<(StoredLine, LineBody)>, HashMap<i64, Moment>)> {
    let mut recalled: HashMap<i64, Moment> =
        store::recall::records(tx, notice).await?.into_iter().collect();
    let mut listed = readable::bodies(tx, notice).await?;
    let reader = Reader::of(app, notice.isp_id).await?;
    let unreadable = readable::unreadable(&reader, tx, notice, &listed).await?;
    for record in &unreadable.told {
        // The register does not say when it changed its mind; the bytes stay the same so.
        recalled.entry(*record).or_insert(notice.prepared_at);
    }
    if drops {
        readable::drop_untold(app, tx, &unreadable).await?;
    }
    listed.retain(|(line, _)| !unreadable.hides(line.record_no));
    Ok((listed, recalled))
}

/// The lines of a list, in the transaction that hands them out.
pub(super) async fn read(
    app: &App,
    tx: &mut Tx,
    which: (&Notice, &str),
    drops: bool,
) -> anyhow::Result<Vec<Line>> {
    let mut lines = Vec::new();
    for (stored, mut line) in unnumbered(app, tx, which, drops).await? {
        let case = CaseRef { isp: which.0.isp_id, id: stored.case_id };
        let id = inquiry_id::opened(app, tx, (case, stored.sealed.as_deref())).await?;
        line.inquiry_id = id.reveal();
        lines.push(line);
    }
    Ok(lines)
}

/// The same without their inquiry IDs, for whoever only counts them.
pub(super) async fn unnumbered(
    app: &App,
    tx: &mut Tx,
    (notice, isp_code): (&Notice, &str),
    drops: bool,
) -> anyhow::Result<Vec<(StoredLine, Line)>> {
    let (listed, recalled) = listed(app, tx, notice, drops).await?;
    // Each line that is taken back makes another version, so that no version has two texts.
    let version = u32::try_from(recalled.len())?.saturating_add(1);
    let list = List { notice, isp_code, version };
    let line = |(stored, body): (StoredLine, LineBody)| {
        let recalled_at = recalled.get(&stored.record_no).copied();
        let line = list.line(stored.record_no, body, recalled_at)?;
        Ok((stored, line))
    };
    listed.into_iter().map(line).collect()
}

/// What all lines of one list say alike.
pub(super) struct List<'a> {
    pub(super) notice: &'a Notice,
    pub(super) isp_code: &'a str,
    pub(super) version: u32,
}

impl List<'_> {
    /// A line as it is told, still without its inquiry ID.
    pub(super) fn line(
        &self,
        record_no: i64,
        body: LineBody,
        recalled_at: Option<Moment>,
    ) -> anyhow::Result<Line> {
        let place = Spot::from_hex(&body.spot).and_then(|spot| spot.place());
        let place = place.context("a listed case holds a malformed spot")?;
        let notice = self.notice;
        let told = Action::from_str(&body.action)?;
        let action = if recalled_at.is_some() { Action::Withdrawn } else { told };
        let withdrawn = (told == Action::Withdrawn).then_some(notice.prepared_at);
        Ok(Line {
            list_id: notice.list_id.clone(),
            list_version: self.version,
            record_no: record_no.cast_unsigned(),
            inquiry_id: String::new(),
            isp_code: self.isp_code.to_owned(),
            action,
            stream: body.stream.parse()?,
            detected_at: body.last_seen.0,
            ip: place.ip,
            port: place.port.or(body.calling_port),
            proto: place.proto,
            identify_by: body.identify_by.0,
            report_by: body.report_by.unwrap_or(notice.report_by).0,
            peer_ip: None,
            peer_port: body.peer_port,
            first_seen: Some(body.first_seen.0),
            last_seen: Some(body.last_seen.0),
            repeat_count: None,
            weakness: Some(place.exposure.weakness),
            severity: body.severity.parse().ok(),
            confidence: None,
            device_vendor: body.maker,
            device_type: body.device_kind,
            device_model: body.model,
            fw_version: None,
            malware_family: None,
            evidence_hash: None,
            manual_id: None,
            campaign: body.campaign,
            template_version: body.template_version,
            placement_hint: body.placement_hint,
            upstream_path: body.upstream_path.into_iter().chain(body.upstream).collect(),
            network_kind: body.network_kind,
            reason_hint: body.reason_hint,
            kind: Some(place.exposure.kind),
            withdrawn_at: recalled_at.or(withdrawn).map(|at| at.0),
        })
    }
}

/// What a list tells now: the same as long as its bytes are, whatever else the register learns.
pub(super) async fn edition(app: &App, tx: &mut Tx, notice: &Notice) -> anyhow::Result<String> {
    let lines = readable::bodies(tx, notice).await?;
    let reader = Reader::of(app, notice.isp_id).await?;
    let unreadable = readable::unreadable(&reader, tx, notice, &lines).await?;
    let mut recalled: HashSet<i64> = unreadable.told.iter().copied().collect();
    recalled.extend(store::recall::records(tx, notice).await?.into_iter().map(|(no, _)| no));
    let changes = handed_out::changes(tx, notice).await?;
    Ok(format!("{changes} {} {}", recalled.len(), unreadable.hidden()))
}

/// A list as bytes (出力結果).
#[derive(Debug)]
pub struct Exported {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// Their SHA-256 in hexadecimal digits.
    pub sha256: String,
    /// How many lines.
    pub lines: usize,
    /// How many of them were taken back since they were handed out first.
    pub recalled: usize,
    /// Characters that CP932 lacks and `〓` stands for.
    pub unmappable: Vec<Unmappable>,
}

/// Writes a list and records that it was handed out.
pub async fn write(app: &App, notice: &Notice, isp: &Isp, form: Form) -> anyhow::Result<Exported> {
    let ahead = ahead(app, &mut app.db.snapshot().await?, (notice, &isp.code), form).await?;
    let mut tx = app.db.begin().await?;
    let exported = write_in(app, &mut tx, (notice, &isp.code), (form, ahead)).await?;
    given(app, &mut tx, (notice, isp), (&exported, form, false)).await?;
    tx.commit().await?;
    Ok(exported)
}

/// A list as bytes that were made before the transaction which hands it out, so that nobody who
/// writes waits for that (先行出力).
pub(super) struct Ahead {
    edition: (String, i64),
    exported: Exported,
}

/// Makes the bytes of a list from a store that is only read; nothing where that takes a change, as
/// for a line that has no inquiry ID yet or leaves the list.
pub(super) async fn ahead(
    app: &App,
    tx: &mut Tx,
    which: (&Notice, &str),
    form: Form,
) -> anyhow::Result<Option<Ahead>> {
    let edition = handed_out::edition(tx, which.0).await?;
    let mut lines = Vec::new();
    for (stored, mut line) in unnumbered(app, tx, which, false).await? {
        let Some(sealed) = stored.sealed else { return Ok(None) };
        let case = CaseRef { isp: which.0.isp_id, id: stored.case_id };
        line.inquiry_id = inquiry_id::unsealed(app, case, &sealed)?.reveal();
        lines.push(line);
    }
    if i64::try_from(lines.len())? != edition.1 {
        return Ok(None);
    }
    Ok(Some(Ahead { edition, exported: in_form(app, which.0, &lines, form)? }))
}

/// The same in a transaction that keeps it to be sent: handed out it is once it arrives.
pub(super) async fn to_send(
    app: &App,
    tx: &mut Tx,
    which: (&Notice, &Isp),
    form: Form,
) -> anyhow::Result<Exported> {
    let exported = write_in(app, tx, (which.0, &which.1.code), (form, None)).await?;
    given(app, tx, which, (&exported, form, true)).await?;
    Ok(exported)
}

/// Enters that these bytes left, or are about to.
async fn given(
    app: &App,
    tx: &mut Tx,
    (notice, isp): (&Notice, &Isp),
    (exported, form, is_to_be_sent): (&Exported, Form, bool),
) -> crate::db::Result<()> {
    let by = app.by().unwrap_or("system");
    let receipt = Receipt { form: form.word(), sha256: &exported.sha256, at: app.now(), by };
    if is_to_be_sent {
        handed_out::ready(tx, notice, receipt).await?;
    } else {
        handed_out::whole(tx, notice, receipt).await?;
    }
    let detail = serde_json::json!({
        "form": form.word(), "lines": exported.lines, "sha256": exported.sha256,
    });
    let detail = detail.to_string();
    let deed = Deed::new("notice.export", &notice.list_id).of_isp(&isp.code).with(&detail);
    audit::note_deed(app, tx, deed).await
}

/// A list as bytes, in the transaction that is to record that it was handed out: those that were
/// made ahead, if the list is still the same.
pub(super) async fn write_in(
    app: &App,
    tx: &mut Tx,
    (notice, isp_code): (&Notice, &str),
    (form, ahead): (Form, Option<Ahead>),
) -> anyhow::Result<Exported> {
    // Whoever takes a file back meanwhile waits, and then finds that its lines were handed out.
    register::hold(tx).await?;
    if let Some(ahead) = ahead
        && ahead.edition == handed_out::edition(tx, notice).await?
    {
        return Ok(ahead.exported);
    }
    let lines = read(app, tx, (notice, isp_code), true).await?;
    in_form(app, notice, &lines, form)
}

/// The lines of a list as bytes.
pub(super) fn in_form(
    app: &App,
    notice: &Notice,
    lines: &[Line],
    form: Form,
) -> anyhow::Result<Exported> {
    let (mut bytes, mut unmappable) = (Vec::new(), Vec::new());
    match form {
        Form::Csv => isp_list::write_csv(&mut bytes, lines, true)?,
        Form::CsvSjis => unmappable = isp_list::write_csv_sjis(&mut bytes, lines)?,
        Form::Jsonl => isp_list::write_jsonl(&mut bytes, lines)?,
        Form::Intelmq => intelmq::write(&mut bytes, lines, &issue(app, notice))?,
        Form::Xarf => xarf::write(&mut bytes, lines, &issue(app, notice))?,
        Form::N6 => n6::write(&mut bytes, lines, &issue(app, notice))?,
        Form::Stix => stix::write(&mut bytes, lines, &issue(app, notice))?,
    }
    let sha256 = to_hex(&Sha256::digest(&bytes));
    let recalled = lines.iter().filter(|line| line.list_version > 1);
    let recalled = recalled.filter(|line| line.action == Action::Withdrawn).count();
    Ok(Exported { bytes, sha256, lines: lines.len(), recalled, unmappable })
}
