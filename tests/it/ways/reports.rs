//! The reports API of Shadowserver: each report once, and patience with a server in trouble.

use super::{came, fault};
use crate::{
    centre::{Answer, Centre, on_both_engines},
    reports_api::{Fault, ReportsApi, SECRET_FILE},
};

const FEED: &str = "telnet";

fn report(number: usize) -> String {
    format!(
        "timestamp,severity,ip,protocol,port,hostname,tag,asn,geo\n\
         2026-03-31 01:02:03,critical,198.18.0.{number},tcp,23,,telnet,64496,JP\n"
    )
}

fn ready(centre: &Centre, api: &ReportsApi) {
    centre.is_ready();
    centre.does(&["feed", "add", FEED, "--format", "shadowserver", "--stream", "notice"]);
    let secret = centre.secret("api.toml", SECRET_FILE);
    centre.does(&[
        "feed",
        "way",
        "add",
        FEED,
        "--kind",
        "shadowserver-api",
        "--name",
        "api",
        "--every",
        "6h",
        "--base",
        &api.url(),
        "--download",
        &api.url(),
        "--allow-private",
        "--secret-file",
        &secret,
    ]);
}

fn run(centre: &Centre) -> Answer {
    centre.tries(&["feed", "way", "run", "telnet/api"])
}

/// Minutes until the next run that is due.
fn minutes(centre: &Centre) -> i64 {
    let next = centre.way("api")["next_at"].as_str().unwrap().to_owned();
    let (next, now) = (next.parse::<jiff::Timestamp>(), "2026-04-01T00:00:00Z".parse());
    next.unwrap().duration_since(now.unwrap()).as_mins()
}

on_both_engines! {
    fn each_report_comes_once_under_the_name_that_tells_its_type(centre) {
        let api = ReportsApi::start();
        ready(&centre, &api);
        api.publishes("2026-03-28", "old", "scan_telnet-jp", &report(1));
        api.publishes("2026-03-30", "one", "scan_telnet-jp", &report(2));
        api.publishes("2026-03-31", "two", "scan_telnet-jp", &report(3));
        let answer = run(&centre);
        assert_eq!((answer.status, came(answer.one())), (0, [2, 0, 0]), "{answer:?}");
        assert_eq!(api.asked(), ["list 2026-03-30:2026-04-01", "get one", "get two"]);
        api.publishes("2026-04-01", "three", "scan_telnet-jp", &report(4));
        assert_eq!(came(run(&centre).one()), [1, 0, 0]);
        assert_eq!(api.asked(), ["list 2026-03-30:2026-04-01", "get three"]);
        let names: Vec<String> = centre.archived().into_iter().map(|(name, _)| name).collect();
        let wanted = ["2026-03-30", "2026-03-31", "2026-04-01"];
        assert_eq!(names, wanted.map(|day| format!("{day}-scan_telnet-jp.csv")));
        assert!(centre.works().is_empty(), "nothing is due");
        assert_eq!(centre.cases().len(), 3);
        centre.on("2026-04-02");
        run(&centre);
        assert_eq!(api.asked(), ["list 2026-03-31:2026-04-02"]);
    }

    fn a_report_of_known_content_under_a_new_id_changes_nothing(centre) {
        let api = ReportsApi::start();
        ready(&centre, &api);
        api.publishes("2026-03-31", "one", "scan_telnet-jp", &report(1));
        run(&centre);
        api.publishes("2026-03-31", "again", "scan_telnet-jp", &report(1));
        assert_eq!(came(run(&centre).one()), [0, 1, 0]);
        assert_eq!(centre.archived().len(), 1);
    }

    fn whoever_asks_for_less_is_left_alone_and_then_asked_again(centre) {
        let api = ReportsApi::start();
        ready(&centre, &api);
        api.publishes("2026-03-31", "one", "scan_telnet-jp", &report(1));
        api.lists_fail(&[Fault::Status(429, "Retry-After: 1800\r\n"), Fault::Status(503, "")]);
        let first = &centre.works()[0];
        assert!(fault(first).contains("asks us to come less often (status 429)"), "{first}");
        assert_eq!(minutes(&centre), 30);
        assert!(centre.works().is_empty(), "it is not due yet");
        centre.on("2026-04-01T09:30:00+09:00");
        let second = &centre.works()[0];
        assert!(fault(second).contains("in trouble itself (status 503)"), "{second}");
        assert!((31..=32).contains(&minutes(&centre)), "{}", minutes(&centre));
        centre.on("2026-04-01T09:32:00+09:00");
        assert_eq!(came(&centre.works()[0]), [1, 0, 0]);
        assert_eq!(minutes(&centre), 32 + 6 * 60);
        let runs = centre.does(&["feed", "way", "runs", "telnet/api"]).lines;
        let outcomes: Vec<_> = runs.iter().map(|run| run["outcome"].as_str().unwrap()).collect();
        assert_eq!(outcomes, ["done", "failed", "failed"]);
    }

    fn a_download_that_breaks_off_holds_no_other_back_and_is_fetched_again(centre) {
        let api = ReportsApi::start();
        ready(&centre, &api);
        for (id, number) in [("one", 1), ("two", 2), ("three", 3)] {
            api.publishes("2026-03-31", id, &format!("scan_telnet-{id}"), &report(number));
        }
        api.downloads_fail(&[Fault::Broken, Fault::Status(500, "")]);
        let answer = run(&centre);
        assert_eq!((answer.status, came(answer.one())), (1, [1, 0, 0]), "{answer:?}");
        assert!(fault(answer.one()).starts_with("2 of 3 reports did not come; "), "{answer:?}");
        assert_eq!(centre.archived().len(), 1, "nothing half-fetched goes in");
        api.asked();
        assert_eq!(came(run(&centre).one()), [2, 0, 0]);
        assert_eq!(api.asked(), ["list 2026-03-30:2026-04-01", "get one", "get two"]);
        assert_eq!(centre.archived().len(), 3);
        let left = std::fs::read_dir(centre.data().join("incoming")).unwrap().count();
        assert_eq!(left, 0, "nothing is left behind");
    }

    fn two_nodes_at_once_fetch_each_report_once(centre) {
        let api = ReportsApi::start();
        ready(&centre, &api);
        for number in 0..15 {
            let id = format!("r{number}");
            api.publishes("2026-03-31", &id, &format!("scan_telnet-{id}"), &report(number));
        }
        centre.tries_at_once(3, &["work", "--once"]);
        let asked = api.asked();
        assert_eq!(asked.iter().filter(|one| one.starts_with("get")).count(), 15, "{asked:?}");
        assert_eq!(asked.iter().filter(|one| one.starts_with("list")).count(), 1, "{asked:?}");
        assert_eq!(centre.archived().len(), 15);
    }
}

