//! Exporting (出力): a list as bytes, the same as often as asked, until lines of it are taken back:
//! then a later version says so.

use std::str::FromStr;

use anyhow::Context as _;
use formats::isp_list::{self, Action, Line, Unmappable};
use sha2::{Digest as _, Sha256};

use super::{Notice, line::LineBody, store};
use crate::{
    access::keys::to_hex,
    app::App,
    cases::{inquiry_id, register},
    db::Tx,
    isps::Isp,
    sightings::Spot,
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
}

/// A word that names no form this version writes.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no form this version writes; it writes csv, csv-sjis and jsonl")]
pub struct NotAForm(String);

impl FromStr for Form {
    type Err = NotAForm;

    fn from_str(word: &str) -> Result<Self, NotAForm> {
        match word {
            "csv" => Ok(Self::Csv),
            "csv-sjis" => Ok(Self::CsvSjis),
            "jsonl" => Ok(Self::Jsonl),
            _ => Err(NotAForm(word.to_owned())),
        }
    }
}

/// The lines of a list as the ISP gets them, inquiry IDs included.
pub async fn lines(app: &App, notice: &Notice, isp: &Isp) -> anyhow::Result<Vec<Line>> {
    let mut tx = app.db.begin().await?;
    let lines = read(app, &mut tx, notice, isp).await?;
    tx.commit().await?;
    Ok(lines)
}

async fn read(app: &App, tx: &mut Tx, notice: &Notice, isp: &Isp) -> anyhow::Result<Vec<Line>> {
    let recalled = store::recall::records(tx, notice).await?;
    // Each line that is taken back makes another version, so that no version has two texts.
    let version = u32::try_from(recalled.len())?.saturating_add(1);
    let mut lines = Vec::new();
    let all = store::lines(tx, notice).await?;
    let cases: Vec<_> = all.iter().map(|stored| stored.case_id).collect();
    let ids = inquiry_id::issue_all(app, tx, notice.isp_id, &cases).await?;
    for stored in all {
        let body: LineBody = serde_json::from_str(&stored.body)?;
        let id = ids.get(&stored.case_id).context("a listed case has an inquiry ID")?;
        let place = Spot::from_hex(&body.spot).and_then(|spot| spot.place());
        let place = place.context("a listed case holds a malformed spot")?;
        lines.push(Line {
            list_id: notice.list_id.clone(),
            list_version: version,
            record_no: stored.record_no.cast_unsigned(),
            inquiry_id: id.reveal(),
            isp_code: isp.code.clone(),
            action: if recalled.contains(&stored.record_no) {
                Action::from_str("withdrawn")?
            } else {
                Action::from_str(&body.action)?
            },
            stream: body.stream.parse()?,
            detected_at: body.last_seen.0,
            ip: place.ip,
            port: place.port.or(body.calling_port),
            proto: place.proto,
            identify_by: body.identify_by.0,
            report_by: notice.report_by.0,
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
            campaign: None,
            template_version: None,
            placement_hint: body.placement_hint,
            upstream_path: body.upstream_path.into_iter().chain(body.upstream).collect(),
            network_kind: body.network_kind,
            reason_hint: body.reason_hint,
        });
    }
    Ok(lines)
}

/// A list as bytes (出力結果).
#[derive(Debug)]
pub struct Exported {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// How many lines.
    pub lines: usize,
    /// How many of them were taken back since they were handed out first.
    pub recalled: usize,
    /// Characters that CP932 lacks and `〓` stands for.
    pub unmappable: Vec<Unmappable>,
}

/// Writes a list and records that it was handed out.
pub async fn write(app: &App, notice: &Notice, isp: &Isp, form: Form) -> anyhow::Result<Exported> {
    let mut tx = app.db.begin().await?;
    // Whoever takes a file back meanwhile waits, and then finds that its lines were handed out.
    register::hold(&mut tx).await?;
    let lines = read(app, &mut tx, notice, isp).await?;
    let mut bytes = Vec::new();
    let mut unmappable = Vec::new();
    let word = match form {
        Form::Csv => {
            isp_list::write_csv(&mut bytes, &lines, true)?;
            "csv"
        }
        Form::CsvSjis => {
            unmappable = isp_list::write_csv_sjis(&mut bytes, &lines)?;
            "csv-sjis"
        }
        Form::Jsonl => {
            isp_list::write_jsonl(&mut bytes, &lines)?;
            "jsonl"
        }
    };
    let sha256 = to_hex(&Sha256::digest(&bytes));
    store::insert_export(&mut tx, notice, word, app.now(), &sha256).await?;
    tx.commit().await?;
    let recalled = lines.iter().filter(|line| line.list_version > 1);
    let recalled = recalled.filter(|line| line.action == Action::Withdrawn).count();
    Ok(Exported { bytes, lines: lines.len(), recalled, unmappable })
}
