//! The objects of a bundle by their id, each in its newest version.

use std::collections::HashMap;

use serde_json::Value;

use crate::stamp;

/// The objects of one file (オブジェクト束).
pub(super) struct Bundle {
    objects: Vec<Value>,
    newest: HashMap<String, usize>,
    /// Ends of relationships by the id at the other end: type, id.
    related: HashMap<String, Vec<(String, String)>>,
}

/// No more relations of one object are looked at: they are looked at for every row.
const RELATED_MAX: usize = 1000;

/// A text of an object.
pub(super) fn text<'a>(object: &'a Value, key: &str) -> Option<&'a str> {
    object.get(key)?.as_str()
}

/// The ids in a list of an object.
pub(super) fn ids<'a>(object: &'a Value, key: &str) -> impl Iterator<Item = &'a str> {
    object.get(key).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

/// Whether the sender has taken an object back.
pub(super) fn is_revoked(object: &Value) -> bool {
    object.get("revoked").and_then(Value::as_bool).unwrap_or_default()
}

impl Bundle {
    pub(super) fn of(objects: Vec<Value>) -> Self {
        let mut newest: HashMap<String, usize> = HashMap::new();
        // Cyber-observables have no `modified`: of equal ones the last in the file counts.
        let modified = |object: &Value| {
            text(object, "modified").and_then(|time| stamp::parse(time, None).ok())
        };
        for (at, object) in objects.iter().enumerate() {
            let Some(id) = text(object, "id") else { continue };
            let before = newest.get(id).map(|at| modified(&objects[*at]));
            if before.is_none_or(|before| before <= modified(object)) {
                newest.insert(id.to_owned(), at);
            }
        }
        let mut related: HashMap<String, Vec<(String, String)>> = HashMap::new();
        for object in newest.values().map(|at| &objects[*at]) {
            if text(object, "type") != Some("relationship") || is_revoked(object) {
                continue;
            }
            let ends = (text(object, "source_ref"), text(object, "target_ref"));
            if let ((Some(source), Some(target)), Some(how)) =
                (ends, text(object, "relationship_type"))
            {
                let mut enter = |from: &str, to: &str| {
                    let ends = related.entry(from.to_owned()).or_default();
                    ends.push((how.to_owned(), to.to_owned()));
                };
                enter(source, target);
                enter(target, source);
            }
        }
        // The order of a hash map is chance; the meaning of a row may not be.
        related.values_mut().for_each(|ends| ends.sort());
        Self { objects, newest, related }
    }

    /// The newest version of an object.
    pub(super) fn get(&self, id: &str) -> Option<&Value> {
        self.newest.get(id).map(|at| &self.objects[*at])
    }

    /// How many objects there are, all versions.
    pub(super) fn len(&self) -> usize {
        self.objects.len()
    }

    /// The object at a place, unless a newer version of it stands elsewhere.
    pub(super) fn at(&self, at: usize) -> Option<&Value> {
        let object = self.objects.get(at)?;
        let id = text(object, "id");
        id.is_none_or(|id| self.newest.get(id) == Some(&at)).then_some(object)
    }

    /// All newest versions.
    pub(super) fn all(&self) -> impl Iterator<Item = &Value> {
        (0..self.len()).filter_map(|at| self.at(at))
    }

    /// What is related to an object, and how.
    pub(super) fn related(&self, id: &str) -> impl Iterator<Item = (&str, &Value)> {
        let ends = self.related.get(id).into_iter().flatten().take(RELATED_MAX);
        ends.filter_map(|(how, id)| Some((how.as_str(), self.get(id)?)))
    }
}
