//! A wrong file is taken back: what nobody outside saw is as if it had never been, what was sent is
//! recalled, and bringing the file back is as if it had always been there.

use std::{
    collections::HashSet,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use proptest::{collection::vec, prelude::*};
use sha2::{Digest as _, Sha256};
use todoke::{
    access::keys::to_hex,
    feeds::{coverage, files, withdrawal::Word},
    intake::withdrawal,
    isps,
    notices::prepare,
    verification::clean_scans::{self, Keep},
};

use crate::{
    actors::SCANNER,
    builders::{covered, csv, hit, infected, provider},
    centre::{Answer, Centre, Engine, on_both_engines},
    exactly_once::{STREAMS, Seen, on_rooms, providers, seen, text},
    room::{Room, Story},
};

const STORIES: u32 = 200;
const WORD: Word<'_> = Word { author: "an operator", reason: "the wrong day" };

/// Files of feeds, and which of them is wrong.
#[derive(Clone, Debug)]
struct Wrong {
    files: Vec<(usize, Vec<Seen>)>,
    mistaken: usize,
    /// What else happens before and after: lists are prepared, or verdicts reviewed.
    listed: bool,
    reviewed: bool,
    /// Tenths of a millisecond after which the withdrawal is killed, to be begun again.
    killed: Option<u64>,
}

fn wrong() -> impl Strategy<Value = Wrong> {
    let file = (0..STREAMS.len(), vec(seen(), 1..12)).prop_map(|(feed, mut rows)| {
        rows.iter_mut().for_each(|row| row.feed = feed);
        (feed, rows)
    });
    let files = vec(file, 2..5).prop_flat_map(|files| (0..files.len(), Just(files)));
    let acts = prop_oneof![Just((false, false)), Just((true, false)), Just((false, true))];
    (files, acts, prop::option::of(0..80_u64)).prop_map(
        |((mistaken, files), (listed, reviewed), killed)| Wrong {
            files,
            mistaken,
            listed,
            reviewed,
            killed,
        },
    )
}

impl Wrong {
    /// Takes files in, each a day after the one before; gives the content hash of the wrong one.
    async fn takes(&self, story: &Story<'_>, with_wrong: bool) -> String {
        let mut hash = String::new();
        let begin = story.room.app.now();
        for (no, (feed, rows)) in self.files.iter().enumerate() {
            story.room.app.clock.set(begin.plus_days(i64::try_from(no).unwrap()));
            if no == self.mistaken && !with_wrong {
                continue;
            }
            let taken = story.takes(*feed, &format!("{no}.csv"), text(rows).as_bytes()).await;
            if no == self.mistaken {
                hash = taken.sha256;
            }
        }
        story.room.app.clock.set(begin.plus_days(9));
        hash
    }

    async fn acts(&self, story: &Story<'_>) {
        let app = &story.room.app;
        if self.listed {
            for isp in isps::all(&app.db).await.unwrap() {
                prepare::for_isp(app, &isp).await.unwrap();
            }
        }
        if self.reviewed {
            clean_scans::review(app, app.now(), Keep::Written).await.unwrap();
        }
    }
}

/// A room with coverage of both feeds.
async fn begins(room: &Room) -> Story<'_> {
    let story = room.begins(&providers(), &STREAMS).await;
    let runs = [("r1", "2026-05-15"), ("r2", "2026-06-02"), ("r3", "2026-06-03")];
    let rows = runs.map(|(run, day)| covered(run, day, "198.18.0.0/16"));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("coverage.csv");
    std::fs::write(&path, csv(&rows)).unwrap();
    for feed in &story.feeds {
        coverage::take_in(&room.app, feed, &path).await.unwrap();
    }
    story
}

