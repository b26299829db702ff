//! Keys (鍵): two secrets of 32 bytes in files of their own, outside the database and its backups.
//!
//! Whoever holds the look-up tags *and* the look-up key tries all inquiry IDs in hours; without the
//! key there is nothing to try. Start-up therefore fails where a key is missing, readable by
//! others, or equal to its sibling. Owns no table.

use std::{fs, io::Write as _, path::Path};

use rand::Rng;

/// The secrets of one installation; neither shown nor serialised anywhere.
pub struct Keys {
    /// Keys the look-up tag of an inquiry ID (HMAC-SHA-256).
    pub lookup: [u8; 32],
    /// Seals an inquiry ID for re-issuing a list (AES-256-GCM-SIV).
    pub seal: [u8; 32],
}

/// Why the keys of a data folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeysRefused {
    /// No key file where one is due.
    #[error("{0} is missing: run `todoke init`, or bring the key back from where you keep it")]
    Missing(String),
    /// A file that others can read is no secret.
    #[error("{0} can be read by others: run `chmod 600 {0}`")]
    ReadableByOthers(String),
    /// The data folder is open to others.
    #[error("{0} can be looked into by others: run `chmod 700 {0}`")]
    FolderOpen(String),
    /// The file does not hold 64 hexadecimal digits.
    #[error("{0} does not hold 64 hexadecimal digits")]
    Malformed(String),
    /// Two purposes share one secret.
    #[error("the look-up key and the sealing key are equal; they must differ")]
    Equal,
    /// The file system refused.
    #[error("cannot read or write {0}: {1}")]
    Io(String, std::io::Error),
}

const LOOKUP: &str = "lookup.key";
const SEAL: &str = "seal.key";

impl Keys {
    /// Makes the key files in `folder` where they are missing; existing ones are left as they are.
    pub fn create(folder: &Path, rng: &mut impl Rng) -> Result<(), KeysRefused> {
        fs::create_dir_all(folder).map_err(|e| KeysRefused::Io(folder.display().to_string(), e))?;
        for name in [LOOKUP, SEAL] {
            let path = folder.join(name);
            if path.exists() {
                continue;
            }
            let mut secret = [0; 32];
            rng.fill_bytes(&mut secret);
            write_private(&path, &to_hex(&secret))
                .map_err(|e| KeysRefused::Io(path.display().to_string(), e))?;
        }
        Ok(())
    }

    /// Reads both keys from `folder`.
    pub fn load(folder: &Path) -> Result<Self, KeysRefused> {
        let keys = Self { lookup: read(&folder.join(LOOKUP))?, seal: read(&folder.join(SEAL))? };
        if keys.lookup == keys.seal { Err(KeysRefused::Equal) } else { Ok(keys) }
    }
}

fn read(path: &Path) -> Result<[u8; 32], KeysRefused> {
    let name = path.display().to_string();
    let Ok(meta) = fs::metadata(path) else { return Err(KeysRefused::Missing(name)) };
    if others_can_read(&meta) {
        return Err(KeysRefused::ReadableByOthers(name));
    }
    let text = fs::read_to_string(path).map_err(|e| KeysRefused::Io(name.clone(), e))?;
    from_hex(text.trim()).ok_or(KeysRefused::Malformed(name))
}

/// A secret that stands alone in a file which nobody else may read; else why it cannot be used.
pub(crate) fn secret_of(path: &Path) -> Result<String, String> {
    let name = path.display();
    let meta = fs::metadata(path).map_err(|e| format!("{name}: {e}"))?;
    if others_can_read(&meta) {
        return Err(format!("{name} can be read by others: run `chmod 600 {name}`"));
    }
    let text = fs::read_to_string(path).map_err(|e| format!("{name}: {e}"))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

#[cfg(unix)]
pub(crate) fn others_can_read(meta: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    meta.permissions().mode() & 0o077 != 0
}

#[cfg(not(unix))]
pub(crate) fn others_can_read(_meta: &fs::Metadata) -> bool {
    false
}

fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = private().write(true).create_new(true).open(path)?;
    writeln!(file, "{text}")?;
    file.sync_all()
}

/// How to make a file that nobody else reads: keys, and lists that bear addresses.
pub fn private() -> fs::OpenOptions {
    #[allow(unused_mut, reason = "elsewhere than on Unix there is no mode to set")]
    let mut options = fs::OpenOptions::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options
}

/// Shuts a folder to everybody else: what lies in it is a map of a nation's weak devices.
pub fn shut(folder: &Path) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
    }
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}

/// Refuses a data folder that others can look into.
pub fn is_shut(folder: &Path) -> Result<(), KeysRefused> {
    let name = folder.display().to_string();
    match fs::metadata(folder) {
        Ok(meta) if others_can_read(&meta) => Err(KeysRefused::FolderOpen(name)),
        _ => Ok(()),
    }
}

/// Lower-case hexadecimal digits of `bytes`.
pub fn to_hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The 32 bytes that 64 hexadecimal digits name, or nothing.
pub fn from_hex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (i, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * i..2 * i + 2], 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn keys_that_others_can_read_are_missing_or_are_equal_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        assert!(matches!(Keys::load(dir.path()), Err(KeysRefused::Missing(_))));
        let mut rng = rand_chacha::ChaCha20Rng::seed_from_u64(1);
        Keys::create(dir.path(), &mut rng).unwrap();
        let first = Keys::load(dir.path()).unwrap();
        Keys::create(dir.path(), &mut rng).unwrap();
        assert_eq!(first.lookup, Keys::load(dir.path()).unwrap().lookup);
        let lookup = dir.path().join(LOOKUP);
        fs::copy(dir.path().join(SEAL), &lookup).unwrap();
        assert!(matches!(Keys::load(dir.path()), Err(KeysRefused::Equal)));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            fs::set_permissions(&lookup, fs::Permissions::from_mode(0o644)).unwrap();
            assert!(matches!(Keys::load(dir.path()), Err(KeysRefused::ReadableByOthers(_))));
        }
    }
}
