//! Mail (電子メール): composed, signed and encrypted here, handed to the centre's mail server.
//!
//! A list leaves the centre only inside what its provider alone can open: OpenPGP (RFC 3156) or
//! S/MIME (RFC 8551). The centre's own keys are files outside the database; those of providers are
//! handed in. What is outside of the encrypted part names the list and nothing on it. What comes in
//! is fetched from a `mailbox`. Knows no stage. Owns no table.

pub mod certificate;
pub mod compose;
pub(crate) mod mailbox;
pub mod openpgp;
pub mod own_keys;
pub mod postman;
pub mod return_address;
pub mod smime;

use rand::SeedableRng as _;
use rand_chacha::ChaCha20Rng;
use rsa::rand_core;

use crate::app::App;

pub use certificate::{Certificate, KeyRefused, Standard};

/// The application's randomness, for libraries that know an older trait of it.
pub(crate) struct Randomness(ChaCha20Rng);

impl Randomness {
    /// A generator of its own, so that nobody waits while it is drawn from.
    pub(crate) fn of(app: &App) -> Self {
        Self(app.random(ChaCha20Rng::from_rng))
    }

    /// Another generator, drawn from this one.
    fn another(&mut self) -> Self {
        Self(ChaCha20Rng::from_rng(&mut self.0))
    }
}

impl rand_core::RngCore for Randomness {
    fn next_u32(&mut self) -> u32 {
        rand::Rng::next_u32(&mut self.0)
    }

    fn next_u64(&mut self) -> u64 {
        rand::Rng::next_u64(&mut self.0)
    }

    fn fill_bytes(&mut self, into: &mut [u8]) {
        rand::Rng::fill_bytes(&mut self.0, into);
    }

    fn try_fill_bytes(&mut self, into: &mut [u8]) -> Result<(), rand_core::Error> {
        rand::Rng::fill_bytes(&mut self.0, into);
        Ok(())
    }
}

impl rand_core::CryptoRng for Randomness {}

/// Why a mail is not written (メールの拒否).
#[derive(Debug, thiserror::Error)]
pub enum MailRefused {
    /// The settings name no mail server.
    #[error("`centre.toml` has no section [mail]: write `from` and `server` there")]
    NoServer,
    /// The settings cannot be right.
    #[error("the section [mail] of `centre.toml`: {0}")]
    BadSettings(String),
    /// The centre has no key to sign with.
    #[error("{0} is missing: run `todoke mail key`, or bring the key back from where you keep it")]
    NoKey(String),
    /// The centre's key cannot be used.
    #[error("the centre's own key {0} cannot be used: {1}")]
    BadKey(String, String),
    /// The key of the recipient cannot be used.
    #[error("{0}")]
    Recipient(#[from] KeyRefused),
    /// A text that is no address.
    #[error("`{0}` is no mail address such as abuse@isp.example")]
    NoAddress(String),
}
