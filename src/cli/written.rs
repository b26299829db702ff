//! Commands as they are written down (書かれたコマンド): in the documents and in the help.
//!
//! Each is parsed, and not run, so that nobody types a flag that was never there.

use std::{fs, path::Path};

use clap::{CommandFactory as _, Parser as _, error::ErrorKind};

use super::Cli;

/// The words of a line as a shell takes them, up to what begins another command, a redirection or
/// a comment.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None::<char>);
    for c in line.chars() {
        match (quote, c) {
            (Some(open), c) if open == c => quote = None,
            (None, '"' | '\'') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, ' ') => words.extend(word.take()),
            (None, '#') if word.is_none() => break,
            (None, '>' | '|' | '&' | ';') => break,
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

/// Commands of this program among lines of a shell, each with its words.
fn commands(lines: &str) -> Vec<Vec<String>> {
    let lines = lines.replace("\\\n", " ");
    let each = lines.lines().flat_map(|line| line.split(" && ")).map(str::trim);
    each.filter(|line| line.starts_with("todoke ")).map(words).collect()
}

/// What stands between fences.
fn fenced(document: &str) -> String {
    let parts = document.split("\n```").enumerate().filter(|(no, _)| no % 2 == 1);
    parts.map(|(_, part)| part.to_owned()).collect::<Vec<_>>().join("\n")
}

/// What a reader puts in its place, put in its place.
fn filled(word: &str) -> String {
    let word = word.replace("3f9a61c2", "ID");
    let id = "01990000-0000-7000-8000-000000000000";
    if word == "ID" || word == "0199aabb-…" { id.to_owned() } else { word.replace("0199…", id) }
}

fn helps(command: &clap::Command, into: &mut Vec<String>) {
    into.extend(command.get_after_help().map(ToString::to_string));
    command.get_subcommands().for_each(|sub| helps(sub, into));
}

#[test]
fn every_command_that_is_written_down_is_one_that_there_is() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut written = vec![("README.md".to_owned(), root.join("README.md"))];
    for entry in fs::read_dir(root.join("docs/operate")).unwrap() {
        let entry = entry.unwrap();
        written.push((entry.file_name().display().to_string(), entry.path()));
    }
    let mut said: Vec<(String, Vec<String>)> = Vec::new();
    for (name, path) in written {
        let found = commands(&fenced(&fs::read_to_string(path).unwrap()));
        said.extend(found.into_iter().map(|words| (name.clone(), words)));
    }
    assert!(said.len() > 100, "the documents are read: {}", said.len());
    let mut help = Vec::new();
    helps(&Cli::command(), &mut help);
    for text in help {
        said.extend(commands(&text).into_iter().map(|words| ("the help".to_owned(), words)));
    }
    let wrong = |(place, words): &(String, Vec<String>)| {
        let mut words: Vec<String> = words.iter().map(|word| filled(word)).collect();
        let mut refused = Cli::try_parse_from(&words).err()?;
        if refused.to_string().contains("--by <NAME>") {
            // Where none is typed, it is the name of whoever has logged in to the machine.
            words.extend(["--by", "desk-1"].map(str::to_owned));
            refused = Cli::try_parse_from(&words).err()?;
        }
        let is_shown = matches!(refused.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
        (!is_shown).then(|| format!("{place}: {}\n{refused}", words.join(" ")))
    };
    let wrong: Vec<String> = said.iter().filter_map(wrong).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_line_is_read_as_a_shell_reads_it() {
    let read = |line: &str| commands(line).into_iter().map(|words| words.join("|"));
    assert!(read("todoke a --b \"c d\" 'e' # f\ntodoke g > h && todoke i \\\n  j\ncurl k").eq([
        "todoke|a|--b|c d|e",
        "todoke|g",
        "todoke|i|j",
    ]));
    assert_eq!(fenced("a\n```sh\ntodoke b\n```\ntodoke c\n"), "sh\ntodoke b");
}
