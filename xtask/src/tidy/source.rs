//! What a Rust file holds, as far as the rules ask: paths, functions, strings, comments.
//!
//! Read from tokens rather than lines, so that a word in a string or a comment is no path, and a
//! path inside a macro's braces is one.

use std::collections::{HashMap, HashSet};
use std::mem;
use std::str::FromStr as _;

use proc_macro2::{Delimiter, Group, Ident, Literal, TokenStream, TokenTree};

use super::functions::{self, Function};

/// What a Rust file holds.
#[derive(Default)]
pub(crate) struct Source {
    /// `crate::cases::Case`, `axum::Router`; once for each name in braces.
    pub(crate) paths: Vec<Path>,
    pub(crate) functions: Vec<Function>,
    pub(crate) strings: Vec<Text>,
    /// Every name, with its line.
    pub(crate) names: Vec<(usize, String)>,
    /// Every macro called, with its line.
    pub(crate) macros: Vec<(usize, String)>,
    /// `mod x;` and `mod x {` at the file's top level.
    pub(crate) modules: Vec<(usize, String)>,
    /// From `//` to the line's end.
    pub(crate) comments: Vec<(usize, String)>,
    /// Lines of `#[cfg(test)]` modules.
    pub(crate) test_lines: HashSet<usize>,
    /// Lines that lie wholly inside a string.
    pub(crate) literal_lines: HashSet<usize>,
}

/// The beginning of a path.
pub(crate) struct Path {
    pub(crate) line: usize,
    /// `crate`, or the name of another crate or module.
    pub(crate) root: String,
    /// What follows the root.
    pub(crate) head: String,
    /// Inside `#[…]`, as derives are.
    pub(crate) attribute: bool,
    pub(crate) test: bool,
}

/// A string as written.
pub(crate) struct Text {
    pub(crate) line: usize,
    pub(crate) written: String,
    pub(crate) test: bool,
}

/// Where the reader is.
#[derive(Clone, Copy, Default)]
pub(crate) struct Place {
    pub(crate) test: bool,
    pub(crate) attribute: bool,
    /// Inside `impl Trait for`: whose signatures are the trait's choice.
    pub(crate) foreign_trait: bool,
    /// Inline modules around.
    pub(crate) modules: usize,
}

/// What the attributes before an item say.
#[derive(Default)]
pub(crate) struct Marks {
    pub(crate) test: bool,
    pub(crate) expects: Vec<String>,
}

/// Tokens of one level, and where the bodies among them belong.
pub(crate) struct Level {
    pub(crate) tokens: Vec<TokenTree>,
    pub(crate) bodies: HashMap<usize, Place>,
}

struct Reader<'a> {
    source: Source,
    lines: Vec<&'a str>,
    /// How many `super` lead to the crate's root.
    depth: usize,
    /// Columns taken by literals, per line: `//` inside them opens no comment.
    literals: HashMap<usize, Vec<(usize, usize)>>,
}

impl Source {
    /// Reads a file from which `depth` times `super` is the crate's root.
    pub(crate) fn read(text: &str, depth: usize) -> Result<Source, String> {
        let tokens = TokenStream::from_str(text).map_err(|fault| fault.to_string())?;
        let lines = text.lines().collect();
        let mut reader =
            Reader { source: Source::default(), lines, depth, literals: HashMap::new() };
        reader.walk(tokens, Place::default());
        reader.comments();
        Ok(reader.source)
    }
}

