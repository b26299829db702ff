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
const COMMANDS: &[&[&str]] = &[
    &["init"],
    &["networks", "import"],
    &["networks", "undo"],
    &["networks", "list"],
    &["isp", "import"],
    &["isp", "undo"],
    &["isp", "history"],
    &["isp", "list"],
    &["isp", "resellers"],
    &["isp", "propose"],
    &["isp", "contact", "add"],
    &["isp", "contact", "change"],
    &["isp", "contact", "list"],
    &["isp", "contact", "confirm"],
    &["isp", "contact", "remove"],
    &["isp", "contact", "due"],
    &["isp", "contact", "doubt"],
    &["isp", "claim", "add"],
    &["isp", "claim", "list"],
    &["isp", "claim", "show"],
    &["isp", "claim", "approve"],
    &["isp", "claim", "decline"],
    &["isp", "claim", "withdraw"],
    &["isp", "proposal", "list"],
    &["isp", "proposal", "approve"],
    &["isp", "proposal", "decline"],
    &["isp", "proposal", "withdraw"],
    &["lookup"],
    &["feed", "add"],
    &["feed", "list"],
    &["feed", "files"],
    &["feed", "way", "add"],
    &["feed", "way", "list"],
    &["feed", "way", "run"],
    &["feed", "way", "pause"],
    &["feed", "way", "resume"],
    &["feed", "way", "remove"],
    &["feed", "way", "runs"],
    &["work"],
    &["ingest"],
    &["coverage"],
    &["quarantine", "list"],
    &["quarantine", "show"],
    &["quarantine", "retry"],
    &["quarantine", "dismiss"],
    &["quarantine", "reopen"],
    &["unattributed"],
    &["unattributed", "retry"],
    &["case", "list"],
    &["case", "show"],
    &["notice", "prepare"],
    &["notice", "list"],
    &["notice", "export"],
    &["notice", "letters"],
    &["notice", "texts"],
    &["wording", "list"],
    &["wording", "show"],
    &["wording", "draft"],
    &["wording", "approve"],
    &["wording", "retire"],
    &["wording", "load"],
    &["wording", "preview"],
    &["report-back", "import"],
    &["verify"],
    &["audit", "list"],
    &["audit", "export"],
    &["audit", "verify"],
    &["audit", "checkpoint"],
    &["audit", "key"],
    &["state-hash"],
    &["completions"],
];

/// A key that nothing has.
const NOBODY: &str = "00000000-0000-7000-8000-000000000000";

/// What the command line alone shows to be wrong: status 2, and a word of the advice.
const WRONG_USAGE: [(&str, &str); 55] = [
    ("", "Usage"),
    ("ingets", "ingest"),
    ("--now soon case list", "RFC 3339"),
    ("case list --database-url mysql://x", "begin with postgres://"),
    ("case list --database-url postgres://host:many/x", "postgres://user@host:5432/name"),
    ("lookup everywhere", "--help"),
    ("lookup 192.0.2.0/24", "--help"),
    ("lookup 192.0.2.1 --at 2026-04-01T09:00:00", "write 2026-04-01T09:00:00+09:00"),
    ("lookup 192.0.2.1 --at 2026-04-01", "write 2026-04-01T00:00:00+09:00"),
    ("ingest --feed scanner", "<FILES>"),
    ("feed add x --format pdf --stream notice", "scan-list"),
    ("feed add x --format scan-list --stream tv", "nicter"),
    ("feed add x --format scan-list --stream notice --completeness-floor 2", "0 and 1"),
    ("feed add x --format scan-list --stream notice --utc-offset-minutes 9000", "9000"),
    ("feed way add scanner --kind post --every 1h", "shadowserver-api"),
    ("feed way add scanner --kind folder --every 1h", "--path"),
    ("feed way add scanner --kind folder --path /tmp", "--every"),
    ("feed way add scanner --kind folder --path /tmp --every soon", "such as 15m"),
    ("feed way add scanner --kind folder --path /tmp --cron soon", "six in the morning"),
    ("feed way add scanner --kind folder --path /tmp --every 1h --host x", "not folder"),
    ("feed way add scanner --kind taxii --discovery https://a.example --every 1h", "--collection"),
    ("feed way runs scanner/folder --limit 0", "--limit"),
    ("quarantine show 17", "todoke quarantine list"),
    ("quarantine dismiss 17 --by desk-1 --reason x", "todoke quarantine list"),
    ("quarantine dismiss NOBODY/1 --by desk-1", "--reason"),
    ("quarantine reopen --by desk-1 --reason x", "<ID>"),
    ("unattributed --limit -3", "-3"),
    ("case list --state fixed", "clean_once"),
    ("case list --stream tv", "nicter"),
    ("case list --since soon", "RFC 3339"),
    ("case list --since 2026-01-01", "write 2026-01-01T00:00:00+09:00"),
    ("case list --limit -1", "-1"),
    ("case show 17", "`list` prints it"),
    ("notice prepare", "<--isp <ISP>|--all>"),
    ("notice prepare --isp isp-a --all", "--all"),
    ("notice export x --format docx --out /tmp/never.csv", "csv-sjis"),
    ("report-back import FILE", "--isp"),
    ("verify --at soon", "RFC 3339"),
    ("verify --at 2026-01-01", "write 2026-01-01T00:00:00+09:00"),
    ("effect funnel --by colour", "channel"),
    ("effect funnel --stream tv", "nicter"),
    ("effect funnel --from 2026-04-01", "write 2026-04-01T00:00:00+09:00"),
    ("effect funnel --to 2026-04-01T00:00", "write 2026-04-01T00:00:00+09:00"),
    ("effect funnel --as-of soon", "RFC 3339"),
    ("effect funnel --from 2026-04-01T00:00:00Z --to 2026-03-01T00:00:00Z", "after --from"),
    ("effect survival --replicates 1", "100000"),
    ("effect compare --days many", "many"),
    ("serve --listen here", "127.0.0.1:8080"),
    ("demo --listen here", "127.0.0.1:8080"),
    ("simulate --miss 2", "--help"),
    ("simulate --hold-days long", "--help"),
    ("stats km --csv FILE --time this --conf-type wide", "log-log"),
    ("stats km --csv FILE --time this --tau 0", "above 0"),
    ("stats logrank --csv FILE --time this --rho NaN", "no number"),
    ("completions tcsh", "fish"),
];

