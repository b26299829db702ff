//! Checkpoints (監査証跡の確認点): how far the log stood at a time, signed, and kept outside.
//!
//! A chain of hashes shows what was changed inside it, and not that its end is missing or that all
//! of it was written anew; a checkpoint that somebody else keeps shows both. It is a note as C2SP's
//! signed-note and tlog-checkpoint write it: origin, number and hash of the last leaf, the time.
//! Reads the tables of the log.

use std::{fs, io::Write as _, path::PathBuf};

use anyhow::Context as _;
use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{key::Signer, store};
use crate::{access::keys::private, app::App, time::Moment};

/// The file in the folder of checkpoints, to whose end each one is written.
pub const FILE: &str = "audit-checkpoints.txt";

/// How far the log stood (確認点).
#[derive(Clone, Debug)]
#[doc(alias = "確認点")]
pub struct Checkpoint {
    /// The number of the last leaf.
    pub no: i64,
    /// When that was so.
    pub at: Moment,
    /// The note, signed.
    pub note: String,
}

/// The file to which checkpoints go.
pub fn file(app: &App) -> PathBuf {
    let folder = app.centre.checkpoint_dir.clone();
    folder.unwrap_or_else(|| app.data.join("checkpoints")).join(FILE)
}

/// Signs how far the log stands now.
pub async fn sign(app: &App, signer: &Signer) -> anyhow::Result<Checkpoint> {
    let (no, hash) = store::head(&app.db).await?;
    let at = app.now();
    let (name, hash) = (signer.name(), STANDARD.encode(hash));
    let text = format!("{name}\n{no}\n{hash}\ntime {}\n", at.rfc3339());
    let note = format!("{text}\n{}\n", signer.line(&text));
    Ok(Checkpoint { no, at, note })
}

/// Signs how far the log stands, and writes that to the end of the file outside.
pub async fn write(app: &App) -> anyhow::Result<Checkpoint> {
    let checkpoint = sign(app, &Signer::of(app)?).await?;
    let path = file(app);
    let name = path.display();
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot make the folder of {name}"))?;
    }
    let mut file = private();
    let file = file.append(true).create(true).open(&path);
    let mut file = file.with_context(|| format!("cannot write {name}"))?;
    // In one piece, so that notes of two nodes never mix.
    file.write_all(format!("{}\n", checkpoint.note).as_bytes())
        .and_then(|()| file.sync_all())
        .with_context(|| format!("cannot write {name}"))?;
    Ok(checkpoint)
}
