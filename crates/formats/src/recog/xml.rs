//! The XML of a fingerprint database (機器指紋のXML), bounded and without entities.

use quick_xml::{
    Reader, XmlVersion,
    escape::resolve_predefined_entity,
    events::{BytesRef, BytesStart, Event},
};

use super::{FILE_MAX, FINGERPRINTS_MAX, NotADatabase, PARAMS_MAX, example::Example};

/// Bytes of a pattern, a value, a description.
const TEXT_MAX: usize = 8_192;
/// Bytes of an example; some are whole answers of a directory.
const EXAMPLE_MAX: usize = 262_144;
/// Attributes of an element.
const ATTRIBUTES_MAX: usize = 64;

/// A database as it is written.
#[derive(Debug, Default)]
pub(super) struct RawDatabase {
    pub(super) matches: Option<String>,
    pub(super) protocol: Option<String>,
    pub(super) preference: Option<f64>,
    pub(super) fingerprints: Vec<RawFingerprint>,
}

/// A fingerprint as it is written.
#[derive(Debug, Default)]
pub(super) struct RawFingerprint {
    pub(super) pattern: String,
    pub(super) flags: String,
    pub(super) description: String,
    pub(super) params: Vec<RawParam>,
}

/// A field as it is written: the group of the pattern it comes from (0: none), name, value.
#[derive(Debug)]
pub(super) struct RawParam {
    pub(super) pos: usize,
    pub(super) name: String,
    pub(super) value: String,
}

type Attributes = Vec<(String, String)>;

/// Which text is being gathered.
enum Gathering {
    Nothing,
    Description,
    Example(Attributes),
}

struct Reading<'t, F> {
    reader: Reader<&'t [u8]>,
    database: RawDatabase,
    /// Names of the elements that are open.
    open: Vec<String>,
    gathering: Gathering,
    text: String,
    on_example: F,
}

