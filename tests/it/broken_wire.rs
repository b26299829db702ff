//! A connection lost in the middle of a commit is answered by asking the store, never by guessing:
//! whether the commit landed or not, each row is in exactly once. On PostgreSQL alone, since SQLite
//! has no connection to lose.

use std::{
    cell::Cell,
    process::{Command, Stdio},
    sync::OnceLock,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::{
    actors::SCANNER,
    builders::{covered, csv, hit, provider, telnet_report},
    centre::{Centre, Engine},
    interruptions::{SPOTS, big_file},
    proxy::{Break, Wire, server_of},
};

const MARCH: &str = "2026-03-30T10:02:03+09:00";

fn centre() -> Option<Centre> {
    let Some(centre) = Centre::open(Engine::Postgres) else {
        println!("skipped: TODOKE_TEST_POSTGRES names no server");
        return None;
    };
    centre.serves(&[provider("isp-a", "static", "198.18.0.0/16")]);
    centre.does(&["feed", "add", "telnet", "--format", "shadowserver", "--stream", "notice"]);
    Some(centre)
}

/// How large the largest file is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Load {
    /// Of one row.
    Small,
    /// Of several batches.
    Big,
}

/// A list, one of bad and good rows, a report, and the coverage of a run.
fn files(centre: &Centre, load: Load) -> [Vec<String>; 4] {
    let list = match load {
        Load::Small => csv(&[hit("r1", MARCH, "198.18.0.7")]),
        Load::Big => big_file(),
    };
    let mixed = csv(&[hit("r1", MARCH, "198.18.250.7"), hit("r1", MARCH, "nowhere")]);
    let report = csv(&[telnet_report("2026-03-30 01:02:03", "198.18.250.8")]);
    let bits = covered("r1", "2026-03-30", "198.18.0.0/16").with("prefix", "198.18.0.1/16");
    let coverage = csv(&[covered("r1", "2026-03-30", "198.18.0.0/16"), bits]);
    [
        ["ingest", SCANNER, &centre.file("list.csv", list)],
        ["ingest", SCANNER, &centre.file("mixed.csv", mixed)],
        ["ingest", "telnet", &centre.file("2026-03-30-scan_telnet-jp.csv", report)],
        ["coverage", SCANNER, &centre.file("coverage.csv", coverage)],
    ]
    .map(|[command, feed, file]| vec![command.into(), "--feed".into(), feed.into(), file.into()])
}

