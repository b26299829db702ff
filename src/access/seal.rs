//! Sealing (封緘): small secrets at rest, each bound to the place where it stands.
//!
//! AES-256-GCM-SIV (RFC 8452) under the sealing key, which lies outside the database. The name of
//! the table, the column and the row is authenticated with each text, so that none can be moved to
//! another place (OWASP ASVS 5.0, 11.3). Owns no table.

use aes_gcm_siv::{
    Aes256GcmSiv, KeyInit as _, Nonce,
    aead::{Aead as _, Payload},
};

use crate::app::App;

/// Bytes of a nonce, which stands before the sealed text.
const NONCE: usize = 12;

/// Where a sealed text stands: table, column and key of the row.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The table.
    pub table: &'a str,
    /// The column.
    pub column: &'a str,
    /// The key of the row.
    pub row: &'a [u8],
}

impl Place<'_> {
    fn name(&self) -> Vec<u8> {
        let mut name = Vec::new();
        for part in [self.table.as_bytes(), self.column.as_bytes(), self.row] {
            // With its length before it, no two places have one name.
            name.extend_from_slice(&(part.len() as u64).to_be_bytes());
            name.extend_from_slice(part);
        }
        name
    }
}

/// Seals `secret` for `place`.
pub fn seal(app: &App, place: Place<'_>, secret: &[u8]) -> Vec<u8> {
    let mut nonce = [0; NONCE];
    app.random(|rng| rand::Rng::fill_bytes(rng, &mut nonce));
    let payload = Payload { msg: secret, aad: &place.name() };
    let sealed = cipher(app)
        .encrypt(&Nonce::from(nonce), payload)
        .expect("only texts of gigabytes cannot be sealed");
    [&nonce[..], &sealed].concat()
}

/// Opens what was sealed for `place`; nothing where it was not, or was changed.
pub fn open(app: &App, place: Place<'_>, sealed: &[u8]) -> Option<Vec<u8>> {
    let (nonce, text) = sealed.split_at_checked(NONCE)?;
    let nonce: [u8; NONCE] = nonce.try_into().ok()?;
    cipher(app).decrypt(&Nonce::from(nonce), Payload { msg: text, aad: &place.name() }).ok()
}

fn cipher(app: &App) -> Aes256GcmSiv {
    Aes256GcmSiv::new((&app.keys.seal).into())
}