/// Reads a database; each example is handed to `on_example`.
pub(super) fn read(
    text: &str,
    on_example: impl FnMut(Example),
) -> Result<RawDatabase, NotADatabase> {
    if text.len() > FILE_MAX {
        return Err(NotADatabase::TooLarge);
    }
    let mut reading = Reading {
        reader: Reader::from_str(text),
        database: RawDatabase::default(),
        open: Vec::new(),
        gathering: Gathering::Nothing,
        text: String::new(),
        on_example,
    };
    let mut found = false;
    loop {
        let event = match reading.reader.read_event() {
            Ok(event) => event,
            Err(fault) => return Err(reading.not_xml(&fault)),
        };
        match event {
            Event::Start(element) => {
                found |= reading.starts(&element)?;
                if reading.open.len() > 8 {
                    return Err(reading.too_many("the depth of elements"));
                }
                reading.open.push(element.name().as_ref().to_owned());
            }
            Event::Empty(element) => {
                found |= reading.starts(&element)?;
                reading.ends(element.name().as_ref());
            }
            Event::End(element) => {
                reading.ends(element.name().as_ref());
                reading.open.pop();
            }
            Event::Text(text) => reading.gather(&text.xml10_content())?,
            Event::CData(text) => reading.gather(&text.xml10_content())?,
            Event::GeneralRef(reference) => reading.refer(&reference)?,
            Event::DocType(_) => {
                return Err(NotADatabase::DocumentType { at: reading.at() });
            }
            Event::Eof if reading.open.is_empty() && found => return Ok(reading.database),
            Event::Eof if found => return Err(reading.not_xml(&"an element does not end")),
            Event::Eof => return Err(NotADatabase::NoFingerprints),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
    }
}

impl<F: FnMut(Example)> Reading<'_, F> {
    fn at(&self) -> u64 {
        self.reader.buffer_position()
    }

    fn not_xml(&self, why: &dyn std::fmt::Display) -> NotADatabase {
        NotADatabase::NotXml { at: self.at(), why: why.to_string() }
    }

    fn too_many(&self, what: &'static str) -> NotADatabase {
        NotADatabase::TooMany { at: self.at(), what }
    }

    /// Takes the beginning of an element in; tells whether it is that of the whole.
    fn starts(&mut self, element: &BytesStart<'_>) -> Result<bool, NotADatabase> {
        let name = element.name();
        let parent = self.open.last().map(String::as_str);
        match (parent, name.as_ref()) {
            (None, "fingerprints") => {
                let mut given = self.attributes(element)?;
                self.database.matches = take(&mut given, "matches");
                self.database.protocol = take(&mut given, "protocol");
                let preference = take(&mut given, "preference");
                let preference = preference.and_then(|text| text.parse::<f64>().ok());
                self.database.preference = preference.filter(|one| (0.0..=1.0).contains(one));
                return Ok(true);
            }
            (Some("fingerprints"), "fingerprint") => {
                let mut given = self.attributes(element)?;
                if self.database.fingerprints.len() == FINGERPRINTS_MAX {
                    return Err(self.too_many("the number of fingerprints"));
                }
                self.database.fingerprints.push(RawFingerprint {
                    pattern: take(&mut given, "pattern").unwrap_or_default(),
                    flags: take(&mut given, "flags").unwrap_or_default(),
                    ..RawFingerprint::default()
                });
            }
            (Some("fingerprint"), "description") => self.gathers(Gathering::Description),
            (Some("fingerprint"), "example") => {
                let given = self.attributes(element)?;
                self.gathers(Gathering::Example(given));
            }
            (Some("fingerprint"), "param") => self.param(element)?,
            _ => {}
        }
        Ok(false)
    }

    fn param(&mut self, element: &BytesStart<'_>) -> Result<(), NotADatabase> {
        let mut given = self.attributes(element)?;
        let full = self.too_many("the number of fields");
        let Some(last) = self.database.fingerprints.last_mut() else { return Ok(()) };
        if last.params.len() == PARAMS_MAX {
            return Err(full);
        }
        let pos = take(&mut given, "pos").and_then(|pos| pos.parse().ok());
        if let (Some(pos), Some(name)) = (pos, take(&mut given, "name")) {
            let value = take(&mut given, "value").unwrap_or_default();
            last.params.push(RawParam { pos, name, value });
        }
        Ok(())
    }

    fn attributes(&self, element: &BytesStart<'_>) -> Result<Attributes, NotADatabase> {
        let mut given = Vec::new();
        for attribute in element.attributes() {
            let attribute = attribute.map_err(|fault| self.not_xml(&fault))?;
            let value = attribute.normalized_value(XmlVersion::Implicit1_0);
            let value = value.map_err(|fault| self.not_xml(&fault))?;
            if given.len() == ATTRIBUTES_MAX || value.len() > TEXT_MAX {
                return Err(self.too_many("an element's attributes"));
            }
            given.push((attribute.key.as_ref().to_owned(), value.into_owned()));
        }
        Ok(given)
    }

    fn gathers(&mut self, what: Gathering) {
        self.gathering = what;
        self.text.clear();
    }

    fn gather(&mut self, text: &str) -> Result<(), NotADatabase> {
        let bound = match self.gathering {
            Gathering::Nothing => return Ok(()),
            Gathering::Description => TEXT_MAX,
            Gathering::Example(_) => EXAMPLE_MAX,
        };
        if self.text.len() + text.len() > bound {
            return Err(self.too_many("a text"));
        }
        self.text.push_str(text);
        Ok(())
    }

    /// A character by number, or one of the five names that XML itself knows; no other is known.
    fn refer(&mut self, reference: &BytesRef<'_>) -> Result<(), NotADatabase> {
        let character = reference.resolve_char_ref().map_err(|fault| self.not_xml(&fault))?;
        if let Some(character) = character {
            return self.gather(character.encode_utf8(&mut [0; 4]));
        }
        let name = reference.xml10_content();
        match resolve_predefined_entity(&name) {
            Some(text) => self.gather(text),
            None => Err(self.not_xml(&format_args!("nothing is called `{name}`"))),
        }
    }

    fn ends(&mut self, name: &str) {
        if !matches!(name, "description" | "example") {
            return;
        }
        let text = std::mem::take(&mut self.text);
        match std::mem::replace(&mut self.gathering, Gathering::Nothing) {
            Gathering::Nothing => {}
            Gathering::Description => {
                if let Some(last) = self.database.fingerprints.last_mut() {
                    text.trim().clone_into(&mut last.description);
                }
            }
            Gathering::Example(given) => {
                let of = self.database.fingerprints.len().saturating_sub(1);
                (self.on_example)(Example::new(of, text, given));
            }
        }
    }
}

/// The value of an attribute, taken out.
fn take(given: &mut Attributes, name: &str) -> Option<String> {
    let place = given.iter().position(|(known, _)| known == name)?;
    Some(given.swap_remove(place).1)
}
