//! Functions among the tokens: how long, how many parameters.

use proc_macro2::{Delimiter, Group, TokenTree};

use super::source::{Level, Marks, Place, group, is_point};

/// A function with a body.
pub(crate) struct Function {
    pub(crate) line: usize,
    pub(crate) name: String,
    /// Lines of code in the body, counted as clippy's `too_many_lines` counts: without blank
    /// ones and comments, or an exemption could please only one of the two.
    pub(crate) lines: usize,
    pub(crate) parameters: usize,
    /// `#[expect(…)]` on it.
    pub(crate) expects: Vec<String>,
    pub(crate) test: bool,
    /// Its signature is a trait's choice.
    pub(crate) foreign_trait: bool,
}

/// Reads the function whose `fn` stands at `i`, and notes where its body belongs.
pub(crate) fn read(
    i: usize,
    level: &mut Level,
    at: (Place, &Marks),
    lines: &[&str],
) -> Option<Function> {
    let (place, marks) = at;
    let TokenTree::Ident(name) = level.tokens.get(i + 1)? else { return None };
    let parameters = outside_angles(&level.tokens, i + 2)
        .find(|j| is_group(&level.tokens, *j, Delimiter::Parenthesis))?;
    let body =
        (parameters + 1..level.tokens.len()).take_while(|j| !is_point(&level.tokens, *j, ';'));
    let body = body.into_iter().find(|j| is_group(&level.tokens, *j, Delimiter::Brace))?;
    let braces = group(&level.tokens, body)?;
    let test = place.test || marks.test;
    let function = Function {
        line: name.span().start().line,
        name: name.to_string(),
        lines: code_lines(braces, lines),
        parameters: count(group(&level.tokens, parameters)?),
        expects: marks.expects.clone(),
        test,
        foreign_trait: place.foreign_trait,
    };
    level.bodies.insert(body, Place { test, foreign_trait: false, ..place });
    Some(function)
}

/// Where the braces of `impl Trait for Type` stand, when that is what begins at `i`.
pub(crate) fn body_of_trait_impl(tokens: &[TokenTree], i: usize) -> Option<usize> {
    let body = (i + 1..tokens.len()).find(|j| is_group(tokens, *j, Delimiter::Brace))?;
    let names_a_trait = |j: &usize| {
        // `for<'a>` quantifies a lifetime and names no type.
        matches!(&tokens[*j], TokenTree::Ident(name) if name == "for")
            && !is_point(tokens, j + 1, '<')
    };
    (i + 1..body).any(|j| names_a_trait(&j)).then_some(body)
}

/// Code lines between two braces.
fn code_lines(braces: &Group, lines: &[&str]) -> usize {
    let (open, close) = (braces.span_open().start().line, braces.span_close().end().line);
    let inside = lines.get(open..close.saturating_sub(1)).unwrap_or_default();
    let code = |line: &&&str| !line.trim().is_empty() && !line.trim_start().starts_with("//");
    inside.iter().filter(code).count()
}

/// Parameters in parentheses; `self` is one.
fn count(parentheses: &Group) -> usize {
    let tokens: Vec<TokenTree> = parentheses.stream().into_iter().collect();
    let commas = outside_angles(&tokens, 0).filter(|j| is_point(&tokens, *j, ',')).count();
    let trailing = tokens.len().checked_sub(1).is_some_and(|last| is_point(&tokens, last, ','));
    if tokens.is_empty() { 0 } else { commas + usize::from(!trailing) }
}

/// Positions from `start` on that stand in no `<…>`.
fn outside_angles(tokens: &[TokenTree], start: usize) -> impl Iterator<Item = usize> {
    let mut angles = 0_usize;
    (start..tokens.len()).filter(move |j| {
        let arrow = *j > 0 && (is_point(tokens, j - 1, '-') || is_point(tokens, j - 1, '='));
        if is_point(tokens, *j, '<') {
            angles += 1;
        } else if is_point(tokens, *j, '>') && !arrow {
            angles = angles.saturating_sub(1);
        }
        angles == 0
    })
}

fn is_group(tokens: &[TokenTree], i: usize, delimiter: Delimiter) -> bool {
    group(tokens, i).is_some_and(|group| group.delimiter() == delimiter)
}

#[cfg(test)]
mod tests {
    use super::Function;
    use crate::tidy::source::Source;

    fn read(text: &str) -> Vec<Function> {
        Source::read(text, 1).unwrap().functions
    }

    #[test]
    fn parameters_are_counted_through_generics_and_tuples() {
        let text = "fn f<A: Fn(u8, u8) -> u8, B>(&self, a: Map<A, B>, (b, c): (u8, u8),) {}";
        assert_eq!(read(text)[0].parameters, 3);
        assert_eq!(read("fn f() {}")[0].parameters, 0);
    }

    #[test]
    fn blank_lines_and_comments_are_no_code() {
        assert_eq!(read("fn f() {\n    a();\n\n    // why\n    b();\n}")[0].lines, 2);
    }

    #[test]
    fn a_trait_chooses_the_signatures_of_its_methods() {
        let text = "impl<T> A for B<T> { fn f() {} }\nimpl B { fn g() {} }\nfn h() -> impl A {}";
        let functions = read(text);
        let foreign: Vec<bool> = functions.iter().map(|function| function.foreign_trait).collect();
        assert_eq!(foreign, [true, false, false]);
    }

    #[test]
    fn what_stands_in_a_test_is_test_code() {
        let text = "#[cfg(test)]\nmod tests { fn f() {} }\n#[test]\nfn g() {}\nfn h() {}";
        let test: Vec<bool> = read(text).iter().map(|function| function.test).collect();
        assert_eq!(test, [true, true, false]);
    }
}