/// What only the store or a file shows to be wrong: status 1, and a word of the advice.
const REFUSED: [(&str, &str); 33] = [
    ("ingest --feed nobody FILE", "todoke feed add"),
    ("ingest --feed scanner /nowhere.csv", "is no file"),
    ("coverage --feed nobody FILE", "todoke feed add"),
    ("coverage --feed scanner /nowhere.csv", "/nowhere.csv"),
    ("feed add scanner --format shadowserver --stream notice", "exists already"),
    ("feed add scanner --format scan-list --stream notice --completeness-floor 0.5", "exists"),
    ("feed files --feed nobody", "todoke feed add"),
    ("feed way list --feed nobody", "todoke feed add"),
    ("feed way run scanner/folder", "todoke feed way list"),
    ("feed way add nobody --kind folder --path /tmp --every 1h", "todoke feed add"),
    ("feed way add scanner --kind folder --path tmp --every 1h", "from / on"),
    ("feed way add scanner --kind folder --path /nowhere --every 1h", "make it first"),
    ("feed way add scanner --kind folder --path /tmp --name a/b --every 1h", "letters, digits"),
    ("feed way add scanner --kind mailbox --host a.example --user a --every 1h", "--secret-file"),
    ("feed way add scanner --kind taxii --discovery x --collection a --every 1h", "https://"),
    ("quarantine list --feed nobody", "todoke feed add"),
    ("quarantine retry --feed nobody", "todoke feed add"),
    ("quarantine show NOBODY/1", "todoke quarantine list"),
    ("quarantine dismiss NOBODY/1 --by desk-1 --reason x", "todoke quarantine list"),
    ("quarantine reopen NOBODY --by desk-1 --reason x", "todoke quarantine list"),
    ("case list --isp nobody", "todoke isp list"),
    ("case show NOBODY", "todoke case list"),
    ("notice prepare --isp nobody", "todoke isp list"),
    ("notice export nothing --out /tmp/never.csv", "todoke notice list"),
    ("report-back import --isp nobody FILE", "todoke isp list"),
    ("report-back import --isp isp-a /nowhere.csv", "/nowhere.csv"),
    ("report-back import --isp isp-a FILE", "are missing"),
    ("isp import /nowhere.csv", "/nowhere.csv"),
    ("isp import FILE", "code"),
    ("networks import /nowhere.csv", "/nowhere.csv"),
    ("networks import FILE", "nothing was changed"),
    ("stats km --csv /nowhere.csv --time this", "/nowhere.csv"),
    ("stats km --csv FILE --time that", "there are: what"),
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
        let wrong = WRONG_USAGE.iter().map(|(typed, advice)| (typed, 2, advice));
        let refused = REFUSED.iter().map(|(typed, advice)| (typed, 1, advice));
        for (typed, status, advice) in wrong.chain(refused) {
            let meant = typed.replace("FILE", &file).replace("NOBODY", NOBODY);
            let (got, told) = run(&centre, &meant.split_whitespace().collect::<Vec<_>>());
            assert_eq!(got, status, "todoke {typed}: {told}");
            assert!(told.contains(advice), "todoke {typed}: {told}");
            for trace in ["panicked", "RUST_BACKTRACE", "stack backtrace", "sqlx", "ERROR"] {
                assert!(!told.contains(trace), "todoke {typed}: {told}");
            }
        }
        assert_eq!(centre.state_hash(), hash);
    }

    fn one_is_one_row_and_two_are_two_rows(centre) {
        centre.serves(&[provider("isp-a", "static", "192.0.2.0/24")]);
        let words = |args: &[&str]| run(&centre, args).1;
        let one = centre.file("one.csv", csv(&[hit("r1", MARCH, "192.0.2.7")]));
        let two = csv(&[hit("r2", MARCH, "192.0.2.7"), hit("r2", MARCH, "nowhere")]);
        let two = centre.file("two.csv", two);
        let told = words(&["ingest", "--feed", SCANNER, &one, &two]);
        assert!(told.contains("one.csv: 1 row: 1 sighting, 0 repeats"), "{told}");
        let two = "two.csv: 2 rows: 0 sightings, 1 repeat, 1 in quarantine,";
        assert!(told.contains(two), "{told}");
        assert!(words(&["quarantine", "retry"]).starts_with("0 of 1 row understood"));
        assert!(words(&["verify"]).starts_with("1 line (1 case): 1 open"));
        assert!(words(&["notice", "prepare", "--all"]).trim_end().ends_with("\t1 line"));
        assert!(words(&["feed", "files"]).contains("\t1 row, 0 in quarantine\t"));
    }

    fn a_look_up_says_each_reason_once(centre) {
        centre.serves(&[provider("isp-a", "static", "192.0.2.0/24")]);
        let (_, told) = run(&centre, &["lookup", "192.0.2.7"]);
        let (finding, why) = told.split_once('\n').expect("a finding, and why");
        assert_eq!(finding.matches("declared").count(), 1, "{told}");
        assert_eq!(why.trim(), "isp-a declared 192.0.2.0/24 for that time.");
        assert!(told.contains("192.0.2.7 is served by isp-a (declared; "), "{told}");
    }

    fn a_database_that_cannot_be_reached_is_named_without_its_password(centre) {
        let url = "postgres://todoke:geheim@127.0.0.1:1/todoke";
        let (status, told) = run(&centre, &["case", "list", "--database-url", url]);
        assert_eq!(status, 1, "{told}");
        let wanted = "cannot reach the database at 127.0.0.1:1: Connection refused";
        assert!(told.contains(wanted) && told.contains("Is it running?"), "{told}");
        assert!(!told.contains("geheim") && !told.contains("pool"), "{told}");
        let Some(server) = centre.database() else { return };
        let missing = format!("{}/no_such_database", server.rsplit_once('/').unwrap().0);
        let (status, told) = run(&centre, &["case", "list", "--database-url", &missing]);
        assert_eq!(status, 1, "{told}");
        assert!(told.contains("lets nobody in: database \"no_such_database\""), "{told}");
    }

    fn a_list_that_could_not_be_written_was_not_handed_out(centre) {
        centre.serves(&[provider("isp-a", "static", "192.0.2.0/24")]);
        centre.takes(&[hit("r1", MARCH, "192.0.2.7")]);
        let list = centre.prepares("isp-a").unwrap();
        let args = ["notice", "export", &list, "--out", "/nowhere/list.csv"];
        let (status, told) = run(&centre, &args);
        assert_eq!(status, 1, "{told}");
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
    for command in COMMANDS.iter().copied() {
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
    assert!(status == 2 && told.contains("postgres://"), "{told}");
}

#[test]
fn completions_and_the_man_page_come_from_the_same_definition() {
    let folder = tempfile::tempdir().unwrap();
    for kind in ["bash", "zsh", "fish", "man"] {
        let (status, told) = bare(&["completions", kind], folder.path());
        assert_eq!(status, 0, "{kind}");
        assert!(told.contains("quarantine"), "{kind}");
    }
    assert!(bare(&["--help"], folder.path()).1.contains("completions"), "it is found");
    let (_, fish) = bare(&["completions", "fish"], folder.path());
    assert!(fish.contains("clean_once") && fish.contains("csv-sjis"), "words are completed too");
}
