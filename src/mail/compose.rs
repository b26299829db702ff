//! Composing (作成): a mail as bytes, of which everything that matters is signed and encrypted.
//!
//! The bytes are made once and kept until the mail is accepted, since no two encryptions of one
//! text are alike: who gets a repeat sees the same mail, of the same Message-ID.

use std::time::{Duration, UNIX_EPOCH};

use anyhow::Context as _;
use lettre::{
    Message,
    message::{
        Body, MultiPart, SinglePart,
        header::{
            ContentDisposition, ContentTransferEncoding, ContentType, Header, HeaderName,
            HeaderValue,
        },
    },
};

use super::{
    Certificate, MailRefused, Randomness, certificate::Key, openpgp, own_keys::OwnKeys, smime,
};
use crate::{access::keys::to_hex, app::App, time::Moment};

/// What a mail says, outside and inside (メールの内容).
#[derive(Clone, Debug)]
#[doc(alias = "メールの内容")]
pub struct Letter {
    /// Who sends it.
    pub from: String,
    /// Who gets it.
    pub to: String,
    /// What everybody on the way reads.
    pub subject: String,
    /// Its Message-ID, with the angle brackets.
    pub message_id: String,
    /// When it is written.
    pub at: Moment,
    /// What its reader reads.
    pub text: String,
    /// The file that comes with it, if one does: name, media type, bytes.
    pub file: Option<(String, &'static str, Vec<u8>)>,
}

/// Tells machines that answer mails by themselves not to (RFC 3834).
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

/// Names a part for readers that know nothing of its type.
#[derive(Clone)]
struct Description(&'static str);

impl Header for Description {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Content-Description")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self(""))
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), self.0.to_owned())
    }
}

/// A mail that the recipient's key alone opens, signed by the centre's.
pub fn sealed(
    app: &App,
    letter: Letter,
    own: &OwnKeys,
    recipient: &Certificate,
) -> anyhow::Result<Vec<u8>> {
    let rng = &mut Randomness::of(app);
    let head = head(&letter)?;
    let at = letter.at;
    let content = content(letter, rng)?;
    let message = match &recipient.key {
        Key::OpenPgp(key) => {
            let armour = openpgp::seal(&own.openpgp, key, content, (at, rng))?;
            head.multipart(openpgp_parts(&armour, rng)?)?
        }
        Key::Smime(key) => {
            let sealed = smime::seal(&own.smime, key, &content, (at, rng))?;
            head.singlepart(smime_part(sealed)?)?
        }
    };
    Ok(message.formatted())
}

/// A mail in the clear: for words that name no device, to somebody of whom no key stands.
pub fn open(letter: Letter) -> anyhow::Result<Vec<u8>> {
    Ok(head(&letter)?.singlepart(words(letter.text)?)?.formatted())
}

fn head(letter: &Letter) -> anyhow::Result<lettre::message::MessageBuilder> {
    let mailbox = |text: &str| text.parse().map_err(|_| MailRefused::NoAddress(text.to_owned()));
    let seconds = u64::try_from(letter.at.0 / 1_000_000).unwrap_or(0);
    Ok(Message::builder()
        .from(mailbox(&letter.from)?)
        .to(mailbox(&letter.to)?)
        .subject(letter.subject.clone())
        .date(UNIX_EPOCH + Duration::from_secs(seconds))
        .message_id(Some(letter.message_id.clone()))
        .header(AutoSubmitted))
}

/// The part that its reader reads.
fn words(text: String) -> anyhow::Result<SinglePart> {
    let text = Body::new_with_encoding(text, ContentTransferEncoding::Base64);
    let text = text.map_err(|_| anyhow::anyhow!("the text cannot be encoded"))?;
    Ok(SinglePart::builder().header(ContentType::TEXT_PLAIN).body(text))
}

/// What is signed and encrypted: the text, and the file if one comes with it.
fn content(letter: Letter, rng: &mut Randomness) -> anyhow::Result<Vec<u8>> {
    let text = words(letter.text)?;
    let Some((name, kind, bytes)) = letter.file else { return Ok(text.formatted()) };
    let file = Body::new_with_encoding(bytes, ContentTransferEncoding::Base64);
    let file = SinglePart::builder()
        .header(ContentType::parse(kind).context("the media type of the file")?)
        .header(ContentDisposition::attachment(&name))
        .body(file.map_err(|_| anyhow::anyhow!("the file cannot be encoded"))?);
    let whole = MultiPart::mixed().boundary(boundary(rng)).singlepart(text).singlepart(file);
    Ok(whole.formatted())
}

fn boundary(rng: &mut Randomness) -> String {
    let mut random = [0; 20];
    rsa::rand_core::RngCore::fill_bytes(rng, &mut random);
    to_hex(&random)
}

/// The two parts of RFC 3156, section 4.
fn openpgp_parts(armour: &str, rng: &mut Randomness) -> anyhow::Result<MultiPart> {
    let plain = |text: String| {
        Body::dangerous_pre_encoded(text.into_bytes(), ContentTransferEncoding::SevenBit)
    };
    let version = SinglePart::builder()
        .header(ContentType::parse("application/pgp-encrypted")?)
        .header(Description("PGP/MIME version identification"))
        .body(plain("Version: 1\r\n".to_owned()));
    let armour = armour.replace("\r\n", "\n").replace('\n', "\r\n");
    let sealed = SinglePart::builder()
        .header(ContentType::parse("application/octet-stream; name=\"encrypted.asc\"")?)
        .header(ContentDisposition::inline_with_name("encrypted.asc"))
        .header(Description("OpenPGP encrypted message"))
        .body(plain(armour));
    let parts = MultiPart::encrypted("application/pgp-encrypted".to_owned());
    Ok(parts.boundary(boundary(rng)).singlepart(version).singlepart(sealed))
}

/// The one part of RFC 8551, section 3.3.
fn smime_part(sealed: Vec<u8>) -> anyhow::Result<SinglePart> {
    let kind = "application/pkcs7-mime; smime-type=enveloped-data; name=\"smime.p7m\"";
    let body = Body::new_with_encoding(sealed, ContentTransferEncoding::Base64);
    Ok(SinglePart::builder()
        .header(ContentType::parse(kind)?)
        .header(ContentDisposition::attachment("smime.p7m"))
        .body(body.map_err(|_| anyhow::anyhow!("the message cannot be encoded"))?))
}
