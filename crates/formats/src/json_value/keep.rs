//! What is kept of a JSON value beside the fields that have a place of their own, and what is
//! hidden: credentials, evidence, what the sender marks as internal.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::Fault;
use crate::{Detail, Notes, Reason, credentials, text};

/// No more values are kept of one row.
const KEPT_MAX: usize = 256;
/// No longer text is kept.
const TEXT_BYTES_MAX: usize = 64 << 10;

/// What stands where a credential stood.
pub(crate) const MASK: &str = "***";

/// Members that hold evidence, raw traffic or internal remarks: anything may stand in them.
const HIDDEN: [&str; 9] = [
    "_internal",
    "internalprocessing",
    "data",
    "payload_bin",
    "payload_sample",
    "raw",
    "sample_records",
    "subscriberinformation",
    "x_internal",
];

/// Words that come before a credential in free text.
const SECRETS: [&str; 12] = [
    "password",
    "passwd",
    "passphrase",
    "pass",
    "pwd",
    "pw",
    "username",
    "login",
    "credentials",
    "credential",
    "パスワード",
    "暗証番号",
];

fn is_hidden(key: &str) -> bool {
    credentials::is_withheld(key) || HIDDEN.iter().any(|hidden| key.eq_ignore_ascii_case(hidden))
}

/// Whether a free text tells a credential: `password: …`, `login=…`. A text that merely speaks of
/// passwords does not.
fn tells_secret(text: &str) -> bool {
    let lower = text.to_lowercase();
    SECRETS.iter().any(|word| {
        lower.match_indices(word).any(|(at, _)| {
            let rest = lower[at + word.len()..].trim_start();
            let quoted = rest.strip_prefix("is ").or_else(|| rest.strip_prefix("was "));
            quoted.is_some_and(|rest| rest.trim_start().starts_with(['"', '\'', '`']))
                || rest.trim_start_matches(['"', '\'', ' ']).starts_with([':', '=', '：', '＝'])
                || rest.starts_with("は「")
        })
    })
}

/// Keeps one text in `extra`, without user information in URLs; one that tells a credential is
/// dropped.
pub(crate) fn keep_text(detail: &mut Detail, name: &str, value: &str) -> Result<(), Fault> {
    if value.len() > TEXT_BYTES_MAX {
        return Err((Cow::Owned(name.to_owned()), Reason::TextTooLong));
    }
    if detail.extra.len() == KEPT_MAX {
        let why = Reason::Contradiction("it holds more than 256 values beside the named ones");
        return Err((Cow::Owned(name.to_owned()), why));
    }
    if let Some(value) = some_text(value, &mut detail.notes) {
        detail.extra.push((Arc::from(name), value));
    }
    Ok(())
}

/// A text for a named field, under the same rules; `None` where nothing may be kept.
pub(crate) fn some_text(value: &str, notes: &mut Notes) -> Option<Box<str>> {
    if tells_secret(value) || value.len() > TEXT_BYTES_MAX {
        return None;
    }
    let (clean, replaced) = text::clean(Cow::Borrowed(value));
    if replaced {
        notes.add(Notes::CONTROL_REPLACED);
    }
    let cut = credentials::without_userinfo(&clean);
    if cut.len() != clean.len() {
        notes.add(Notes::URL_CREDENTIAL_CUT);
    }
    let cut = cut.trim();
    (!cut.is_empty()).then(|| cut.into())
}

/// Keeps a value in `extra`: an object by its members (`a.b`), a list of plain values joined by
/// `;`, nothing of what is hidden.
pub(crate) fn keep(detail: &mut Detail, name: &str, value: &Value) -> Result<(), Fault> {
    let last = name.rsplit('.').next().unwrap_or(name);
    if is_hidden(last) {
        return Ok(());
    }
    match value {
        Value::Null => Ok(()),
        Value::String(text) => keep_text(detail, name, text),
        Value::Bool(_) | Value::Number(_) => keep_text(detail, name, &value.to_string()),
        Value::Array(list) if list.iter().all(|v| !v.is_array() && !v.is_object()) => {
            keep_text(detail, name, &texts(list).join(";"))
        }
        Value::Array(list) => {
            let mut each = list.iter().enumerate();
            each.try_for_each(|(at, value)| keep(detail, &format!("{name}.{at}"), value))
        }
        Value::Object(members) => {
            let mut each = members.iter();
            each.try_for_each(|(key, value)| keep(detail, &format!("{name}.{key}"), value))
        }
    }
}

/// The plain values of a list as texts.
pub(crate) fn texts(list: &[Value]) -> Vec<Cow<'_, str>> {
    let plain = |value: &'_ Value| match value {
        Value::Bool(_) | Value::Number(_) => Some(Cow::Owned(value.to_string())),
        _ => None,
    };
    list.iter().filter_map(|v| v.as_str().map(Cow::Borrowed).or_else(|| plain(v))).collect()
}

/// The value as it may be shown in quarantine: what is hidden is `***`, and so is every text that
/// tells a credential.
pub(crate) fn mask(value: &Value) -> Value {
    match value {
        Value::String(text) if tells_secret(text) => MASK.into(),
        Value::String(text) => credentials::without_userinfo(text).into(),
        Value::Array(list) => list.iter().map(mask).collect(),
        Value::Object(members) => {
            let shown = members.iter().map(|(key, value)| {
                let value = if is_hidden(key) { MASK.into() } else { mask(value) };
                (key.clone(), value)
            });
            Value::Object(shown.collect::<Map<_, _>>())
        }
        plain => plain.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_text_that_tells_a_credential_is_known_from_one_that_speaks_of_one() {
        for told in
            ["Password: hunter2", "login=root", "初期パスワード：1234", "the password was 'x'"]
        {
            assert!(tells_secret(told), "{told}");
        }
        for spoken in ["Weak password found", "パスワードが初期設定のまま", "the password is weak"]
        {
            assert!(!tells_secret(spoken), "{spoken}");
        }
    }

    #[test]
    fn nothing_hidden_is_kept_or_shown() {
        let value = json!({
            "note": "条イ音態", "user": {"name": "hunter2"}, "_internal": "hunter2",
            "deep": [{"password": "hunter2", "ports": [23, 2323]}, "login: hunter2"],
            "url": "ftp://root:hunter2@192.0.2.1/x",
        });
        let mut detail = Detail::default();
        assert_eq!(keep(&mut detail, "v", &value), Ok(()));
        assert_eq!(detail.extra("v.deep.0.ports"), Some("23;2323"));
        assert_eq!(detail.extra("v.note"), Some("条イ音態"));
        assert_eq!(detail.extra("v.url"), Some("ftp://192.0.2.1/x"));
        assert!(!format!("{detail:?}").contains("hunter2"));
        let shown = mask(&value).to_string();
        assert!(shown.contains("条イ音態") && !shown.contains("hunter2"), "{shown}");
    }
}
