//! The parts of an event: its own attributes, and each object with the attributes in it.

use serde_json::Value;

/// One part of an event: attributes that are about one thing, if they stand in an object.
pub(super) struct Part<'a> {
    /// The object, if there is one.
    pub(super) object: Option<&'a Value>,
    /// Its attributes that are not deleted.
    pub(super) attributes: Vec<&'a Value>,
}

/// A text of an object.
pub(super) fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    let text = value.get(key)?.as_str()?.trim();
    (!text.is_empty()).then_some(text)
}

fn list<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value.get(key).and_then(Value::as_array).into_iter().flatten()
}

/// Booleans come as such, as numbers and as texts.
fn is_deleted(value: &Value) -> bool {
    match value.get("deleted") {
        Some(Value::Bool(deleted)) => *deleted,
        Some(Value::Number(number)) => number.as_u64() != Some(0),
        Some(Value::String(text)) => text == "1" || text.eq_ignore_ascii_case("true"),
        _ => false,
    }
}

fn attributes(of: &Value) -> Vec<&Value> {
    list(of, "Attribute").filter(|attribute| !is_deleted(attribute)).collect()
}

/// The parts of an event in order; `None` past the last. A deleted object is an empty part.
pub(super) fn part(event: &Value, at: usize) -> Option<Part<'_>> {
    if at == 0 {
        return Some(Part { object: None, attributes: attributes(event) });
    }
    let object = event.get("Object")?.as_array()?.get(at - 1)?;
    let attributes = if is_deleted(object) { Vec::new() } else { attributes(object) };
    Some(Part { object: Some(object), attributes })
}

/// No more tags of one holder are looked at: each is looked at for every row.
const TAGS_MAX: usize = 100;

/// The names of the tags of an event, an object or an attribute.
pub(super) fn tags(of: &Value) -> impl Iterator<Item = &str> {
    list(of, "Tag").take(TAGS_MAX).filter_map(|tag| text(tag, "name"))
}

/// The value of the attribute that plays this part in its object.
pub(super) fn playing<'a>(part: &Part<'a>, relation: &str) -> Option<&'a str> {
    part.object?;
    let playing = part.attributes.iter().find(|a| text(a, "object_relation") == Some(relation));
    text(playing?, "value")
}
