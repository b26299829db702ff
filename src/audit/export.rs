//! The log as a file (監査記録の出力): one JSON object a line, as `docs/formats/audit.md` says.
//!
//! The first line says how many leaves there are and under which key checkpoints are signed; each
//! further line is a leaf. Whoever has the file verifies it without the database.

use std::io::Write;

use serde::Serialize;

use super::{key::Signer, list::Noted, store};
use crate::{access::keys::to_hex, app::App, db::Tx};

/// What the first line says of the format.
pub const FORMAT: &str = "todoke/audit/1";

/// Leaves that are read at one time.
const PART: i64 = 2_000;

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

/// A log on its way out (出力中の記録), as it stands at one moment, whatever its length.
#[derive(Debug)]
pub struct Parts {
    tx: Tx,
    last: i64,
    head: Option<String>,
    /// How many leaves it has.
    pub leaves: i64,
}

impl Parts {
    /// The log as it stands now.
    pub async fn of(app: &App) -> anyhow::Result<Self> {
        let key = Signer::of(app)?.public();
        let mut tx = app.db.snapshot().await?;
        let (leaves, hash) = store::head_in(&mut tx).await?;
        let head = Head { format: FORMAT, key: &key, leaves, hash: to_hex(&hash) };
        let head = Some(serde_json::to_string(&head)? + "\n");
        Ok(Self { tx, last: 0, head, leaves })
    }

    /// The next lines; nothing behind the last leaf.
    pub async fn next(&mut self) -> anyhow::Result<Option<String>> {
        if let Some(head) = self.head.take() {
            return Ok(Some(head));
        }
        let part = store::after(&mut self.tx, self.last, PART).await?;
        let Some(end) = part.last() else { return Ok(None) };
        self.last = end.no;
        let mut text = String::with_capacity(part.len() * 256);
        for leaf in &part {
            text += &serde_json::to_string(&line(leaf))?;
            text.push('\n');
        }
        Ok(Some(text))
    }
}

/// Writes the whole log to `out`; gives how many leaves it has.
pub async fn write(app: &App, out: &mut (impl Write + Send)) -> anyhow::Result<i64> {
    let mut parts = Parts::of(app).await?;
    while let Some(text) = parts.next().await? {
        out.write_all(text.as_bytes())?;
    }
    out.flush()?;
    Ok(parts.leaves)
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