impl Reader<'_> {
    fn walk(&mut self, tokens: TokenStream, place: Place) {
        let tokens = tokens.into_iter().collect();
        let mut level = Level { tokens, bodies: HashMap::new() };
        let mut marks = Marks::default();
        for i in 0..level.tokens.len() {
            match level.tokens[i].clone() {
                TokenTree::Group(group) if is_attribute(&level.tokens, i) => {
                    self.attribute(&group, place, &mut marks);
                }
                TokenTree::Group(group) => {
                    let here = Place { test: place.test || marks.test, ..place };
                    self.walk(group.stream(), level.bodies.remove(&i).unwrap_or(here));
                    if group.delimiter() == Delimiter::Brace {
                        marks = Marks::default();
                    }
                }
                TokenTree::Ident(name) => self.name(&name, i, &mut level, (place, &mut marks)),
                TokenTree::Literal(literal) => self.literal(&literal, place),
                TokenTree::Punct(point) if ";,".contains(point.as_char()) => {
                    marks = Marks::default();
                }
                TokenTree::Punct(_) => {}
            }
        }
    }

    fn attribute(&mut self, group: &Group, place: Place, marks: &mut Marks) {
        let mut text = group.stream().to_string();
        text.retain(|c| !c.is_whitespace());
        if text.starts_with("doc=") {
            return; // a doc comment: its words are no code
        }
        marks.test |= text == "test" || text.starts_with("cfg(test)") || text.ends_with("::test");
        if text.starts_with("expect(") {
            marks.expects.push(text);
        }
        self.walk(group.stream(), Place { attribute: true, ..place });
    }

    fn name(&mut self, name: &Ident, i: usize, level: &mut Level, at: (Place, &mut Marks)) {
        let (place, marks) = at;
        let line = name.span().start().line;
        let name = name.to_string();
        match name.as_str() {
            "mod" => self.module(i, level, (place, mem::take(marks))),
            "fn" => {
                let marks = mem::take(marks);
                let function = functions::read(i, level, (place, &marks), &self.lines);
                self.source.functions.extend(function);
            }
            "impl" => {
                if let Some(body) = functions::body_of_trait_impl(&level.tokens, i) {
                    let test = place.test || marks.test;
                    level.bodies.insert(body, Place { test, foreign_trait: true, ..place });
                }
            }
            _ => self.path(&name, i, &level.tokens, place),
        }
        if is_point(&level.tokens, i + 1, '!') && group(&level.tokens, i + 2).is_some() {
            self.source.macros.push((line, name.clone()));
        }
        self.source.names.push((line, name));
    }

    fn module(&mut self, i: usize, level: &mut Level, at: (Place, Marks)) {
        let (place, marks) = at;
        let Some(TokenTree::Ident(name)) = level.tokens.get(i + 1) else { return };
        if place.modules == 0 && !marks.test {
            self.source.modules.push((name.span().start().line, name.to_string()));
        }
        let Some(body) = group(&level.tokens, i + 2) else { return };
        if marks.test {
            let first = level.tokens[i].span().start().line;
            self.source.test_lines.extend(first..=body.span_close().end().line);
        }
        let test = place.test || marks.test;
        level.bodies.insert(i + 2, Place { test, modules: place.modules + 1, ..place });
    }

    fn path(&mut self, name: &str, i: usize, tokens: &[TokenTree], place: Place) {
        let inside = i >= 2 && is_path_mark(tokens, i - 2);
        if inside || !is_path_mark(tokens, i + 1) {
            return;
        }
        let (mut root, mut next) = (name.to_owned(), i + 3);
        if name == "super" {
            let mut steps = 1;
            while is_name(tokens, next, "super") && is_path_mark(tokens, next + 1) {
                steps += 1;
                next += 3;
            }
            if steps == self.depth + place.modules {
                "crate".clone_into(&mut root);
            }
        }
        for head in heads(tokens, next) {
            let line = head.span().start().line;
            let (root, head) = (root.clone(), head.to_string());
            let Place { attribute, test, .. } = place;
            self.source.paths.push(Path { line, root, head, attribute, test });
        }
    }

    fn literal(&mut self, literal: &Literal, place: Place) {
        let (start, end) = (literal.span().start(), literal.span().end());
        let text = literal.to_string();
        for line in start.line..=end.line {
            let from = if line == start.line { start.column } else { 0 };
            let to = if line == end.line { end.column } else { usize::MAX };
            self.literals.entry(line).or_default().push((from, to));
            if start.line < line && line < end.line {
                self.source.literal_lines.insert(line);
            }
        }
        if text.contains('"') {
            self.source.strings.push(Text { line: start.line, written: text, test: place.test });
        }
    }

    /// Finds the comments: what the tokens leave out.
    fn comments(&mut self) {
        for (index, line) in self.lines.iter().enumerate() {
            let taken = self.literals.get(&(index + 1)).map_or(&[][..], Vec::as_slice);
            let opens = line.match_indices("//").find(|(at, _)| {
                let column = line[..*at].chars().count();
                !taken.iter().any(|(from, to)| (*from..*to).contains(&column))
            });
            if let Some((at, _)) = opens {
                self.source.comments.push((index + 1, line[at..].to_owned()));
            }
        }
    }
}

