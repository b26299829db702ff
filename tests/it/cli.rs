//! The command line: whoever gets it wrong learns what to do, and never sees a fault.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    process::{Command, Output},
};

use crate::{
    actors::SCANNER,
    builders::{csv, hit, provider},
    centre::{Centre, Engine, on_both_engines},
};

const MARCH: &str = "2026-03-30T10:00:00+09:00";

/// Every command with its own help.
const COMMANDS: [&[&str]; 22] = [
    &["init"],
    &["networks", "import"],
    &["isp", "import"],
    &["isp", "list"],
    &["lookup"],
    &["feed", "add"],
    &["feed", "list"],
    &["feed", "files"],
    &["ingest"],
    &["coverage"],
    &["quarantine", "list"],
    &["quarantine", "show"],
    &["quarantine", "retry"],
    &["unattributed"],
    &["case", "list"],
    &["case", "show"],
    &["notice", "prepare"],
    &["notice", "list"],
    &["notice", "export"],
    &["report-back", "import"],
    &["verify"],
    &["state-hash"],
];

/// What is typed wrong, the status, and a word of the advice.
const MISTAKES: [(&str, i32, &str); 36] = [
    ("", 2, "Usage"),
    ("ingets", 2, "ingest"),
    ("lookup everywhere", 2, "--help"),
    ("lookup 192.0.2.0/24", 2, "--help"),
    ("lookup 192.0.2.1 --at 2026-04-01T09:00:00", 1, "2026-05-01T09:00:00+09:00"),
    ("ingest --feed nobody FILE", 1, "todoke feed add"),
    ("ingest --feed scanner /nowhere.csv", 1, "is no file"),
    ("ingest --feed scanner", 2, "<FILES>"),
    ("coverage --feed nobody FILE", 1, "todoke feed add"),
    ("coverage --feed scanner /nowhere.csv", 1, "/nowhere.csv"),
    ("feed add x --format pdf --stream notice", 1, "scan-list"),
    ("feed add x --format scan-list --stream tv", 1, "--help"),
    ("feed add x --format scan-list --stream notice --completeness-floor 2", 1, "0 and 1"),
    ("feed add x --format scan-list --stream notice --utc-offset-minutes 9000", 2, "9000"),
    ("feed add scanner --format shadowserver --stream notice", 1, "exists already"),
    ("feed add scanner --format scan-list --stream notice --completeness-floor 0.5", 1, "exists"),
    ("quarantine list --feed nobody", 1, "todoke feed add"),
    ("quarantine retry --feed nobody", 1, "todoke feed add"),
    ("quarantine show 17", 1, "todoke quarantine list"),
    ("unattributed --limit -3", 2, "-3"),
    ("case list --isp nobody", 1, "todoke isp list"),
    ("case list --state fixed", 1, "clean_once"),
    ("case list --stream tv", 1, "nicter"),
    ("case list --since soon", 1, "RFC 3339"),
    ("case list --limit -1", 2, "-1"),
    ("case show 17", 2, "--help"),
    ("case show 00000000-0000-7000-8000-000000000000", 1, "todoke case list"),
    ("notice prepare", 2, "--isp"),
    ("notice prepare --isp isp-a --all", 2, "--all"),
    ("notice prepare --isp nobody", 1, "todoke isp list"),
    ("notice export nothing --out /tmp/never.csv", 1, "todoke notice list"),
    ("report-back import --isp nobody FILE", 1, "todoke isp list"),
    ("report-back import --isp isp-a /nowhere.csv", 1, "/nowhere.csv"),
    ("isp import /nowhere.csv", 1, "/nowhere.csv"),
    ("networks import /nowhere.csv", 1, "/nowhere.csv"),
    ("verify --at soon", 1, "RFC 3339"),
];

fn run(centre: &Centre, args: &[&str]) -> (i32, String) {
    let output = centre.command(args).output().unwrap();
    (output.status.code().unwrap_or(-1), told(&output))
}

/// Everything a command said.
fn told(output: &Output) -> String {
    let both = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8(both).unwrap()
}

/// A command in an empty folder, of nobody's centre.
fn bare(args: &[&str], folder: &std::path::Path) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_todoke"));
    command.args(args).current_dir(folder);
    for name in ["TODOKE_DATA", "TODOKE_DATABASE_URL", "TODOKE_NOW"] {
        command.env_remove(name);
    }
    let output = command.output().unwrap();
    (output.status.code().unwrap_or(-1), told(&output))
}

