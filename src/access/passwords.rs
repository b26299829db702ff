//! Passwords (パスワード): what a person knows; kept as argon2id hashes (RFC 9106).
//!
//! Long rather than odd (NIST SP 800-63B, 3.1.1.2): at least twelve characters, not the own name,
//! nothing of a single pattern. Hashing takes 19 MiB, so that few hashes run side by side.

use argon2::{
    Argon2, PasswordHasher as _, PasswordVerifier as _, password_hash::phc::PasswordHash,
};
use tokio::sync::Semaphore;

use crate::app::App;

/// The fewest characters.
pub const CHARS_MIN: usize = 12;
/// The most characters; more would only cost time.
pub const CHARS_MAX: usize = 128;

/// Hashes that run side by side.
static ABREAST: Semaphore = Semaphore::const_new(3);

/// Why a password is not taken (パスワードの拒否).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordRefused {
    /// Too short.
    #[error("a password has at least {CHARS_MIN} characters")]
    Short,
    /// Too long.
    #[error("a password has at most {CHARS_MAX} characters")]
    Long,
    /// It contains the name of the account or of the product.
    #[error("a password does not contain the name of the account")]
    Name,
    /// One character or one short pattern over and over, or a row of the keyboard.
    #[error("this is a pattern that is tried first; take several words instead")]
    Pattern,
    /// The two fields differ.
    #[error("the two passwords differ")]
    Differ,
}

/// Whether a password may guard the account `name`.
pub fn check(password: &str, name: &str) -> Result<(), PasswordRefused> {
    let chars: Vec<char> = password.to_lowercase().chars().collect();
    match chars.len() {
        ..CHARS_MIN => return Err(PasswordRefused::Short),
        CHARS_MIN..=CHARS_MAX => {}
        _ => return Err(PasswordRefused::Long),
    }
    let lower: String = chars.iter().collect();
    let name = name.to_lowercase();
    if (name.chars().count() >= 4 && lower.contains(&name)) || lower.contains("todoke") {
        return Err(PasswordRefused::Name);
    }
    if repeats(&chars) || runs(&chars) {
        return Err(PasswordRefused::Pattern);
    }
    Ok(())
}

/// Whether a pattern of at most six characters fills it.
fn repeats(chars: &[char]) -> bool {
    (1..=6).any(|period| chars.iter().zip(chars.iter().skip(period)).all(|(one, next)| one == next))
}

/// Whether it is mostly rows of the keyboard, of digits or of the alphabet.
fn runs(chars: &[char]) -> bool {
    const ROWS: [&str; 5] =
        ["01234567890", "abcdefghijklmnopqrstuvwxyz", "qwertyuiop", "asdfghjkl", "zxcvbnm"];
    let follows = |pair: &[char]| {
        let text: String = pair.iter().collect();
        let back: String = pair.iter().rev().collect();
        ROWS.iter().any(|row| row.contains(&text) || row.contains(&back))
    };
    let following = chars.windows(2).filter(|pair| follows(pair)).count();
    following * 4 >= chars.len() * 3
}

/// The hash of a password, with a salt of its own.
pub async fn hash(app: &App, password: &str) -> anyhow::Result<String> {
    let mut salt = [0; 16];
    app.random(|rng| rand::Rng::fill_bytes(rng, &mut salt));
    let password = password.to_owned();
    abreast(move || {
        let hash = Argon2::default().hash_password_with_salt(password.as_bytes(), &salt)?;
        Ok(hash.to_string())
    })
    .await
}

/// Whether `password` is the one of `hash`; where there is none, as much work for nothing.
pub async fn verify(password: &str, hash: Option<&str>) -> anyhow::Result<bool> {
    /// A hash of nothing that anybody can type, of the same cost.
    const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA\
        $AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let (password, is_known) = (password.to_owned(), hash.is_some());
    let hash = hash.unwrap_or(NOBODY).to_owned();
    abreast(move || {
        let hash = PasswordHash::new(&hash).map_err(|why| anyhow::anyhow!("{why}"))?;
        Ok(Argon2::default().verify_password(password.as_bytes(), &hash).is_ok() && is_known)
    })
    .await
}

async fn abreast<T: Send + 'static>(
    work: impl FnOnce() -> anyhow::Result<T> + Send + 'static,
) -> anyhow::Result<T> {
    let _place = ABREAST.acquire().await?;
    tokio::task::spawn_blocking(work).await?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_long_and_no_pattern_and_not_the_name() {
        assert_eq!(check("four words are fine", "desk-1"), Ok(()));
        assert_eq!(check("ながい合い言葉をひとつ決めます", "desk-1"), Ok(()));
        assert_eq!(check("short-one", "desk-1"), Err(PasswordRefused::Short));
        assert_eq!(check(&"long ".repeat(30), "desk-1"), Err(PasswordRefused::Long));
        assert_eq!(check("my Desk-1 password", "desk-1"), Err(PasswordRefused::Name));
        for pattern in ["aaaaaaaaaaaa", "abc123abc123abc123", "123456789012", "qwertyuiopas"] {
            assert_eq!(check(pattern, "desk-1"), Err(PasswordRefused::Pattern), "{pattern}");
        }
    }
}
