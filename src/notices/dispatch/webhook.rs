//! Webhooks (Webフック): the JSON lines of a list, posted to where its provider wants them.
//!
//! Each request says when it was signed, and proves by an HMAC over that time and the body that the
//! centre sent it; a repeat bears the same idempotency key, and the same body. Nothing but 2xx
//! means that it arrived. No redirect is followed, and no address inside is dialled.

use std::time::Duration;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use ureq::http::Request;

use super::{Delivery, carry::Outcome, make::Message, words};
use crate::{access::keys::to_hex, app::App, net::outgoing::Outgoing};

/// The longest that a provider may take to answer.
const WHOLE: Duration = Duration::from_mins(1);
/// So much of an answer is read.
const ANSWER_MAX: u64 = 64 << 10;

/// Posts a message to where it goes, signed by the secret in force.
pub(super) async fn post(
    app: &App,
    delivery: &Delivery,
    message: &Message,
) -> anyhow::Result<Outcome> {
    let later = |why: String| Ok(Outcome::Later(why, Duration::ZERO));
    let (preference, url) = (&message.preference, message.target());
    let Some(secret) = preference.secret(app, delivery.isp_id)? else {
        return later("the webhook has no secret".to_owned());
    };
    let outgoing = match Outgoing::within(&[url], &preference.dialling(), WHOLE) {
        Ok(outgoing) => outgoing,
        Err(trouble) => return later(trouble.sentence),
    };
    let request = Request::post(url)
        .header("Content-Type", words::media_type("jsonl"))
        .header("Idempotency-Key", delivery.id.to_string())
        .header("Todoke-List", &delivery.list_id)
        .header("Todoke-Signature", signature(&secret, app.now().0 / 1_000_000, &message.bytes))
        .body(message.bytes.clone());
    let request = match request {
        Ok(request) => request,
        Err(fault) => return later(format!("the request cannot be built: {fault}")),
    };
    let answer = match outgoing.call(request, ANSWER_MAX).await {
        Ok(answer) => answer,
        Err(trouble) => {
            return Ok(Outcome::Later(trouble.sentence, trouble.wait.unwrap_or_default()));
        }
    };
    let status = answer.status();
    Ok(match (status, answer.good("the webhook")) {
        (_, Ok(_)) => Outcome::Accepted(format!("status {status}")),
        // Whoever says so does not want to be asked again.
        (410, Err(trouble)) => Outcome::Never(trouble.sentence),
        (_, Err(trouble)) => Outcome::Later(trouble.sentence, trouble.wait.unwrap_or_default()),
    })
}

/// `t=…,v1=…`: when it was signed, and the HMAC-SHA-256 over `t`, a full stop and the body.
fn signature(secret: &str, seconds: i64, body: &[u8]) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes());
    let mut mac = mac.expect("HMAC takes a key of any length");
    mac.update(format!("{seconds}.").as_bytes());
    mac.update(body);
    format!("t={seconds},v1={}", to_hex(&mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_covers_the_time_and_the_body() {
        // As `printf '1.{}' | openssl dgst -sha256 -hmac whsec_x` has it.
        let signed = signature("whsec_x", 1, b"{}");
        assert_eq!(signed, format!("t=1,v1={KNOWN}"));
        assert_ne!(signature("whsec_x", 2, b"{}")[4..], signed[4..]);
        assert_ne!(signature("whsec_x", 1, b"{ }"), signed);
        assert_ne!(signature("whsec_y", 1, b"{}"), signed);
    }

    const KNOWN: &str = "36ee2f7498f0c1777d1312b2a7361947fe5ad31223be30d0c62421f4ca753401";
}
