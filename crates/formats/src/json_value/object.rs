//! Typed access to the members of a JSON object: what is there must be what it should be.

use std::borrow::Cow;
use std::net::IpAddr;

use serde_json::{Map, Value};

use crate::{Reading, Reason, address, stamp};

/// Why a row is refused, and at which member (`reporter.contact`).
pub(crate) type Fault = (Cow<'static, str>, Reason);

/// A fault of the row at a member whose name is known beforehand.
pub(crate) const fn at(member: &'static str, reason: Reason) -> Fault {
    (Cow::Borrowed(member), reason)
}

/// A JSON object and where it stands.
#[derive(Clone)]
pub(crate) struct Object<'a> {
    pub(crate) members: &'a Map<String, Value>,
    path: String,
}

const NO_TEXT: Reason = Reason::Contradiction("it must be a text");
const NO_OBJECT: Reason = Reason::Contradiction("it must be an object");
const NO_LIST: Reason = Reason::Contradiction("it must be a list");

impl<'a> Object<'a> {
    /// The object a value is, if it is one.
    pub(crate) fn of(value: &'a Value) -> Option<Self> {
        Some(Self { members: value.as_object()?, path: String::new() })
    }

    /// A member; `null` is as good as none.
    pub(crate) fn get(&self, key: &str) -> Option<&'a Value> {
        self.members.get(key).filter(|value| !value.is_null())
    }

    /// A fault at a member.
    pub(crate) fn fault(&self, key: &str, reason: Reason) -> Fault {
        let path = &self.path;
        (Cow::Owned(if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }), reason)
    }

    /// A text without the blanks around it; empty is as good as none.
    pub(crate) fn text(&self, key: &str) -> Result<Option<&'a str>, Fault> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.trim()).filter(|text| !text.is_empty())),
            Some(_) => Err(self.fault(key, NO_TEXT)),
        }
    }

    /// A text that must be there.
    pub(crate) fn needs(&self, key: &str) -> Result<&'a str, Fault> {
        self.text(key)?.ok_or_else(|| self.fault(key, Reason::MissingValue))
    }

    /// A text that must be there and look so.
    pub(crate) fn needs_shape(
        &self,
        key: &str,
        fits: impl Fn(&str) -> bool,
        why: &'static str,
    ) -> Result<&'a str, Fault> {
        let text = self.needs(key)?;
        if fits(text) { Ok(text) } else { Err(self.fault(key, Reason::Contradiction(why))) }
    }

    /// A text that must look so where it is there.
    pub(crate) fn may_have_shape(
        &self,
        key: &str,
        fits: impl Fn(&str) -> bool,
        why: &'static str,
    ) -> Result<Option<&'a str>, Fault> {
        if self.text(key)?.is_none() {
            return Ok(None);
        }
        self.needs_shape(key, fits, why).map(Some)
    }

    /// One of a closed list of words, without regard to case.
    pub(crate) fn word(&self, key: &str, words: &[&str]) -> Result<Option<&'a str>, Fault> {
        let Some(text) = self.text(key)? else { return Ok(None) };
        let known = words.iter().any(|word| word.eq_ignore_ascii_case(text));
        if known { Ok(Some(text)) } else { Err(self.fault(key, Reason::UnknownWord)) }
    }

    /// An object.
    pub(crate) fn object(&self, key: &str) -> Result<Option<Object<'a>>, Fault> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let members = value.as_object().ok_or_else(|| self.fault(key, NO_OBJECT))?;
        let (path, _) = self.fault(key, Reason::MissingValue);
        Ok(Some(Object { members, path: path.into_owned() }))
    }

    /// An object that must be there.
    pub(crate) fn needs_object(&self, key: &str) -> Result<Object<'a>, Fault> {
        self.object(key)?.ok_or_else(|| self.fault(key, Reason::MissingValue))
    }

    /// A list; none is as good as an empty one.
    pub(crate) fn list(&self, key: &str) -> Result<&'a [Value], Fault> {
        match self.get(key) {
            None => Ok(&[]),
            Some(Value::Array(list)) => Ok(list),
            Some(_) => Err(self.fault(key, NO_LIST)),
        }
    }

    /// The objects of a list.
    pub(crate) fn objects(&self, key: &str) -> Result<Vec<Object<'a>>, Fault> {
        let list = self.list(key)?.iter();
        list.map(|value| {
            let mut object = Object::of(value).ok_or_else(|| self.fault(key, NO_OBJECT))?;
            key.clone_into(&mut object.path);
            Ok(object)
        })
        .collect()
    }

    /// A port, as a number or as digits; 0 means that none is known.
    pub(crate) fn port(&self, key: &str) -> Result<Option<u16>, Fault> {
        let text = match self.get(key) {
            None => return Ok(None),
            Some(Value::Number(number)) => Cow::Owned(number.to_string()),
            Some(Value::String(text)) => Cow::Borrowed(text.as_str()),
            Some(_) => return Err(self.fault(key, Reason::BadPort)),
        };
        address::port(&text).map_err(|reason| self.fault(key, reason))
    }

    /// An address that must be there.
    pub(crate) fn needs_ip(&self, key: &str) -> Result<IpAddr, Fault> {
        let text = self.text(key)?.unwrap_or_default();
        address::parse(text).map_err(|reason| self.fault(key, reason))
    }

    /// A time, not later than now.
    pub(crate) fn time(&self, key: &str, reading: &Reading) -> Result<Option<i64>, Fault> {
        let Some(text) = self.text(key)? else { return Ok(None) };
        match stamp::parse(text, reading.utc_offset) {
            Ok(time) if reading.is_future(time) => Err(self.fault(key, Reason::FutureTime)),
            Ok(time) => Ok(Some(time)),
            Err(reason) => Err(self.fault(key, reason)),
        }
    }

    /// A time that must be there.
    pub(crate) fn needs_time(&self, key: &str, reading: &Reading) -> Result<i64, Fault> {
        self.time(key, reading)?.ok_or_else(|| self.fault(key, Reason::MissingValue))
    }
}
