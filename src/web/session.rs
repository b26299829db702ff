//! The session cookies (セッション): one after the ID, another after signing in; they say nothing.
//!
//! The store knows the SHA-256 of a value alone. Over TLS, which a proxy in front ends, a cookie
//! has the prefix `__Host-` and is Secure. A request that reached this very process by
//! `http://localhost` has no TLS and gets the bare name: browsers differ in whether they take a
//! Secure cookie there.

use axum::http::{HeaderMap, HeaderValue, header};
use sha2::{Digest as _, Sha256};

use crate::{access::keys::to_hex, app::App};

/// One of our cookies (クッキー).
#[derive(Clone, Copy, Debug)]
pub struct Cookie {
    secure: &'static str,
    plain: &'static str,
}

/// Of a person who entered an inquiry ID.
pub const VISIT: Cookie = Cookie { secure: "__Host-todoke", plain: "todoke" };
/// Of a person of the centre.
pub const STAFF: Cookie = Cookie { secure: "__Host-todoke-staff", plain: "todoke-staff" };
/// Of a browser that was sent out to an outside provider and is awaited back.
pub const OUTING: Cookie = Cookie { secure: "__Host-todoke-out", plain: "todoke-out" };

/// A fresh secret of 256 bits, as the cookie carries it.
pub fn fresh_secret(app: &App) -> String {
    let mut secret = [0; 32];
    app.random(|rng| rand::Rng::fill_bytes(rng, &mut secret));
    to_hex(&secret)
}

/// What the store keeps of a secret.
pub fn tag(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

impl Cookie {
    /// The secret that a request carries.
    pub fn secret(self, headers: &HeaderMap) -> Option<&str> {
        let name = if is_plain(headers) { self.plain } else { self.secure };
        let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
        let mut cookies = lines.flat_map(|line| line.split(';'));
        cookies.find_map(|cookie| {
            let (known, value) = cookie.trim().split_once('=')?;
            (known == name && value.len() == 64).then_some(value)
        })
    }

    /// The header that hands `secret` to the browser; it ends with the browser, or with the visit.
    pub fn hand_out(self, headers: &HeaderMap, secret: &str) -> HeaderValue {
        self.header(headers, secret, "")
    }

    /// The header that takes the cookie back.
    pub fn take_back(self, headers: &HeaderMap) -> HeaderValue {
        self.header(headers, "", "; Max-Age=0")
    }

    fn header(self, headers: &HeaderMap, value: &str, end: &str) -> HeaderValue {
        let (name, secure) =
            if is_plain(headers) { (self.plain, "") } else { (self.secure, "; Secure") };
        let text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{end}");
        HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""))
    }
}

/// Whether the browser stands on this machine and speaks plain HTTP.
fn is_plain(headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, port)| {
        if port.bytes().all(|b| b.is_ascii_digit()) { name } else { host }
    });
    let forwarded = headers.contains_key("x-forwarded-proto") || headers.contains_key("forwarded");
    !forwarded && ["localhost", "127.0.0.1", "[::1]"].contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(host: &str, cookie: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, host.parse().unwrap());
        headers.insert(header::COOKIE, cookie.parse().unwrap());
        headers
    }

    #[test]
    fn only_plain_loopback_goes_without_the_host_prefix() {
        let value = "a".repeat(64);
        let public = headers("todoke.example", &format!("x=1; __Host-todoke={value}"));
        assert_eq!(VISIT.secret(&public), Some(value.as_str()));
        assert!(VISIT.hand_out(&public, "v").to_str().unwrap().contains("; Secure"));
        let here = headers("127.0.0.1:8080", &format!("todoke={value}"));
        assert_eq!(VISIT.secret(&here), Some(value.as_str()));
        assert!(!VISIT.hand_out(&here, "v").to_str().unwrap().contains("Secure"));
        assert_eq!(VISIT.secret(&headers("todoke.example", &format!("todoke={value}"))), None);
        assert_eq!(STAFF.secret(&here), None);
        assert_eq!(
            VISIT.secret(&headers("[::1]:80", &format!("todoke={value}"))),
            Some(value.as_str())
        );
    }
}
