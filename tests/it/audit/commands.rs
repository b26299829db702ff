//! Every command, and which leaves it leaves: one that is not listed here fails the build of trust.

mod intake;
mod office;
mod words;

use std::collections::BTreeSet;

use clap::CommandFactory as _;
use words::Words;

use crate::centre::{Centre, on_both_engines};

/// A command, what is given to it, and the leaves that it leaves, each as `ACT ON ISP`, in order.
///
/// Words that begin with `$` are looked up when their turn comes. `#` is the key of what the
/// command makes, and `N*` before a leaf says that there are so many like it.
type Step = (&'static str, &'static str, &'static [&'static str]);

/// Commands that open no store, or a store of their own, or serve until they are stopped.
const NO_STORE: &[&str] =
    &["demo", "serve", "simulate", "completions", "stats km", "stats logrank", "stats turnbull"];

/// Commands of the stories that bad rows, or a server that nobody reaches, end with status 1.
const PARTLY: [&str; 6] =
    ["ingest", "feed restore", "coverage", "check", "notice fetch-bounces", "work"];

/// All commands that do something by themselves, by their words.
fn commands(of: &clap::Command, words: &str, into: &mut BTreeSet<String>) {
    let below = of.get_subcommands().filter(|one| one.get_name() != "help");
    let is_whole = of.get_subcommands().next().is_none() || !of.is_subcommand_required_set();
    if is_whole && !words.is_empty() {
        into.insert(words.to_owned());
    }
    for one in below {
        let words = format!("{words} {}", one.get_name());
        commands(one, words.trim_start(), into);
    }
}

#[test]
fn every_command_is_listed_with_its_leaves() {
    let mut there = BTreeSet::new();
    commands(&todoke::cli::Cli::command(), "", &mut there);
    let told = intake::STORY.iter().chain(office::STORY).map(|(words, ..)| *words);
    let listed: BTreeSet<String> =
        told.chain(NO_STORE.iter().copied()).map(str::to_owned).collect();
    let unlisted: Vec<_> = there.difference(&listed).collect();
    assert!(unlisted.is_empty(), "say in a story which leaves these leave: {unlisted:?}");
    let gone: Vec<_> = listed.difference(&there).collect();
    assert!(gone.is_empty(), "these are no commands: {gone:?}");
}

/// Whoever does what these words say, unless somebody is named.
const OPERATOR: &str = "operator-7";

/// Who is named in a command as the one who does it.
fn named<'a>(words: &str, args: &[&'a str]) -> Option<&'a str> {
    // There `--by` is the way in which a provider was reminded, or there is none.
    let is_way = ["isp reminded", "isp take-back"].contains(&words);
    let option = if is_way { "--author" } else { "--by" };
    args.iter().position(|arg| *arg == option).map(|place| args[place + 1])
}

/// What is stated of a leaf, without its `N*`, and how often it is there.
fn repeated(stated: &str) -> (usize, &str) {
    match stated.split_once('*') {
        Some((times, leaf)) => (times.parse().unwrap(), leaf),
        None => (1, stated),
    }
}

/// A leaf as act, object and provider; an object may be of several words.
fn parts(leaf: &str) -> [&str; 3] {
    let (act, rest) = leaf.split_once(' ').unwrap_or_else(|| panic!("{leaf} is `ACT ON ISP`"));
    let (on, isp) = rest.rsplit_once(' ').unwrap_or_else(|| panic!("{leaf} is `ACT ON ISP`"));
    [act, on, isp]
}

/// Whether a leaf that was left is the one that is stated.
fn is_stated(words: &Words, stated: &str, left: &str) -> bool {
    parts(stated).iter().zip(parts(left)).all(|(stated, left)| match *stated {
        "#" => !left.is_empty() && left != "-",
        word if word.starts_with('$') => words.given(word) == left,
        word => word == left,
    })
}

/// Runs the commands of a story one after the other, and holds each to its leaves.
fn leave_what_is_stated(centre: &Centre, story: &[Step]) {
    let (words, mut wrong) = (Words::new(centre), Vec::new());
    for (command_words, given, stated) in story {
        let given = given.split_whitespace().map(|word| words.looked_up(word));
        let args: Vec<String> = command_words.split(' ').map(str::to_owned).chain(given).collect();
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let before = centre.leaves_with_isp().len();
        let mut command = centre.command(&args);
        let done = command.arg("--json").env("USER", OPERATOR).output().unwrap();
        let status = done.status.code().unwrap();
        assert!(status == 0 || status == 1 && PARTLY.contains(command_words), "{args:?}: {done:?}");
        let left = centre.leaves_with_isp().split_off(before);
        if *command_words == "account end" {
            centre.everybody_has_signed_in();
        }
        let by = named(command_words, &args).unwrap_or(OPERATOR);
        let left: Vec<&str> = left
            .iter()
            .map(|leaf| leaf.strip_suffix(&format!(" {by}")).unwrap_or_else(|| panic!("{leaf}")))
            .collect();
        let stated = stated.iter().flat_map(|leaf| {
            let (times, leaf) = repeated(leaf);
            std::iter::repeat_n(leaf, times)
        });
        let stated: Vec<&str> = stated.collect();
        let fit = stated.iter().zip(&left).all(|(stated, left)| is_stated(&words, stated, left));
        if !fit || stated.len() != left.len() {
            wrong.push(format!("{args:?} leaves {left:?}, and not {stated:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    centre.does(&["audit", "verify"]);
}

/// No address and nothing of a contact stands in the log.
fn bears_nothing_of(log: &str, secrets: &[String]) {
    let networks = ["198.18.", "203.0.", "192.0.2.", "@isp-a.example", "+81-3"];
    for secret in secrets.iter().map(String::as_str).chain(networks) {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
}

/// The inquiry IDs of a list that was written, with and without their dashes.
fn inquiry_ids(file: &std::path::Path) -> Vec<String> {
    let list = std::fs::read(file).unwrap();
    let mut list = csv::Reader::from_reader(&list[3..]);
    let place = list.headers().unwrap().iter().position(|name| name == "inquiry_id").unwrap();
    let ids: Vec<String> = list.records().map(|row| row.unwrap()[place].to_owned()).collect();
    assert!(!ids.is_empty() && ids.iter().all(|id| id.len() >= 15));
    let bare: Vec<String> = ids.iter().map(|id| id.replace('-', "")).collect();
    [ids, bare].concat()
}

on_both_engines! {
    fn each_command_of_the_intake_leaves_just_the_leaves_that_are_stated(centre) {
        leave_what_is_stated(&centre, intake::STORY);
        let log = std::fs::read_to_string(centre.exports_log()).unwrap();
        bears_nothing_of(&log, &inquiry_ids(&centre.desk().join("OUT")));
    }

    fn each_command_of_the_office_leaves_just_the_leaves_that_are_stated(centre) {
        leave_what_is_stated(&centre, office::STORY);
        let log = std::fs::read_to_string(centre.exports_log()).unwrap();
        bears_nothing_of(&log, &inquiry_ids(&centre.desk().join("TEXTS")));
    }
}
