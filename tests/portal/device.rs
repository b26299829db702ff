//! A person's device as software: makes passkeys and shows them, as a browser would ask it to.

use passkey::{
    authenticator::{Authenticator, UiHint, UserCheck, UserValidationMethod},
    client::{Client, DefaultClientData},
    crypto::rust_crypto::RustCryptoBackend,
};
use passkey_types::{
    Passkey,
    ctap2::{Aaguid, Ctap2Error},
    webauthn::{CredentialCreationOptions, CredentialRequestOptions},
};
use webauthn_rs::prelude::Url;

/// Somebody who confirms whatever the device asks.
pub(crate) struct Confirms;

#[async_trait::async_trait]
impl UserValidationMethod for Confirms {
    type PasskeyItem = Passkey;

    async fn check_user<'a>(
        &self,
        _: UiHint<'a, Passkey>,
        _: bool,
        _: bool,
    ) -> Result<UserCheck, Ctap2Error> {
        Ok(UserCheck { presence: true, verification: true })
    }

    fn is_verification_enabled(&self) -> Option<bool> {
        Some(true)
    }

    fn is_presence_enabled(&self) -> bool {
        true
    }
}

type Browser =
    Client<Option<Passkey>, Confirms, RustCryptoBackend, public_suffix::PublicSuffixList, ()>;

/// A device with room for one passkey.
pub(crate) struct Device {
    browser: Browser,
}

impl Device {
    pub(crate) fn new() -> Self {
        let device = Authenticator::new(Aaguid::new_empty(), None, Confirms, RustCryptoBackend);
        Self { browser: Client::new(device).allows_insecure_localhost(true) }
    }

    fn site() -> Url {
        Url::parse("http://localhost:8080").unwrap()
    }

    /// Makes a passkey by the options that a page carries; gives the answer for its form.
    pub(crate) async fn makes(&mut self, options: &str) -> String {
        let asked: CredentialCreationOptions = serde_json::from_str(&plain(options)).unwrap();
        let made = self.browser.register(&Self::site(), asked, DefaultClientData).await.unwrap();
        serde_json::to_string(&made).unwrap()
    }

    /// Shows the passkey as the options of a page ask for it.
    pub(crate) async fn shows(&mut self, options: &str) -> String {
        let asked: CredentialRequestOptions = serde_json::from_str(&plain(options)).unwrap();
        let shown =
            self.browser.authenticate(&Self::site(), asked, DefaultClientData).await.unwrap();
        serde_json::to_string(&shown).unwrap()
    }
}

/// An attribute as a browser reads it.
fn plain(attribute: &str) -> String {
    attribute
        .replace("&#34;", "\"")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&amp;", "&")
}
