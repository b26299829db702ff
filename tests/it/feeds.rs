//! Files go in once, whole or not at all, whatever they are called and however they are written.

use std::{fs, io::Write as _, process::Command};

use crate::{
    actors::SCANNER,
    builders::{csv, hit, provider, telnet_report},
    centre::on_both_engines,
};

const MARCH: &str = "2026-03-30T10:02:03+09:00";

on_both_engines! {
    fn a_file_goes_in_once_whatever_its_name(centre) {
        centre.does(&["feed", "add", "telnet", "--format", "shadowserver", "--stream", "notice"]);
        let body = csv(&[telnet_report("2026-03-30 01:02:03", "192.0.2.7")]);
        let first = centre.ingests("telnet", "2026-03-30-scan_telnet-jp.csv", &body);
        assert_eq!((first.status, first.number("rows"), first.number("sightings")), (0, 1, 1));
        assert_eq!(first.number("unattributed"), 1);
        assert_eq!(first.one()["already_ingested"], false);
        let hash = centre.state_hash();
        let again = centre.ingests("telnet", "2026-03-31-scan_telnet-renamed.csv", &body);
        assert_eq!(again.one()["already_ingested"], true);
        assert_eq!((again.status, again.number("rows"), again.number("sightings")), (0, 1, 1));
        assert_eq!(centre.state_hash(), hash);
    }

    fn a_feed_is_named_so_that_it_can_be_typed_and_has_a_page(centre) {
        let add = |name: &str| {
            centre.tries(&["feed", "add", name, "--format", "n6", "--stream", "notice"])
        };
        let long = "x".repeat(65);
        for name in ["a/b", "a b", "a\u{1b}[31m", "テルネット", "..", ".", &long] {
            let answer = add(name);
            assert_eq!(answer.status, 1, "{name:?}: {answer:?}");
            assert!(answer.stderr.contains("write up to 64 letters"), "{name:?}: {answer:?}");
        }
        assert!(centre.does(&["feed", "list"]).lines.is_empty());
        for name in ["isp-a_2.csv", &long[1..], ".x"] {
            assert_eq!(add(name).status, 0, "{name:?}");
        }
    }

    fn the_same_content_is_a_file_of_its_own_in_another_feed(centre) {
        centre.serves(&[provider("isp-a", "static", "192.0.2.0/24")]);
        centre.does(&["feed", "add", "second", "--format", "scan-list", "--stream", "notice"]);
        let body = csv(&[hit("r1", MARCH, "192.0.2.7")]);
        assert_eq!(centre.ingests(SCANNER, "a.csv", &body).number("cases_opened"), 1);
        let second = centre.ingests("second", "a.csv", &body);
        assert_eq!(second.one()["already_ingested"], false);
        assert_eq!((second.number("repeats"), second.number("cases_extended")), (1, 1));
        assert_eq!(centre.cases().len(), 1);
    }

    fn a_file_refused_for_its_name_goes_in_under_its_right_name(centre) {
        centre.does(&["feed", "add", "telnet", "--format", "shadowserver", "--stream", "notice"]);
        let body = csv(&[telnet_report("2026-03-30 01:02:03", "192.0.2.7")]);
        let wrong = centre.ingests("telnet", "2026-03-30-holiday_photos-jp.csv", &body);
        assert_eq!((wrong.status, wrong.number("rows")), (1, 0));
        assert!(wrong.one()["refused"].as_str().unwrap().contains("type of report"), "{wrong:?}");
        let right = centre.ingests("telnet", "2026-03-30-scan_telnet-jp.csv", &body);
        assert_eq!((right.status, right.number("rows"), right.number("sightings")), (0, 1, 1));
        assert_eq!(right.one()["already_ingested"], false);
        let again = centre.ingests("telnet", "2026-03-30-holiday_photos-jp.csv", &body);
        assert_eq!((again.status, again.one()["already_ingested"].as_bool()), (0, Some(true)));
    }

    fn the_same_bytes_under_the_names_of_two_reports_are_both(centre) {
        centre.serves(&[provider("isp-a", "static", "192.0.2.0/24")]);
        centre.does(&["feed", "add", "reports", "--format", "shadowserver", "--stream", "notice"]);
        let body = csv(&[telnet_report("2026-03-30 01:02:03", "192.0.2.7").with("port", 2222)]);
        for (name, is_known) in [
            ("2026-03-30-scan_telnet-jp.csv", false),
            ("2026-03-30-scan_ssh-jp.csv", false),
            ("scan_ssh.csv", true),
            ("Accessible-SSH.csv", true),
            ("2026-03-31-scan_telnet-jp.csv", true),
            ("of-whatever-type.csv", true),
        ] {
            let answer = centre.ingests("reports", name, &body);
            assert_eq!(answer.one()["already_ingested"], is_known, "{name}: {answer:?}");
            assert_eq!((answer.status, answer.number("sightings")), (0, 1), "{name}: {answer:?}");
        }
        let cases = centre.cases();
        let mut exposures: Vec<&str> =
            cases.iter().filter_map(|case| case["exposure"].as_str()).collect();
        exposures.sort_unstable();
        assert_eq!(exposures, ["exposed_service/ssh", "exposed_service/telnet"]);
        assert_eq!(centre.does(&["check"]).status, 0);
    }

    fn the_raw_file_stays_compressed_under_the_hash_of_its_content(centre) {
        centre.serves(&[]);
        let body = csv(&[hit("r1", MARCH, "192.0.2.7").with("note_of_the_scanner", "kept raw")]);
        let answer = centre.ingests(SCANNER, "a.csv", &body);
        let hash = answer.one()["sha256"].as_str().unwrap();
        let archived = centre.data().join("archive").join(format!("{hash}.zst"));
        let raw = zstd::decode_all(fs::File::open(archived).unwrap()).unwrap();
        assert_eq!(raw, body.as_bytes());
        let files = fs::read_dir(centre.data().join("archive")).unwrap().count();
        centre.ingests(SCANNER, "b.csv", &body);
        assert_eq!(fs::read_dir(centre.data().join("archive")).unwrap().count(), files);
    }

    fn columns_nobody_expected_are_kept_with_the_sighting(centre) {
        centre.serves(&[provider("isp-a", "static", "192.0.2.0/24")]);
        centre.takes(&[hit("r1", MARCH, "192.0.2.7").with("roof_colour", "青")]);
        let kept = centre.opening_of(&centre.case_of("192.0.2.7"));
        assert_eq!(kept["detail"]["extra"]["roof_colour"], "青");
    }

    fn each_sighting_knows_its_file_and_row(centre) {
        centre.serves(&[provider("isp-a", "static", "192.0.2.0/24")]);
        let hits = [hit("r1", MARCH, "192.0.2.7"), hit("r1", MARCH, "192.0.2.8")];
        let answer = centre.takes(&hits);
        let case = centre.case_of("192.0.2.8");
        assert_eq!(case["row"], 2);
        let shown = centre.does(&["case", "show", case["id"].as_str().unwrap()]);
        assert_eq!(shown.lines[0]["feed_file"], case["feed_file"]);
        assert_eq!(shown.lines[1]["kind"], "opened");
        assert_eq!(shown.lines[1]["author"], "feed scanner");
        let hash = answer.one()["sha256"].as_str().unwrap();
        let files = centre.stored("SELECT sha256 FROM feed_files");
        assert_eq!(files, [hash]);
        for (ip, row, line) in [("192.0.2.7", 1, 2), ("192.0.2.8", 2, 3)] {
            let kept = centre.opening_of(&centre.case_of(ip));
            assert_eq!((&kept["row"], &kept["line"]), (&row.into(), &line.into()), "{kept}");
            assert_eq!(kept["feed_file"], case["feed_file"]);
        }
    }

    fn a_scan_list_is_read_in_cp932_and_with_a_byte_order_mark(centre) {
        centre.serves(&[provider("isp-a", "static", "192.0.2.0/24")]);
        let model = "ルータ㈱①～";
        let text = csv(&[hit("r1", MARCH, "192.0.2.7").with("device_model", model)]);
        let sjis = Command::new("iconv")
            .args(["-f", "UTF-8", "-t", "CP932", &centre.file("utf8.csv", &text)])
            .output()
            .unwrap();
        assert!(sjis.status.success());
        assert_eq!(centre.ingests(SCANNER, "sjis.csv", &sjis.stdout).number("cases_opened"), 1);
        assert_eq!(centre.cases()[0]["model"], model);
        let marked = csv(&[hit("r1", MARCH, "192.0.2.8").with("device_model", model)]);
        let marked = ["\u{feff}", &marked].concat();
        assert_eq!(centre.ingests(SCANNER, "bom.csv", marked).number("cases_opened"), 1);
        assert_eq!(centre.cases()[1]["model"], model);
    }

    fn columns_are_read_by_name_in_whatever_order(centre) {
        centre.serves(&[provider("isp-a", "static", "192.0.2.0/24")]);
        centre.takes(&[hit("r1", MARCH, "192.0.2.7")]);
        let turned = csv(&[hit("r1", MARCH, "192.0.2.7").turned()]);
        assert!(turned.starts_with("device_model,"));
        let again = centre.ingests(SCANNER, "turned.csv", turned);
        assert_eq!((again.number("repeats"), again.number("cases_extended")), (1, 1));
    }

    fn a_packed_file_is_unpacked_and_a_detection_that_found_nothing_is_no_sighting(centre) {
        centre.serves(&[provider("isp-a", "static", "192.0.2.0/24")]);
        let refused = hit("r1", MARCH, "192.0.2.8").with("outcome", "login_refused");
        let silent = hit("r1", MARCH, "192.0.2.9").with("outcome", "no_answer");
        let body = csv(&[hit("r1", MARCH, "192.0.2.7"), refused, silent]);
        let mut gzip = Command::new("gzip")
            .args(["-c"])
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        gzip.stdin.take().unwrap().write_all(body.as_bytes()).unwrap();
        let packed = gzip.wait_with_output().unwrap().stdout;
        let answer = centre.ingests(SCANNER, "hits.csv.gz", packed);
        assert_eq!((answer.status, answer.number("rows")), (0, 3));
        assert_eq!((answer.number("sightings"), answer.number("other_outcomes")), (1, 2));
        assert_eq!(centre.cases().len(), 1);
    }

    fn several_files_go_in_by_one_command_and_a_bad_one_stops_no_other(centre) {
        centre.serves(&[provider("isp-a", "static", "192.0.2.0/24")]);
        let good = centre.file("good.csv", csv(&[hit("r1", MARCH, "192.0.2.7")]));
        let bad = centre.file("bad.csv", "what,is,this\n1,2,3\n");
        let last = centre.file("last.csv", csv(&[hit("r1", MARCH, "192.0.2.8")]));
        let answer = centre.tries(&["ingest", "--feed", SCANNER, &good, &bad, &last]);
        assert_eq!((answer.status, answer.lines.len()), (1, 3));
        assert!(answer.lines[1]["refused"].is_string());
        assert_eq!(answer.lines[2]["cases_opened"], 1);
    }
}
