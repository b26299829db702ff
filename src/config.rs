//! Settings (設定): who runs this centre, where it is reached, and whose word on addresses counts.
//!
//! Read from `centre.toml` in the data folder. Without that file the placeholder stands, which says
//! on each page that it is no real centre. Owns no table.

use std::{
    fs,
    net::IpAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, anyhow, bail, ensure};
use ipnet::IpNet;
use serde::Deserialize;

use crate::{access::keys::secret_of, jobs::schedule::Schedule, net::outgoing};

/// The centre (センター) as the public meets it: name, phone, hours, domain.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[doc(alias = "センター")]
pub struct Centre {
    /// Its name in Japanese.
    pub name_ja: String,
    /// Its name in English.
    pub name_en: String,
    /// The free phone number, as printed: `0120-000-000`.
    pub phone: String,
    /// Opening hours in Japanese.
    pub hours_ja: String,
    /// Opening hours in English.
    pub hours_en: String,
    /// The domain people can check in the address bar.
    pub domain: String,
    /// A demonstration: each page says so.
    #[serde(default)]
    pub demo: bool,
    /// Reverse proxies whose `X-Forwarded-For` is believed.
    #[serde(default)]
    pub proxies: Vec<IpNet>,
    /// Where checkpoints of the audit log are written: a folder that lies outside this machine, or
    /// is carried there. Without it they lie in the data folder, where they prove less.
    #[serde(default)]
    pub checkpoint_dir: Option<PathBuf>,
    /// The server that lists leave by as mail; without it none does.
    #[serde(default)]
    pub mail: Option<MailServer>,
    /// The outside provider that may say who somebody is; without it none does.
    #[serde(default)]
    pub oidc: Option<Oidc>,
    /// The mailbox that mails come back to; without it they are handed over by hand.
    #[serde(default)]
    pub bounces: Option<BounceMailbox>,
    /// When lists are prepared by themselves; without it `todoke notice prepare` does so.
    #[serde(default)]
    pub lists: Option<Lists>,
}

/// When providers' lists come to be (リスト作成の設定).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[doc(alias = "リスト作成の設定")]
pub struct Lists {
    /// At which times what waits is put on lists: a pattern of cron in Japanese time, or
    /// `every 12h`.
    #[serde(deserialize_with = "schedule")]
    pub prepare: Schedule,
}

/// How mails leave the centre (メールサーバーの設定). The password stands in a file of its own.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[doc(alias = "メールサーバーの設定")]
pub struct MailServer {
    /// The address that mails come from.
    pub from: String,
    /// The address that bounces come back to, where it is another one; `+…` is put into it.
    #[serde(default)]
    pub return_to: Option<String>,
    /// The host of the server.
    pub server: String,
    /// Its port, where it is not the usual one.
    #[serde(default)]
    pub port: Option<u16>,
    /// How the connection is kept from others.
    #[serde(default)]
    pub security: Security,
    /// Who logs in there, if anybody has to.
    #[serde(default)]
    pub user: Option<String>,
    /// The file of mode 0600 that holds the password and nothing else.
    #[serde(default)]
    pub password_file: Option<PathBuf>,
    /// The authority that vouches for the server, in place of those that browsers trust (PEM).
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// Seconds that handing one mail over may take.
    #[serde(default)]
    pub limit_seconds: Option<u64>,
}

/// The mailbox of the return address (不達の受信箱の設定). The password stands in a file of its own.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[doc(alias = "不達の受信箱の設定")]
pub struct BounceMailbox {
    /// The host of the IMAP server.
    pub host: String,
    /// Its port.
    #[serde(default = "imap_port")]
    pub port: u16,
    /// Without TLS, which is allowed to this machine alone.
    #[serde(default)]
    pub plain: bool,
    /// Who logs in there.
    pub user: String,
    /// The file of mode 0600 that holds the password and nothing else.
    pub password_file: PathBuf,
    /// The folder that mails come into.
    #[serde(default = "inbox")]
    pub mailbox: String,
    /// The folder that mails are moved to; nothing = they stay, marked as seen.
    #[serde(default)]
    pub processed: Option<String>,
    /// When it is fetched: `every 10m`, or a pattern of cron in Japanese time.
    #[serde(default = "often", deserialize_with = "schedule")]
    pub schedule: Schedule,
    /// Whether the server lies inside the centre's own network.
    #[serde(default)]
    pub allow_private: bool,
    /// The authority that vouches for the server, in place of those that browsers trust (PEM).
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
}

fn imap_port() -> u16 {
    993
}

fn inbox() -> String {
    "INBOX".to_owned()
}

/// Often enough for a list to be sent elsewhere the same day.
fn often() -> Schedule {
    Schedule::Every(Duration::from_mins(10))
}

fn schedule<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Schedule, D::Error> {
    String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
}

/// How the connection to the mail server is kept from others (通信の保護).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Security {
    /// TLS after a word in the clear; without it nothing is sent.
    #[default]
    Starttls,
    /// TLS from the first byte on.
    Tls,
    /// Nothing: for a server on this machine alone.
    None,
}

/// An outside provider that says who somebody is (外部IDの提供元), by OpenID Connect.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[doc(alias = "外部IDの提供元")]
pub struct Oidc {
    /// Its address, as its ID tokens name it.
    pub issuer: String,
    /// Under which name it knows this centre.
    pub client_id: String,
    /// The file of mode 0600 that holds the secret it gave us and nothing else.
    #[serde(default)]
    pub client_secret_file: Option<PathBuf>,
    /// What people call it, in Japanese.
    pub name_ja: String,
    /// What people call it, in English.
    pub name_en: String,
    /// Further servers of it, where its tokens or its keys are fetched.
    #[serde(default)]
    pub servers: Vec<String>,
    /// Whether it may stand inside the centre's own network.
    #[serde(default)]
    pub allow_private: bool,
    /// The authority that vouches for its servers, in place of those that browsers trust (PEM).
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
}