async fn is_as_if_it_had_never_come(room: &Room, told: &Wrong) -> Result<(), TestCaseError> {
    let texts: HashSet<_> = told.files.iter().map(|(feed, rows)| (*feed, text(rows))).collect();
    prop_assume!(texts.len() == told.files.len(), "two files of one content are one file");
    let begin = room.app.now();
    let story = begins(room).await;
    told.takes(&story, false).await;
    told.acts(&story).await;
    let (never, openings) = (story.hash().await, story.openings().await);
    room.app.clock.set(begin);

    let story = begins(room).await;
    let hash = told.takes(&story, true).await;
    let all = story.hash().await;
    told.acts(&story).await;
    let (_, file) = story.file(&hash).await;
    let app = &room.app;
    let before = story.hash().await;
    let dry = withdrawal::withdraw(app, &file, WORD, true).await.unwrap().unwrap();
    prop_assert_eq!(story.hash().await, before, "a dry run changes nothing");
    if let Some(tenths) = told.killed {
        let work = withdrawal::withdraw(app, &file, WORD, false);
        let _ = tokio::time::timeout(Duration::from_micros(100 * tenths), work).await;
    }
    match withdrawal::withdraw(app, &file, WORD, false).await.unwrap() {
        Ok(done) => prop_assert!(told.killed.is_some() || done == dry, "{:?} {:?}", done, dry),
        // The time was enough.
        Err(_) => prop_assert!(told.killed.is_some()),
    }
    if told.reviewed {
        told.acts(&story).await;
    }
    prop_assert_eq!(story.openings().await, openings);
    prop_assert_eq!(&story.hash().await, &never);

    let (feed, file) = story.file(&hash).await;
    withdrawal::restore(app, (&feed, &file), WORD).await.unwrap().unwrap();
    if !told.listed && !told.reviewed {
        prop_assert_eq!(story.hash().await, all, "it was always there");
    }
    let (_, file) = story.file(&hash).await;
    withdrawal::withdraw(app, &file, WORD, false).await.unwrap().unwrap();
    if told.reviewed {
        told.acts(&story).await;
    }
    prop_assert_eq!(story.hash().await, never, "withdrawn once more");
    room.app.clock.set(begin);
    Ok(())
}

#[test]
fn a_withdrawn_file_is_as_if_it_had_never_come_on_sqlite() {
    on_rooms(Engine::Sqlite, STORIES, wrong, is_as_if_it_had_never_come);
}

#[test]
fn a_withdrawn_file_is_as_if_it_had_never_come_on_postgres() {
    on_rooms(Engine::Postgres, STORIES, wrong, is_as_if_it_had_never_come);
}

const NET: &str = "192.0.2.0/24";
const MARCH: &str = "2026-03-30T10:00:00+09:00";
const SAID: [&str; 4] = ["--reason", "the wrong day", "--by", "an operator"];

/// The id of the file that came under that name last.
/// A file of two batches, which another node withdraws after the first of them.
async fn is_withdrawn_while_it_goes_in(engine: Engine) {
    let Some(room) = Room::open(engine).await else { return };
    let story = room.begins(&providers(), &STREAMS).await;
    let row = hit("r1", "2026-05-20T12:00:00+09:00", "198.18.0.1");
    let text = csv(&vec![row; 80_001]);
    let hash = to_hex(&Sha256::digest(&text));
    let withdraw = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let app = room.beside().await;
            let (_, file) = files::named(&app.db, &hash).await.unwrap().unwrap();
            withdrawal::withdraw(&app, &file, WORD, false).await.unwrap().unwrap();
            app.db.close().await;
        });
    };
    let first = AtomicBool::new(true);
    let progress = |_| {
        if first.swap(false, Ordering::Relaxed) {
            std::thread::scope(|scope| scope.spawn(withdraw).join().unwrap());
        }
    };
    let taken = story.takes_telling("long.csv", text.as_bytes(), &progress).await;
    let refused = taken.refused.expect("it is not in");
    assert!(refused.starts_with("it was withdrawn at"), "{refused}");
    assert_eq!(story.openings().await, [""; 0]);
}

#[tokio::test]
async fn a_file_withdrawn_while_it_goes_in_is_refused_and_says_so_on_sqlite() {
    is_withdrawn_while_it_goes_in(Engine::Sqlite).await;
}

#[tokio::test]
async fn a_file_withdrawn_while_it_goes_in_is_refused_and_says_so_on_postgres() {
    is_withdrawn_while_it_goes_in(Engine::Postgres).await;
}

fn id_of(centre: &Centre, name: &str) -> String {
    let files = centre.does(&["feed", "files"]).lines;
    let file = files.iter().rev().find(|file| file["file"] == name).expect("it came");
    file["id"].as_str().unwrap().to_owned()
}

fn withdraws(centre: &Centre, file: &str) -> Answer {
    let args = [&["feed", "withdraw", file][..], &SAID].concat();
    centre.does(&args)
}

fn seen_at(centre: &Centre, name: &str, at: &str, addresses: &[&str]) {
    let rows: Vec<_> = addresses.iter().map(|ip| hit(name, at, ip)).collect();
    let answer = centre.ingests(SCANNER, &format!("{name}.csv"), csv(&rows));
    assert_eq!(answer.status, 0, "{answer:?}");
}

