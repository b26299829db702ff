//! The keys of a record, flat: `source.ip`, whether it was written so or as an object within.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Object, is_secret};
use crate::Reason;

/// The filled keys of a record, each until it is taken.
#[derive(Debug, Default)]
pub(crate) struct Fields(BTreeMap<String, String>);

impl Fields {
    /// The keys of an object. Secrets are left out; a key that stands twice, once flat and once
    /// within an object, is refused.
    pub(crate) fn of(object: &Object) -> Result<Self, (String, Reason)> {
        let mut fields = Self::default();
        fields.add("", object)?;
        Ok(fields)
    }

    fn add(&mut self, before: &str, object: &Object) -> Result<(), (String, Reason)> {
        for (key, value) in object {
            let key = key.trim();
            let name = if before.is_empty() { key.to_owned() } else { format!("{before}.{key}") };
            if is_secret(&name) {
                continue;
            }
            match value {
                Value::Object(inner) => self.add(&name, inner)?,
                Value::String(text) if name == "extra" => match serde_json::from_str(text) {
                    Ok(Value::Object(inner)) => self.add(&name, &inner)?,
                    _ => self.put(name, text.clone())?,
                },
                value => self.put(name, text_of(value))?,
            }
        }
        Ok(())
    }

    fn put(&mut self, name: String, text: String) -> Result<(), (String, Reason)> {
        if text.trim().is_empty() {
            return Ok(());
        }
        match self.0.get(&name) {
            Some(there) if *there != text => {
                Err((name, Reason::Contradiction("the key stands twice")))
            }
            _ => {
                self.0.insert(name, text);
                Ok(())
            }
        }
    }

    /// Takes the text of a key out.
    pub(crate) fn take(&mut self, key: &str) -> Option<String> {
        self.0.remove(key)
    }

    /// The text of a key, which stays.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    /// The first of these keys that is filled, taken out.
    pub(crate) fn first(&mut self, keys: &[&str]) -> Option<String> {
        keys.iter().find_map(|key| self.take(key))
    }

    /// What nobody has taken, in the order of the alphabet.
    pub(crate) fn rest(self) -> impl Iterator<Item = (String, String)> {
        self.0.into_iter()
    }
}

/// A value as the text of one cell: a list is joined by `;`, `null` is empty.
fn text_of(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(list) if !list.iter().any(|v| v.is_object() || v.is_array()) => {
            list.iter().map(text_of).collect::<Vec<_>>().join(";")
        }
        Value::Array(_) | Value::Object(_) => {
            let mut value = value.clone();
            super::mask_value(&mut value);
            value.to_string()
        }
        Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}

/// Counts the keys of an object, those within too, and finds the longest text.
pub(super) fn measure(object: &Object, keys: &mut usize, longest: &mut usize) {
    *keys += object.len();
    for (key, value) in object {
        *longest = (*longest).max(key.len());
        longest_text(value, keys, longest);
    }
}

fn longest_text(value: &Value, keys: &mut usize, longest: &mut usize) {
    match value {
        Value::String(text) => *longest = (*longest).max(text.len()),
        Value::Array(list) => list.iter().for_each(|value| longest_text(value, keys, longest)),
        Value::Object(object) => measure(object, keys, longest),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
