//! The press (印刷): letters to PDF, with one engine for any number of them.

use std::fmt;

use typst::{
    diag::Warned,
    foundations::{Array, Bytes, Dict, IntoValue as _, Value},
};
use typst_as_lib::{TypstAsLibError, TypstEngine, TypstTemplateMainFile};
use typst_layout::PagedDocument;
use typst_pdf::PdfOptions;

use crate::{
    fonts::Fonts,
    letter::{Block, Language, Letter},
    qr,
    window::NAGAGATA_3,
};

/// Typst keeps what it set before for so many compilations: the next letter is much the same.
const KEEP: usize = 2;

/// Why letters are not printed.
#[derive(Debug, thiserror::Error)]
pub enum NotPrinted {
    /// The font of the letter lacks a character, and boxes are no letter.
    #[error("the font {font} has no character {character:?}; it stands in: {text}")]
    NoCharacter {
        /// The font.
        font: &'static str,
        /// The character.
        character: char,
        /// Where it stands.
        text: String,
    },
    /// The address in the QR code is too long.
    #[error(transparent)]
    Code(#[from] qr::TooLong),
    /// Typst does not take the template: a fault of this crate.
    #[error("the letter cannot be set: {0}")]
    Fault(String),
}

/// What prints letters (印刷): the fonts and the template, read once.
pub struct Press {
    fonts: Fonts,
    engine: TypstEngine<TypstTemplateMainFile>,
}

impl fmt::Debug for Press {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Press").finish_non_exhaustive()
    }
}

impl Press {
    /// A press with these fonts.
    pub fn new(fonts: Fonts) -> Self {
        let engine = TypstEngine::builder()
            .main_file(include_str!("letter.typ"))
            .fonts(fonts.all())
            .comemo_evict_max_age(Some(KEEP))
            .build();
        Self { fonts, engine }
    }

    /// Its fonts.
    pub fn fonts(&self) -> &Fonts {
        &self.fonts
    }

    /// Prints letters into one PDF, each beginning on a page of its own.
    pub fn print(&self, letters: &[Letter]) -> Result<Vec<u8>, NotPrinted> {
        let mut values = Array::new();
        for letter in letters {
            if let Some((character, text)) = lacking(&self.fonts, letter) {
                let font = letter.language.family();
                return Err(NotPrinted::NoCharacter { font, character, text: text.to_owned() });
            }
            values.push(value(letter)?.into_value());
        }
        let mut inputs = Dict::new();
        inputs.insert("letters".into(), values.into_value());
        inputs.insert("window".into(), window().into_value());
        let Warned { output, warnings } = self.engine.compile_with_input(inputs);
        let document: PagedDocument = output.map_err(|fault| fault_of(&fault))?;
        // A font that is not there is only a warning to Typst.
        if let Some(warning) = warnings.first() {
            return Err(NotPrinted::Fault(warning.message.to_string()));
        }
        let pdf = typst_pdf::pdf(&document, &PdfOptions::default());
        pdf.map_err(|faults| fault_of(&TypstAsLibError::TypstSource(faults)))
    }
}

fn fault_of(fault: &TypstAsLibError) -> NotPrinted {
    NotPrinted::Fault(match fault {
        TypstAsLibError::TypstSource(faults) => {
            faults.iter().map(|it| it.message.to_string()).collect::<Vec<_>>().join("; ")
        }
        other => other.to_string(),
    })
}

/// The first character of a letter that its font lacks, and the text in which it stands: known
/// before anything is set.
pub fn lacking<'a>(fonts: &Fonts, letter: &'a Letter) -> Option<(char, &'a str)> {
    let lacks = |text: &'a str| Some((fonts.lacks(letter.language, text)?, text));
    texts(letter).into_iter().find_map(lacks)
}

/// Every text of a letter.
fn texts(letter: &Letter) -> Vec<&str> {
    let Letter { recipient, sender, title, number, code, body, call, foot, .. } = letter;
    let mut texts: Vec<&str> = recipient.iter().chain(sender).map(String::as_str).collect();
    texts.extend(
        [title, &number.label, &number.value, &code.caption, &code.address, foot]
            .map(String::as_str),
    );
    texts.extend([&call.who, &call.phone, &call.hours].map(String::as_str));
    for block in body {
        let (words, items) = match block {
            Block::Heading(text)
            | Block::Paragraph(text)
            | Block::Item(text)
            | Block::Step(text) => (text, [].as_slice()),
            Block::Boxed(title, items) => (title, items.as_slice()),
        };
        texts.push(words);
        texts.extend(items.iter().map(String::as_str));
    }
    texts
}

fn dict<const N: usize>(fields: [(&str, Value); N]) -> Dict {
    fields.into_iter().map(|(name, value)| (name.into(), value)).collect()
}

fn strings(texts: &[String]) -> Value {
    texts.iter().map(|text| text.as_str().into_value()).collect::<Array>().into_value()
}

fn text(text: &str) -> Value {
    text.into_value()
}

fn value(letter: &Letter) -> Result<Dict, NotPrinted> {
    let Letter { language, recipient, sender, title, number, code, body, call, foot } = letter;
    let (lang, region) = language.code();
    let drawing = Bytes::from_string(qr::svg(&code.says)?);
    Ok(dict([
        ("lang", text(lang)),
        ("region", text(region)),
        ("font", text(language.family())),
        ("size", language.points().into_value()),
        ("easy", (*language == Language::EasyJapanese).into_value()),
        ("recipient", strings(recipient)),
        ("sender", strings(sender)),
        ("title", text(title)),
        (
            "number",
            dict([("label", text(&number.label)), ("value", text(&number.value))]).into_value(),
        ),
        (
            "code",
            dict([
                ("drawing", drawing.into_value()),
                ("caption", text(&code.caption)),
                ("address", text(&code.address)),
            ])
            .into_value(),
        ),
        (
            "body",
            body.iter()
                .map(|block| block_value(block).into_value())
                .collect::<Array>()
                .into_value(),
        ),
        (
            "call",
            dict([
                ("who", text(&call.who)),
                ("phone", text(&call.phone)),
                ("hours", text(&call.hours)),
            ])
            .into_value(),
        ),
        ("foot", text(foot)),
    ]))
}

fn block_value(block: &Block) -> Dict {
    let (kind, words, items) = match block {
        Block::Heading(words) => ("heading", words, [].as_slice()),
        Block::Paragraph(words) => ("paragraph", words, [].as_slice()),
        Block::Item(words) => ("item", words, [].as_slice()),
        Block::Step(words) => ("step", words, [].as_slice()),
        Block::Boxed(words, items) => ("boxed", words, items.as_slice()),
    };
    dict([("kind", text(kind)), ("text", text(words)), ("items", strings(items))])
}

/// Where the address stands, and below what the letter begins.
fn window() -> Dict {
    let (seen, clear) = (NAGAGATA_3.seen(), NAGAGATA_3.clear());
    dict([
        ("left", seen.left.into_value()),
        ("top", seen.top.into_value()),
        ("width", (seen.right - seen.left).into_value()),
        ("height", (seen.bottom - seen.top).into_value()),
        ("clear-right", clear.right.into_value()),
        ("clear-bottom", clear.bottom.into_value()),
    ])
}
