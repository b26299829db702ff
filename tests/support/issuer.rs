//! Providers of OpenID Connect on loopback: one that says what it is told to say, lies among it,
//! and a published one in a process of its own.

use std::{
    collections::HashMap,
    io::Write as _,
    net::TcpStream,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
};

use base64::{Engine as _, prelude::BASE64_STANDARD, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use hmac::{Hmac, KeyInit as _, Mac as _};
use p256::ecdsa::{Signature, SigningKey, signature::Signer as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use todoke::time::Moment;

use crate::{
    loopback::{Request, listens, request},
    peers::{awaits, end, free_port, program},
};

/// Under which name this provider knows the centre, and the secret that they share.
pub(crate) const CLIENT: (&str, &str) = ("todoke", "between-us-two");
/// The mail in all of its tokens.
pub(crate) const MAIL: &str = "desk@centre.example";

/// What is wrong with an ID token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lie {
    None,
    Nonce,
    NoNonce,
    Audience,
    AudienceBeside,
    Issuer,
    Expired,
    StrangersKey,
    Unsigned,
    SignedBySecret,
    Subject,
}

impl Lie {
    pub(crate) const ALL: [Self; 10] = [
        Self::Nonce,
        Self::NoNonce,
        Self::Audience,
        Self::AudienceBeside,
        Self::Issuer,
        Self::Expired,
        Self::StrangersKey,
        Self::Unsigned,
        Self::SignedBySecret,
        Self::Subject,
    ];
}

/// Somebody who said at this provider who they are.
struct Granted {
    asked: HashMap<String, String>,
    subject: String,
    now: Moment,
    lie: Lie,
}

struct State {
    key: u8,
    granted: HashMap<String, Granted>,
    /// How often each page was asked for.
    asked: HashMap<String, usize>,
}

/// The provider.
pub(crate) struct Issuer {
    port: u16,
    state: Arc<Mutex<State>>,
}

impl Issuer {
    pub(crate) fn start() -> Self {
        let state = State { key: 1, granted: HashMap::new(), asked: HashMap::new() };
        let state = Arc::new(Mutex::new(state));
        Self { port: listens(&state, |stream, state| converse(&stream, state)), state }
    }

    /// Its name in its tokens.
    pub(crate) fn name(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// From now on it signs by another key.
    pub(crate) fn changes_its_key(&self) {
        self.state.lock().unwrap().key += 1;
    }

    /// How often it was asked for that page.
    pub(crate) fn asked(&self, path: &str) -> usize {
        self.state.lock().unwrap().asked.get(path).copied().unwrap_or(0)
    }

    /// Somebody who was sent to `url` says there who they are; gives where the browser is sent back
    /// to.
    pub(crate) fn says(&self, url: &str, (subject, lie): (&str, Lie), now: Moment) -> String {
        let (page, query) = url.split_once('?').unwrap();
        assert_eq!(page, format!("{}/authorize", self.name()));
        let asked: HashMap<String, String> = serde_urlencoded::from_str(query).unwrap();
        assert_eq!((&*asked["client_id"], &*asked["scope"]), (CLIENT.0, "openid"));
        assert_eq!((&*asked["response_type"], &*asked["code_challenge_method"]), ("code", "S256"));
        let mut state = self.state.lock().unwrap();
        let code = format!("code-{}", state.granted.len());
        let back = [("code", code.as_str()), ("state", &asked["state"])];
        let back =
            format!("{}?{}", asked["redirect_uri"], serde_urlencoded::to_string(back).unwrap());
        let subject = subject.to_owned();
        state.granted.insert(code, Granted { asked, subject, now, lie });
        back
    }
}

fn key(number: u8) -> SigningKey {
    SigningKey::from_slice(&[number; 32]).unwrap()
}

fn converse(stream: &TcpStream, state: &Mutex<State>) -> Option<()> {
    let Request { method, path, header, body } = request(stream)?;
    let issuer = format!("http://{}", header["host"]);
    let mut state = state.lock().unwrap();
    *state.asked.entry(path.clone()).or_default() += 1;
    let said = match (method.as_str(), path.as_str()) {
        ("GET", "/.well-known/openid-configuration") => Some(about(&issuer)),
        ("GET", "/jwks") => Some(json!({ "keys": [public(state.key)] })),
        ("POST", "/token") => exchanged(&mut state, &issuer, (&header, &body)),
        _ => None,
    };
    let (status, said) = match said {
        Some(said) => ("200 OK", said),
        None => ("400 Bad Request", json!({ "error": "invalid_grant" })),
    };
    let text = said.to_string();
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n",
        text.len()
    );
    (&*stream).write_all((head + &text).as_bytes()).ok()
}

fn about(issuer: &str) -> Value {
    json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/jwks"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        // It would let tokens be signed by nobody, and by the secret that it shares.
        "id_token_signing_alg_values_supported": ["ES256", "HS256", "none"],
    })
}

