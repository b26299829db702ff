//! Rule 6: sizes beyond which nobody reads a thing in one go. Test code has its own measure.

use std::collections::HashSet;

use super::Finding;
use super::functions::Function;
use super::source::Source;
use super::tree::{File, Tree};

/// Lines of a file: a warning from here on, and a failure.
const FILE: usize = 300;
const FILE_MAX: usize = 500;
/// Code lines of a function; the same as in `clippy.toml`.
const FUNCTION_MAX: usize = 60;
/// Characters of a line.
const LINE_MAX: usize = 100;
/// Parameters of a function; the same as in `clippy.toml`.
const PARAMETERS_MAX: usize = 5;

/// Finds what has grown too large.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (file, source) in tree.sources() {
        findings.extend(file_size(file, source));
        findings.extend(long_lines(file, source));
        if !file.is_test() {
            let functions = source.functions.iter().filter(|function| !function.test);
            findings.extend(functions.flat_map(|function| function_size(file, function)));
        }
    }
    findings
}

fn file_size(file: &File, source: &Source) -> Option<Finding> {
    let lines = file.text.lines().count() - source.test_lines.len();
    if file.is_test() || lines <= FILE {
        return None;
    }
    let advice = format!("{lines} lines without tests: split it by a domain noun or verb");
    Some(if lines > FILE_MAX {
        Finding::new(&file.path, 1, "size", advice)
    } else {
        Finding::warning(&file.path, 1, "size", advice)
    })
}

fn long_lines(file: &File, source: &Source) -> Vec<Finding> {
    // A snapshot inside a test is what the program printed, so its width is not ours to choose.
    let none = HashSet::new();
    let data = if file.is_test() { &source.literal_lines } else { &none };
    let lines = (1..).zip(file.text.lines()).filter(|(number, _)| !data.contains(number));
    lines
        .filter(|(_, line)| line.chars().count() > LINE_MAX && breakable(line))
        .map(|(number, line)| {
            let advice = format!("{} characters: break the line", line.chars().count());
            Finding::new(&file.path, number, "width", advice)
        })
        .collect()
}

/// Whether there is a space to break at; an address or a key has none.
fn breakable(line: &str) -> bool {
    line.trim().trim_start_matches('/').trim_start_matches('!').trim().contains(' ')
}

fn function_size(file: &File, function: &Function) -> Vec<Finding> {
    let Function { line, name, lines, parameters, .. } = function;
    let expected = |lint: &str| {
        function.expects.iter().any(|text| text.contains(lint) && text.contains("reason="))
    };
    let mut findings = Vec::new();
    if *lines > FUNCTION_MAX && !expected("clippy::too_many_lines") {
        let advice = format!(
            "`{name}` has {lines} code lines: split it, or `#[expect(clippy::too_many_lines)]` \
             with a reason"
        );
        findings.push(Finding::new(&file.path, *line, "size", advice));
    }
    let chosen = !function.foreign_trait && !expected("clippy::too_many_arguments");
    if *parameters > PARAMETERS_MAX && chosen {
        let advice = format!("`{name}` takes {parameters} parameters: group those that belong");
        findings.push(Finding::new(&file.path, *line, "size", advice));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::tree::Tree;

    fn found(path: &str, text: &str) -> Vec<String> {
        check(&Tree::planted(&[(path, text)])).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_large_file_warns_and_a_huge_one_fails() {
        assert_eq!(found("src/a.rs", &"\n".repeat(300)), [""; 0]);
        assert!(found("src/a.rs", &"\n".repeat(301))[0].starts_with("warning: src/a.rs:1: size"));
        assert!(found("src/a.rs", &"\n".repeat(501))[0].starts_with("src/a.rs:1: size"));
        assert_eq!(found("src/a/tests.rs", &"\n".repeat(501)), [""; 0]);
        let tested = format!("#[cfg(test)]\nmod tests {{{}}}\n", "\n".repeat(501));
        assert_eq!(found("src/a.rs", &tested), [""; 0]);
    }

    #[test]
    fn a_long_function_fails_unless_it_gives_a_reason() {
        let body = "    a();\n".repeat(61);
        let long = format!("fn f() {{\n{body}}}\n");
        assert!(found("src/a.rs", &long)[0].contains("`f` has 61 code lines"));
        let expected =
            format!("#[expect(clippy::too_many_lines, reason = \"a flat table\")]\n{long}");
        assert_eq!(found("src/a.rs", &expected), [""; 0]);
        let bare = format!("#[expect(clippy::too_many_lines)]\n{long}");
        assert_eq!(found("src/a.rs", &bare).len(), 1);
    }

    #[test]
    fn six_parameters_fail() {
        let six = "fn f(a: A, b: B, c: C, d: D, e: E, f: F) {}";
        assert!(found("src/a.rs", six)[0].contains("takes 6 parameters"));
        assert_eq!(found("src/a.rs", &format!("impl A for B {{ {six} }}")), [""; 0]);
    }

    #[test]
    fn a_line_is_measured_in_characters() {
        assert_eq!(found("src/a.rs", &format!("// {}", "届 ".repeat(48))), [""; 0]);
        assert!(found("src/a.rs", &format!("// {}", "届 ".repeat(50)))[0].contains(": width"));
        assert_eq!(found("src/a.rs", &format!("// {}", "x".repeat(200))), [""; 0]);
    }
}