impl Oidc {
    /// Refuses settings by which nobody could ever come in.
    fn check(&self) -> anyhow::Result<()> {
        for url in std::iter::once(&self.issuer).chain(&self.servers) {
            if let Some(why) = outgoing::objection(url) {
                bail!("section [oidc] of `centre.toml`: {why}");
            }
        }
        self.secret().map(drop)
    }

    /// The secret that the provider gave us, if it did.
    pub(crate) fn secret(&self) -> anyhow::Result<Option<String>> {
        let Some(path) = &self.client_secret_file else { return Ok(None) };
        let secret = secret_of(path).map_err(|why| anyhow!("section [oidc]: {why}"))?;
        ensure!(!secret.is_empty(), "section [oidc]: {} is empty", path.display());
        Ok(Some(secret))
    }
}

/// The phone number of the placeholder; nobody answers it.
const PLACEHOLDER_PHONE: &str = "0120-000-000";
/// A domain reserved for examples (RFC 2606).
const PLACEHOLDER_DOMAIN: &str = "todoke.example";

impl Centre {
    /// The centre that nobody runs: for the demonstration and for a first look.
    pub fn placeholder() -> Self {
        Self {
            name_ja: "届けサポートセンター（見本）".to_owned(),
            name_en: "Todoke Support Centre (sample)".to_owned(),
            phone: PLACEHOLDER_PHONE.to_owned(),
            hours_ja: "平日 10時から18時まで".to_owned(),
            hours_en: "Monday to Friday, 10:00 to 18:00".to_owned(),
            domain: PLACEHOLDER_DOMAIN.to_owned(),
            demo: false,
            proxies: Vec::new(),
            checkpoint_dir: None,
            mail: None,
            oidc: None,
            bounces: None,
            lists: None,
        }
    }

    /// Reads `centre.toml` in the data folder; where there is none, the placeholder.
    pub fn load(data: &Path) -> anyhow::Result<Self> {
        let path = data.join("centre.toml");
        if !path.exists() {
            return Ok(Self::placeholder());
        }
        let name = path.display();
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {name}"))?;
        toml::from_str(&text).with_context(|| format!("{name} is not understood"))
    }

    /// Whether somebody forgot to say who runs this centre.
    pub fn is_placeholder(&self) -> bool {
        self.phone == PLACEHOLDER_PHONE || self.domain == PLACEHOLDER_DOMAIN
    }

    /// Whether pages must say that this is a sample.
    pub fn is_sample(&self) -> bool {
        self.demo || self.is_placeholder()
    }

    /// Refuses to serve the public under a placeholder: people would call a dead number.
    pub fn fit_to_serve(&self, on: IpAddr) -> anyhow::Result<()> {
        ensure!(
            !self.is_placeholder() || self.demo || on.is_loopback(),
            "write `centre.toml` into the data folder first: name_ja, name_en, phone, hours_ja, \
             hours_en, domain; without it only this machine itself is served"
        );
        self.oidc.as_ref().map_or(Ok(()), Oidc::check)
    }

    /// Where the site is reached; under the placeholder on this machine, by a name, since a passkey
    /// is bound to one and an address is none.
    pub fn site(&self) -> String {
        if self.is_placeholder() {
            "http://localhost:8080".to_owned()
        } else {
            format!("https://{}", self.domain)
        }
    }

    /// Where a one-time link leads: the code stands in the fragment, which no server or log sees.
    pub fn link(&self, code: &str) -> String {
        format!("{}/sign-in#{code}", self.site())
    }

    /// The number as a `tel:` link takes it: international, without dashes.
    pub fn phone_link(&self) -> String {
        let digits: String =
            self.phone.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect();
        match digits.strip_prefix('0') {
            Some(rest) => format!("tel:+81{rest}"),
            None => format!("tel:{digits}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_placeholder_serves_nobody_but_this_machine_unless_it_is_a_demonstration() {
        let public: IpAddr = "192.0.2.1".parse().unwrap();
        let here: IpAddr = "127.0.0.1".parse().unwrap();
        let centre = Centre::placeholder();
        assert!(centre.fit_to_serve(public).is_err());
        assert!(centre.fit_to_serve(here).is_ok());
        assert!(Centre { demo: true, ..centre }.fit_to_serve(public).is_ok());
    }

    #[test]
    fn the_file_replaces_the_placeholder_and_a_word_nobody_knows_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        assert!(Centre::load(dir.path()).unwrap().is_placeholder());
        let text = "name_ja = \"窓口\"\nname_en = \"Desk\"\nphone = \"0120-111-222\"\n\
            hours_ja = \"毎日\"\nhours_en = \"daily\"\ndomain = \"desk.example.jp\"\n";
        fs::write(dir.path().join("centre.toml"), text).unwrap();
        let centre = Centre::load(dir.path()).unwrap();
        assert!(!centre.is_sample());
        assert_eq!(centre.phone_link(), "tel:+81120111222");
        fs::write(dir.path().join("centre.toml"), format!("{text}fax = \"1\"\n")).unwrap();
        assert!(Centre::load(dir.path()).is_err());
    }
}
