//! The desk (受付台): where a body lies until it is accepted, piece by piece on disk.

use std::path::PathBuf;

use axum::body::Body;
use futures::StreamExt as _;
use sha2::{Digest as _, Sha256};
use tokio::io::AsyncWriteExt as _;

use crate::{
    access::keys::{private, to_hex},
    app::App,
    feeds::{archive, room::Gauge},
};

/// Why a body does not lie on the desk.
#[derive(Debug)]
pub(super) enum NotSpooled {
    /// The sender stopped in the middle.
    BrokenOff,
    /// It is larger than allowed.
    TooLarge,
    /// The disk refused.
    Fault(std::io::Error),
}

impl From<std::io::Error> for NotSpooled {
    fn from(fault: std::io::Error) -> Self {
        Self::Fault(fault)
    }
}

/// A folder for one body, under the name it was sent with; gone when dropped.
pub(super) struct Desk {
    folder: PathBuf,
    name: String,
}

impl Desk {
    /// Makes an empty one.
    pub(super) fn make(app: &App, name: &str) -> std::io::Result<Self> {
        let within = app.data.join("archive");
        std::fs::create_dir_all(&within)?;
        let folder = archive::tempname(&within);
        std::fs::create_dir(&folder)?;
        Ok(Self { folder, name: name.to_owned() })
    }

    /// Where the body lies.
    pub(super) fn path(&self) -> PathBuf {
        self.folder.join(&self.name)
    }

    /// Writes a body of at most `bytes_max` here; gives its hash.
    pub(super) async fn spool(&self, body: Body, bytes_max: u64) -> Result<String, NotSpooled> {
        let file = private().write(true).create_new(true).open(self.path())?;
        let mut file = tokio::fs::File::from_std(file);
        let (mut hash, mut bytes) = (Sha256::new(), 0_u64);
        let mut gauge = Gauge::of(&self.folder)?;
        let mut pieces = body.into_data_stream();
        while let Some(piece) = pieces.next().await {
            let piece = piece.map_err(|_| NotSpooled::BrokenOff)?;
            bytes += piece.len() as u64;
            if bytes > bytes_max {
                return Err(NotSpooled::TooLarge);
            }
            gauge.pass(piece.len())?;
            hash.update(&piece);
            file.write_all(&piece).await?;
        }
        file.flush().await?;
        Ok(to_hex(&hash.finalize()))
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        // What is left here is a copy of what the archive holds, or was never acknowledged.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_body_over_the_limit_is_refused_and_leaves_nothing_behind() {
        let within = tempfile::tempdir().unwrap();
        let desk = |name: &str| {
            let folder = within.path().join(name);
            std::fs::create_dir(&folder).unwrap();
            Desk { folder, name: "a.csv".to_owned() }
        };
        let body = || Body::from("0123456789");
        let fits = desk("fits").spool(body(), 10).await.unwrap();
        assert_eq!(fits, to_hex(&Sha256::digest("0123456789")));
        let refused = desk("large").spool(body(), 9).await;
        assert!(matches!(refused, Err(NotSpooled::TooLarge)));
        assert_eq!(std::fs::read_dir(within.path()).unwrap().count(), 0);
    }
}
