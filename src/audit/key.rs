//! The key of the audit log (監査鍵): it signs checkpoints, and lies outside the database.
//!
//! Whoever holds the database alone can write another chain that holds together; without this key
//! no checkpoint of it can be signed. The public half is written as C2SP's signed-note writes it.
//! Owns no table.

use std::{fs, io::Write as _, path::Path};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use sha2::{Digest as _, Sha256};

use crate::{
    access::keys::{KeysRefused, from_hex, others_can_read, private, to_hex},
    app::App,
};

/// The file in the folder of keys.
const FILE: &str = "audit.key";
/// The kind of a signature: Ed25519, as signed-note numbers it.
const ED25519: u8 = 1;

/// Signs checkpoints of one centre's log (署名者).
#[doc(alias = "署名者")]
pub struct Signer {
    name: String,
    pair: Ed25519KeyPair,
}

/// Makes the key in the folder of keys where it is missing; tells whether it did.
pub fn create(folder: &Path, rng: &mut impl rand::Rng) -> Result<bool, KeysRefused> {
    let path = folder.join(FILE);
    if path.exists() {
        return Ok(false);
    }
    let mut seed = [0; 32];
    rng.fill_bytes(&mut seed);
    let refused = |e| KeysRefused::Io(path.display().to_string(), e);
    let mut file = private().write(true).create_new(true).open(&path).map_err(refused)?;
    writeln!(file, "{}", to_hex(&seed)).and_then(|()| file.sync_all()).map_err(refused)?;
    Ok(true)
}

impl Signer {
    /// The signer of this centre, by the key in its data folder.
    pub fn of(app: &App) -> Result<Self, KeysRefused> {
        let path = app.data.join("keys").join(FILE);
        let name = path.display().to_string();
        let Ok(meta) = fs::metadata(&path) else { return Err(KeysRefused::Missing(name)) };
        if others_can_read(&meta) {
            return Err(KeysRefused::ReadableByOthers(name));
        }
        let text = fs::read_to_string(&path).map_err(|e| KeysRefused::Io(name.clone(), e))?;
        let pair = from_hex(text.trim())
            .and_then(|seed| Ed25519KeyPair::from_seed_unchecked(&seed).ok())
            .ok_or(KeysRefused::Malformed(name))?;
        Ok(Self { name: name_of(&app.centre.domain), pair })
    }

    /// The name of the log, which is its origin and the name of the key.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The public half, as one line: `NAME+ID+KEY`.
    pub fn public(&self) -> String {
        let key = [&[ED25519], self.pair.public_key().as_ref()].concat();
        format!("{}+{}+{}", self.name, to_hex(&self.id()), STANDARD.encode(key))
    }

    /// The line that signs `text`.
    pub(super) fn line(&self, text: &str) -> String {
        let signed = [&self.id(), self.pair.sign(text.as_bytes()).as_ref()].concat();
        format!("— {} {}", self.name, STANDARD.encode(signed))
    }

    /// Four bytes by which a reader tells keys apart.
    fn id(&self) -> [u8; 4] {
        let mut hash = Sha256::new();
        hash.update(self.name.as_bytes());
        hash.update([b'\n', ED25519]);
        hash.update(self.pair.public_key().as_ref());
        let whole: [u8; 32] = hash.finalize().into();
        [whole[0], whole[1], whole[2], whole[3]]
    }
}

/// The name of the log of a centre; a key's name has neither spaces nor plus signs.
fn name_of(domain: &str) -> String {
    let fits = |c: &char| !c.is_whitespace() && !c.is_control() && *c != '+';
    format!("{}/audit", domain.chars().filter(fits).collect::<String>())
}