on_both_engines! {
    fn whoever_types_something_wrong_is_told_what_to_do(centre) {
        centre.serves(&[provider("isp-a", "static", "192.0.2.0/24")]);
        let file = centre.file("odd.csv", "what,is,this\n1,2,3\n");
        let hash = centre.state_hash();
        for (typed, status, advice) in MISTAKES {
            let args = typed.split_whitespace().map(|arg| if arg == "FILE" { &file } else { arg });
            let (got, told) = run(&centre, &args.collect::<Vec<_>>());
            assert_eq!(got, status, "todoke {typed}: {told}");
            assert!(told.contains(advice), "todoke {typed}: {told}");
            for trace in ["panicked", "RUST_BACKTRACE", "stack backtrace", "sqlx", "ERROR"] {
                assert!(!told.contains(trace), "todoke {typed}: {told}");
            }
        }
        assert_eq!(centre.state_hash(), hash);
    }

    fn a_list_that_could_not_be_written_was_not_handed_out(centre) {
        centre.serves(&[provider("isp-a", "static", "192.0.2.0/24")]);
        centre.takes(&[hit("r1", MARCH, "192.0.2.7")]);
        let list = centre.prepares("isp-a").unwrap();
        for args in [["--out", "/nowhere/list.csv"], ["--format", "docx"]] {
            let out = centre.desk().join("x").display().to_string();
            let more = if args[0] == "--out" { vec![] } else { vec!["--out", &out] };
            let args = [&["notice", "export", &list][..], &args, &more].concat();
            let (status, told) = run(&centre, &args);
            assert_eq!(status, 1, "{told}");
        }
        assert_eq!(centre.standing(&list)["exports"], 0);
    }

    fn a_second_init_changes_nothing(centre) {
        let keys = || ["lookup.key", "seal.key"].map(|name| {
            fs::read(centre.data().join("keys").join(name)).unwrap()
        });
        let before = keys();
        let again = centre.does(&["init"]);
        assert_eq!(again.one()["created"], false);
        assert_eq!(keys(), before);
        assert_ne!(before[0], before[1]);
    }

    fn a_feed_registered_twice_alike_is_registered_once(centre) {
        centre.serves(&[]);
        let args = ["feed", "add", SCANNER, "--format", "scan-list", "--stream", "notice"];
        assert_eq!(centre.does(&args).one()["created"], false);
        assert_eq!(centre.does(&["feed", "list"]).lines.len(), 1);
    }

    fn with_json_standard_output_holds_json_lines_alone(centre) {
        centre.serves(&[provider("isp-a", "static", "192.0.2.0/24")]);
        let bad = csv(&[hit("r1", MARCH, "192.0.2.7"), hit("r1", MARCH, "nowhere")]);
        // `Answer` parses every line of standard output, so a stray word would fail here.
        assert_eq!(centre.ingests(SCANNER, "a.csv", bad).lines.len(), 1);
        for args in [&["case", "list"][..], &["quarantine", "list"], &["state-hash"], &["verify"]] {
            assert_eq!(centre.does(args).lines.len(), 1, "{args:?}");
        }
    }

    fn a_key_that_others_can_read_is_refused(centre) {
        let key = centre.data().join("keys/lookup.key");
        let secret = fs::read_to_string(&key).unwrap();
        for mode in [0o644, 0o640, 0o604] {
            fs::set_permissions(&key, fs::Permissions::from_mode(mode)).unwrap();
            for args in [&["case", "list"][..], &["init"]] {
                let (status, told) = run(&centre, args);
                assert_eq!(status, 1, "{told}");
                assert!(told.contains("chmod 600"), "{told}");
                assert!(!told.contains(secret.trim()));
            }
        }
        assert_eq!(fs::read_to_string(&key).unwrap(), secret, "init makes no new key for it");
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
        centre.does(&["case", "list"]);
        fs::write(&key, "no key").unwrap();
        assert!(run(&centre, &["case", "list"]).1.contains("64 hexadecimal digits"));
    }
}

#[test]
fn the_help_of_every_command_shows_an_example() {
    let centre = Centre::open(Engine::Sqlite).unwrap();
    for command in COMMANDS {
        let (status, told) = run(&centre, &[command, &["--help"]].concat());
        assert_eq!(status, 0, "{command:?}");
        let example = format!("Example:\n  todoke {}", command.join(" "));
        let found = told.contains(&example) || (command == ["init"] && told.contains("Example:"));
        assert!(found, "{command:?}: {told}");
    }
}

#[test]
fn a_centre_that_was_never_made_says_how_to_make_it() {
    let folder = tempfile::tempdir().unwrap();
    for args in [&["case", "list"][..], &["state-hash"], &["verify"]] {
        let (status, told) = bare(args, folder.path());
        assert_eq!(status, 1, "{told}");
        assert!(told.contains("run `todoke init`"), "{told}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nothing was made by asking");
    let (status, told) = bare(&["init"], folder.path());
    assert_eq!(status, 0, "{told}");
    assert_eq!(bare(&["case", "list"], folder.path()), (0, String::new()));
    let (status, told) = bare(&["case", "list", "--database-url", "mysql://x"], folder.path());
    assert!(status == 1 && told.contains("postgres://"), "{told}");
}

#[test]
fn completions_and_the_man_page_come_from_the_same_definition() {
    let folder = tempfile::tempdir().unwrap();
    for kind in ["bash", "zsh", "fish", "man"] {
        let (status, told) = bare(&["completions", kind], folder.path());
        assert_eq!(status, 0, "{kind}");
        assert!(told.contains("quarantine"), "{kind}");
    }
}
