//! Secrets of ways (秘密): each in a file of its own that nobody else may read.
//!
//! The file is TOML with the names that the kind of way needs: `password`; `apikey` and `secret`;
//! `user` and `password`, or `token`. It stands in no argument, no log and no store; it is read for
//! each run, so that a new secret needs no new way.

use std::{fs, path::Path};

use base64::{Engine as _, prelude::BASE64_STANDARD as BASE64};
use serde::Deserialize;

use super::Kind;

/// A longer file is no secret.
const SECRET_MAX: u64 = 64 << 10;

/// What a secret file holds; neither shown nor written anywhere.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Secret {
    user: Option<String>,
    password: Option<String>,
    token: Option<String>,
    apikey: Option<String>,
    #[serde(rename = "secret")]
    proof: Option<String>,
}

/// Why a secret cannot be used (秘密の拒否); none of it says what the file holds.
#[derive(Debug, thiserror::Error)]
pub enum SecretRefused {
    /// None is given.
    #[error("this kind of way needs --secret-file: a file of mode 0600 that holds {0}")]
    Needed(&'static str),
    /// A folder has no secret.
    #[error("a folder needs no secret file")]
    Needless,
    /// The file cannot be read.
    #[error("the secret file {0} cannot be read: {1}")]
    Io(String, std::io::Error),
    /// Others may read it.
    #[error("the secret file {0} can be read by others: run `chmod 600 {0}`")]
    ReadableByOthers(String),
    /// It does not hold what is needed.
    #[error("the secret file {0} is not understood: it must hold {1}")]
    Malformed(String, &'static str),
}

/// What the secret file of a kind holds.
fn wanted(kind: Kind) -> &'static str {
    match kind {
        Kind::Folder => "nothing",
        Kind::Mailbox => "a line `password = \"…\"`",
        Kind::ShadowserverApi => "the lines `apikey = \"…\"` and `secret = \"…\"`",
        Kind::Taxii => "the lines `user = \"…\"` and `password = \"…\"`, or a line `token = \"…\"`",
    }
}

/// Whether `path` can serve as the secret of a way of that kind.
pub(super) fn check(kind: Kind, path: Option<&Path>) -> Result<(), SecretRefused> {
    match (kind, path) {
        // Some TAXII servers ask for none.
        (Kind::Folder | Kind::Taxii, None) => Ok(()),
        (Kind::Folder, Some(_)) => Err(SecretRefused::Needless),
        (_, None) => Err(SecretRefused::Needed(wanted(kind))),
        (_, Some(path)) => read(kind, path).map(drop),
    }
}

/// Reads a secret file.
pub(super) fn read(kind: Kind, path: &Path) -> Result<Secret, SecretRefused> {
    let name = path.display().to_string();
    let io = |fault| SecretRefused::Io(name.clone(), fault);
    let meta = fs::metadata(path).map_err(io)?;
    if !meta.is_file() {
        return Err(io(std::io::Error::other("it is no file")));
    }
    if crate::access::keys::others_can_read(&meta) {
        return Err(SecretRefused::ReadableByOthers(name));
    }
    let malformed = || SecretRefused::Malformed(name.clone(), wanted(kind));
    if meta.len() > SECRET_MAX {
        return Err(malformed());
    }
    // What the reader of TOML objects to would show the line, and with it the secret.
    let text = fs::read_to_string(path).map_err(io)?;
    let secret: Secret = toml::from_str(&text).map_err(|_| malformed())?;
    if secret.fits(kind) { Ok(secret) } else { Err(malformed()) }
}

impl Secret {
    fn fits(&self, kind: Kind) -> bool {
        let given = [&self.user, &self.password, &self.token, &self.apikey, &self.proof]
            .map(|one| one.as_ref().is_some_and(|text| !text.is_empty()));
        match kind {
            Kind::Folder => false,
            Kind::Mailbox => given == [false, true, false, false, false],
            Kind::ShadowserverApi => given == [false, false, false, true, true],
            Kind::Taxii => {
                given == [true, true, false, false, false]
                    || given == [false, false, true, false, false]
            }
        }
    }

    /// The password; [`read`] made sure of it where the kind needs one.
    pub(super) fn password(&self) -> &str {
        self.password.as_deref().unwrap_or_default()
    }

    /// The key that names whoever asks, and the secret that proves it.
    pub(super) fn key_and_secret(&self) -> (&str, &str) {
        (self.apikey.as_deref().unwrap_or_default(), self.proof.as_deref().unwrap_or_default())
    }

    /// The value of an `Authorization` header (RFC 7617, RFC 6750).
    pub(super) fn authorization(&self) -> String {
        if let Some(token) = &self.token {
            return format!("Bearer {token}");
        }
        let user = self.user.as_deref().unwrap_or_default();
        format!("Basic {}", BASE64.encode(format!("{user}:{}", self.password())))
    }
}
