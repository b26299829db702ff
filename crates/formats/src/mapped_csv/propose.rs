//! 項目対応の提案: guesses a mapping from a sample, by headings and by what the cells hold.

use std::collections::BTreeMap;
use std::io::Cursor;

use super::clock::Clock;
use super::headings;
use super::mapping::{Columns, Mapping};
use crate::split::{Splitter, Step};
use crate::{Encoding, FileRefused, Proto, Reading, address, table::Word, text};

/// Rows that are looked at and shown.
const ROWS_MAX: usize = 50;

/// What one column is thought to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guess {
    /// The heading, or the number of the column from 1 where the file has no header.
    pub column: String,
    /// The field, if one is thought of.
    pub field: Option<String>,
    /// How sure that is, from 0 to 100.
    pub confidence: u8,
}

/// 項目対応の提案: a mapping to be looked at before it is used.
#[doc(alias = "項目対応の提案")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// The mapping; it lacks what `missing` names.
    pub mapping: Mapping,
    /// What each column is thought to be.
    pub columns: Vec<Guess>,
    /// How sure the whole is: the least sure of the columns without which no row can be read.
    pub confidence: u8,
    /// Columns it could not place; by name they are kept in `extra`, by position left out.
    pub unplaced: Vec<String>,
    /// Fields without which no row can be read and that no column gives.
    pub missing: Vec<&'static str>,
    /// The first rows, header included, as they were cut.
    pub rows: Vec<Vec<String>>,
}

/// Guesses how a file is to be read from its beginning. Refused: what has no row of text.
pub fn propose(sample: &[u8]) -> Result<Proposal, FileRefused> {
    let mut best: Option<(usize, u8, Vec<Vec<String>>)> = None;
    for delimiter in [b',', b'\t', b';', b'|'] {
        let rows = cut(sample, delimiter)?;
        let width = rows.iter().map(Vec::len).max().unwrap_or(0);
        let even = rows.iter().filter(|row| row.len() == width).count();
        // A delimiter that cuts most rows alike, and into more cells than another one does.
        let score = if width > 1 && even * 2 > rows.len() { width } else { 0 };
        if best.as_ref().is_none_or(|(most, ..)| score > *most) {
            best = Some((score, delimiter, rows));
        }
    }
    let (_, delimiter, rows) = best.ok_or(FileRefused::Empty)?;
    let first = rows.first().ok_or(FileRefused::Empty)?.clone();
    let has_header = is_header(&first);
    let body = &rows[usize::from(has_header)..];
    let columns = guesses(&first, body, has_header);
    let mut mapping = Mapping::of(laid(&columns, has_header));
    mapping.delimiter = char::from(delimiter).to_string();
    let text = std::str::from_utf8(sample).map_err(|e| e.error_len().is_some());
    let encoding = if text == Err(true) { "cp932" } else { "utf-8" };
    mapping.encoding = Some(encoding.to_owned());
    let times = |at: usize| columns[at].field.as_deref() == Some("detected_at");
    let time = (0..columns.len()).find(|at| times(*at));
    if let Some(at) = time {
        let cells = || body.iter().filter_map(|row| row.get(at)).filter(|cell| !cell.is_empty());
        mapping.time_format = stamped(cells().map(String::as_str)).map(str::to_owned);
        mapping.zone = headings::zone(&columns[at].column).map(str::to_owned);
    }
    let given = |field: &str| columns.iter().find(|c| c.field.as_deref() == Some(field));
    let mut missing: Vec<&str> =
        ["ip", "detected_at"].into_iter().filter(|field| given(field).is_none()).collect();
    if given("exposure").is_none() && given("weakness_code").is_none() {
        missing.push("weakness_code");
    }
    let sure = |field| given(field).map_or(0, |column| column.confidence);
    let confidence = sure("ip").min(sure("detected_at"));
    let unplaced = columns.iter().filter(|c| c.field.is_none()).map(|c| c.column.clone()).collect();
    Ok(Proposal { mapping, columns, confidence, unplaced, missing, rows })
}

/// The first rows, cut at that byte. A row the sample ends within is left out.
fn cut(sample: &[u8], delimiter: u8) -> Result<Vec<Vec<String>>, FileRefused> {
    let mut splitter =
        Splitter::open(Cursor::new(sample.to_vec()), Encoding::Auto)?.delimited(delimiter);
    let mut rows = Vec::new();
    while rows.len() < ROWS_MAX {
        match splitter.step()? {
            Step::End => break,
            Step::Uncut { .. } => {}
            Step::Row => {
                if let Some((row, cells)) = splitter.decode() {
                    rows.push(cells.iter().map(|c| c.text(row).trim().to_owned()).collect());
                }
            }
        }
    }
    Ok(rows)
}

