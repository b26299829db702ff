//! Ruby's regular expressions (正規表現), as far as they are regular, by Rust's automata.
//!
//! Recog keeps its patterns within what linear engines can do, since it is read by one in Go too.
//! Bytes are matched, not characters: a banner has no encoding. In Ruby `^` and `$` always mean
//! lines, and the letter `m` lets a dot match a line feed, which is `s` here.

use regex::bytes::{Regex, RegexBuilder};

/// Memory of a compiled pattern; the largest of Recog's own takes a fifth of it.
const PROGRAM_MAX: usize = 1 << 20;
/// Memory that a pattern keeps while matching.
const CACHE_MAX: usize = 1 << 20;
/// How deep groups may lie in each other.
const NEST_MAX: u32 = 32;

/// Compiles a pattern with the flags `REG_ICASE`, `REG_DOT_NEWLINE` and `REG_MULTILINE`; the last
/// two mean the same in Ruby. Gives a sentence where it cannot be.
pub(super) fn compile(pattern: &str, flags: &str) -> Result<Regex, String> {
    let (mut fold, mut dot) = (false, false);
    for flag in flags.split(',').map(str::trim).filter(|flag| !flag.is_empty()) {
        match flag {
            "REG_ICASE" => fold = true,
            "REG_DOT_NEWLINE" | "REG_MULTILINE" => dot = true,
            unknown => return Err(format!("no flag is called `{unknown}`")),
        }
    }
    if pattern.is_empty() {
        return Err("there is no pattern".to_owned());
    }
    let compiled = RegexBuilder::new(&translate(pattern))
        .unicode(false)
        .multi_line(true)
        .case_insensitive(fold)
        .dot_matches_new_line(dot)
        .size_limit(PROGRAM_MAX)
        .dfa_size_limit(CACHE_MAX)
        .nest_limit(NEST_MAX)
        .build();
    compiled.map_err(|fault| match fault {
        regex::Error::CompiledTooBig(bound) => format!("it takes more than {bound} bytes"),
        other => other.to_string(),
    })
}

/// The same pattern in the words of Rust's engine.
fn translate(pattern: &str) -> String {
    let mut rust = String::with_capacity(pattern.len());
    let mut rest = pattern.chars().peekable();
    let mut in_class = 0_u32;
    while let Some(c) = rest.next() {
        match c {
            '\\' => match rest.next() {
                // Rust reads `\<` and `\>` as bounds of words; Ruby takes them for themselves.
                Some(own @ ('<' | '>')) => rust.push(own),
                Some('e') => rust.push_str("\\x1B"),
                Some('h') if in_class > 0 => rust.push_str("0-9A-Fa-f"),
                Some('h') => rust.push_str("[0-9A-Fa-f]"),
                Some('Z') if in_class == 0 => rust.push_str("(?:\\n?\\z)"),
                Some(other) => rust.extend(['\\', other]),
                None => rust.push('\\'),
            },
            '[' => {
                in_class += 1;
                rust.push(c);
            }
            ']' => {
                in_class = in_class.saturating_sub(1);
                rust.push(c);
            }
            '(' if in_class == 0 && rest.peek() == Some(&'?') => {
                rust.push(c);
                // Letters up to `:` or `)` are options; `(?<name>` and the like hold none first.
                while let Some(&option) = rest.peek() {
                    match option {
                        'm' => rust.push('s'),
                        '?' | 'i' | 'x' | '-' => rust.push(option),
                        _ => break,
                    }
                    rest.next();
                }
            }
            other => rust.push(other),
        }
    }
    rust
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, flags: &str, text: &[u8]) -> bool {
        compile(pattern, flags).unwrap().is_match(text)
    }

    #[test]
    fn a_caret_means_a_line_and_a_dot_no_line_feed_as_in_ruby() {
        assert!(matches("^login:$", "", b"welcome\nlogin:\n"));
        assert!(!matches("a.b", "", b"a\nb"));
        for flag in ["REG_DOT_NEWLINE", "REG_MULTILINE", " REG_ICASE , REG_MULTILINE"] {
            assert!(matches("a.b", flag, b"a\nb"), "{flag}");
        }
        assert!(
            matches("(?m:a.b)", "", b"a\nb") && !matches("(?-m:a.b)", "REG_MULTILINE", b"a\nb")
        );
    }

    #[test]
    fn case_is_folded_by_flag_or_within_the_pattern() {
        assert!(!matches("aterm", "", b"AtErM"));
        assert!(matches("aterm", "REG_ICASE", b"AtErM") && matches("(?i)aterm", "", b"ATERM"));
        assert!(matches("(?im:a.term)", "", b"A\nTERM"));
    }

    #[test]
    fn what_the_two_engines_read_differently_is_translated() {
        assert!(matches(r"^\<b\>$", "", b"<b>") && matches(r"^[\<\>]+$", "", b"<>"));
        assert!(matches(r"^\h+$", "", b"0aF") && !matches(r"^\h+$", "", b"0g"));
        assert!(matches(r"^[\h:]+$", "", b"0a:F0") && matches(r"a\Z", "", b"a\n"));
        assert!(matches(r"\e\[", "", b"\x1b["));
        assert!(matches(r"[(?m]", "", b"m") && !matches(r"[(?m]", "", b"s"));
        assert!(
            matches(r"^\xff\x00.\w$", "", b"\xff\x00\xfea")
                && !matches(r"^\d$", "", "３".as_bytes())
        );
    }

    #[test]
    fn what_is_not_regular_or_too_big_is_refused_by_a_sentence() {
        for pattern in [r"(a)\1", "(?=a)b", "(?<!a)b", "(?>a)", "", "(", &"(".repeat(99)] {
            assert!(compile(pattern, "").is_err(), "{pattern}");
        }
        assert!(compile("(a{1,999}){1,999}", "").unwrap_err().contains("bytes"));
        assert_eq!(compile("a", "REG_NOSUB").unwrap_err(), "no flag is called `REG_NOSUB`");
    }
}
