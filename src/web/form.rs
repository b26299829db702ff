//! Forms (入力): refusals stand first on the page and beside their field, what was typed is kept.
//!
//! A file is sent, looked at, and only then handed in; between the two it lies in the form.

use std::collections::HashMap;

use axum::{
    extract::{Multipart, multipart::MultipartError},
    http::StatusCode,
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use formats::FileRefused;
use serde::Deserialize;

use super::texts::Lang;

/// One refused field (入力の問題).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The `id` of the field, or of the first radio of its group.
    pub field: &'static str,
    /// The same words in the summary and at the field.
    pub words: String,
}

/// The refusals of one form, in the order of its fields; empty when it was taken.
#[derive(Clone, Debug, Default)]
pub struct Errors {
    list: Vec<Refused>,
    /// What was typed is well: something else became of it meanwhile.
    is_meanwhile: bool,
}

impl Errors {
    /// No refusal.
    pub fn none() -> Self {
        Self::default()
    }

    /// One refused field.
    pub fn of(field: &'static str, words: String) -> Self {
        Self { list: vec![Refused { field, words }], is_meanwhile: false }
    }

    /// What happened before the form was sent, so that it does nothing more; `at` is where the page
    /// shows it.
    pub fn meanwhile(at: &'static str, words: String) -> Self {
        Self { list: vec![Refused { field: at, words }], is_meanwhile: true }
    }

    /// Whether the form was refused.
    pub fn any(&self) -> bool {
        !self.list.is_empty()
    }

    /// The key of the title above the summary.
    pub fn title(&self) -> &'static str {
        if self.is_meanwhile { "errors-meanwhile" } else { "errors-title" }
    }

    /// The refusals for the summary.
    pub fn list(&self) -> &[Refused] {
        &self.list
    }

    /// The words at `field`, or nothing.
    pub fn at(&self, field: &str) -> Option<&str> {
        self.list
            .iter()
            .find(|refused| refused.field == field)
            .map(|refused| refused.words.as_str())
    }
}

/// A value within a query.
pub fn escaped(text: &str) -> String {
    let one = |byte: u8| match byte {
        b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' | b'_' | b'.' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(one).collect()
}

/// The most bytes of a file that a form of at most `form_max` bytes can hold as base64.
const fn file_max(form_max: usize) -> usize {
    form_max / 4 * 3 - 4096
}

/// A form with a file, as it was sent (送られたフォーム).
#[derive(Debug)]
#[doc(alias = "送られたフォーム")]
pub struct Sent {
    /// The bytes of its field `file`, empty where there is none or where they break off; or that it
    /// is larger than the form can hold until it is handed in.
    pub file: Result<Vec<u8>, FileRefused>,
    /// What that file is called there.
    pub file_name: String,
    texts: HashMap<String, String>,
}

impl Sent {
    /// Reads a form of at most `form_max` bytes.
    pub async fn of(mut sent: Multipart, form_max: usize) -> Self {
        let most = file_max(form_max);
        let too_large = || Err(FileRefused::TooLarge(most as u64));
        let (file, file_name, texts) = (Ok(Vec::new()), String::new(), HashMap::new());
        let mut form = Self { file, file_name, texts };
        loop {
            let field = match sent.next_field().await {
                Ok(Some(field)) => field,
                Ok(None) => break,
                Err(why) => {
                    if !is_broken_off(&why) {
                        form.file = too_large();
                    }
                    break;
                }
            };
            let name = field.name().unwrap_or_default().to_owned();
            if name == "file" {
                form.file_name = field.file_name().unwrap_or_default().to_owned();
                form.file = match field.bytes().await {
                    Ok(bytes) if bytes.len() <= most => Ok(bytes.to_vec()),
                    Err(why) if is_broken_off(&why) => Ok(Vec::new()),
                    Ok(_) | Err(_) => too_large(),
                };
            } else {
                form.texts.insert(name, field.text().await.unwrap_or_default());
            }
        }
        form
    }

    /// What stands in that field; nothing where there is none.
    pub fn text(&self, field: &str) -> &str {
        self.texts.get(field).map_or("", String::as_str)
    }
}

/// Whether a form ended before its time; whatever else ends one is that it was too long.
fn is_broken_off(why: &MultipartError) -> bool {
    why.status() == StatusCode::BAD_REQUEST
}

/// Why a whole file is refused, in the language of a page: plain words, and then the names of
/// columns.
pub fn file_refused(lang: Lang, why: &FileRefused) -> String {
    let columns = match why {
        FileRefused::MissingColumn(one) | FileRefused::DuplicateColumn(one) => one.clone(),
        FileRefused::MissingColumns(all) => all.join(", "),
        _ => String::new(),
    };
    let size = match why {
        FileRefused::TooLarge(bytes) => bytes >> 20,
        FileRefused::TooManyColumns(columns) => *columns as u64,
        _ => 0,
    };
    let key = match why.code() {
        word @ ("empty" | "missing_column" | "duplicate_column" | "spreadsheet" | "encoding"
        | "too_many_columns" | "too_large" | "bad_header" | "not_json" | "io") => word,
        _ => "other",
    };
    lang.say_with(&format!("file-refused-{key}"), &[("columns", &columns), ("n", &size)])
}

/// A file as a form holds it until it is handed in.
pub fn held(file: &[u8]) -> String {
    BASE64.encode(file)
}

/// The file that a form has held; what is none is empty.
pub fn handed_in(data: &str) -> Vec<u8> {
    BASE64.decode(data.trim()).unwrap_or_default()
}

/// The form that holds one file and nothing else (預かったファイル).
#[derive(Debug, Deserialize)]
pub struct Held {
    data: String,
}

impl Held {
    /// The file.
    pub fn file(&self) -> Vec<u8> {
        handed_in(&self.data)
    }
}