/// What a command answers and how it ends; it has five minutes to do so by itself.
fn answer(mut command: Command, meanwhile: impl Fn()) -> (Option<i32>, Value) {
    command.arg("--json").stdout(Stdio::piped()).stderr(Stdio::piped());
    let (start, mut child) = (Instant::now(), command.spawn().unwrap());
    while child.try_wait().unwrap().is_none() {
        meanwhile();
        if start.elapsed() > Duration::from_mins(5) {
            child.kill().unwrap();
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let output = child.wait_with_output().unwrap();
    let mut line: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    line.as_object_mut().unwrap().remove("seconds");
    (output.status.code(), line)
}

/// What is left of all files: answers, and the facts in the store.
#[derive(Debug, PartialEq, Eq)]
struct Left {
    answers: Vec<(Option<i32>, Value)>,
    state: Value,
    rows: Vec<Vec<String>>,
}

/// Takes all files in, over a wire or not.
fn left(centre: &Centre, load: Load, wire: Option<&Wire>) -> Left {
    let take = |args: &Vec<String>| {
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let mut command = centre.command(&args);
        if let Some(wire) = wire {
            command.env("TODOKE_DATABASE_URL", wire.url(centre.database().unwrap()));
        }
        answer(command, || ())
    };
    let answers = files(centre, load).iter().map(take).collect();
    let rows = [
        "SELECT CAST(COUNT(*) AS TEXT) FROM sighting_chunks",
        "SELECT CAST(SUM(LENGTH(body)) AS TEXT) FROM hits",
        "SELECT CAST(COUNT(*) AS TEXT) FROM cases",
        "SELECT CAST(COUNT(*) AS TEXT) FROM quarantined_rows",
        "SELECT CAST(SUM(hits) AS TEXT) FROM run_hits",
        "SELECT CAST(COUNT(*) AS TEXT) FROM case_events",
    ];
    let rows = rows.map(|sql| centre.stored(sql)).to_vec();
    Left { answers, state: centre.does(&["state-hash"]).one().clone(), rows }
}

/// What an undisturbed run leaves.
fn undisturbed(load: Load) -> Option<&'static Left> {
    static CALM: [OnceLock<Option<Left>>; 2] = [OnceLock::new(), OnceLock::new()];
    let calm = || Some(left(&centre()?, load, None));
    CALM[usize::from(load == Load::Big)].get_or_init(calm).as_ref()
}

/// Over a wire that breaks at every second commit, everything is in exactly once, and each command
/// ends by itself as it does undisturbed.
fn nothing_is_lost_or_doubled(load: Load, at: Break, odd: u32) {
    let Some(calm) = undisturbed(load) else { return };
    let statuses: Vec<_> = calm.answers.iter().map(|(status, _)| status.unwrap()).collect();
    assert_eq!(statuses, [0, 1, 0, 1], "two files hold a bad row");
    let centre = centre().unwrap();
    let breaks = move |commit: u32| (commit % 2 == odd).then_some(at);
    let wire = Wire::to(&server_of(centre.database().unwrap()), breaks);
    assert_eq!(&left(&centre, load, Some(&wire)), calm);
    let (commits, broke) = wire.counts();
    assert!(broke >= 5 && broke >= commits / 2, "{broke} of {commits} commits");
}

#[test]
fn a_commit_whose_answer_is_lost_is_not_done_again() {
    nothing_is_lost_or_doubled(Load::Big, Break::After, 0);
    nothing_is_lost_or_doubled(Load::Small, Break::After, 1);
}

#[test]
fn a_commit_that_never_arrived_is_done_again() {
    nothing_is_lost_or_doubled(Load::Big, Break::Before, 0);
    nothing_is_lost_or_doubled(Load::Small, Break::Before, 1);
}

#[test]
fn a_commit_that_is_under_way_when_the_program_asks_is_waited_for() {
    nothing_is_lost_or_doubled(Load::Small, Break::Amid, 0);
    nothing_is_lost_or_doubled(Load::Small, Break::Amid, 1);
}

#[test]
fn a_server_that_ends_every_connection_in_the_middle_loses_and_doubles_nothing() {
    let Some(calm) = undisturbed(Load::Big) else { return };
    let centre = centre().unwrap();
    let url = centre.database().unwrap();
    let args = files(&centre, Load::Big)[0].clone();
    let (ended, last) = (Cell::new(0), Cell::new(Instant::now()));
    let end_all = || {
        let begun = || centre.stored("SELECT sha256 FROM feed_files").len() == 1;
        if ended.get() < 3 && last.get().elapsed() > Duration::from_millis(500) && begun() {
            let all = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE datname = current_database() AND xact_start IS NOT NULL
                  AND pid <> pg_backend_pid()";
            let told = Command::new("psql").args([url, "-qtAc", all]).output().unwrap();
            ended.set(ended.get() + i32::from(told.stdout.starts_with(b"t")));
            last.set(Instant::now());
        }
    };
    let command = centre.command(&args.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(answer(command, end_all), calm.answers[0]);
    assert!(ended.get() > 0, "it was over before it could be ended");
    assert_eq!(centre.stored("SELECT CAST(COUNT(*) AS TEXT) FROM cases"), [SPOTS.to_string()]);
    let quiet = self::centre().unwrap();
    quiet.does(&files(&quiet, Load::Big)[0].iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(centre.state_hash(), quiet.state_hash());
}
