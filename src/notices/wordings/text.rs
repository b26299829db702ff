//! The text of a wording (本文): lines with variables in braces, checked before they are kept.
//!
//! A file begins with `# ` and the subject, except for a short message, which has none. Below, each
//! line stands for itself: `## ` makes a heading, `- ` a thing among several, `1. ` a step, `> `
//! a line of the box that says how to tell a genuine notice; its first line is its heading.

use sqlx::FromRow;

use super::{Audience, Of, Way, fill};

/// What may stand in braces in any text, and what it becomes.
const ALWAYS: [Variable; 10] = [
    ("inquiry_id", "the inquiry ID; mandatory"),
    ("phone", "the number of the centre; mandatory"),
    ("genuine", "the address of the page that tells a genuine notice; mandatory"),
    ("id_page", "the address of the page where the inquiry ID is entered"),
    ("hours", "when the centre answers"),
    ("centre", "the name of the centre"),
    ("isp", "the name of the provider"),
    ("found_on", "the day on which it was seen last"),
    ("name", "left for the provider: the subscriber's name, as «氏名»"),
    ("isp_phone", "left for the provider: its own number, as «プロバイダの電話番号»"),
];

/// The same in a text about a device that a scan or a sensor found.
const OF_DEVICES: [Variable; 4] = [
    ("finding", "what was found, in one or two sentences"),
    ("remedy", "what to do about it, in one or two sentences"),
    ("effort", "how long that takes and what it costs, as far as it is known"),
    ("device", "what kind of device it is"),
];

/// The same in a text of a campaign: what the campaign itself says.
const OF_CAMPAIGNS: [Variable; 5] = [
    ("title", "the title of the campaign"),
    ("source", "who gathered the data that its list comes from"),
    ("happened", "what happened, on lines of its own"),
    ("to_do", "what to do, on lines of its own"),
    ("campaign_page", "the address of the page that explains the campaign"),
];

/// A name, and what it becomes (差し込み).
pub type Variable = (&'static str, &'static str);

/// What may stand in braces in a text for `audience`.
pub fn variables_of(audience: Audience) -> impl Iterator<Item = Variable> {
    let own = if audience == Audience::Campaign { &OF_CAMPAIGNS[..] } else { &OF_DEVICES };
    ALWAYS.into_iter().chain(own.iter().copied())
}

/// What each notice must say: which case, whom to call, and how to tell that it is genuine.
pub const MANDATORY: [&str; 3] = ["inquiry_id", "phone", "genuine"];

/// Characters of one text, at most.
const CHARACTERS_MAX: usize = 8_000;
/// Characters of a subject, at most.
const SUBJECT_MAX: usize = 120;
/// Parts of a short message, at most: what carriers in Japan pass on.
const PARTS_MAX: usize = 10;

/// Why a text is not kept (受け付けない理由).
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAText {
    /// It begins without a subject.
    #[error("the text must begin with `# ` and its subject")]
    NoSubject,
    /// A short message has no subject.
    #[error("a short message has no subject: leave the line with `# ` out")]
    Subject,
    /// Nothing stands below the subject.
    #[error("nothing stands below the subject")]
    Empty,
    /// It is too long.
    #[error(
        "the text has {0} characters; {CHARACTERS_MAX} and {SUBJECT_MAX} in the subject will do"
    )]
    TooLong(usize),
    /// A short message of too many parts.
    #[error("the message takes {0} parts; carriers pass on {PARTS_MAX} at most")]
    TooManyParts(usize),
    /// A character that would be obeyed rather than read.
    #[error("line {0} holds a control character")]
    Control(usize),
    /// A brace that opens or closes nothing.
    #[error("line {0} holds a brace without its other half; a variable looks like {{inquiry_id}}")]
    Brace(usize),
    /// A variable nobody fills in.
    #[error("line {1}: there is no variable {{{0}}} here; there are {known}", known = known(*.2))]
    Unknown(String, usize, Audience),
    /// A mandatory variable that is not there.
    #[error("the text must say {{{0}}}: {meaning}", meaning = meaning(.0))]
    Missing(&'static str),
}

fn known(audience: Audience) -> String {
    let names = variables_of(audience).map(|(name, _)| format!("{{{name}}}"));
    names.collect::<Vec<_>>().join(", ")
}

fn meaning(name: &str) -> &'static str {
    let found = ALWAYS.iter().find(|(known, _)| *known == name);
    found.map_or("", |(_, meaning)| meaning)
}

/// What a wording says (本文).
#[derive(Clone, Debug, Default, PartialEq, Eq, FromRow)]
pub struct Text {
    /// What it is about; empty in a short message.
    pub subject: String,
    /// The lines below.
    pub body: String,
}

