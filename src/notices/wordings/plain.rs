//! Plain Japanese (わかりやすい日本語): what a reader stumbles over or takes fright at.
//!
//! Advice to whoever drafts, and binding for the shipped wordings. The lengths are those of the
//! guidelines on やさしい日本語 and of public writing; the words to avoid are those of offices and of
//! swindlers.

use std::fmt;

use super::{
    language::Language,
    text::{Line, Text},
};

/// Words of offices and of alarm, with what to write instead.
const AVOIDED: [(&str, &str); 16] = [
    ("等", "name what is meant"),
    ("当該", "この、その"),
    ("貴殿", "お客さま"),
    ("貴社", "name the company"),
    ("下記", "say it here"),
    ("上記", "say it here"),
    ("及び", "と"),
    ("並びに", "と"),
    ("至急", "nothing: nobody is to be hurried"),
    ("直ちに", "nothing: nobody is to be hurried"),
    ("今すぐ", "nothing: nobody is to be hurried"),
    ("警告", "お知らせ"),
    ("危険", "what can happen"),
    ("違法", "nothing: nobody is accused"),
    ("ざるを得", "say it without two negations"),
    ("なくはない", "say it without two negations"),
];

/// What no notice asks for.
const SECRETS: [&str; 5] = ["パスワード", "カード", "口座", "マイナンバー", "お金"];
/// How one would ask for it.
const ASKING: [&str; 6] = ["教えて", "おしえて", "入力して", "送って", "払って", "振り込"];

/// A stumbling block (読みにくい箇所).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// A sentence that is too long.
    Long(String, usize, usize),
    /// A word to avoid, and what to write instead.
    Word(&'static str, &'static str),
    /// A sentence that seems to ask for what no notice may ask for.
    Asks(String),
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Long(sentence, has, max) => {
                write!(f, "{has} characters, {max} are enough: {sentence}")
            }
            Self::Word(word, instead) => write!(f, "avoid {word}; instead: {instead}"),
            Self::Asks(sentence) => {
                write!(f, "this seems to ask for a secret or money: {sentence}")
            }
        }
    }
}

/// Characters of a sentence, at most.
pub fn longest(language: Language) -> usize {
    if language == Language::JaEasy { 30 } else { 40 }
}

/// What to mend in a text whose variables are filled in; nothing in other languages.
pub fn findings(language: Language, text: &Text) -> Vec<Finding> {
    if !language.is_japanese() {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for line in std::iter::once(text.subject.as_str()).chain(text.body.lines()) {
        for sentence in sentences(line) {
            findings.extend(of_sentence(language, &sentence));
        }
    }
    findings
}

fn of_sentence(language: Language, sentence: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let (has, max) = (sentence.chars().count(), longest(language));
    if has > max {
        findings.push(Finding::Long(sentence.to_owned(), has, max));
    }
    let avoided = AVOIDED.iter().filter(|(word, _)| sentence.contains(word));
    findings.extend(avoided.map(|(word, instead)| Finding::Word(word, instead)));
    let has_one = |words: &[&str]| words.iter().any(|word| sentence.contains(word));
    if has_one(&SECRETS) && has_one(&ASKING) {
        findings.push(Finding::Asks(sentence.to_owned()));
    }
    findings
}

/// The sentences of a line as they are read: without addresses, numbers, readings and spaces.
pub fn sentences(line: &str) -> Vec<String> {
    let words = match Line::of(line) {
        Line::Heading(words)
        | Line::Item(words)
        | Line::Step(words)
        | Line::Boxed(words)
        | Line::Words(words) => words,
        Line::Empty => "",
    };
    let is_read = |word: &&str| !word.starts_with("http") && word.contains(is_japanese);
    let split = words.split_inclusive(['。', '！', '？']);
    let sentence = |part: &str| {
        let part = without_addresses(part);
        without_readings(&part.split_whitespace().filter(is_read).collect::<String>())
    };
    split.map(sentence).filter(|sentence| sentence.contains(is_japanese)).collect()
}

fn is_japanese(c: char) -> bool {
    matches!(c, '\u{3041}'..='\u{30ff}' | '\u{4e00}'..='\u{9fff}')
}

/// Sets addresses apart from the words they are written together with.
fn without_addresses(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, address)) = rest.split_once("https://") {
        out.push_str(before);
        rest = address.trim_start_matches(|c: char| c.is_ascii_graphic());
    }
    out + rest
}

/// Takes readings in hiragana off: `番号（ばんごう）` is read as one word.
fn without_readings(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('（') {
        let (inside, tail) = after.split_once('）').unwrap_or((after, ""));
        out.push_str(before);
        if !inside.chars().all(|c| matches!(c, '\u{3041}'..='\u{309f}')) {
            out.push_str(inside);
        }
        rest = tail;
    }
    out + rest
}
