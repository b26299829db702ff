//! Passwords (パスワード): what a person knows; kept as argon2id hashes (RFC 9106).
//!
//! Long rather than odd (NIST SP 800-63B, 3.1.1.2): at least twelve characters, not the own name,
//! nothing of a single pattern. Hashing takes 19 MiB, so that few hashes run side by side, and few
//! wait for them: whoever comes later is told to come again, rather than to wait for strangers.

use std::sync::Arc;

use argon2::{
    Argon2, PasswordHasher as _, PasswordVerifier as _, password_hash::phc::PasswordHash,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::app::App;

/// The fewest characters.
pub const CHARS_MIN: usize = 12;
/// The most characters; more would only cost time.
pub const CHARS_MAX: usize = 128;

/// Hashes that run side by side.
const ABREAST: usize = 3;
/// Hashes that wait for these, some half a second's worth.
const WAITING: usize = 24;

/// There are too many passwords to be hashed (混雑).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many passwords are being looked at; try again in {} seconds", Busy::SECONDS)]
pub struct Busy;

impl Busy {
    /// After how many seconds it is worth coming again.
    pub const SECONDS: u64 = 5;
}

/// The line before the hashing of passwords (計算の待ち行列): a short one.
#[derive(Debug)]
pub struct Line {
    in_line: Arc<Semaphore>,
    abreast: Arc<Semaphore>,
}

impl Default for Line {
    fn default() -> Self {
        let of = |places| Arc::new(Semaphore::new(places));
        Self { in_line: of(ABREAST + WAITING), abreast: of(ABREAST) }
    }
}

/// A place in the line, which is given back when it is dropped.
#[derive(Debug)]
pub struct InLine {
    _held: OwnedSemaphorePermit,
}

impl Line {
    /// Takes a place in the line, if there is one.
    pub fn join(&self) -> Result<InLine, Busy> {
        match Arc::clone(&self.in_line).try_acquire_owned() {
            Ok(place) => Ok(InLine { _held: place }),
            Err(_) => Err(Busy),
        }
    }

    /// Does `work` when its turn comes. Both places are held until it is done, also where whoever
    /// asked has left meanwhile.
    async fn does<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> anyhow::Result<T> + Send + 'static,
    ) -> anyhow::Result<Result<T, Busy>> {
        let Ok(place) = self.join() else { return Ok(Err(Busy)) };
        let turn = Arc::clone(&self.abreast).acquire_owned().await?;
        let work = move || {
            let _held = (place, turn);
            work()
        };
        Ok(Ok(tokio::task::spawn_blocking(work).await??))
    }
}

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
    /// It cannot be hashed now.
    #[error(transparent)]
    Busy(#[from] Busy),
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
pub async fn hash(app: &App, password: &str) -> anyhow::Result<Result<String, Busy>> {
    let mut salt = [0; 16];
    app.random(|rng| rand::Rng::fill_bytes(rng, &mut salt));
    let password = password.to_owned();
    let work = move || -> anyhow::Result<String> {
        let hash = Argon2::default().hash_password_with_salt(password.as_bytes(), &salt)?;
        Ok(hash.to_string())
    };
    app.hashing.does(work).await
}

/// Whether `password` is the one of `hash`; where there is none, as much work for nothing.
pub async fn verify(
    app: &App,
    password: &str,
    hash: Option<&str>,
) -> anyhow::Result<Result<bool, Busy>> {
    /// A hash of nothing that anybody can type, of the same cost.
    const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA\
        $AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let (password, is_known) = (password.to_owned(), hash.is_some());
    let hash = hash.unwrap_or(NOBODY).to_owned();
    let work = move || -> anyhow::Result<bool> {
        let hash = PasswordHash::new(&hash).map_err(|why| anyhow::anyhow!("{why}"))?;
        Ok(Argon2::default().verify_password(password.as_bytes(), &hash).is_ok() && is_known)
    };
    app.hashing.does(work).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_line_is_short_and_a_place_in_it_is_free_again_afterwards() {
        let line = Line::default();
        assert_eq!(line.does(|| Ok(1)).await.unwrap(), Ok(1));
        let mut waiting: Vec<_> = std::iter::repeat_with(|| line.join()).take(27).collect();
        assert!(waiting.iter().all(Result::is_ok));
        assert_eq!(line.does(|| Ok(2)).await.unwrap(), Err(Busy));
        waiting.pop();
        assert_eq!(line.does(|| Ok(3)).await.unwrap(), Ok(3));
    }

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
