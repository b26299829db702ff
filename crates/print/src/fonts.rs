//! Fonts (書体): found once, read once.
//!
//! Noto Sans CJK has the letters of all seven languages, Vietnamese included, and draws a
//! character as each country does. Typst takes a font that is missing for a mere warning and prints
//! boxes, so the fonts are checked before anything is printed.

use std::{
    fs,
    path::{Path, PathBuf},
};

use typst::{foundations::Bytes, text::Font};

use crate::letter::Language;

/// What the names of the files begin with.
const FILES: &str = "NotoSansCJK";
/// Folders within folders, at most.
const DEPTH: u32 = 4;

/// Why nothing can be printed.
#[derive(Debug, thiserror::Error)]
#[error(
    "the font `{family}` is missing: looked for {FILES}*.ttc and {FILES}*.otf in {looked_in}. \
     Install it (Debian: `apt-get install fonts-noto-cjk`), then try again; everything but PDF \
     works without it"
)]
pub struct NoFont {
    /// The font.
    pub family: &'static str,
    /// Where it was looked for.
    pub looked_in: String,
}

/// The fonts of all languages (書体).
#[derive(Debug, Clone)]
#[doc(alias = "書体")]
pub struct Fonts(Vec<Font>);

impl Fonts {
    /// Where systems keep fonts: those of the machine, and those of whoever runs this.
    pub fn folders() -> Vec<PathBuf> {
        let mut folders: Vec<PathBuf> =
            ["/usr/share/fonts", "/usr/local/share/fonts"].map(PathBuf::from).to_vec();
        if let Some(home) = std::env::var_os("HOME") {
            folders.extend([".local/share/fonts", ".fonts"].map(|it| Path::new(&home).join(it)));
        }
        folders
    }

    /// Finds the fonts below `folders`.
    pub fn find(folders: &[PathBuf]) -> Result<Self, NoFont> {
        let mut files = Vec::new();
        folders.iter().for_each(|folder| look_into(folder, DEPTH, &mut files));
        files.sort();
        let mut fonts: Vec<Font> = Vec::new();
        for file in files {
            // A file that cannot be read is as good as none; what is missing then is said below.
            let bytes = fs::read(file).unwrap_or_default();
            fonts.extend(Font::iter(Bytes::new(bytes)));
        }
        let needed = Language::ALL.map(Language::family);
        fonts.retain(|font| needed.contains(&font.info().family.as_str()));
        let has = |family: &str| fonts.iter().any(|font| font.info().family == family);
        match needed.into_iter().find(|family| !has(family)) {
            None => Ok(Self(fonts)),
            Some(family) => {
                let names = folders.iter().map(|folder| folder.display().to_string());
                Err(NoFont { family, looked_in: names.collect::<Vec<_>>().join(", ") })
            }
        }
    }

    /// The fonts themselves.
    pub(crate) fn all(&self) -> Vec<Font> {
        self.0.clone()
    }

    /// A character of `text` that the font of `language` lacks.
    pub(crate) fn lacks(&self, language: Language, text: &str) -> Option<char> {
        let of_language = |font: &&Font| font.info().family == language.family();
        let font = self.0.iter().find(of_language)?;
        let drawn = |c: &char| c.is_whitespace() || font.info().coverage.contains(u32::from(*c));
        text.chars().find(|c| !drawn(c))
    }
}

fn look_into(folder: &Path, depth: u32, files: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let ending = path.extension().is_some_and(|it| it == "ttc" || it == "otf");
        if path.is_dir() && depth > 0 {
            look_into(&path, depth - 1, files);
        } else if name.starts_with(FILES) && ending {
            files.push(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_font_says_which_where_and_how_to_get_it() {
        let nowhere = [PathBuf::from("/nonexistent/fonts")];
        let words = Fonts::find(&nowhere).unwrap_err().to_string();
        for word in ["Noto Sans CJK JP", "/nonexistent/fonts", "apt-get install fonts-noto-cjk"] {
            assert!(words.contains(word), "{words}");
        }
    }
}