/// A line of a text, by what it begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// `## `.
    Heading(&'a str),
    /// `- `.
    Item(&'a str),
    /// `1. `, whatever the number.
    Step(&'a str),
    /// `> `.
    Boxed(&'a str),
    /// Anything else.
    Words(&'a str),
    /// Nothing.
    Empty,
}

impl<'a> Line<'a> {
    /// Reads a line.
    pub fn of(line: &'a str) -> Self {
        let line = line.trim_end();
        if line.is_empty() {
            return Self::Empty;
        }
        if let Some(words) = line.strip_prefix("## ") {
            return Self::Heading(words);
        }
        if let Some(words) = line.strip_prefix("- ") {
            return Self::Item(words);
        }
        if let Some(words) = line.strip_prefix("> ") {
            return Self::Boxed(words);
        }
        match line.split_once(". ") {
            Some((number, words)) if number.len() <= 2 && number.parse::<u8>().is_ok() => {
                Self::Step(words)
            }
            _ => Self::Words(line),
        }
    }
}

impl Text {
    /// Reads a file; what is in it is checked by [`Text::check`].
    pub fn parse(file: &str) -> Self {
        let file = file.trim_start_matches('\u{feff}').replace("\r\n", "\n");
        let (subject, body) = match file.strip_prefix("# ") {
            Some(rest) => rest.split_once('\n').unwrap_or((rest, "")),
            None => ("", file.as_str()),
        };
        Self { subject: subject.trim().to_owned(), body: body.trim().to_owned() }
    }

    /// Checks that it can be sent by that way and says what each notice must say.
    pub fn check(&self, (kind, language): Of) -> Result<(), NotAText> {
        match (kind.way, self.subject.is_empty()) {
            (Way::Sms, false) => return Err(NotAText::Subject),
            (Way::Mail | Way::Letter | Way::Phone, true) => return Err(NotAText::NoSubject),
            _ => {}
        }
        if self.body.is_empty() {
            return Err(NotAText::Empty);
        }
        let (subject, body) = (self.subject.chars().count(), self.body.chars().count());
        if subject > SUBJECT_MAX || body > CHARACTERS_MAX {
            return Err(NotAText::TooLong(subject + body));
        }
        let mut named = Vec::new();
        for (number, line) in (1..).zip(self.lines()) {
            variables((line, number), kind.audience, &mut named)?;
        }
        if let Some(missing) = MANDATORY.iter().find(|name| !named.contains(*name)) {
            return Err(NotAText::Missing(missing));
        }
        let example = fill::example((kind, language));
        let parts = parts(&self.filled(|name| example.get(name)).body);
        let is_long = kind.way == Way::Sms && parts > PARTS_MAX;
        if is_long { Err(NotAText::TooManyParts(parts)) } else { Ok(()) }
    }

    fn lines(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.subject.as_str()).chain(self.body.lines())
    }

    /// The text with each variable replaced by what `value` gives for it.
    #[must_use]
    pub fn filled<'v>(&self, value: impl Fn(&str) -> Option<&'v str>) -> Self {
        let filled = |text: &str| {
            let mut out = String::with_capacity(text.len() * 2);
            let mut rest = text;
            while let Some((before, after)) = rest.split_once('{') {
                out.push_str(before);
                let (name, after) = after.split_once('}').unwrap_or((after, ""));
                out.push_str(value(name).unwrap_or_default());
                rest = after;
            }
            out + rest
        };
        Self { subject: filled(&self.subject), body: filled(&self.body) }
    }

    /// The body as plain text, as a mail program shows it.
    pub fn plain(&self, way: Way) -> String {
        let mut boxed = false;
        let lines = self.body.lines().map(|line| {
            let was_boxed = boxed;
            boxed = matches!(Line::of(line), Line::Boxed(_));
            match Line::of(line) {
                _ if way == Way::Sms => line.to_owned(),
                Line::Heading(words) => format!("■ {words}"),
                Line::Boxed(words) if !was_boxed => format!("■ {words}"),
                Line::Boxed(words) | Line::Item(words) => format!("・{words}"),
                Line::Step(_) | Line::Words(_) | Line::Empty => line.to_owned(),
            }
        });
        lines.collect::<Vec<_>>().join("\n")
    }
}

/// Adds the variables of a line.
fn variables(
    (line, number): (&str, usize),
    audience: Audience,
    named: &mut Vec<&'static str>,
) -> Result<(), NotAText> {
    if line.contains(char::is_control) {
        return Err(NotAText::Control(number));
    }
    let mut rest = line;
    while let Some(open) = rest.find(['{', '}']) {
        let inside = rest[open..].strip_prefix('{').and_then(|inside| inside.split_once('}'));
        let Some((name, after)) = inside.filter(|(name, _)| !name.contains('{')) else {
            return Err(NotAText::Brace(number));
        };
        match variables_of(audience).find(|(known, _)| *known == name) {
            Some((known, _)) => named.push(known),
            None => return Err(NotAText::Unknown(name.to_owned(), number, audience)),
        }
        rest = after;
    }
    Ok(())
}

/// Parts that a short message is sent in: 70 characters make one (UCS-2, 140 octets); a longer one
/// goes in parts of 67, whose headers take the rest (3GPP TS 23.040). A carrier that packs a
/// message in Latin letters tighter needs fewer.
pub fn parts(message: &str) -> usize {
    match message.encode_utf16().count() {
        0..=70 => 1,
        units => units.div_ceil(67),
    }
}
