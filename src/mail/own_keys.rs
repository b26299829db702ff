//! The centre's own keys for mail (センターの鍵): files beside the other keys, outside the database.
//!
//! An OpenPGP key, and a key with its certificate for S/MIME. Made by `todoke mail key`; who has a
//! certificate of an authority puts it, and its key, in the place of ours. Read anew for each run,
//! so that a new key needs no restart.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use pgp::{
    composed::{ArmorOptions, Deserializable as _, SignedPublicKey, SignedSecretKey},
    types::KeyDetails as _,
};

use super::{MailRefused, Randomness, openpgp, smime};
use crate::{
    access::keys::{others_can_read, private},
    app::App,
};

const OPENPGP: &str = "mail-openpgp.key";
const SMIME_KEY: &str = "mail-smime.key";
const SMIME_CERTIFICATE: &str = "mail-smime.crt";

/// The keys that sign mails (署名鍵); neither shown nor kept elsewhere.
pub struct OwnKeys {
    pub(super) openpgp: SignedSecretKey,
    pub(super) smime: smime::Signer,
}

/// What of the centre's keys everybody may know.
#[derive(Clone, Debug)]
pub struct Public {
    /// The fingerprint of the OpenPGP key.
    pub openpgp_fingerprint: String,
    /// The OpenPGP key in armour.
    pub openpgp: String,
    /// The SHA-256 of the certificate.
    pub smime_fingerprint: String,
    /// The certificate as PEM.
    pub smime: String,
}

fn folder(app: &App) -> PathBuf {
    app.data.join("keys")
}

/// Whether any of the keys is still to be made.
pub fn are_missing(app: &App) -> bool {
    let folder = folder(app);
    [OPENPGP, SMIME_KEY].iter().any(|name| !folder.join(name).exists())
}

/// Makes the keys that are missing, for `name <address>`; tells whether any was.
pub fn create(app: &App, name: &str, address: &str) -> anyhow::Result<bool> {
    let (folder, mut rng) = (folder(app), Randomness::of(app));
    let mut made = false;
    let openpgp = folder.join(OPENPGP);
    if !openpgp.exists() {
        let key = openpgp::generate(&format!("{name} <{address}>"), (app.now(), &mut rng))?;
        write(&openpgp, &key.to_armored_string(ArmorOptions::default())?)?;
        made = true;
    }
    let (key, certificate) = (folder.join(SMIME_KEY), folder.join(SMIME_CERTIFICATE));
    if !key.exists() {
        let (secret, public) = smime::generate((name, address), (app.now(), &mut rng))?;
        // The certificate first: a key without one would never be made again.
        fs::write(&certificate, public)?;
        write(&key, &secret)?;
        made = true;
    }
    Ok(made)
}

fn write(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = private().write(true).create_new(true).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

impl OwnKeys {
    /// Reads them.
    pub fn load(app: &App) -> Result<Self, MailRefused> {
        let folder = folder(app);
        let (name, text) = secret(&folder.join(OPENPGP))?;
        let openpgp = SignedSecretKey::from_armor_single(text.as_bytes());
        let (openpgp, _) = openpgp.map_err(|e| MailRefused::BadKey(name, e.to_string()))?;
        let (name, key) = secret(&folder.join(SMIME_KEY))?;
        let certificate = folder.join(SMIME_CERTIFICATE);
        let public = fs::read_to_string(&certificate);
        let public = public.map_err(|_| MailRefused::NoKey(certificate.display().to_string()))?;
        let smime = smime::Signer::read(&key, &public);
        let smime = smime.map_err(|why| MailRefused::BadKey(name, why))?;
        Ok(Self { openpgp, smime })
    }

    /// What everybody may know of them.
    pub fn public(&self) -> anyhow::Result<Public> {
        let openpgp = SignedPublicKey::from(self.openpgp.clone());
        Ok(Public {
            openpgp_fingerprint: openpgp.fingerprint().to_string().to_ascii_lowercase(),
            openpgp: openpgp.to_armored_string(ArmorOptions::default())?,
            smime_fingerprint: self.smime.fingerprint()?,
            smime: self.smime.certificate_pem()?,
        })
    }
}

fn secret(path: &Path) -> Result<(String, String), MailRefused> {
    let name = path.display().to_string();
    let Ok(meta) = fs::metadata(path) else { return Err(MailRefused::NoKey(name)) };
    if others_can_read(&meta) {
        let why = format!("others can read it: run `chmod 600 {name}`");
        return Err(MailRefused::BadKey(name, why));
    }
    match fs::read_to_string(path) {
        Ok(text) => Ok((name, text)),
        Err(fault) => Err(MailRefused::BadKey(name, fault.to_string())),
    }
}