/// A header names a column we know, or at least holds neither an address nor a number.
fn is_header(row: &[String]) -> bool {
    let data = |cell: &String| {
        let code = text::narrow(cell);
        address::parse(&code).is_ok() || code.parse::<f64>().is_ok()
    };
    let known = row.iter().filter(|cell| headings::field(cell).is_some()).count();
    known > 0 && !row.iter().any(data) || known * 2 > row.len()
}

fn laid(columns: &[Guess], has_header: bool) -> Columns {
    let placed = |c: &Guess| c.field.clone();
    if has_header {
        let named = columns.iter().filter_map(|c| Some((c.column.clone(), placed(c)?)));
        Columns::ByName(named.collect::<BTreeMap<_, _>>())
    } else {
        let word = |c: &Guess| placed(c).unwrap_or_else(|| "__IGNORE__".to_owned());
        Columns::ByPosition(columns.iter().map(word).collect())
    }
}

/// What each column is: its heading proposes, its cells confirm; without a heading the cells alone.
fn guesses(first: &[String], body: &[Vec<String>], has_header: bool) -> Vec<Guess> {
    let width = body.iter().map(Vec::len).chain([first.len()]).max().unwrap_or(0);
    let mut taken: Vec<String> = Vec::new();
    let mut guesses: Vec<Guess> = (0..width)
        .map(|at| {
            let heading =
                if has_header { first.get(at).cloned().unwrap_or_default() } else { String::new() };
            let column = if heading.is_empty() { (at + 1).to_string() } else { heading.clone() };
            let cells: Vec<&str> =
                body.iter().filter_map(|row| row.get(at)).map(String::as_str).collect();
            let Some(field) = headings::field(&heading) else {
                return Guess { column, field: None, confidence: 0 };
            };
            // Date and clock may stand in two columns; of everything else one is enough.
            if taken.iter().any(|t| t == field) && field != "detected_at" {
                return Guess { column, field: None, confidence: 0 };
            }
            let confidence = match holds(field, &cells) {
                Some(true) => 95,
                Some(false) => 30,
                None => 70,
            };
            taken.push(field.to_owned());
            Guess { column, field: Some(field.to_owned()), confidence }
        })
        .collect();
    for (at, guess) in guesses.iter_mut().enumerate().filter(|(_, guess)| guess.field.is_none()) {
        let cells: Vec<&str> =
            body.iter().filter_map(|row| row.get(at)).map(String::as_str).collect();
        let by_cells = [("ip", 60), ("peer_ip", 40), ("detected_at", 60), ("proto", 60)];
        let free = |field: &str| !taken.iter().any(|t| t == field);
        let found = by_cells.into_iter().find(|(f, _)| free(f) && holds(f, &cells) == Some(true));
        if let Some((field, confidence)) = found {
            taken.push(field.to_owned());
            guess.field = Some(field.to_owned());
            guess.confidence = confidence;
        }
    }
    guesses
}

/// Whether four cells of five are what the field asks for; `None` where nothing can be said.
fn holds(field: &str, cells: &[&str]) -> Option<bool> {
    let filled = || cells.iter().filter(|cell| !cell.is_empty() && **cell != "-");
    let total = filled().count();
    let most = |fits: &dyn Fn(&str) -> bool| {
        (total > 0)
            .then(|| filled().filter(|cell| fits(&text::narrow(cell))).count() * 5 >= total * 4)
    };
    match field {
        "ip" | "peer_ip" => most(&|cell| address::parse(cell).is_ok()),
        "port" | "peer_port" => most(&|cell| address::port(cell).is_ok()),
        "proto" => most(&|cell| Proto::read(cell).is_some() || matches!(cell, "6" | "17")),
        "detected_at" => {
            let format = stamped(filled().copied());
            most(&|cell| is_time(cell, format) || is_clock(cell))
        }
        _ => None,
    }
}

/// The format of times that are numbers.
fn stamped<'a>(cells: impl Iterator<Item = &'a str>) -> Option<&'static str> {
    let lengths: Vec<usize> = cells
        .map(text::narrow)
        .map(|cell| if cell.bytes().all(|b| b.is_ascii_digit()) { cell.len() } else { 0 })
        .collect();
    let all = |len: usize| !lengths.is_empty() && lengths.iter().all(|l| *l == len);
    if all(18) {
        Some("windows_nt")
    } else if all(10) {
        Some("epoch")
    } else if all(13) {
        Some("epoch_millis")
    } else {
        None
    }
}

fn is_time(cell: &str, format: Option<&str>) -> bool {
    let mut mapping = Mapping::of(Columns::ByPosition(Vec::new()));
    mapping.time_format = format.map(str::to_owned);
    let clock = Clock::of(&mapping, Reading::at(0).in_japan_time());
    clock.is_ok_and(|clock| clock.read(cell).is_ok())
}

/// A time of day in a column of its own.
fn is_clock(cell: &str) -> bool {
    let parts: Vec<&str> = cell.split([':', '時', '分']).collect();
    parts.len() > 1 && parts.len() < 5 && parts[0].parse::<u8>().is_ok_and(|hour| hour < 24)
}
