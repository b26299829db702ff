//! Files of every format open cases for the same device; deliveries of several files go in one by
//! one; a CSV of whatever shape goes in by a mapping.

use std::{fmt::Write as _, fs, process::Command};

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{
    actors::SCANNER,
    builders::{csv, gzipped, provider, telnet_report},
    centre::{Centre, on_both_engines},
};

const NET: &str = "203.0.113.0/24";

fn with_feed(centre: &mut Centre, format: &str) {
    centre.registers(&[provider("isp-a", "static", NET)]);
    centre.does(&["feed", "add", "other", "--format", format, "--stream", "notice"]);
    centre.on("2026-05-10");
}

/// What is wrong with the one case, and where it was seen.
fn the_case(centre: &Centre) -> (String, String) {
    centre.is_clean();
    let cases = centre.cases();
    assert_eq!(cases.len(), 1, "{cases:?}");
    let text = |field: &str| cases[0][field].as_str().unwrap_or_default().to_owned();
    (text("exposure"), text("first_seen"))
}

fn mail(name: &str, attachment: &[u8]) -> String {
    format!(
        "From: reports@example.org\r\nTo: centre@example.jp\r\nSubject: report\r\n\
         MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
         --b\r\nContent-Type: text/plain\r\n\r\nsee below\r\n\
         --b\r\nContent-Type: application/octet-stream; name=\"{name}\"\r\n\
         Content-Disposition: attachment; filename=\"{name}\"\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n{}\r\n--b--\r\n",
        STANDARD.encode(attachment)
    )
}

/// The files as one zip, by Python's own library.
fn zipped(centre: &Centre, files: &[(&str, &str)]) -> Vec<u8> {
    let folder = centre.desk().join("to-zip");
    fs::create_dir_all(&folder).unwrap();
    let names = files.iter().map(|(name, body)| {
        fs::write(folder.join(name), body).unwrap();
        (*name).to_owned()
    });
    let names: Vec<String> = names.collect();
    let out = folder.join("out.zip");
    let mut zip = Command::new("python3");
    zip.args(["-m", "zipfile", "-c"]).arg(&out).args(names).current_dir(&folder);
    assert!(zip.status().unwrap().success());
    let packed = fs::read(&out).unwrap();
    fs::remove_dir_all(&folder).unwrap();
    packed
}

