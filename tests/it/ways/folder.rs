//! A watched folder: nothing is lost, nothing comes twice, nothing half-written comes at all.

use std::{
    fs::{self, File},
    io::Write as _,
    os::unix::fs::symlink,
    path::PathBuf,
    time::{Duration, SystemTime},
};

use super::{DAY, came, list, until};
use crate::centre::{Centre, on_both_engines};

fn watched(centre: &Centre, settle: &str) -> PathBuf {
    centre.is_ready();
    let path = centre.desk().join("incoming");
    fs::create_dir(&path).unwrap();
    let shown = path.display().to_string();
    centre.has_way("folder", &["--path", &shown, "--settle-seconds", settle]);
    path
}

fn names(folder: &PathBuf) -> Vec<String> {
    // Folders below it are made by the first run.
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut names: Vec<_> =
        entries.map(|one| one.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

on_both_engines! {
    fn files_are_taken_and_kept_beside_and_what_is_no_file_is_left_alone(centre) {
        let path = watched(&centre, "0");
        fs::write(path.join("a.csv"), list(1)).unwrap();
        fs::write(path.join("odd.csv"), "what,is,this\n1,2,3\n").unwrap();
        let left = [".hidden.csv", "b.csv.part", "b.csv.tmp", "b.csv~"];
        for name in left {
            fs::write(path.join(name), list(2)).unwrap();
        }
        fs::create_dir(path.join("folder.csv")).unwrap();
        let outside = centre.file("outside.csv", list(3));
        symlink(&outside, path.join("link.csv")).unwrap();
        let answer = centre.runs_way("folder");
        assert_eq!((answer.status, came(answer.one())), (1, [1, 0, 1]), "{answer:?}");
        assert_eq!(names(&path.join("done")), ["a.csv"]);
        assert_eq!(names(&path.join("refused")), ["odd.csv", "odd.csv.reason.txt"]);
        let reason = fs::read_to_string(path.join("refused/odd.csv.reason.txt")).unwrap();
        assert!(reason.contains("missing"), "{reason}");
        let others = [".taking", "done", "folder.csv", "link.csv", "refused"];
        let mut rest = [&left[..], &others].concat();
        rest.sort_unstable();
        assert_eq!(names(&path), rest);
        assert_eq!(fs::read_to_string(&outside).unwrap(), list(3));
        assert!(centre.cases().is_empty(), "fetching is not taking in");
        centre.works();
        assert_eq!(centre.cases().len(), 1);
    }

    fn each_run_keeps_the_reason_for_which_it_refused_a_name_that_comes_again(centre) {
        let path = watched(&centre, "0");
        let texts = ["", "what,is,this\n1,2,3\n", "{\"no\": \"table\"}\n"];
        for text in texts {
            fs::write(path.join("list.csv"), text).unwrap();
            assert_eq!(came(centre.runs_way("folder").one()), [0, 0, 1], "{text:?}");
        }
        let runs = centre.does(&["feed", "way", "runs", "scanner/folder"]).lines;
        let reasons: Vec<&str> = runs
            .iter()
            .map(|run| {
                assert_eq!(run["refused"], 1);
                assert!(run["refusals"][1].is_null());
                assert_eq!(run["refusals"][0]["item"], "list.csv");
                run["refusals"][0]["reason"].as_str().unwrap()
            })
            .collect();
        assert_eq!(reasons.len(), 3, "{runs:?}");
        assert!(reasons[2].contains("empty") && reasons[1].contains("missing"), "{reasons:?}");
        centre.does(&["feed", "way", "remove", "scanner/folder"]);
        assert!(centre.stored("SELECT item FROM way_refusals").is_empty());
    }

    fn what_a_stranger_called_a_file_does_not_command_the_terminal(centre) {
        let path = watched(&centre, "0");
        let name = "a\u{1b}[31mred\nb\u{9b}x.csv";
        fs::write(path.join(name), "what,is,this\n1,2,3\n").unwrap();
        fs::write(path.join(name.replace('a', "c")), list(1)).unwrap();
        assert_eq!(came(centre.runs_way("folder").one()), [1, 0, 1]);
        for args in [&["feed", "way", "runs", "scanner/folder"][..], &["feed", "files"]] {
            let told = centre.command(args).output().unwrap().stdout;
            let told = String::from_utf8(told).unwrap();
            assert!(told.contains("\u{fffd}[31mred"), "{told}");
            assert!(!told.contains(|c: char| c.is_control() && c != '\n' && c != '\t'), "{told:?}");
        }
    }

    fn a_name_that_comes_again_is_kept_twice_and_a_content_goes_in_once(centre) {
        let path = watched(&centre, "0");
        for (name, number, wanted) in [
            ("a.csv", 1, [1, 0, 0]), ("a.csv", 2, [1, 0, 0]), ("b.csv", 1, [0, 1, 0]),
        ] {
            fs::write(path.join(name), list(number)).unwrap();
            assert_eq!(came(centre.runs_way("folder").one()), wanted, "{name} {number}");
        }
        assert_eq!(names(&path.join("done")), ["a.csv", "a.csv.2", "b.csv"]);
        assert_eq!(fs::read_to_string(path.join("done/a.csv.2")).unwrap(), list(2));
        centre.works();
        assert_eq!((centre.archived().len(), centre.cases().len()), (2, 2));
    }

    fn a_file_that_is_being_written_waits_until_it_is_whole(centre) {
        let path = watched(&centre, "1");
        let slow = path.join("slow.csv");
        let text = list(1);
        let (head, tail) = text.split_at(text.len() / 2);
        fs::write(&slow, head).unwrap();
        let stop = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|scope| {
            let mut writer = File::options().append(true).open(&slow).unwrap();
            let stop = &stop;
            scope.spawn(move || {
                while !stop.load(std::sync::atomic::Ordering::SeqCst) {
                    writer.write_all(b" ").unwrap();
                    std::thread::sleep(Duration::from_millis(100));
                }
            });
            // Written elsewhere a while ago and renamed in: it need not wait.
            let part = path.join("whole.csv.part");
            fs::write(&part, list(2)).unwrap();
            let earlier = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
            File::options().write(true).open(&part).unwrap().set_modified(earlier).unwrap();
            fs::rename(part, path.join("whole.csv")).unwrap();
            assert_eq!(came(centre.runs_way("folder").one()), [1, 0, 0]);
            stop.store(true, std::sync::atomic::Ordering::SeqCst);
        });
        assert_eq!(names(&path.join("done")), ["whole.csv"]);
        fs::write(&slow, [head, tail].concat()).unwrap();
        assert_eq!(came(centre.runs_way("folder").one()), [1, 0, 0]);
        assert!(centre.archived().iter().any(|(_, raw)| *raw == text.as_bytes()));
    }

    fn killed_again_and_again_it_takes_each_file_once(centre) {
        let path = watched(&centre, "0");
        for number in 0..40 {
            fs::write(path.join(format!("{number:02}.csv")), list(number)).unwrap();
        }
        for round in 0..6 {
            // A lease that its holder did not give back runs out.
            centre.on(&format!("{DAY}T{:02}:00:00+09:00", 10 + round));
            let mut node = centre.node(&["work", "--once"]);
            let at_least = 5 * (round + 1);
            until("some files are moved", || {
                names(&path.join("done")).len() >= at_least || node_is_over(&centre)
            });
            node.kill().unwrap();
            node.wait().unwrap();
        }
        centre.on("2026-04-02");
        centre.works();
        assert_eq!(names(&path).len(), 3, "{:?}", names(&path));
        assert!(names(&path.join(".taking")).is_empty());
        let (done, archived) = (names(&path.join("done")), centre.archived());
        let whole = |name: &String| fs::metadata(path.join("done").join(name)).unwrap().len() > 0;
        assert_eq!(done.iter().filter(|name| whole(name)).count(), 40, "{done:?}");
        assert_eq!((archived.len(), centre.cases().len()), (40, 40));
        let runs = centre.does(&["feed", "way", "runs", "scanner/folder"]).lines;
        assert!(runs.iter().any(|run| run["outcome"] == "unfinished"), "{runs:?}");
    }

    fn two_nodes_at_once_take_each_file_once(centre) {
        let path = watched(&centre, "0");
        for number in 0..30 {
            fs::write(path.join(format!("{number:02}.csv")), list(number)).unwrap();
        }
        let answers = centre.tries_at_once(3, &["work", "--once"]);
        let ways = answers.iter().flat_map(|answer| &answer.lines).filter(|l| !l["way"].is_null());
        let all: Vec<[i64; 3]> = ways.map(came).collect();
        assert_eq!(all, [[30, 0, 0]], "{answers:?}");
        centre.works();
        assert_eq!((names(&path.join("done")).len(), centre.cases().len()), (30, 30));
    }

    fn a_file_that_was_claimed_by_a_run_that_died_is_taken_by_the_next(centre) {
        let path = watched(&centre, "0");
        centre.runs_way("folder");
        fs::write(path.join(".taking/a.csv"), list(1)).unwrap();
        assert_eq!(came(centre.runs_way("folder").one()), [1, 0, 0]);
        assert_eq!(names(&path.join("done")), ["a.csv"]);
    }
}

/// Whether the last run has ended, so that there is nothing left to kill.
fn node_is_over(centre: &Centre) -> bool {
    let ended = "SELECT CAST(ended_at AS TEXT) FROM way_runs WHERE run_no =
        (SELECT MAX(run_no) FROM way_runs) AND ended_at IS NOT NULL";
    !centre.stored(ended).is_empty()
}
