//! Letters (周知の手紙): the texts of a kit, set on paper for a window envelope.
//!
//! Owns no table.

use print::{
    fonts::Fonts,
    letter::{Block, Call, Code, Language as Type, Letter, Number},
    press,
};

use super::{
    kit::{Kit, Sheet},
    press::Window,
    wordings::{
        fill::{ADDRESS, NAME, POSTCODE},
        language::Language,
        shipped,
        text::{Line, Text},
    },
};
use crate::time::Moment;

/// The letter of each sheet, dated `on`.
pub fn of(kit: &Kit, window: Window, on: Moment) -> impl Iterator<Item = Letter> {
    kit.sheets.iter().map(move |sheet| letter(kit, sheet, window, on))
}

/// The first character of the letters of a kit that these fonts lack: known before any is set.
pub fn lacks(kit: &Kit, fonts: &Fonts) -> Option<char> {
    // Whatever stands in the window, and on whichever day.
    let letters = of(kit, Window::Fields, Moment(0));
    letters.into_iter().find_map(|letter| press::lacking(fonts, &letter).map(|(lacks, _)| lacks))
}

fn letter(kit: &Kit, sheet: &Sheet, window: Window, on: Moment) -> Letter {
    let language = kit.language;
    let words = shipped::words(language);
    let value = |name: &str| sheet.values.get(name).unwrap_or_default().to_owned();
    let said = |words: &str| {
        let text = Text { subject: String::new(), body: words.to_owned() };
        text.filled(|name| sheet.values.get(name)).body
    };
    let text = sheet.text();
    let fields = [format!("〒{POSTCODE}"), ADDRESS.to_owned(), format!("{NAME} 様")];
    let recipient = if window == Window::Fields { fields.to_vec() } else { Vec::new() };
    let id = sheet.values.inquiry_id();
    Letter {
        language: type_of(language),
        recipient,
        sender: vec![language.date(on), kit.isp.clone(), said(&words.sender_phone)],
        number: Number { label: words.number.clone(), value: id.to_owned() },
        code: Code {
            says: format!("{}#{id}", value("id_page")),
            caption: words.caption.clone(),
            address: value("id_page"),
        },
        body: blocks(&text.body),
        title: text.subject,
        call: Call { who: said(&words.call), phone: value("phone"), hours: value("hours") },
        foot: format!("{} {} {}", kit.list_id, sheet.record_no, sheet.wording),
    }
}

fn type_of(language: Language) -> Type {
    match language {
        Language::Ja => Type::Japanese,
        Language::JaEasy => Type::EasyJapanese,
        Language::En => Type::English,
        Language::ZhHans => Type::Chinese,
        Language::Vi => Type::Vietnamese,
        Language::Ko => Type::Korean,
        Language::PtBr => Type::Portuguese,
    }
}

/// The lines of a body as parts of a letter; lines of a box that follow each other are one box.
fn blocks(body: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut is_boxed = false;
    for line in body.lines() {
        let line = Line::of(line);
        let was_boxed = std::mem::replace(&mut is_boxed, matches!(line, Line::Boxed(_)));
        match (line, blocks.last_mut()) {
            (Line::Boxed(words), Some(Block::Boxed(_, items))) if was_boxed => {
                items.push(words.to_owned());
            }
            (Line::Boxed(words), _) => blocks.push(Block::Boxed(words.to_owned(), Vec::new())),
            (Line::Heading(words), _) => blocks.push(Block::Heading(words.to_owned())),
            (Line::Item(words), _) => blocks.push(Block::Item(words.to_owned())),
            (Line::Step(words), _) => blocks.push(Block::Step(words.to_owned())),
            (Line::Words(words), _) => blocks.push(Block::Paragraph(words.to_owned())),
            (Line::Empty, _) => {}
        }
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_a_box_that_follow_each_other_are_one_box() {
        let boxed = |title: &str, items: &[&str]| {
            Block::Boxed(title.to_owned(), items.iter().map(ToString::to_string).collect())
        };
        assert_eq!(
            blocks("> a\n> b\n\n> c\nd\n1. e"),
            [
                boxed("a", &["b"]),
                boxed("c", &[]),
                Block::Paragraph("d".to_owned()),
                Block::Step("e".to_owned()),
            ]
        );
    }
}