fn public(number: u8) -> Value {
    let point = key(number).verifying_key().to_encoded_point(false);
    let (x, y) = (BASE64.encode(point.x().unwrap()), BASE64.encode(point.y().unwrap()));
    json!({ "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "x": x, "y": y,
        "kid": format!("key-{number}") })
}

/// The tokens for a code, which is good once, for the client and the browser that it was given to.
fn exchanged(
    state: &mut State,
    issuer: &str,
    (header, body): (&HashMap<String, String>, &[u8]),
) -> Option<Value> {
    let form: HashMap<String, String> = serde_urlencoded::from_bytes(body).ok()?;
    let granted = state.granted.remove(form.get("code")?)?;
    let us = BASE64_STANDARD.encode(format!("{}:{}", CLIENT.0, CLIENT.1));
    let challenge = BASE64.encode(Sha256::digest(form.get("code_verifier")?));
    let fits = header.get("authorization")? == &format!("Basic {us}")
        && form.get("redirect_uri") == granted.asked.get("redirect_uri")
        && granted.asked.get("code_challenge") == Some(&challenge);
    let token = || id_token(state.key, issuer, &granted);
    let said = || json!({ "access_token": "x", "token_type": "Bearer", "id_token": token() });
    fits.then(said)
}

fn id_token(number: u8, issuer: &str, granted: &Granted) -> String {
    let lie = granted.lie;
    let lies = |this, truth: Value, lied: Value| if lie == this { lied } else { truth };
    let now = granted.now.0 / 1_000_000;
    let mut claims = json!({
        "iss": lies(Lie::Issuer, json!(issuer), json!("http://127.0.0.1:1")),
        "sub": lies(Lie::Subject, json!(granted.subject), json!("")),
        "aud": match lie {
            Lie::Audience => json!("another"),
            Lie::AudienceBeside => json!([CLIENT.0, "another"]),
            _ => json!(CLIENT.0),
        },
        "iat": now,
        "exp": lies(Lie::Expired, json!(now + 300), json!(now - 1)),
        "nonce": lies(Lie::Nonce, json!(granted.asked["nonce"]), json!("another")),
        "email": MAIL,
        "email_verified": true,
    });
    if lie == Lie::NoNonce {
        claims.as_object_mut().unwrap().remove("nonce");
    }
    let alg = match lie {
        Lie::Unsigned => "none",
        Lie::SignedBySecret => "HS256",
        _ => "ES256",
    };
    let head = json!({ "alg": alg, "typ": "JWT", "kid": format!("key-{number}") });
    let part = |value: &Value| BASE64.encode(value.to_string());
    let text = format!("{}.{}", part(&head), part(&claims));
    let signature = match lie {
        Lie::Unsigned => Vec::new(),
        Lie::SignedBySecret => {
            let mut mac = Hmac::<Sha256>::new_from_slice(CLIENT.1.as_bytes()).unwrap();
            mac.update(text.as_bytes());
            mac.finalize().into_bytes().to_vec()
        }
        _ => {
            let by = key(if lie == Lie::StrangersKey { 99 } else { number });
            let signature: Signature = by.sign(text.as_bytes());
            signature.to_bytes().to_vec()
        }
    };
    format!("{text}.{}", BASE64.encode(signature))
}

/// A published provider, at which everybody is whoever they say.
pub(crate) struct OidcProvider {
    child: Child,
    port: u16,
}

impl OidcProvider {
    pub(crate) fn start() -> Option<Self> {
        let program = program("TODOKE_TEST_OIDC_PROVIDER")?;
        let port = free_port();
        let mut command = Command::new(program);
        command.args(["--port", &port.to_string(), "--require-nonce", "true"]);
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = child.spawn().unwrap();
        awaits(port);
        Some(Self { child, port })
    }

    /// Its name in its tokens.
    pub(crate) fn issuer(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Somebody says at its page who they are; gives the address that the browser is sent back to.
    pub(crate) fn says(url: &str, subject: &str) -> String {
        let agent = ureq::Agent::config_builder().max_redirects(0).build().new_agent();
        let answer = agent.post(url).send_form([("sub", subject)]).unwrap();
        answer.headers()["location"].to_str().unwrap().to_owned()
    }
}

impl Drop for OidcProvider {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}
