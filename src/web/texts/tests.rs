//! Tests of the texts: complete in both languages, used, and plain.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use super::*;

fn files(folder: &str, end: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut found = Vec::new();
    let mut open = vec![root];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.to_string_lossy().ends_with(end) {
                found.push(path);
            }
        }
    }
    found
}

/// Texts of a language by key; each stands on one line.
fn texts(lang: &str) -> BTreeMap<String, String> {
    let mut texts = BTreeMap::new();
    for file in files(&format!("locales/{lang}"), ".ftl") {
        for line in fs::read_to_string(file).unwrap().lines() {
            if let Some((key, text)) = line.split_once(" = ") {
                let before = texts.insert(key.to_owned(), text.to_owned());
                assert!(before.is_none(), "{key} stands twice in {lang}");
            }
        }
    }
    texts
}

fn values(text: &str) -> BTreeSet<&str> {
    text.split("{ $").skip(1).filter_map(|rest| rest.split(" }").next()).collect()
}

#[test]
fn every_text_stands_in_both_languages_with_the_same_values() {
    let (ja, en) = (texts("ja"), texts("en"));
    let keys = |texts: &BTreeMap<String, String>| texts.keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&ja), keys(&en));
    for (key, text) in &ja {
        assert_eq!(values(text), values(&en[key]), "{key}");
        for lang in Lang::ALL {
            let given: Vec<(&str, &dyn Display)> =
                values(text).into_iter().map(|name| (name, &"x" as &dyn Display)).collect();
            let said = lang.say_with(key, &given);
            assert!(!said.contains("Unknown localization") && !said.contains('{'), "{key}");
        }
    }
}

#[test]
fn every_key_a_page_names_has_a_text_and_every_text_is_named() {
    let ja = texts("ja");
    let mut named = String::new();
    for file in files("templates", ".html").iter().chain(&files("src", ".rs")) {
        named += &fs::read_to_string(file).unwrap();
    }
    for call in ["page.t(\"", "page.with(\"", "say(\"", "say_with(\""] {
        for rest in named.split(call).skip(1) {
            let key = rest.split('"').next().unwrap();
            // A key that a template puts together has texts for the words it is put together of.
            let found = match key.strip_suffix("{}") {
                Some(stem) => ja.keys().any(|key| key.starts_with(stem)),
                None => ja.contains_key(key),
            };
            assert!(found, "`{key}` has no text");
        }
    }
    let stems = stems(&named);
    for key in ja.keys() {
        let known = named.contains(&format!("\"{key}\""))
            || stems.iter().any(|stem| key.starts_with(stem.as_str()));
        assert!(known, "nothing shows `{key}`");
    }
}

/// The beginnings of keys that are put together with a word of a closed list: what stands before
/// the value in `"stem-{word}"`, what is asked for with `t_of("stem", word)`, and the two that are
/// asked for with a stem that is itself a value.
fn stems(sources: &str) -> BTreeSet<String> {
    let mut stems = BTreeSet::from(["error-".to_owned(), "sent-next-".to_owned()]);
    let plain = |stem: &str| {
        !stem.is_empty() && stem.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    for before in sources.split("-{").map(|part| part.rsplit('"').next().unwrap_or_default()) {
        if plain(before) {
            stems.insert(format!("{before}-"));
        }
    }
    for asked in sources.split("t_of(").skip(1) {
        if let Some(stem) = asked.trim_start().strip_prefix('"').and_then(|s| s.split('"').next()) {
            stems.insert(format!("{stem}-"));
        }
    }
    stems
}

#[test]
fn keys_put_together_have_texts() {
    use formats::Weakness;

    use crate::jobs::schedule::in_units;

    let ja = texts("ja");
    for act in crate::access::roles::Act::ALL {
        assert!(ja.contains_key(&format!("act-{}", act.word())), "{act:?}");
    }
    for weakness in Weakness::ALL {
        for stem in ["danger", "remedy"] {
            assert!(ja.contains_key(&format!("{stem}-{}", weakness.code())));
        }
    }
    for minutes in [15, 60, 24 * 60] {
        let (_, unit) = in_units(Duration::from_mins(minutes));
        assert!(ja.contains_key(&format!("ways-every-{unit}")));
    }
}

#[test]
fn a_language_is_put_on_a_path_and_taken_off_again() {
    for path in ["/", "/id", "/case/manual/1"] {
        for lang in Lang::ALL {
            assert_eq!(Lang::of_path(&lang.href(path)), (lang, path));
        }
    }
    assert_eq!(Lang::of_path("/enough"), (Lang::Ja, "/enough"));
}

#[test]
fn japanese_texts_and_manuals_are_plain() {
    let mut sentences: Vec<String> =
        texts("ja").into_values().flat_map(|t| sentences(&t)).collect();
    for file in files("content/manuals", ".ja.md") {
        let text = fs::read_to_string(file).unwrap();
        let text = text.rsplit("\n+++\n").next().unwrap();
        for line in text.lines().filter(|line| !line.is_empty()) {
            let line = line.replace("**", "。").replace("![", "").replace("](", "。");
            let line = line.split(" {#").next().unwrap().to_owned();
            sentences.extend(self::sentences(&line));
        }
    }
    let length = |sentence: &String| sentence.chars().count();
    for sentence in &sentences {
        assert!(length(sentence) <= 60, "{} characters: {sentence}", length(sentence));
        for banned in ["等", "当該", "貴殿", "なお、", "することができ", "願います"]
        {
            assert!(!sentence.contains(banned), "`{banned}`: {sentence}");
        }
    }
    let short = sentences.iter().filter(|sentence| length(sentence) <= 40).count();
    assert!(short * 10 >= sentences.len() * 9, "{short} of {} are short", sentences.len());
}

/// The sentences of a text; a value counts as one character.
fn sentences(text: &str) -> Vec<String> {
    let mut plain = String::new();
    for part in text.split('{') {
        plain += part.rsplit_once('}').map_or(part, |(_, rest)| rest);
    }
    let ends = ['。', '？', '！'];
    plain.split(ends).map(|s| s.trim().to_owned()).filter(|s| !s.is_empty()).collect()
}
