//! Reasons (隔離理由): what the stable word of a reason means, and what somebody can do about it.

/// What a reason means, and what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// What is wrong with the row.
    pub means: &'static str,
    /// What somebody can do.
    pub advice: &'static str,
}

/// The sender has to say what was meant; what the row holds cannot be guessed.
const ASK: &str = "Ask the sender for a corrected file and take that in; then dismiss this row.";

/// Each reason by its word.
const REASONS: [(&str, &str, &str); 25] = [
    ("too_many_cells", "The row has more cells than the header has columns.", ASK),
    ("too_few_cells", "The row ends before a column that is needed.", ASK),
    ("missing_value", "A cell that must be filled is empty.", ASK),
    (
        "no_source_address",
        "The row names no address of a device.",
        "Nothing can come of it. Dismiss it.",
    ),
    ("bad_address", "The cell holds no IP address.", ASK),
    ("prefix_not_address", "The cell holds a prefix where one address is due.", ASK),
    ("unspecified_address", "0.0.0.0 and :: belong to no device.", ASK),
    ("bad_port", "The cell holds no port from 0 to 65535.", ASK),
    ("bad_time", "The cell holds no time.", ASK),
    (
        "no_zone",
        "The time has no offset from UTC, and the feed declares no zone.",
        "Register a feed that declares it (`todoke feed add … --utc-offset-minutes 540`) and take \
         the file in there; then dismiss this row.",
    ),
    (
        "future_time",
        "The time lies in the future.",
        "If the clock of this machine is right, ask the sender. A row that is merely early goes \
         in by `todoke quarantine retry` once its time has come.",
    ),
    ("bad_encoding", "These bytes are no text in the encoding of the file.", ASK),
    ("nul_byte", "The row holds a NUL byte: what stood there cannot be known.", ASK),
    (
        "cut_row",
        "The file ends within this row.",
        "The file was cut short. Fetch it again and take that in; then dismiss this row.",
    ),
    ("cell_too_long", "The cell is longer than 1 MiB.", ASK),
    ("row_too_long", "The row is longer than 8 MiB.", ASK),
    ("unclosed_quote", "A quote is opened and never closed.", ASK),
    ("bad_number", "The cell holds no number within its bounds.", ASK),
    (
        "rounded_number",
        "A spreadsheet has rounded this number (4.82E+14).",
        "Ask the sender for the file as it was before a spreadsheet saved it.",
    ),
    ("unknown_word", "The word is not in the list of the column.", ASK),
    ("bad_prefix", "The cell holds no prefix in CIDR form without bits beyond its length.", ASK),
    ("text_too_long", "The text is longer than the column allows.", ASK),
    ("contact_data", "Contact data does not belong in this column.", ASK),
    ("bad_token", "The cell holds no token of 64 hexadecimal digits.", ASK),
    ("contradiction", "Two cells contradict each other, or one asks for another.", ASK),
];

/// What a reason means and what to do, by its word; a word of another version has no more to say.
pub fn told(word: &str) -> Told {
    let known = REASONS.iter().find(|(known, ..)| *known == word);
    let (means, advice) = known.map_or(("This version does not know the reason.", ASK), |known| {
        let (_, means, advice) = *known;
        (means, advice)
    });
    Told { means, advice }
}

#[cfg(test)]
mod tests {
    use formats::Reason;

    use super::*;

    #[test]
    fn every_reason_that_a_reader_gives_is_told() {
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
            BadToken,
            Contradiction(""),
        ] {
            let told = told(reason.code());
            assert_ne!(told.means, super::told("unheard of").means, "{}", reason.code());
        }
    }
}
