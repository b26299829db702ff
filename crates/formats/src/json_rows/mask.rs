//! Hides the credentials of a record that is refused, be it sound JSON or not.

use serde_json::Value;

use crate::credentials::{is_credential, is_withheld, without_userinfo};

/// What stands where a credential stood.
const MASK: &str = "***";

/// Whether the value of a key is hidden: a credential at any step of its name, or the input of
/// another system, which may hold one.
pub(crate) fn is_secret(key: &str) -> bool {
    key.split('.').any(|step| is_credential(step) || step.trim().eq_ignore_ascii_case("raw"))
}

/// Whether the value of a key is hidden in a row that is refused: the numbers of a device as well.
fn is_masked(key: &str) -> bool {
    is_secret(key) || key.split('.').any(is_withheld)
}

/// Hides each credential in a value, however deep, and the user information of its URLs.
pub(crate) fn mask_value(value: &mut Value) {
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                if is_masked(key) {
                    *value = Value::from(MASK);
                } else if let Some(inner) = json_within(key, value) {
                    *value = Value::from(inner);
                } else {
                    mask_value(value);
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(mask_value),
        Value::String(text) => {
            if let std::borrow::Cow::Owned(cut) = without_userinfo(text) {
                *text = cut;
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Some senders write the object `extra` as a text of JSON.
fn json_within(key: &str, value: &Value) -> Option<String> {
    let text = value.as_str().filter(|_| key == "extra")?;
    let mut inner: Value = serde_json::from_str(text).ok()?;
    mask_value(&mut inner);
    Some(inner.to_string())
}

/// Hides what may be a credential in a line that is no sound JSON: where a quote is missing, no
/// one can say which text is a key. A whole quoted value behind a telling word is hidden; where it
/// is not whole, everything behind the word is. A line with escaped ASCII hides whole, since a
/// word may be hidden in it.
pub(crate) fn mask_broken(line: &[u8]) -> Vec<u8> {
    if memchr::memmem::find(line, b"\\u00").is_some() {
        return MASK.into();
    }
    let line = String::from_utf8_lossy(line).replace("\\/", "/");
    let mut out = String::with_capacity(line.len());
    let mut rest = line.as_str();
    while let Some(start) = rest.find(is_name) {
        let after = &rest[start..];
        let len = after.find(|c| !is_name(c)).unwrap_or(after.len());
        let (word, tail) = after.split_at(len);
        out.push_str(&rest[..start]);
        out.push_str(word);
        rest = tail;
        if !is_masked(word) {
            continue;
        }
        let value = tail.trim_start_matches(|c: char| c.is_whitespace() || "\"'\\".contains(c));
        if value.is_empty() || value.starts_with([',', '}', ']']) {
            continue;
        }
        let Some(quoted) = value.strip_prefix(':').map(str::trim_start) else {
            out.push_str(MASK);
            rest = "";
            break;
        };
        out.push_str(&tail[..tail.len() - quoted.len()]);
        out.push_str(MASK);
        rest = behind_text(quoted).unwrap_or("");
    }
    out.push_str(rest);
    without_userinfo(&out).into_owned().into_bytes()
}

/// What follows a whole quoted text; `None` if the text is not whole.
fn behind_text(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('"')?;
    let end = inner.find(['"', '\\'])?;
    let behind = inner[end..].strip_prefix('"')?;
    behind.trim_start().starts_with([',', '}']).then_some(behind)
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '.')
}
