//! A verdict waits for the hits of a run and for its coverage, in whatever order they come.

use proptest::{prelude::*, test_runner::TestRunner};

use crate::{
    actors::SCANNER,
    builders::{Row, covered, csv, gzipped, hit, provider, telnet_report},
    centre::{Centre, Engine, on_both_engines},
};

const NET: &str = "198.18.0.0/24";
const IP: &str = "198.18.0.7";
const OTHER: &str = "198.18.0.8";

fn seen(day: &str, ip: &str) -> Row {
    hit(day, &format!("{day}T02:00:00+09:00"), ip)
}

/// One device, seen by a run of the first of May.
fn one_device(centre: &mut Centre) {
    centre.serves(&[provider("isp-a", "static", NET)]);
    centre.scans("2026-05-01", NET, &[seen("2026-05-01", IP)]);
}

fn nothing_found() -> String {
    let header = csv(&[seen("2026-05-01", IP)]);
    header.lines().next().unwrap().to_owned() + "\n"
}

/// Whether a review reads every run, and how the device stands then.
#[track_caller]
fn stands(centre: &Centre) -> (i64, String) {
    let waiting = centre.verifies().number("runs_waiting");
    (waiting, centre.state_of(IP))
}

on_both_engines! {
    fn silence_is_no_proof_while_a_file_waits_that_may_break_it(centre) {
        centre.serves(&[provider("isp-a", "static", NET)]);
        let ragged = nothing_found() + "w2,7,notice\n";
        for unread in [ragged, "a,b\n1,2\n".to_owned()] {
            let mut centre = centre.another();
            centre.serves(&[provider("isp-a", "static", NET)]);
            centre.scans("2026-05-01", NET, &[seen("2026-05-01", IP)]);
            centre.on("2026-05-16");
            assert_eq!(centre.ingests(SCANNER, "unread.csv", unread).status, 1);
            centre.learns(&[covered("w2", "2026-05-08", NET), covered("w3", "2026-05-15", NET)]);
            centre.on("2026-06-01").verifies();
            assert_eq!(centre.state_of(IP), "open");
            let none = [covered("w2", "2026-05-08", NET), covered("w3", "2026-05-15", NET)];
            centre.learns(&none.map(|run| run.with("hits", 0)));
            centre.verifies();
            assert_eq!(centre.state_of(IP), "verified", "unless the scanner says that it was none");
        }
    }

    fn an_empty_list_says_for_which_run_it_counts_or_that_it_counts_for_none(centre) {
        one_device(&mut centre);
        let unnamed = centre.ingests(SCANNER, "empty.csv", nothing_found());
        assert_eq!((unnamed.status, &unnamed.one()["run"]), (0, &serde_json::Value::Null));
        assert!(unnamed.stderr.contains("counts for no run"), "{unnamed:?}");
        assert!(unnamed.stderr.contains("todoke ingest --run RUN"), "{unnamed:?}");
        let file = centre.file("empty.csv", nothing_found());
        let named = ["ingest", "--feed", SCANNER, "--run", "june", &file];
        let known = centre.does(&named);
        assert_eq!((&known.one()["already_ingested"], &known.one()["run"]),
            (&true.into(), &"june".into()));
        assert_eq!(known.stderr, "");
        let words = centre.command(&named).output().unwrap();
        let words = String::from_utf8(words.stdout).unwrap();
        for told in ["(was in already)", "noted for run june"] {
            assert!(words.contains(told), "{words}");
        }
        let odd = csv(&[seen("2026-05-01", "nowhere")]);
        let odd = centre.file("odd.csv", odd);
        let refused = centre.tries(&["ingest", "--feed", SCANNER, "--run", "june", &odd]);
        assert!(refused.stderr.contains("not noted as the hits of june"), "{refused:?}");
    }

    fn a_row_in_quarantine_holds_its_own_device_back_where_it_says_which(centre) {
        centre.serves(&[provider("isp-a", "static", NET)]);
        centre.scans("2026-05-01", NET, &[IP, OTHER].map(|ip| seen("2026-05-01", ip)));
        centre.on("2026-05-08");
        let early = seen("2026-05-08", IP).with("detected_at", "2026-05-08T20:00:00+09:00");
        assert_eq!(centre.ingests(SCANNER, "list.csv", csv(&[early])).status, 1);
        let run = covered("2026-05-08", "2026-05-08", NET).with("to", "2026-05-08T23:00:00+09:00");
        centre.on("2026-05-09").learns(std::slice::from_ref(&run));
        assert_eq!(stands(&centre), (0, "open".into()));
        assert_eq!(centre.state_of(OTHER), "clean_once", "the list came without it");
        centre.learns(&[run.with("hits", 1)]);
        assert_eq!(stands(&centre), (1, "open".into()), "one was announced, and none was read");
        centre.does(&["quarantine", "retry"]);
        assert_eq!(stands(&centre), (0, "open".into()));
        assert_eq!(centre.case_of(IP)["last_seen"], "2026-05-08T11:00:00Z");
    }

    fn a_row_in_quarantine_that_names_no_device_may_be_any_that_looks_clean(centre) {
        one_device(&mut centre);
        centre.on("2026-05-08");
        let nobody = seen("2026-05-08", "198.18.0.300");
        assert_eq!(centre.ingests(SCANNER, "list.csv", csv(&[nobody])).status, 1);
        let ragged = csv(&[seen("2026-05-15", OTHER)]) + "2026-05-15,7,notice\n";
        centre.on("2026-05-15");
        assert_eq!(centre.ingests(SCANNER, "ragged.csv", ragged).status, 1);
        // Of the ragged row nobody knows the run: it may be of one that no list names.
        for day in ["2026-05-08", "2026-05-15", "2026-05-14"] {
            centre.learns(&[covered(day, day, NET)]);
        }
        let review = centre.on("2026-07-01").verifies();
        assert!(review.stderr.contains("a row of its hits is in quarantine"), "{review:?}");
        assert_eq!(stands(&centre), (3, "open".into()), "and no time makes it clean");
    }

    fn coverage_that_comes_before_its_hits_calls_nothing_clean(centre) {
        one_device(&mut centre);
        centre.on("2026-05-08");
        centre.learns(&[covered("2026-05-08", "2026-05-08", NET)]);
        let review = centre.verifies();
        assert!(review.stderr.contains("2026-05-08 of scanner is not read yet"), "{review:?}");
        assert_eq!(stands(&centre), (1, "open".into()));
        centre.takes(&[seen("2026-05-08", IP)]);
        assert_eq!(stands(&centre), (0, "open".into()));
        centre.on("2026-05-15");
        centre.learns(&[covered("2026-05-15", "2026-05-15", NET)]);
        assert_eq!(stands(&centre), (1, "open".into()));
        centre.takes(&[seen("2026-05-15", OTHER)]);
        assert_eq!(stands(&centre), (0, "clean_once".into()), "the list came without the device");
    }

    fn rows_that_found_nothing_are_the_list_of_a_run_too(centre) {
        one_device(&mut centre);
        centre.on("2026-05-08");
        centre.learns(&[covered("2026-05-08", "2026-05-08", NET)]);
        centre.takes(&[seen("2026-05-08", IP).with("outcome", "no_answer")]);
        assert_eq!(stands(&centre), (0, "clean_once".into()));
    }

    fn a_run_that_found_nothing_says_so_in_its_coverage(centre) {
        one_device(&mut centre);
        centre.on("2026-05-08");
        let none = covered("2026-05-08", "2026-05-08", NET).with("hits", 0);
        centre.learns(&[none]);
        assert_eq!(stands(&centre), (0, "clean_once".into()));
        centre.on("2026-05-15");
        let silent = covered("2026-05-15", "2026-05-15", NET).with("answered", 0);
        centre.learns(&[silent]);
        assert_eq!(stands(&centre), (0, "verified".into()), "where nothing answers nothing is hit");
    }

    fn an_empty_list_speaks_for_the_run_it_is_given_for(centre) {
        one_device(&mut centre);
        let empty = centre.file("nothing.csv", nothing_found());
        for (day, state, already) in
            [("2026-05-08", "clean_once", false), ("2026-05-15", "verified", true)]
        {
            centre.on(day);
            centre.learns(&[covered(day, day, NET)]);
            assert_eq!(stands(&centre).0, 1);
            let taken = centre.does(&["ingest", "--feed", SCANNER, "--run", day, &empty]);
            assert_eq!((taken.number("rows"), taken.one()["already_ingested"].as_bool()),
                (0, Some(already)));
            assert_eq!(stands(&centre), (0, state.into()));
        }
    }

    fn runs_with_coverage_alone_found_nothing_once_their_hits_are_overdue(centre) {
        one_device(&mut centre);
        centre.on("2026-05-15");
        for day in ["2026-05-08", "2026-05-15"] {
            centre.learns(&[covered(day, day, NET)]);
        }
        assert_eq!(stands(&centre), (1, "clean_once".into()), "the second may still bring hits");
        centre.on("2026-05-18T05:59:59+09:00");
        assert_eq!(stands(&centre), (1, "clean_once".into()));
        centre.on("2026-05-18T06:00:00+09:00");
        assert_eq!(stands(&centre), (0, "verified".into()));
        // Whoever looks back knows what came since.
        let back = centre.does(&["verify", "--at", "2026-05-15T07:00:00+09:00"]);
        assert_eq!((back.number("verified"), back.number("runs_waiting")), (1, 0));
        centre.takes(&[seen("2026-05-15", IP)]);
        assert_eq!(stands(&centre), (0, "open".into()), "what comes late all the same counts");
    }

    fn a_run_that_announces_hits_waits_for_all_of_them(centre) {
        one_device(&mut centre);
        centre.on("2026-05-08");
        let run = covered("2026-05-08", "2026-05-08", NET);
        let run = run.with("hits", 1);
        centre.learns(&[run.clone(), run.with("prefix", "198.18.1.0/24")]);
        centre.takes(&[seen("2026-05-08", OTHER)]);
        centre.on("2026-05-30");
        let review = centre.verifies();
        assert!(review.stderr.contains("1 of 2 announced hits came"), "{review:?}");
        assert_eq!(stands(&centre), (1, "open".into()), "however long that takes");
        centre.takes(&[seen("2026-05-08", "198.18.1.9")]);
        assert_eq!(stands(&centre), (0, "clean_once".into()));
    }

    fn a_run_whose_list_breaks_off_waits_for_a_whole_one(centre) {
        one_device(&mut centre);
        centre.on("2026-05-08");
        centre.learns(&[covered("2026-05-08", "2026-05-08", NET)]);
        // Many rows, so that some are unpacked before the end is missed; the device stands last.
        let rows: Vec<Row> = (0..=255)
            .flat_map(|last| (1..=40).map(move |port| (last, port)))
            .map(|(last, port)| seen("2026-05-08", &format!("198.18.1.{last}")).with("port", port))
            .chain([seen("2026-05-08", IP)])
            .collect();
        let whole = gzipped(&csv(&rows));
        let cut = &whole[..whole.len() - 400];
        let answer = centre.ingests(SCANNER, "hits.csv.gz", cut);
        assert_eq!(answer.status, 1, "{answer:?}");
        assert!(answer.number("sightings") > 0, "{answer:?}");
        centre.on("2026-05-30");
        let review = centre.verifies();
        assert!(review.stderr.contains("breaks off"), "{review:?}");
        assert_eq!(stands(&centre), (1, "open".into()), "nobody knows what the lost part held");
        assert_eq!(centre.ingests(SCANNER, "hits.csv.gz", whole).status, 0);
        assert_eq!(stands(&centre), (0, "open".into()), "it held the device");
    }

    fn a_report_that_names_no_run_belongs_to_the_runs_of_its_time(centre) {
        centre.serves(&[provider("isp-a", "static", NET)]);
        let add = ["feed", "add", "telnet", "--format", "shadowserver", "--stream", "notice"];
        centre.does(&add);
        let report = |centre: &Centre, day: &str, ip: &str| {
            let body = csv(&[telnet_report(&format!("{day} 20:00:00"), ip)]);
            let answer = centre.ingests("telnet", &format!("{day}-scan_telnet-jp.csv"), body);
            assert_eq!(answer.status, 0, "{answer:?}");
        };
        let covers = |centre: &Centre, day: &str| {
            let row = covered(day, day, NET).with("weakness_code", "exposed_service");
            let file = centre.file("coverage.csv", csv(&[row]));
            centre.does(&["coverage", "--feed", "telnet", &file]);
        };
        let state = |centre: &Centre| {
            let waiting = centre.verifies().number("runs_waiting");
            let cases = centre.cases();
            let case = cases.iter().min_by_key(|case| case["first_seen"].to_string()).unwrap();
            (waiting, case["state"].as_str().unwrap().to_owned())
        };
        centre.on("2026-05-01");
        report(&centre, "2026-04-30", IP);
        centre.on("2026-05-08");
        covers(&centre, "2026-05-08");
        assert_eq!(state(&centre), (1, "open".into()));
        // 20:00 UTC is 05:00 of the next day in Japan, within the run; the day before is not.
        report(&centre, "2026-05-06", OTHER);
        assert_eq!(state(&centre), (1, "open".into()));
        report(&centre, "2026-05-07", OTHER);
        assert_eq!(state(&centre), (0, "clean_once".into()));
    }
}

