//! Finds where a JSON value ends, without reading what it means.

/// No value is nested deeper.
const DEPTH_MAX: u32 = 64;

/// What scanning from the start of a value found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ends {
    /// The value has so many bytes.
    At(usize),
    /// It goes on beyond the buffer.
    More,
    /// It cannot be a value.
    Broken(&'static str),
    /// It is nested too deep.
    TooDeep,
}

/// The end of the object, array or text that begins at the front of `data`.
///
/// A line break within a text is an error of JSON, and so is an object that begins where no value
/// may stand: so a line that is cut short does not swallow those below it.
pub(super) fn value_end(data: &[u8], one_line: bool) -> Ends {
    // One bit per level: 1 is an object, 0 an array.
    let (mut kinds, mut depth, mut before, mut at) = (0_u64, 0_u32, 0_u8, 0);
    while let Some(&b) = data.get(at) {
        match b {
            b'"' => match text_end(&data[at..]) {
                Ends::At(len) => {
                    at += len;
                    before = b'"';
                    if depth == 0 {
                        return Ends::At(at);
                    }
                    continue;
                }
                other => return other,
            },
            b'{' | b'[' => {
                let in_object = kinds & 1 == 1;
                let due = if in_object { before == b':' } else { matches!(before, b'[' | b',') };
                if depth > 0 && !due {
                    return Ends::Broken("a value stands where none may");
                }
                if depth == DEPTH_MAX {
                    return Ends::TooDeep;
                }
                kinds = kinds << 1 | u64::from(b == b'{');
                depth += 1;
            }
            b'}' | b']' => {
                if depth == 0 || (kinds & 1 == 1) != (b == b'}') {
                    return Ends::Broken("its brackets do not match");
                }
                kinds >>= 1;
                depth -= 1;
                if depth == 0 {
                    return Ends::At(at + 1);
                }
            }
            b'\n' | b'\r' if one_line => return Ends::Broken("its end is missing"),
            _ => {}
        }
        if !b.is_ascii_whitespace() {
            before = b;
        }
        at += 1;
    }
    Ends::More
}

/// The end of the text whose quote stands at the front.
fn text_end(data: &[u8]) -> Ends {
    let mut at = 1;
    while let Some(&b) = data.get(at) {
        match b {
            b'"' => return Ends::At(at + 1),
            b'\\' => at += 2,
            b'\n' | b'\r' => return Ends::Broken("a line break stands within a text"),
            _ => at += 1,
        }
    }
    Ends::More
}

/// Blanks between records; the record separator of RFC 7464 is one.
pub(super) fn is_blank(b: u8) -> bool {
    matches!(b, b' ' | b'\t' | b'\n' | b'\r' | 0x1E)
}