on_both_engines! {
    fn what_was_sent_is_recalled_and_everybody_who_was_told_hears_of_it(centre) {
        centre.serves(&[provider("isp-a", "static", NET)]);
        seen_at(&centre, "right", MARCH, &["192.0.2.7", "192.0.2.8"]);
        seen_at(&centre, "wrong", "2026-03-31T10:00:00+09:00", &["192.0.2.9"]);
        let list = centre.prepares("isp-a").unwrap();
        let lines = centre.lines_of(&list);
        let line = lines.iter().find(|line| line["ip"] == "192.0.2.9").unwrap();
        let id = line["inquiry_id"].clone();
        let case = centre.case_of("192.0.2.9")["id"].as_str().unwrap().to_owned();
        let done = withdraws(&centre, &id_of(&centre, "wrong.csv"));
        let counted = ["sightings", "cases_removed", "cases_withdrawn", "cases_kept"];
        assert_eq!(counted.map(|name| done.number(name)), [1, 0, 1, 0], "{done:?}");
        assert_eq!(done.one()["lines_recalled"]["isp-a"], 1);

        assert_eq!(centre.cases().len(), 2, "figures and lists no longer know it");
        let shown = centre.does(&["case", "show", &case]).lines;
        assert_eq!(shown[0]["state"], "withdrawn");
        assert_eq!(shown[0]["reason"], "the wrong day");
        assert_eq!(shown.last().unwrap()["kind"], "withdrawn");

        let standing = centre.standing(&list);
        assert_eq!((&standing["lines"], &standing["recalled"]), (&3.into(), &1.into()));
        assert_eq!(standing["no_report"], 2);
        let again = centre.lines_of(&list);
        let line = again.iter().find(|line| line["ip"] == "192.0.2.9").unwrap();
        assert_eq!((&line["action"][..], &line["list_version"][..]), ("withdrawn", "2"));

        centre.on("2026-04-02");
        let next = centre.prepares("isp-a").expect("the provider hears of it");
        let told = centre.lines_of(&next);
        assert_eq!(told.len(), 1);
        assert_eq!((&told[0]["action"][..], &told[0]["inquiry_id"]), ("withdrawn", &id));
        assert_eq!(centre.standing(&next)["no_report"], 0, "nothing is to be reported");
        assert_eq!(centre.prepares("isp-a"), None, "once is enough");

        let site = centre.opens_its_site();
        let visitor = site.visitor();
        visitor.enters(&id);
        for page in ["/case", "/case/result", "/case/manual", "/case/done"] {
            let text = visitor.opens(page).text;
            assert!(text.contains("このお知らせはまちがいでした"), "{page}: {text}");
            assert!(text.contains("何もしていただくことはありません"), "{page}");
        }
        let english = visitor.opens("/en/case").text;
        assert!(english.contains("This notice was sent by mistake"), "{english}");

        centre.on("2026-04-20");
        seen_at(&centre, "later", "2026-04-19T10:00:00+09:00", &["192.0.2.9"]);
        let anew = centre.prepares("isp-a").expect("it is found after all");
        let line = &centre.lines_of(&anew)[0];
        assert_eq!(line["action"], "new");
        assert_ne!(line["inquiry_id"], id, "the old page keeps saying what it says");
    }

    fn a_sent_line_that_told_of_a_mistake_is_corrected_where_the_case_stands(centre) {
        centre.serves(&[provider("isp-a", "dynamic:1", NET)]);
        let (wrong, right) = ("2026-03-29T10:00:00+09:00", "2026-03-30T09:00:00+09:00");
        seen_at(&centre, "right", right, &["192.0.2.7"]);
        seen_at(&centre, "wrong", wrong, &["192.0.2.8", "192.0.2.9"]);
        let list = centre.prepares("isp-a").unwrap();
        let before = centre.lines_of(&list);
        let id = |ip: &str| {
            let line = before.iter().find(|line| line["ip"] == ip).unwrap();
            line["inquiry_id"].clone()
        };
        seen_at(&centre, "later", right, &["192.0.2.8"]);
        let done = withdraws(&centre, &id_of(&centre, "wrong.csv"));
        assert_eq!((done.number("cases_withdrawn"), done.number("cases_kept")), (1, 1));
        assert_eq!(done.one()["lines_recalled"]["isp-a"], 2);
        let again = centre.lines_of(&list);
        let taken_back = again.iter().filter(|line| line["action"] == "withdrawn").count();
        assert_eq!((taken_back, &again[0]["list_version"][..]), (2, "3"));

        let next = centre.prepares("isp-a").expect("the provider hears of both");
        let told = centre.lines_of(&next);
        let of = |ip: &str| told.iter().find(|line| line["ip"] == ip).unwrap();
        assert_eq!((told.len(), &of("192.0.2.9")["action"][..]), (2, "withdrawn"));
        let corrected = of("192.0.2.8");
        assert_eq!((&corrected["action"][..], &corrected["detected_at"][..]), ("corrected", right));
        assert_eq!(corrected["inquiry_id"], id("192.0.2.8"));
        let standing = centre.standing(&next);
        assert_eq!((&standing["lines"], &standing["no_report"]), (&2.into(), &1.into()));
        assert_eq!(centre.prepares("isp-a"), None, "once is enough");
        centre.is_clean();
    }

    fn a_correction_waits_with_the_file_that_bears_it_out(centre) {
        centre.serves(&[provider("isp-a", "static", NET)]);
        seen_at(&centre, "wrong", "2026-03-29T10:00:00+09:00", &["192.0.2.8"]);
        centre.lines_of(&centre.prepares("isp-a").unwrap());
        let all: Vec<String> = (0..150).map(|host| format!("192.0.2.{host}")).collect();
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        seen_at(&centre, "many", MARCH, &all);
        withdraws(&centre, &id_of(&centre, "wrong.csv"));
        assert_eq!(centre.prepares("isp-a"), None);
        let many = id_of(&centre, "many.csv");
        centre.does(&[&["feed", "approve", &many][..], &SAID].concat());
        let list = centre.prepares("isp-a").expect("nothing holds it any more");
        let lines = centre.lines_of(&list);
        let corrected = lines.iter().filter(|line| line["action"] == "corrected").count();
        assert_eq!((lines.len(), corrected), (150, 1));
    }

    fn lines_that_nobody_has_seen_vanish_and_an_emptied_list_is_withdrawn(centre) {
        let other = provider("isp-b", "static", "198.51.100.0/24");
        centre.serves(&[provider("isp-a", "static", NET), other]);
        seen_at(&centre, "right", MARCH, &["192.0.2.7"]);
        let rows = ["192.0.2.7", "192.0.2.9", "198.51.100.1"];
        seen_at(&centre, "wrong", "2026-03-31T10:00:00+09:00", &rows);
        let [first, second] = ["isp-a", "isp-b"].map(|isp| centre.prepares(isp).unwrap());
        let wrong = id_of(&centre, "wrong.csv");
        let dry = [&["feed", "withdraw", &wrong, "--dry-run"][..], &SAID].concat();
        let (before, would) = (centre.state_hash(), centre.does(&dry));
        assert_eq!(centre.state_hash(), before);
        let done = withdraws(&centre, &wrong);
        for field in ["lines_removed", "cases_removed", "cases_withdrawn", "sightings"] {
            assert_eq!(would.number(field), done.number(field));
        }
        assert_eq!((done.number("lines_removed"), done.number("cases_removed")), (2, 2));
        assert_eq!(centre.standing(&first)["lines"], 1);
        assert!(centre.standing(&first)["withdrawn_at"].is_null());
        let lines = centre.lines_of(&first);
        assert_eq!((lines.len(), &lines[0]["last_seen"][..]), (1, MARCH), "it says what is known");
        assert_eq!(centre.standing(&second)["lines"], 0);
        assert!(!centre.standing(&second)["withdrawn_at"].is_null());
        let out = centre.desk().join("x.csv").display().to_string();
        assert_eq!(centre.tries(&["notice", "export", &second, "--out", &out]).status, 1);
        centre.on("2026-04-02");
        seen_at(&centre, "later", "2026-04-01T10:00:00+09:00", &["198.51.100.1"]);
        assert!(centre.prepares("isp-b").is_some());
    }

    fn a_file_brought_back_is_as_if_it_had_always_been_there(centre) {
        centre.serves(&[provider("isp-a", "static", NET)]);
        let bad = hit("r2", MARCH, "no address");
        seen_at(&centre, "right", MARCH, &["192.0.2.7"]);
        let rows = [hit("r2", MARCH, "192.0.2.9"), infected("r2", MARCH, "192.0.2.9", 7), bad];
        assert_eq!(centre.ingests(SCANNER, "wrong.csv", csv(&rows)).status, 1);
        let id = id_of(&centre, "wrong.csv");
        centre.does(&["quarantine", "dismiss", &id, "--reason", "a test row", "--by", "x"]);
        let before = centre.state_hash();
        assert_eq!(withdraws(&centre, &id).number("quarantined"), 1);
        assert_eq!(centre.does(&["feed", "files"]).lines[1]["outcome"], "withdrawn");
        let again = centre.ingests(SCANNER, "again.csv", csv(&rows));
        assert_eq!(again.status, 1, "the same bytes do not slip in again: {again:?}");
        assert!(again.one()["refused"].as_str().unwrap().contains("feed restore"));
        let back = centre.does(&[&["feed", "restore", &id][..], &SAID].concat());
        assert_eq!((back.number("rows"), back.number("cases_opened")), (3, 2));
        assert_eq!(centre.state_hash(), before);
        let said = "SELECT kind || ' ' || author FROM feed_file_events ORDER BY kind";
        let kinds = centre.stored(said);
        assert_eq!(kinds, ["restored an operator", "withdrawn an operator"]);
    }

    fn a_line_goes_on_without_the_case_that_was_a_mistake(centre) {
        use crate::builders::{notified, token};
        centre.serves(&[provider("isp-a", "dynamic:30", NET)]);
        centre.on("2026-05-02");
        seen_at(&centre, "wrong", "2026-05-01T10:00:00+09:00", &["192.0.2.1"]);
        seen_at(&centre, "right", "2026-05-02T08:00:00+09:00", &["192.0.2.2"]);
        let list = centre.prepares("isp-a").unwrap();
        let told: Vec<_> = ["192.0.2.1", "192.0.2.2"].iter().map(|ip| {
            let at = "2026-05-03T10:00:00+09:00";
            notified(&list, centre.record_of(&list, ip), at)
                .with("line_token", token('a')).with("token_epoch", "1")
        }).collect();
        centre.on("2026-05-04");
        assert_eq!(centre.reports("isp-a", &told).number("accepted"), 2);
        assert!(!centre.case_of("192.0.2.2")["line_of"].is_null());
        withdraws(&centre, &id_of(&centre, "wrong.csv"));
        assert!(centre.case_of("192.0.2.2")["line_of"].is_null(), "it speaks for itself");
        centre.verifies();
        assert_eq!(centre.cases().len(), 1);
        let late = centre.reports("isp-a", &told);
        assert_eq!((late.number("unchanged"), late.number("accepted")), (1, 0), "{late:?}");
        assert_eq!(late.one()["errors"][0]["code"], "withdrawn_line", "it is told so");
        assert!(centre.case_of("192.0.2.2")["line_of"].is_null());
    }

    fn what_cannot_be_withdrawn_or_restored_is_refused_and_says_why(centre) {
        centre.serves(&[provider("isp-a", "static", NET)]);
        seen_at(&centre, "right", MARCH, &["192.0.2.7"]);
        centre.learns(&[covered("r1", "2026-03-30", NET)]);
        let tries = |args: &[&str]| centre.tries(&[args, &SAID[..]].concat());
        let id = id_of(&centre, "right.csv");
        for (args, status, said) in [
            (&["feed", "withdraw", "abcdef"][..], 1, "at least 8 digits"),
            (&["feed", "withdraw", "abcdef0123456789"], 1, "no file"),
            (&["feed", "withdraw", "../../etc/passwd"], 1, "names no file"),
            (&["feed", "withdraw", &id_of(&centre, "coverage.csv")], 1, "holds coverage"),
            (&["feed", "restore", &id], 1, "not withdrawn"),
            (&["feed", "approve", &id], 1, "waits for no approval"),
            (&["feed", "decline", &id], 1, "waits for no approval"),
        ] {
            let answer = tries(args);
            assert_eq!(answer.status, status, "{args:?}: {answer:?}");
            assert!(answer.stderr.contains(said), "{args:?}: {answer:?}");
        }
        assert_eq!(centre.tries(&["feed", "withdraw", &id, "--by", "x"]).status, 2);
        assert_eq!(centre.tries(&["feed", "withdraw", &id, "--by", "x", "--reason", ""]).status, 2);
        withdraws(&centre, &id);
        let again = tries(&["feed", "withdraw", &id]);
        assert_eq!(again.status, 1);
        assert!(again.stderr.contains("withdrawn already"), "{again:?}");
    }
}