#[test]
fn an_answer_that_is_no_list_is_a_fault_in_one_sentence() {
    let api = ReportsApi::start();
    let centre = Centre::open(crate::centre::Engine::Sqlite).unwrap();
    ready(&centre, &api);
    for (planned, words) in [
        (Fault::Body("<html>"), "is not understood"),
        (Fault::Body("7"), "is not understood"),
        (Fault::Body(""), "is not understood"),
        (Fault::Body("[[[[[[[[[["), "is not understood"),
        (Fault::Body("{\"error\": \"no such report\"}"), "answers: no such report"),
        (Fault::Body("{}"), "something else than a list"),
        (
            Fault::Body("[{\"id\": \"../../x\", \"file\": \"a.csv\"}]"),
            "1 of 1 reports did not come",
        ),
        (Fault::Status(302, "Location: http://169.254.169.254/\r\n"), "no redirect is followed"),
        (Fault::Status(404, ""), "look at the settings"),
        (Fault::Broken, "127.0.0.1"),
        (Fault::Endless, "longer than 16777216 bytes"),
    ] {
        api.publishes("2026-03-31", "none", "scan_telnet-jp", &report(1));
        api.lists_fail(std::slice::from_ref(&planned));
        let answer = run(&centre);
        assert_eq!(answer.status, 1, "{planned:?}: {answer:?}");
        assert!(fault(answer.one()).contains(words), "{planned:?}: {answer:?}");
        assert!(!fault(answer.one()).contains('\n'), "{answer:?}");
    }
    assert!(centre.archived().is_empty());
}

#[test]
fn a_wrong_secret_is_told_and_no_secret_stands_anywhere() {
    let api = ReportsApi::start();
    let centre = Centre::open(crate::centre::Engine::Sqlite).unwrap();
    ready(&centre, &api);
    run(&centre);
    assert!(!centre.keeps_anywhere("geheim-geheim") && !centre.keeps_anywhere("key-of-the-centre"));
    centre.secret("api.toml", "apikey = \"key-of-the-centre\"\nsecret = \"another\"\n");
    api.asked();
    let answer = run(&centre);
    assert!(fault(answer.one()).contains("look at the secret file"), "{answer:?}");
    assert_eq!(api.asked(), ["refused"]);
}

#[test]
fn a_private_address_is_not_dialled_unless_the_way_says_so() {
    let api = ReportsApi::start();
    let centre = Centre::open(crate::centre::Engine::Sqlite).unwrap();
    ready(&centre, &api);
    let secret = centre.secret("api.toml", SECRET_FILE);
    centre.does(&[
        "feed",
        "way",
        "add",
        FEED,
        "--kind",
        "shadowserver-api",
        "--name",
        "shut",
        "--every",
        "6h",
        "--base",
        &api.url(),
        "--download",
        &api.url(),
        "--secret-file",
        &secret,
    ]);
    let answer = centre.tries(&["feed", "way", "run", "telnet/shut"]);
    assert!(fault(answer.one()).contains("--allow-private"), "{answer:?}");
    assert!(api.asked().is_empty());
}
