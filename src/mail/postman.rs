//! The postman (発送): hands mails to the centre's mail server by SMTP.
//!
//! What the server answers is kept in its own words. An answer of 4xx, silence and a broken
//! connection mean later; 5xx about the mail or its recipient means never; 5xx about ourselves
//! means later too, since the mail is not at fault. One is an exception: a password that does not
//! fit. It fits no better the next time, and a server shuts out who tries again and again.

use std::time::Duration;

use lettre::{
    Address, AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor,
    address::Envelope,
    transport::smtp::{
        authentication::Credentials,
        client::{Certificate, CertificateStore, Tls, TlsParameters},
        extension::ClientId,
    },
};

use super::MailRefused;
use crate::{
    access::keys::secret_of,
    config::{MailServer, Security},
};

/// The longest that the server may take to be reached.
const CONNECT: Duration = Duration::from_secs(30);
/// The longest that handing a mail over may take: a server may think about it for ten minutes (RFC
/// 5321, section 4.5.3.2), and the library waits for an answer as long as it likes.
const WHOLE: Duration = Duration::from_mins(12);
/// Answers of 5xx that are about who asks, not about what is sent.
const ABOUT_US: [u16; 5] = [502, 503, 504, 530, 534];
/// The answer to a name and a password that do not fit (RFC 4954, section 6).
const NOT_LET_IN: u16 = 535;

/// Answers of 5xx that say that nobody reads mail there (RFC 5321, section 4.2.3)…
const NOBODY: [u16; 3] = [550, 551, 553];
/// …but for those whose second code names a rule of the server (RFC 3463, section 3.8).
const BY_RULE: &str = " 5.7.";

/// What came of handing a mail over (発送結果), in the server's words.
#[derive(Clone, Debug, PartialEq, Eq)]
#[doc(alias = "発送結果")]
pub enum Handed {
    /// The server took it.
    Accepted(String),
    /// It did not, for now; or nobody knows.
    Later(String),
    /// It never will.
    Never(String),
    /// It never will, since nobody reads mail there.
    Nobody(String),
}

/// Somebody who knows the way to the mail server.
pub struct Postman {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    limit: Duration,
    /// Who logs in, if anybody does.
    user: Option<String>,
}

impl Postman {
    /// For the server of the settings.
    pub fn of(settings: &MailServer) -> Result<Self, MailRefused> {
        let bad = |why: String| MailRefused::BadSettings(why);
        let host = settings.server.as_str();
        let (tls, port) = match settings.security {
            Security::Tls => (Tls::Wrapper(parameters(settings)?), 465),
            Security::Starttls => (Tls::Required(parameters(settings)?), 587),
            Security::None if matches!(host, "127.0.0.1" | "::1" | "localhost") => (Tls::None, 25),
            Security::None => {
                return Err(bad("without TLS only this machine is spoken to".to_owned()));
            }
        };
        let domain = settings.from.rsplit_once('@').map_or("localhost", |(_, domain)| domain);
        let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
            .port(settings.port.unwrap_or(port))
            .tls(tls)
            .hello_name(ClientId::Domain(domain.to_owned()))
            .timeout(Some(CONNECT));
        if let Some(user) = &settings.user {
            let password = password(settings)?;
            transport = transport.credentials(Credentials::new(user.clone(), password));
        }
        let limit = settings.limit_seconds.map_or(WHOLE, Duration::from_secs);
        Ok(Self { transport: transport.build(), limit, user: settings.user.clone() })
    }

    /// Hands the bytes of a mail over, with `from` as its return address.
    pub async fn hand_over(&self, from: &str, to: &str, mail: &[u8]) -> Handed {
        let address = |text: &str| text.parse::<Address>();
        let envelope = match (address(from), address(to)) {
            (Ok(from), Ok(to)) => Envelope::new(Some(from), vec![to]).ok(),
            _ => None,
        };
        let Some(envelope) = envelope else {
            return Handed::Never(format!("`{to}` is no mail address"));
        };
        let sending = self.transport.send_raw(&envelope, mail);
        let Ok(sent) = tokio::time::timeout(self.limit, sending).await else {
            return Handed::Later("the mail server takes too long to answer".to_owned());
        };
        match sent {
            Ok(answer) => {
                let words = answer.message().collect::<Vec<_>>().join(" ");
                Handed::Accepted(legible(&format!("{} {words}", answer.code())))
            }
            Err(fault) => {
                let words = legible(&with_causes(&fault));
                let code = fault.status().map(u16::from);
                if code == Some(NOT_LET_IN) {
                    let user = self.user.as_deref().unwrap_or_default();
                    return Handed::Never(format!(
                        "the mail server does not let `{user}` in: {words}; mend `user` and \
                         `password_file` in centre.toml, then run `todoke notice send`"
                    ));
                }
                let about_us = code.is_some_and(|code| ABOUT_US.contains(&code));
                if code.is_some_and(|code| NOBODY.contains(&code)) && !words.contains(BY_RULE) {
                    return Handed::Nobody(words);
                }
                if fault.is_permanent() && !about_us {
                    Handed::Never(words)
                } else {
                    Handed::Later(words)
                }
            }
        }
    }
}

/// A fault of the library with what it came from, which it does not tell by itself.
fn with_causes(fault: &dyn std::error::Error) -> String {
    let mut words = fault.to_string();
    let mut cause = fault.source();
    while let Some(next) = cause {
        let more = next.to_string();
        if !words.contains(&more) {
            words.push_str(": ");
            words.push_str(&more);
        }
        cause = next.source();
    }
    words
}

/// Words of a stranger as they may stand in a store and on a terminal.
fn legible(words: &str) -> String {
    words.chars().filter(|c| !c.is_control()).take(300).collect()
}

fn parameters(settings: &MailServer) -> Result<TlsParameters, MailRefused> {
    let bad = |why: String| MailRefused::BadSettings(why);
    let mut tls = TlsParameters::builder(settings.server.clone());
    if let Some(path) = &settings.ca_file {
        let name = path.display();
        let pem = std::fs::read(path).map_err(|e| bad(format!("{name}: {e}")))?;
        let own = Certificate::from_pem(&pem).map_err(|e| bad(format!("{name}: {e}")))?;
        tls = tls.certificate_store(CertificateStore::None).add_root_certificate(own);
    }
    tls.build().map_err(|e| bad(e.to_string()))
}

fn password(settings: &MailServer) -> Result<String, MailRefused> {
    let bad = |why: String| MailRefused::BadSettings(why);
    let path = settings.password_file.as_ref();
    let path = path.ok_or_else(|| bad("`user` needs `password_file`".to_owned()))?;
    secret_of(path).map_err(bad)
}
