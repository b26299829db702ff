//! Deliveries (着信): what came at once, by whichever way: a file, or a mail or archive of several.
//!
//! Each file of a delivery goes in on its own, exactly once by its own content, whether it came by
//! mail, in an archive or bare. What it came in is archived too and named by its hash. A part that
//! cannot be unfolded leaves the delivery itself on the list of files, refused with the reason.

use std::{
    fs,
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};

use formats::unfold::{self, Part};
use formats::unpack::Limits;

use super::{
    Feed,
    accept::{self, Accepted},
    archive,
    files::Holds,
    receive::{self, FeedFile},
    room::Roomy,
    store,
};
use crate::{access::keys::private, app::App, db::retry};

/// A file of a delivery that was accepted, and where its bytes lie until the delivery is dropped.
#[derive(Debug)]
pub struct Piece {
    /// The file.
    pub file: FeedFile,
    /// The name it bears this time.
    pub name: String,
    /// Where its bytes lie.
    pub path: PathBuf,
    /// Whether its content came for the first time.
    pub is_new: bool,
}

/// A delivery that was accepted (着信): it is durable from here on.
#[derive(Debug)]
#[doc(alias = "着信")]
pub struct Delivery {
    /// Its files.
    pub pieces: Vec<Piece>,
    desk: Option<PathBuf>,
}

impl Drop for Delivery {
    fn drop(&mut self) {
        // What lies on the desk is a copy of what the archive holds.
        if let Some(desk) = &self.desk {
            let _ = fs::remove_dir_all(desk);
        }
    }
}

/// Accepts what lies at `path`: archives it and enters each file of it, once by content.
pub async fn accept(app: &App, feed: &Feed, holds: Holds, path: &Path) -> anyhow::Result<Delivery> {
    let (name, source) = (accept::name_of(path), path.to_owned());
    let unfolding = move || unfold::unfold(&name, &source, Limits::FEED);
    let parts = match tokio::task::spawn_blocking(unfolding).await? {
        Ok(parts) if parts.len() > 1 || parts.first().is_some_and(Part::is_mailed) => parts,
        // One file, or none that can be had: opening it says what is wrong, and keeps saying it.
        _ => return whole(app, feed, holds, path).await,
    };
    let folder = app.data.join("archive");
    let source = path.to_owned();
    let keeping = tokio::task::spawn_blocking(move || archive::keep(&folder, &source));
    let (came_in, ..) = keeping.await??;
    let mut delivery = Delivery { pieces: Vec::with_capacity(parts.len()), desk: None };
    let desk = archive::tempname(&app.data.join("archive"));
    delivery.desk = Some(desk.clone());
    let mut spoilt = Vec::new();
    for (no, part) in parts.into_iter().enumerate() {
        let (name, folder) = (part.name.clone(), desk.join(no.to_string()));
        match tokio::task::spawn_blocking(move || lay_out(&part, &folder)).await? {
            Ok(path) => {
                let Accepted { file, is_new, .. } = accept::accept(app, feed, holds, &path).await?;
                name_container(app, &file, &came_in).await?;
                delivery.pieces.push(Piece { file, name, path, is_new });
            }
            Err(NotLaidOut::Spoilt(why)) => spoilt.push(format!("{name}: {why}")),
            Err(NotLaidOut::Fault(fault)) => return Err(fault.into()),
        }
    }
    if !spoilt.is_empty() {
        let why = format!("part of it cannot be opened: {}", spoilt.join("; "));
        let Accepted { file, is_new, .. } = accept::accept(app, feed, holds, path).await?;
        receive::close(app, &file, Some(&why), &[]).await?;
        let file = FeedFile { completed_at: Some(app.now()), refused: Some(why), ..file };
        let (name, path) = (accept::name_of(path), path.to_owned());
        delivery.pieces.push(Piece { file, name, path, is_new });
    }
    Ok(delivery)
}

async fn whole(app: &App, feed: &Feed, holds: Holds, path: &Path) -> anyhow::Result<Delivery> {
    let Accepted { file, is_new, .. } = accept::accept(app, feed, holds, path).await?;
    let piece = Piece { file, name: accept::name_of(path), path: path.to_owned(), is_new };
    Ok(Delivery { pieces: vec![piece], desk: None })
}

/// Why a part of a delivery does not lie on the desk.
enum NotLaidOut {
    /// The part itself is broken, and will be the next time.
    Spoilt(String),
    /// This machine failed; the same delivery may be given again.
    Fault(io::Error),
}

impl From<io::Error> for NotLaidOut {
    fn from(fault: io::Error) -> Self {
        Self::Fault(fault)
    }
}

/// Writes a part into a folder of its own, under its name, which may tell how it is read.
fn lay_out(part: &Part, folder: &Path) -> Result<PathBuf, NotLaidOut> {
    fs::create_dir_all(folder)?;
    let path = folder.join(&part.name);
    let target = private().write(true).create_new(true).open(&path)?;
    let mut target = Roomy::new(target, folder)?;
    let mut source = part.open().map_err(|why| NotLaidOut::Spoilt(why.to_string()))?;
    let mut piece = vec![0; 256 << 10];
    loop {
        // What does not unfold is the part's fault; what is not written is this machine's.
        let read = source.read(&mut piece).map_err(|why| NotLaidOut::Spoilt(why.to_string()))?;
        if read == 0 {
            return Ok(path);
        }
        target.write_all(&piece[..read])?;
    }
}

/// Notes what a file came in.
async fn name_container(app: &App, file: &FeedFile, sha256: &str) -> crate::db::Result<()> {
    let name = || async {
        let mut tx = app.db.begin().await?;
        store::set_came_in(&mut tx, file.id, sha256).await?;
        tx.commit().await
    };
    retry::until_settled(name).await
}
