//! Reasons (隔離理由): what the stable word of a reason means, and what somebody can do about it.
//!
//! The sentences stand in `locales/*/reasons.ftl`, under `reason-<word>` and `advice-<advice>`.

use crate::web::texts::Lang;

/// What a reason means, and what to do (隔離理由).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// What is wrong with the row.
    pub means: String,
    /// What somebody can do.
    pub advice: String,
}

/// Each reason by its word, with the advice that fits it. What a row meant cannot be guessed, so
/// that mostly its sender has to say it.
const REASONS: [(&str, &str); 31] = [
    ("too_many_cells", "ask"),
    ("too_few_cells", "ask"),
    ("missing_value", "ask"),
    ("no_source_address", "dismiss"),
    ("bad_address", "ask"),
    ("prefix_not_address", "ask"),
    ("unspecified_address", "ask"),
    ("bad_port", "ask"),
    ("bad_time", "ask"),
    ("no_zone", "zone"),
    ("future_time", "future"),
    ("bad_encoding", "ask"),
    ("nul_byte", "ask"),
    ("cut_row", "fetch"),
    ("cell_too_long", "ask"),
    ("row_too_long", "ask"),
    ("unclosed_quote", "ask"),
    ("bad_number", "ask"),
    ("rounded_number", "spreadsheet"),
    ("unknown_word", "ask"),
    ("bad_prefix", "ask"),
    ("text_too_long", "ask"),
    ("contact_data", "ask"),
    ("formula", "ask"),
    ("bad_token", "ask"),
    ("contradiction", "ask"),
    ("not_json", "ask"),
    ("too_deep", "ask"),
    ("not_about_device", "dismiss"),
    ("unseen", "ask"),
    ("bad_host_name", "ask"),
];

/// What a reason means and what to do, by its word; a word of another version has no more to say.
pub fn told(word: &str, lang: Lang) -> Told {
    let known = REASONS.iter().find(|(known, _)| *known == word);
    let (word, advice) = known.copied().unwrap_or(("unknown", "ask"));
    Told {
        means: lang.say(&format!("reason-{word}")),
        advice: lang.say(&format!("advice-{advice}")),
    }
}

#[cfg(test)]
mod tests {
    use formats::Reason;

    use super::*;

    #[test]
    fn every_reason_that_a_reader_gives_is_told_in_both_languages() {
        use Reason::*;
        let cells = (2, 3);
        for reason in [
            TooManyCells { found: cells.1, expected: cells.0 },
            TooFewCells { found: cells.0, expected: cells.1 },
            MissingValue,
            NoSourceAddress,
            BadAddress,
            PrefixNotAddress,
            UnspecifiedAddress,
            BadPort,
            BadTime,
            NoZone,
            FutureTime,
            BadEncoding,
            NulByte,
            CutRow { found: cells.0, expected: cells.1 },
            CellTooLong,
            RowTooLong,
            UnclosedQuote,
            BadNumber,
            RoundedNumber,
            UnknownWord,
            BadPrefix,
            TextTooLong,
            ContactData,
            Formula,
            BadToken,
            Contradiction(""),
            NotJson(""),
            TooDeep,
            NotAboutDevice(""),
            Unseen(""),
            BadHostName,
        ] {
            for lang in Lang::ALL {
                let told = told(reason.code(), lang);
                assert_ne!(told.means, super::told("unheard of", lang).means, "{reason:?}");
                assert!(!told.means.contains("Unknown localization"), "{reason:?}");
                assert!(!told.advice.contains("Unknown localization"), "{reason:?}");
            }
        }
    }
}