on_both_engines! {
    fn an_intelmq_event_opens_the_case_that_a_report_would(centre) {
        with_feed(&mut centre, "intelmq");
        let event = r#"{"__type":"Event","classification.type":"vulnerable-system",
            "classification.identifier":"open-telnet","protocol.application":"telnet",
            "protocol.transport":"tcp","source.ip":"203.0.113.5","source.port":23,
            "time.source":"2026-05-01T02:00:00+00:00"}"#.replace('\n', "");
        let answer = centre.ingests("other", "events.jsonl", &event);
        assert_eq!(answer.status, 0, "{answer:?}");
        let told = (String::from("exposed_service/telnet"), String::from("2026-05-01T02:00:00Z"));
        assert_eq!(the_case(&centre), told);
    }

    fn a_record_of_n6_opens_a_case(centre) {
        with_feed(&mut centre, "n6");
        let record = r#"{"id":"a1","source":"hidden.1","restriction":"need-to-know",
            "confidence":"high","category":"bots","name":"mirai","modified":"2026-05-01T03:00:00Z",
            "time":"2026-05-01T02:00:00Z","address":[{"ip":"203.0.113.5"}],"sport":40000}"#;
        let answer = centre.ingests("other", "records.json", record);
        assert_eq!(answer.status, 0, "{answer:?}");
        assert!(the_case(&centre).0.starts_with("infected/"));
    }

    fn a_wrong_record_with_several_addresses_goes_and_its_cases_stand_by_another(centre) {
        with_feed(&mut centre, "n6");
        let record = |id: &str, at: &str| {
            format!(
                r#"{{"id":"{id}","source":"hidden.1","restriction":"need-to-know",
                "confidence":"high","category":"bots","name":"mirai","modified":"{at}",
                "time":"{at}","address":[{{"ip":"203.0.113.5"}},{{"ip":"203.0.113.6"}},
                {{"ip":"198.51.100.5"}},{{"ip":"198.51.100.6"}}],"sport":40000}}"#
            )
        };
        let wrong = centre.ingests("other", "1.json", record("a", "2026-05-01T02:00:00Z"));
        let mut before = centre.another();
        before.on("2026-05-10");
        before.registers(&[provider("isp-a", "static", NET)]);
        before.does(&["feed", "add", "other", "--format", "n6", "--stream", "notice"]);
        for (centre, name) in [(&centre, "2.json"), (&before, "other.json")] {
            centre.ingests("other", name, record("b", "2026-05-02T02:00:00Z"));
        }
        let hash = wrong.one()["sha256"].as_str().unwrap();
        let word = ["--reason", "wrong", "--by", "t"];
        centre.does(&[&["feed", "withdraw", hash], &word[..]].concat());
        centre.is_clean();
        assert_eq!(centre.state_hash(), before.state_hash());
        centre.does(&[&["feed", "restore", hash], &word[..]].concat());
        centre.is_clean();
        assert_eq!(centre.cases().len(), 2);
    }

    fn a_xarf_report_opens_a_case(centre) {
        with_feed(&mut centre, "xarf");
        let party = r#"{"org":"Example","contact":"abuse@example.org","domain":"example.org"}"#;
        let report = format!(
            r#"{{"xarf_version":"4.2.0","report_id":"0199d9f0-8a7b-4c3d-9e2f-1a2b3c4d5e6f",
            "timestamp":"2026-05-01T02:00:00Z","reporter":{party},"sender":{party},
            "source_identifier":"203.0.113.5","category":"vulnerability","type":"open_service",
            "service":"telnet","service_port":23,"evidence_source":"vulnerability_scan"}}"#
        );
        let answer = centre.ingests("other", "report.json", report);
        assert_eq!(answer.status, 0, "{answer:?}");
        assert_eq!(the_case(&centre).0, "exposed_service/telnet");
    }

    fn a_misp_event_and_a_stix_bundle_open_the_same_case(centre) {
        with_feed(&mut centre, "misp");
        let event = r#"{"Event":{"uuid":"5f0c1f9e-0000-4000-8000-000000000001",
            "info":"感染端末","date":"2026-05-02","Tag":[{"name":"misp-galaxy:malpedia=\"Mirai\""}],
            "Attribute":[{"uuid":"5f0c1f9e-0000-4000-8000-000000000002","type":"ip-src",
            "category":"Network activity","value":"203.0.113.5","to_ids":false,
            "first_seen":"2026-05-01T02:00:00Z","deleted":false}]}}"#;
        let answer = centre.ingests("other", "event.json", event);
        assert_eq!(answer.status, 0, "{answer:?}");
        let (exposure, _) = the_case(&centre);
        assert!(exposure.starts_with("infected/"), "{exposure}");
        centre.does(&["feed", "add", "bundles", "--format", "stix", "--stream", "nicter"]);
        let bundle = r#"{"type":"bundle","id":"bundle--0199d9f0-8a7b-4c3d-9e2f-1a2b3c4d5e6f",
            "objects":[
            {"type":"ipv4-addr","spec_version":"2.1",
             "id":"ipv4-addr--0199d9f0-8a7b-4c3d-9e2f-1a2b3c4d5e61","value":"203.0.113.5"},
            {"type":"malware","spec_version":"2.1","name":"Mirai","is_family":true,
             "id":"malware--0199d9f0-8a7b-4c3d-9e2f-1a2b3c4d5e62",
             "created":"2026-05-01T00:00:00Z","modified":"2026-05-01T00:00:00Z"},
            {"type":"observed-data","spec_version":"2.1",
             "id":"observed-data--0199d9f0-8a7b-4c3d-9e2f-1a2b3c4d5e63",
             "created":"2026-05-01T00:00:00Z","modified":"2026-05-01T00:00:00Z",
             "first_observed":"2026-05-02T02:00:00Z","last_observed":"2026-05-02T02:00:00Z",
             "number_observed":1,
             "object_refs":["ipv4-addr--0199d9f0-8a7b-4c3d-9e2f-1a2b3c4d5e61"]},
            {"type":"sighting","spec_version":"2.1",
             "id":"sighting--0199d9f0-8a7b-4c3d-9e2f-1a2b3c4d5e64",
             "created":"2026-05-01T00:00:00Z","modified":"2026-05-01T00:00:00Z",
             "sighting_of_ref":"malware--0199d9f0-8a7b-4c3d-9e2f-1a2b3c4d5e62",
             "observed_data_refs":["observed-data--0199d9f0-8a7b-4c3d-9e2f-1a2b3c4d5e63"]}]}"#;
        let answer = centre.ingests("bundles", "bundle.json", bundle);
        assert_eq!((answer.status, answer.number("rows")), (0, 1), "{answer:?}");
    }

    fn each_file_of_a_zip_and_of_a_mail_goes_in_once_by_its_own_content(centre) {
        with_feed(&mut centre, "shadowserver");
        let one = csv(&[telnet_report("2026-05-01 02:00:00", "203.0.113.5")]);
        let two = csv(&[telnet_report("2026-05-02 02:00:00", "203.0.113.6")]);
        let names = ["2026-05-01-scan_telnet-jp.csv", "2026-05-02-scan_telnet-jp.csv"];
        let zip = zipped(&centre, &[(names[0], &one), (names[1], &two)]);
        let answer = centre.ingests("other", "both.zip", zip);
        let taken: Vec<&str> = answer.lines.iter().map(|l| l["file"].as_str().unwrap()).collect();
        assert_eq!((answer.status, taken), (0, names.to_vec()), "{answer:?}");
        assert_eq!(centre.cases().len(), 2);
        let before = centre.state_hash();
        let again = centre.ingests("other", "report.eml", mail(names[1], two.as_bytes()));
        assert_eq!(again.one()["already_ingested"], true, "{again:?}");
        let bare = centre.ingests("other", names[0], &one);
        assert_eq!(bare.one()["already_ingested"], true, "{bare:?}");
        assert_eq!(centre.state_hash(), before);
        let came_in = centre.stored("SELECT DISTINCT sha256 FROM file_containers ORDER BY sha256");
        assert_eq!(came_in.len(), 2, "the zip and the mail");
        for container in came_in {
            let archived = centre.data().join("archive").join(format!("{container}.zst"));
            assert!(archived.exists(), "what they came in is evidence too");
        }
        let mailed = mail("x.csv.gz", &gzipped(&two.replace(".6\"", ".7\"").replace(".6,", ".7,")));
        let answer = centre.ingests("other", "strange.eml", mailed);
        assert_eq!(answer.status, 1, "nothing tells the type of report: {answer:?}");
    }

    fn a_mail_beyond_its_limits_is_refused_for_that_whatever_its_feed_reads(centre) {
        let attached = "--x\r\nContent-Disposition: attachment; filename=a.csv\r\n\r\na\r\n";
        let head = |no: usize| format!("Content-Type: multipart/mixed; boundary={no}\r\n\r\n");
        let nested = |no: usize| format!("--{no}\r\n{}", head(no + 1));
        let mails = [
            ("many", head(0).replace("=0", "=x") + &attached.repeat(60), "more than 50 parts"),
            ("deep", head(0) + &(0..5000).map(nested).collect::<String>(), "more than 10 deep"),
        ];
        let formats = ["shadowserver", "n6", "xarf", "scan-list"];
        for format in formats {
            centre.does(&["feed", "add", format, "--format", format, "--stream", "notice"]);
            for (name, mail, why) in &mails {
                let mail = format!("From: a@example.jp\r\nMIME-Version: 1.0\r\n{mail}");
                for time in ["first", "second"] {
                    let answer = centre.ingests(format, &format!("{name}.eml"), &mail);
                    let told = answer.one()["refused"].as_str().unwrap_or_default();
                    let is_told = answer.status == 1 && told.contains(why);
                    assert!(is_told, "{format} {time}: {answer:?}");
                }
            }
        }
    }

    fn what_a_mail_carries_unfolds_no_further_than_mails_may(centre) {
        centre.serves(&[provider("isp-a", "static", NET)]);
        let mut list = String::with_capacity(70 << 20);
        for number in 0_u64.. {
            write!(list, "{:032},", number * 7).unwrap();
            if list.len() > 65 << 20 {
                break;
            }
        }
        let mailed = mail("many.csv.gz", &gzipped(&list));
        assert!(mailed.len() < 25 << 20, "as mails go it is small");
        let answer = centre.ingests(SCANNER, "many.eml", mailed);
        assert_eq!(answer.status, 1, "{answer:?}");
        let why = answer.one()["refused"].as_str().unwrap();
        assert!(why.contains("unfolds to more than allowed"), "{why}");
    }

    fn a_csv_of_whatever_shape_goes_in_by_a_mapping_that_was_tried_first(centre) {
        centre.registers(&[provider("isp-a", "static", NET)]);
        centre.on("2026-05-10");
        let list = "検知日時,IPアドレス,ポート番号,機器名\n\
                    2026/5/1 11:05,203.0.113.7,23,AB-100\n\
                    令和8年5月2日 10:00,203.0.113.8,２３,AB-200\n";
        let (list, _, lossy) = encoding_rs::SHIFT_JIS.encode(list);
        assert!(!lossy);
        let file = centre.file("list.csv", &list);
        let unsaid = centre.tries(&["feed", "map", &file]);
        assert_eq!(unsaid.status, 1, "{unsaid:?}");
        assert_eq!(unsaid.one()["columns"][1]["field"], "ip", "what is known is shown");
        assert!(unsaid.one()["unusable"].as_str().unwrap().contains("weakness_code"), "{unsaid:?}");
        let none = ["feed", "add", "b", "--format", "csv:isp-b", "--stream", "notice"];
        assert!(centre.tries(&none).stderr.contains("--save isp-b"));
        let constants = ["weakness_code=weak_credentials", "kind=telnet", "zone=JST", "proto=tcp"];
        let said: Vec<&str> = constants.iter().flat_map(|one| ["--constant", *one]).collect();
        let saving = ["--by", "desk-1", "--save", "isp-b"];
        let map = [&["feed", "map", &file], &said[..], &saving].concat();
        let saved = centre.does(&map);
        assert_eq!(saved.one()["missing"], serde_json::json!([]), "what is said is not missing");
        assert_eq!((saved.number("understood"), &saved.one()["saved"]), (2, &true.into()));
        assert_eq!(saved.one()["rows"][0]["detected_at"], "2026-05-01T02:05:00Z");
        assert_eq!(centre.does(&map).one()["saved"], false);
        centre.does(&none);
        let taken = centre.tries(&["ingest", "--feed", "b", &file]);
        assert_eq!((taken.status, taken.number("cases_opened")), (0, 2), "{taken:?}");
        let models: Vec<String> =
            centre.cases().iter().map(|case| case["model"].as_str().unwrap().to_owned()).collect();
        assert_eq!(models, ["AB-100", "AB-200"]);
        centre.is_clean();
    }

    fn whoever_maps_wrongly_is_told_what_to_do(centre) {
        let file = centre.file("list.csv", "a,b\n1,2\n");
        for (args, status, says) in [
            (vec!["feed", "map", &file, "--set", "a"], 2, "COLUMN=FIELD"),
            (vec!["feed", "map", &file, "--save", "a b"], 2, "no name of a mapping"),
            (vec!["feed", "map", "/nowhere.csv"], 1, "No such file"),
            (vec!["feed", "map", &file, "--from", "/nowhere.toml"], 1, "cannot read"),
            (vec!["feed", "add", "x", "--format", "pdf", "--stream", "notice"], 2, "csv:MAPPING"),
        ] {
            let answer = centre.tries(&args);
            assert_eq!(answer.status, status, "{args:?}: {answer:?}");
            assert!(answer.stderr.contains(says), "{args:?}: {answer:?}");
        }
    }

    fn a_row_is_mended_on_the_command_line_and_accounts_and_tokens_are_managed(centre) {
        with_feed(&mut centre, "shadowserver");
        let bad = csv(&[telnet_report("2026-05-01 02:00:00", "203.0.113.500")]);
        let answer = centre.ingests("other", "2026-05-01-scan_telnet-jp.csv", &bad);
        assert_eq!((answer.status, answer.number("waiting")), (1, 1));
        let id = centre.quarantine()[0]["id"].as_str().unwrap().to_owned();
        let mend = |row: &str| {
            centre.tries(&["quarantine", "mend", &id, "--row", row, "--reason", "x", "--by", "d"])
        };
        let still = mend("2026-05-01 02:00:00,high,203.0.113.501,tcp,23,,telnet,0");
        assert_eq!(still.status, 1, "{still:?}");
        assert!(still.stderr.contains("not an IP address"), "{still:?}");
        let mended = mend("2026-05-01 02:00:00,high,203.0.113.50,tcp,23,,telnet,0");
        assert_eq!((mended.status, centre.cases().len()), (0, 1), "{mended:?}");
        assert!(centre.quarantine().is_empty());
        centre.is_clean();
        assert_eq!(mend("x").status, 1);
        let staff = centre.does(&["account", "add", "desk-1", "--role", "intake", "--by", "t"]);
        assert!(staff.one()["link"].as_str().unwrap().contains("/sign-in#"));
        let tried = [("desk-1", "intake", 1), ("a b", "intake", 1), ("x", "king", 2)];
        for (name, role, status) in tried {
            let args = ["account", "add", name, "--role", role, "--by", "t"];
            assert_eq!(centre.tries(&args).status, status, "{name}");
        }
        centre.does(&["account", "end", "desk-1", "--by", "t"]);
        assert_eq!(centre.tries(&["account", "link", "desk-1", "--by", "t"]).status, 1);
        let add = ["token", "add", "--feed", "other", "--by", "t", "--name"];
        assert_eq!(centre.tries(&[&add[..], &[" "]].concat()).status, 1, "a name is one");
        let token = centre.does(&[&add[..], &["night fetcher"]].concat());
        assert!(token.one()["token"].as_str().unwrap().starts_with("todoke_"));
        let id = token.one()["id"].as_str().unwrap();
        centre.does(&["token", "withdraw", id, "--by", "t"]);
        let listed = centre.does(&["token", "list"]);
        assert_eq!(listed.one()["stands"], "ended");
        assert_eq!(listed.one()["name"], "night fetcher");
        assert_eq!(centre.tries(&["token", "withdraw", id, "--by", "t"]).status, 1);
        assert_eq!(centre.tries(&["token", "add", "--feed", "none", "--by", "t"]).status, 1);
        let stored = centre.stored("SELECT scope FROM api_tokens");
        assert_eq!(stored, ["feed:other"]);
    }
}
