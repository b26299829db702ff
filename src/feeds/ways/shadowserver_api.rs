//! The reports API of Shadowserver (Shadowserver報告API): what is listed is fetched, each once.
//!
//! A request is JSON with the key in it, and a header that proves the secret over its exact bytes.
//! The list reaches two days back, so that a day of trouble loses nothing; reports that were
//! fetched are remembered by their id.

use anyhow::Context as _;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::Sha256;
use ureq::http::Request;

use super::{run::Run, secret::Secret};
use crate::{
    access::keys::to_hex,
    net::{
        Trouble,
        dial::Dialling,
        outgoing::{self, Outgoing},
    },
    time::Moment,
};

/// Days that a list reaches back.
const DAYS_BACK: i64 = 2;
/// Days after which an id is forgotten; no list reaches that far back.
const REMEMBERED_DAYS: i64 = 30;
/// The longest list, and the most of its rows that are looked at.
const LIST_MAX: u64 = 16 << 20;
const ROWS_MAX: usize = 10_000;
/// Reports that may fail before a run gives up; some may be broken for good, and hold none back.
const FAILED_MAX: usize = 20;
/// The largest report.
const REPORT_MAX: u64 = 200 << 20;

/// What the API is reached by (報告APIの設定).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[doc(alias = "報告APIの設定")]
pub struct Settings {
    /// Where lists are asked for.
    pub base: String,
    /// Where reports are fetched from.
    pub download: String,
    /// The types of report to fetch; empty = all that the key may see.
    #[serde(default)]
    pub types: Vec<String>,
    /// How to connect.
    #[serde(default)]
    pub dialling: Dialling,
}

impl Settings {
    pub(super) fn objection(&self) -> Option<String> {
        outgoing::objection(&self.base).or_else(|| outgoing::objection(&self.download))
    }
}

/// A row of the list.
#[derive(Debug, PartialEq, Eq)]
struct Listed {
    id: String,
    file: String,
}

impl Listed {
    /// Reads a row; nothing where its names are such as no report has.
    fn of(row: &Value) -> Option<Self> {
        let id = row["id"].as_str().filter(|id| is_plain(id, "_-"))?;
        let file = row["file"].as_str().filter(|file| is_plain(file, "._-"))?;
        (!file.starts_with('.')).then(|| Self { id: id.to_owned(), file: file.to_owned() })
    }
}

fn is_plain(text: &str, signs: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || signs.contains(c);
    !text.is_empty() && text.len() <= 200 && text.chars().all(fits)
}

pub(super) async fn fetch(run: &mut Run<'_>, settings: &Settings) -> Result<(), Trouble> {
    let outgoing = Outgoing::to(&[&settings.base, &settings.download], &settings.dialling)?;
    let secret = run.needed_secret()?;
    let now = run.app.now();
    let rows = list(&outgoing, settings, &secret, now).await?;
    run.forget(now.plus_days(-REMEMBERED_DAYS)).await?;
    let (mut odd, mut failed) = (0_usize, Vec::new());
    for row in rows.iter().take(ROWS_MAX) {
        match Listed::of(row) {
            Some(report) if run.known(&report.id).await?.is_some() => {}
            Some(report) => match take(run, &outgoing, settings, &report).await {
                // Whoever asks us to wait, or fails at everything, is not asked on and on.
                Err(trouble) if trouble.wait.is_some() || failed.len() >= FAILED_MAX => {
                    return Err(trouble);
                }
                Err(trouble) => failed.push(format!("{}: {trouble}", report.file)),
                Ok(()) => {}
            },
            None => odd += 1,
        }
    }
    if odd > 0 {
        failed.push(format!("{odd} rows of the list are not understood"));
    }
    let Some(first) = failed.first() else { return Ok(()) };
    let count = failed.len();
    Err(Trouble::new(format!("{count} of {} reports did not come; {first}", rows.len())))
}

/// The reports of today and of the days before, in UTC as the API has it.
async fn list(
    outgoing: &Outgoing,
    settings: &Settings,
    secret: &Secret,
    now: Moment,
) -> Result<Vec<Value>, Trouble> {
    let (key, secret) = secret.key_and_secret();
    let day = |at: Moment| at.rfc3339()[..10].to_owned();
    let from = day(now.plus_days(-DAYS_BACK));
    let mut asked = json!({ "apikey": key, "date": format!("{from}:{}", day(now)) });
    if !settings.types.is_empty() {
        asked["type"] = json!(settings.types);
    }
    let body = serde_json::to_vec(&asked).context("the request")?;
    let proof = proof(secret.as_bytes(), &body);
    let url = format!("{}/api2/reports/list", settings.base.trim_end_matches('/'));
    let request = Request::post(url)
        .header("Content-Type", "application/json")
        .header("HMAC2", proof)
        .body(body)
        .context("the request")?;
    let answer = outgoing.call(request, LIST_MAX).await?.good("the reports API")?;
    let understood: Result<Value, _> = serde_json::from_slice(&answer.body);
    match understood {
        Ok(Value::Array(rows)) => Ok(rows),
        Ok(Value::Object(told)) => Err(Trouble::new(match told.get("error") {
            Some(Value::String(why)) => {
                format!("the reports API answers: {}", why.chars().take(200).collect::<String>())
            }
            _ => "the reports API answers something else than a list".to_owned(),
        })),
        Ok(_) | Err(_) => Err(Trouble::new("the list of the reports API is not understood")),
    }
}

/// The HMAC-SHA256 of a request's exact bytes, in hexadecimal digits.
fn proof(secret: &[u8], body: &[u8]) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(secret);
    let mut mac = mac.expect("HMAC takes a key of any length");
    mac.update(body);
    to_hex(&mac.finalize().into_bytes())
}

async fn take(
    run: &mut Run<'_>,
    outgoing: &Outgoing,
    settings: &Settings,
    report: &Listed,
) -> Result<(), Trouble> {
    let path = run.room_for(&report.file)?;
    let url = format!("{}/{}", settings.download.trim_end_matches('/'), report.id);
    let request = Request::get(url).body(Vec::new()).context("the request")?;
    let answer = outgoing.download(request, REPORT_MAX, &path).await?;
    answer.good("the download server")?;
    let handed = run.hand_over_fetched(&path).await?;
    run.remember(&report.id, handed.refusal()).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_proof_is_that_of_rfc_4231() {
        let proof = proof(b"Jefe", b"what do ya want for nothing?");
        assert_eq!(proof, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }

    #[test]
    fn a_row_whose_names_lead_elsewhere_is_none() {
        let row = |id: &str, file: &str| Listed::of(&json!({ "id": id, "file": file }));
        assert!(row("q8YzZ-_1", "2026-11-22-scan_telnet-jp.csv").is_some());
        for (id, file) in [
            ("", "a.csv"),
            ("../x", "a.csv"),
            ("x?y", "a.csv"),
            ("x/y", "a.csv"),
            ("x", ""),
            ("x", "../a.csv"),
            ("x", ".a.csv"),
            ("x", "a\n.csv"),
            ("x", "/etc/passwd"),
        ] {
            assert_eq!(row(id, file), None, "{id} {file}");
        }
        assert_eq!(Listed::of(&json!({ "id": 7, "file": "a.csv" })), None);
        assert_eq!(Listed::of(&json!("a")), None);
    }
}
