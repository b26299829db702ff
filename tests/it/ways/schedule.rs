//! Schedules: what is due runs, what fails waits longer and longer, what is paused rests.

use std::fs;

use super::{came, fault, list, stops, until};
use crate::centre::{Centre, on_both_engines};

fn watched(centre: &Centre, options: &[&str]) -> std::path::PathBuf {
    centre.is_ready();
    let path = centre.desk().join("incoming");
    fs::create_dir(&path).unwrap();
    let shown = path.display().to_string();
    let head = ["feed", "way", "add", "scanner", "--kind", "folder", "--settle-seconds", "0"];
    centre.does(&[&head[..], &["--path", &shown], options].concat());
    path
}

fn next(centre: &Centre) -> jiff::Timestamp {
    centre.way("folder")["next_at"].as_str().unwrap().parse().unwrap()
}

on_both_engines! {
    fn a_way_runs_at_once_and_then_by_its_schedule_in_japan(centre) {
        let path = watched(&centre, &["--cron", "30 6 * * *"]);
        assert_eq!(centre.way("folder")["last_run"], serde_json::Value::Null);
        assert_eq!(centre.works().len(), 1);
        assert_eq!(centre.way("folder")["next_at"], "2026-04-01T21:30:00Z");
        fs::write(path.join("a.csv"), list(1)).unwrap();
        centre.on("2026-04-02T06:29:59+09:00");
        assert!(centre.works().is_empty());
        centre.on("2026-04-02T06:30:00+09:00");
        assert_eq!(came(&centre.works()[0]), [1, 0, 0]);
        let way = centre.way("folder");
        assert_eq!(way["next_at"], "2026-04-02T21:30:00Z");
        assert_eq!(way["running"], false);
        assert_eq!((&way["last_run"]["outcome"], &way["last_run"]["files"]),
            (&"done".into(), &1.into()));
        assert_eq!(centre.cases().len(), 1);
    }

    fn each_failure_doubles_the_wait_and_a_success_ends_it(centre) {
        let path = watched(&centre, &["--every", "15m"]);
        let away = centre.desk().join("away");
        fs::rename(&path, &away).unwrap();
        let mut now = "2026-04-01T00:00:00Z".parse::<jiff::Timestamp>().unwrap();
        for failures in 1..=11 {
            centre.on(&now.to_string());
            let worked = centre.works();
            assert!(fault(&worked[0]).contains("incoming"), "{worked:?}");
            let waits = next(&centre).duration_since(now).as_secs();
            let whole = (60_i64 << (failures - 1)).min(6 * 3600);
            // Of what is shown to the second, a second may be missing.
            assert!((whole * 3 / 4 - 1..=whole).contains(&waits), "{failures}: {waits}");
            now = next(&centre) + jiff::SignedDuration::from_secs(1);
        }
        fs::rename(&away, &path).unwrap();
        centre.on(&now.to_string());
        assert_eq!(centre.works()[0]["fault"], serde_json::Value::Null);
        assert_eq!(next(&centre).duration_since(now).as_mins(), 15);
        fs::rename(&path, &away).unwrap();
        let now = now + jiff::SignedDuration::from_mins(15);
        centre.on(&now.to_string());
        centre.works();
        assert!(next(&centre).duration_since(now).as_secs() <= 60);
    }

    fn a_paused_way_rests_until_it_is_resumed(centre) {
        let path = watched(&centre, &["--every", "15m"]);
        centre.works();
        centre.does(&["feed", "way", "pause", "scanner/folder"]);
        fs::write(path.join("a.csv"), list(1)).unwrap();
        centre.on("2026-04-02");
        assert!(centre.works().is_empty());
        let way = centre.way("folder");
        assert_eq!(way["paused_at"], "2026-04-01T00:00:00Z");
        assert_eq!(way["next_at"], serde_json::Value::Null);
        // Somebody may run it by hand; it rests afterwards as before.
        assert_eq!(came(centre.runs_way("folder").one()), [1, 0, 0]);
        assert_eq!(centre.way("folder")["next_at"], serde_json::Value::Null);
        fs::write(path.join("b.csv"), list(2)).unwrap();
        centre.does(&["feed", "way", "resume", "scanner/folder"]);
        assert_eq!(came(&centre.works()[0]), [1, 0, 0]);
        centre.does(&["feed", "way", "remove", "scanner/folder"]);
        assert!(centre.does(&["feed", "way", "list"]).lines.is_empty());
        assert_eq!((centre.archived().len(), centre.cases().len()), (2, 2));
    }

    fn a_feed_has_no_two_ways_of_one_name(centre) {
        let path = watched(&centre, &["--every", "15m"]);
        let shown = path.display().to_string();
        let again = ["feed", "way", "add", "scanner", "--kind", "folder", "--every", "1h",
            "--path", &shown];
        let answer = centre.tries(&again);
        assert!(answer.status == 1 && answer.stderr.contains("way remove"), "{answer:?}");
        centre.does(&[&again[..], &["--name", "second"]].concat());
        assert_eq!(centre.does(&["feed", "way", "list"]).lines.len(), 2);
    }

    fn a_node_works_until_it_is_told_to_stop(centre) {
        let path = watched(&centre, &["--every", "1m"]);
        for (number, args) in [(1, &["work"][..]), (2, &["serve", "--listen", "127.0.0.1:0"])] {
            fs::write(path.join("a.csv"), list(number)).unwrap();
            centre.on(&format!("2026-04-0{number}"));
            let node = centre.node(args);
            until("the file is taken in", || centre.cases().len() == number);
            assert_eq!(stops(node), Some(0), "{args:?}");
            assert_eq!(centre.way("folder")["last_run"]["outcome"], "done");
        }
    }

    fn a_node_that_only_serves_fetches_nothing(centre) {
        let path = watched(&centre, &["--every", "1m"]);
        fs::write(path.join("a.csv"), list(1)).unwrap();
        let node = centre.node(&["serve", "--listen", "127.0.0.1:0", "--no-jobs"]);
        std::thread::sleep(std::time::Duration::from_secs(2));
        assert_eq!(stops(node), Some(0));
        assert_eq!(centre.way("folder")["last_run"], serde_json::Value::Null);
    }

    fn what_was_accepted_and_not_taken_in_is_taken_in_by_the_next_who_works(centre) {
        let path = watched(&centre, &["--every", "1h"]);
        for number in 0..45 {
            fs::write(path.join(format!("{number}.csv")), list(number)).unwrap();
        }
        assert_eq!(came(centre.runs_way("folder").one()), [45, 0, 0]);
        assert!(centre.cases().is_empty());
        assert!(centre.works().is_empty(), "the way is not due");
        assert_eq!(centre.cases().len(), 45);
    }
}
