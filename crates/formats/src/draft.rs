//! 検知の下書き: the detail of a detection while a reader fills it in.
//!
//! Whatever a reader keeps of a row goes through here, so that no credential, no control character
//! and no rounded number slips by.

use std::net::IpAddr;
use std::sync::Arc;

use crate::{Detail, Notes, Proto, Reading, Reason, address, credentials, stamp, text};

/// Why a row is refused, and at which key.
pub(crate) type Fault = (String, Reason);

/// Puts a key beside a reason.
pub(crate) fn at(key: &str) -> impl Fn(Reason) -> Fault + '_ {
    move |reason| (key.to_owned(), reason)
}

/// The detail of one detection, on its way.
#[derive(Debug, Default)]
pub(crate) struct Draft(pub(crate) Detail);

impl Draft {
    /// A text as it may be kept: control characters replaced, blanks off, URLs without their user
    /// information. `None` where nothing is left.
    pub(crate) fn clean(&mut self, value: &str) -> Option<Box<str>> {
        let (clean, replaced) = text::clean(value.into());
        if replaced {
            self.0.notes.add(Notes::CONTROL_REPLACED);
        }
        let trimmed = clean.trim();
        let cut = credentials::without_userinfo(trimmed);
        if cut.len() != trimmed.len() {
            self.0.notes.add(Notes::URL_CREDENTIAL_CUT);
        }
        (!cut.is_empty()).then(|| cut.as_ref().into())
    }

    /// [`Draft::clean`] of what may not be there.
    pub(crate) fn opt(&mut self, value: Option<String>) -> Option<Box<str>> {
        value.and_then(|value| self.clean(&value))
    }

    /// Keeps a value in `extra`, unless its name says that it is a credential or a device's number.
    pub(crate) fn keep(&mut self, name: &str, value: &str) {
        if name.split('.').any(credentials::is_withheld) {
            return;
        }
        if let Some(value) = self.clean(value) {
            self.0.extra.push((Arc::from(name), value));
        }
    }

    /// The protocol a row names; what is neither TCP nor UDP stays readable in `extra`.
    pub(crate) fn proto(&mut self, key: &str, word: Option<&str>, default: Proto) -> Proto {
        match word.map(str::trim) {
            None | Some("") => default,
            Some(w) if w.eq_ignore_ascii_case("tcp") || w == "6" => Proto::Tcp,
            Some(w) if w.eq_ignore_ascii_case("udp") || w == "17" => Proto::Udp,
            Some(other) => {
                self.keep(key, other);
                Proto::Other
            }
        }
    }

    /// The address of the other side. It is not what the row is about, so an unreadable one is
    /// kept as text.
    pub(crate) fn peer_ip(&mut self, key: &str, value: Option<&str>) -> Option<IpAddr> {
        match address::parse(value?) {
            Ok(ip) => Some(ip),
            Err(Reason::NoSourceAddress | Reason::UnspecifiedAddress) => None,
            Err(_) => self.unreadable(key, value?),
        }
    }

    /// The port of the other side, likewise.
    pub(crate) fn peer_port(&mut self, key: &str, value: Option<&str>) -> Option<u16> {
        match address::port(value?) {
            Ok(port) => port,
            Err(_) => self.unreadable(key, value?),
        }
    }

    fn unreadable<T>(&mut self, key: &str, value: &str) -> Option<T> {
        self.0.notes.add(Notes::PEER_UNREADABLE);
        self.keep(key, value);
        None
    }

    /// The autonomous system; 0 means that none is known, and `AS` may stand before it.
    pub(crate) fn asn(&mut self, key: &str, value: Option<&str>) {
        let Some(value) = value else { return };
        let digits = value.trim();
        let digits = digits.strip_prefix("AS").unwrap_or(digits);
        match digits.parse::<u32>() {
            Ok(asn) => self.0.asn = Some(asn).filter(|asn| *asn != 0),
            Err(_) => self.keep(key, value),
        }
    }

    /// The detail of a device at that address.
    pub(crate) fn finish(mut self, ip: IpAddr) -> Detail {
        if address::is_special(ip) {
            self.0.notes.add(Notes::SPECIAL_ADDRESS);
        }
        self.0
    }
}

/// A time not later than now. `utc_offset` is the zone of one that names none.
pub(crate) fn past(
    key: &str,
    value: &str,
    utc_offset: Option<i32>,
    reading: &Reading,
) -> Result<i64, Fault> {
    let time = stamp::parse(&text::narrow(value), utc_offset).map_err(at(key))?;
    if reading.is_future(time) { Err((key.to_owned(), Reason::FutureTime)) } else { Ok(time) }
}