/// The names a path goes on with: one, or those that open each entry in braces.
fn heads(tokens: &[TokenTree], i: usize) -> Vec<Ident> {
    match tokens.get(i) {
        Some(TokenTree::Ident(name)) => vec![name.clone()],
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
            let entries: Vec<TokenTree> = group.stream().into_iter().collect();
            let opens = |at: usize| at == 0 || is_point(&entries, at - 1, ',');
            let names = entries.iter().enumerate().filter(|(at, _)| opens(*at));
            names.flat_map(|(at, _)| heads(&entries, at)).collect()
        }
        _ => Vec::new(),
    }
}

fn is_attribute(tokens: &[TokenTree], i: usize) -> bool {
    let opens = |at: usize| i >= at && is_point(tokens, i - at, '#');
    group(tokens, i).is_some_and(|group| group.delimiter() == Delimiter::Bracket)
        && (opens(1) || (opens(2) && is_point(tokens, i - 1, '!')))
}

fn is_name(tokens: &[TokenTree], i: usize, name: &str) -> bool {
    matches!(tokens.get(i), Some(TokenTree::Ident(ident)) if ident == name)
}

fn is_path_mark(tokens: &[TokenTree], i: usize) -> bool {
    is_point(tokens, i, ':') && is_point(tokens, i + 1, ':')
}

/// Whether the token at `i` is this punctuation.
pub(crate) fn is_point(tokens: &[TokenTree], i: usize, point: char) -> bool {
    matches!(tokens.get(i), Some(TokenTree::Punct(punct)) if punct.as_char() == point)
}

/// The group at `i`, if there is one.
pub(crate) fn group(tokens: &[TokenTree], i: usize) -> Option<&Group> {
    match tokens.get(i) {
        Some(TokenTree::Group(group)) => Some(group),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::Source;

    fn paths(text: &str, depth: usize) -> Vec<String> {
        let source = Source::read(text, depth).unwrap();
        source.paths.iter().map(|path| format!("{}::{}", path.root, path.head)).collect()
    }

    #[test]
    fn paths_are_found_in_uses_bodies_and_macros() {
        let text = "use crate::{app::App, cases};\nfn f() { on!(crate::feeds::x()) }";
        let found = paths(text, 1);
        for path in ["crate::app", "crate::cases", "crate::feeds"] {
            assert!(found.iter().any(|found| found == path), "{path} in {found:?}");
        }
    }

    #[test]
    fn super_counts_where_it_reaches_the_root() {
        assert_eq!(paths("use super::feeds;", 1), ["crate::feeds"]);
        assert_eq!(paths("use super::feeds;", 2), ["super::feeds"]);
        assert_eq!(paths("use super::super::feeds;", 2), ["crate::feeds"]);
        assert_eq!(paths("mod tests { use super::super::feeds; }", 1), ["crate::feeds"]);
    }

    #[test]
    fn comments_and_strings_hold_no_paths() {
        assert!(
            paths("//! crate::feeds\n/// crate::feeds\nconst A: &str = \"crate::feeds\";", 1)
                .is_empty()
        );
    }

    #[test]
    fn a_slash_in_a_string_opens_no_comment() {
        let source = Source::read("const A: &str = \"http://x\"; // why", 1).unwrap();
        assert_eq!(source.comments, [(1, "// why".to_owned())]);
    }

    #[test]
    fn lines_of_test_modules_are_known() {
        let source = Source::read("fn a() {}\n#[cfg(test)]\nmod tests {\n}\n", 1).unwrap();
        let mut lines: Vec<usize> = source.test_lines.into_iter().collect();
        lines.sort_unstable();
        assert_eq!(lines, [3, 4]);
    }
}
