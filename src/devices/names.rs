//! Names of makers (メーカー名): one of the many ways to write each.

use std::{collections::HashMap, sync::LazyLock};

use unicode_normalization::UnicodeNormalization as _;

use super::catalogue::{Maker, makers};

/// Legal forms, as words of their own after folding.
const FORMS: [&str; 14] = [
    "inc",
    "incorporated",
    "corp",
    "corporation",
    "co",
    "ltd",
    "limited",
    "llc",
    "gmbh",
    "ab",
    "company",
    "kk",
    "kg",
    "ag",
];

/// Legal forms in Japanese; the compatibility forms of one character unfold to those in brackets.
const FORMS_JA: [&str; 5] = ["株式会社", "(株)", "合同会社", "(同)", "有限会社"];

/// A maker's name without width, case, spaces, dashes and legal form: `㈱バッファロー` and
/// `BUFFALO INC.` become `バッファロー` and `buffalo`.
pub fn folded(name: &str) -> String {
    let mut name: String = name.nfkc().flat_map(char::to_lowercase).collect();
    for form in FORMS_JA {
        name = name.replace(form, " ");
    }
    let name = name.replace("k.k.", " ");
    let words: Vec<&str> = name.split(|c: char| !c.is_alphanumeric()).collect();
    let kept = words.iter().enumerate().filter(|(no, word)| *no == 0 || !FORMS.contains(*word));
    kept.map(|(_, word)| *word).collect()
}

static CALLED: LazyLock<HashMap<String, &'static Maker>> = LazyLock::new(|| {
    let names = |maker: &'static Maker| maker.names().map(move |name| (folded(name), maker));
    makers().iter().flat_map(names).collect()
});

/// The maker that is called so, in any of its spellings.
pub fn maker_called(name: &str) -> Option<&'static Maker> {
    CALLED.get(&folded(name)).copied()
}