/// What comes of four runs within three days: three list `IP`, the fourth finds nothing; `OTHER` is
/// in the first alone.
fn tell(centre: &Centre, event: usize) {
    let days = ["2026-05-01", "2026-05-02", "2026-05-03"];
    let found: [&[&str]; 3] = [&[IP, OTHER], &[IP], &[IP]];
    match event {
        0..3 => {
            let rows: Vec<Row> = found[event].iter().map(|ip| seen(days[event], ip)).collect();
            centre.takes(&rows);
        }
        3..6 => {
            let day = days[event - 3];
            centre.learns(&[covered(day, day, NET)]);
        }
        6 => {
            let empty = centre.file("nothing.csv", nothing_found());
            centre.does(&["ingest", "--feed", SCANNER, "--run", "last", &empty]);
        }
        _ => {
            let last = covered("last", "2026-05-03", NET);
            let last = last.with("from", "2026-05-03T12:00:00+09:00");
            centre.learns(&[last.with("to", "2026-05-03T18:00:00+09:00")]);
        }
    }
}

/// Tells all in that order and reviews after each: a device that is in every list is never clean
/// before the run that did not find it is whole, and never verified.
fn told_in(order: &[usize], engine: Engine) -> Result<Vec<String>, TestCaseError> {
    let mut centre = Centre::open(engine).expect("it was there before");
    centre.serves(&[provider("isp-a", "static", NET)]);
    centre.on("2026-05-03T23:00:00+09:00");
    for (step, event) in order.iter().enumerate() {
        tell(&centre, *event);
        centre.verifies();
        let told = &order[..=step];
        let last_is_whole = told.contains(&6) && told.contains(&7);
        let listed: Vec<_> =
            centre.cases().into_iter().filter(|case| case["model"] == IP).collect();
        for case in listed {
            let open = case["state"] == "open" || (last_is_whole && case["state"] == "clean_once");
            prop_assert!(open, "{} after {:?}", case, told);
        }
    }
    let told = ["model", "state", "first_seen", "last_seen", "first_clean"];
    let mut stands: Vec<String> = centre
        .cases()
        .iter()
        .map(|case| told.map(|field| case[field].to_string()).join(" "))
        .collect();
    stands.sort();
    stands.push(centre.verifies().number("runs_waiting").to_string());
    Ok(stands)
}

fn any_order(engine: Engine, cases: u32) {
    if Centre::open(engine).is_none() {
        return println!("skipped: TODOKE_TEST_POSTGRES names no server");
    }
    let plain: Vec<usize> = (0..8).collect();
    let stands = told_in(&plain, engine).unwrap();
    assert!(stands[0].contains(IP) && stands[0].contains("clean_once"), "{stands:?}");
    assert!(stands[1].contains(OTHER) && stands[1].contains("verified"), "{stands:?}");
    assert_eq!(stands[2], "0", "no run waits");
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let told = TestRunner::new(config).run(&Just(plain).prop_shuffle(), |order| {
        prop_assert_eq!(told_in(&order, engine)?, stands.clone(), "{:?}", &order);
        Ok(())
    });
    told.unwrap();
}

#[test]
fn in_any_order_of_hits_and_coverage_no_listed_device_is_ever_clean_on_sqlite() {
    any_order(Engine::Sqlite, 24);
}

#[test]
fn in_any_order_of_hits_and_coverage_no_listed_device_is_ever_clean_on_postgres() {
    any_order(Engine::Postgres, 8);
}
