//! The log as a file (監査記録の出力): one JSON object a line, as `docs/formats/audit.md` says.
//!
//! The first line says how many leaves there are and under which key checkpoints are signed; each
//! further line is a leaf. Whoever has the file verifies it without the database.

use std::io::Write;

use serde::Serialize;

use super::{key::Signer, list::Noted, store};
use crate::{access::keys::to_hex, app::App};

/// What the first line says of the format.
pub const FORMAT: &str = "todoke/audit/1";

/// Leaves that are read at one time.
const PART: i64 = 10_000;

#[derive(Serialize)]
struct Head<'a> {
    format: &'static str,
    key: &'a str,
    leaves: i64,
    hash: String,
}

#[derive(Serialize)]
struct Line<'a> {
    no: i64,
    at: i64,
    by: &'a str,
    act: &'a str,
    on: &'a str,
    isp: Option<&'a str>,
    detail: Option<&'a str>,
    hash: String,
}

/// Writes the whole log to `out`, as it stands at one moment; gives how many leaves it has.
pub async fn write(app: &App, out: &mut (impl Write + Send)) -> anyhow::Result<i64> {
    let key = Signer::of(app)?.public();
    let mut tx = app.db.snapshot().await?;
    let (leaves, hash) = store::head_in(&mut tx).await?;
    let head = Head { format: FORMAT, key: &key, leaves, hash: to_hex(&hash) };
    writeln!(out, "{}", serde_json::to_string(&head)?)?;
    let mut last = 0;
    loop {
        let part = store::after(&mut tx, last, PART).await?;
        let Some(end) = part.last() else { break };
        last = end.no;
        for leaf in &part {
            writeln!(out, "{}", serde_json::to_string(&line(leaf))?)?;
        }
    }
    out.flush()?;
    Ok(leaves)
}

fn line(leaf: &Noted) -> Line<'_> {
    Line {
        no: leaf.no,
        at: leaf.at.0,
        by: &leaf.author,
        act: &leaf.act,
        on: &leaf.object,
        isp: leaf.isp.as_deref(),
        detail: leaf.detail.as_deref(),
        hash: to_hex(&leaf.hash),
    }
}
