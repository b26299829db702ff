//! What stands for a word of a story that begins with `$`: files of the desk, and what is there.

use std::{cell::RefCell, collections::BTreeMap};

use serde_json::Value;

use crate::{
    actors::SCANNER,
    builders::{covered, csv, hit, infected, notified, provider},
    centre::Centre,
    smtp::Smtp,
};

const AT: &str = "2026-03-30T10:00:00+09:00";

/// Two houses, in one of which each flat has an address of its own.
const HOUSES: &str = "\
building,name,contract_party,unit,placement,prefix,ports,addressing,valid_from,valid_to
b1,みなと台マンション,association,,,198.18.2.0/25,,private,2025-04-01,
b2,やま台マンション,association,,,198.18.2.128/25,,private,2025-04-01,
";

const DRAFT: &str = r#"
from = "2026-03-01"
report_by = "2026-06-30"
public = true
feeds = ["police"]

[title]
ja = "感染機器の注意喚起"
en = "Help for infected devices"

[provenance]
source = { ja = "海外の警察", en = "a police force abroad" }
handed_over_by = { ja = "警察庁", en = "the National Police Agency" }
handed_over_at = "2026-02-15"
basis = { ja = "情報提供に関する取決め", en = "an agreement on the exchange of information" }

[happened]
ja = "パソコンが感染している可能性があります。"
en = "A computer may be infected."

[to_do]
ja = "1. 感染を確かめます。"
en = "1. Check for the infection."
"#;

/// The words of one story.
pub(super) struct Words<'a> {
    centre: &'a Centre,
    /// The mail server of the centre.
    server: Smtp,
    /// What stood for a word when it was last looked up.
    given: RefCell<BTreeMap<String, String>>,
}

impl<'a> Words<'a> {
    pub(super) fn new(centre: &'a Centre) -> Self {
        let server = Smtp::start();
        let bounces = "\n[bounces]\nhost = \"127.0.0.1\"\nuser = \"bounce\"\n\
            password_file = \"/nowhere\"\n";
        let how = "server = \"127.0.0.1\"\nsecurity = \"none\"\n";
        centre.names_mail_server_by(&server, &format!("{how}{bounces}"));
        Self { centre, server, given: RefCell::default() }
    }

    /// What was given for a word.
    pub(super) fn given(&self, word: &str) -> String {
        self.given.borrow()[word].clone()
    }

    /// What stands for a word now; the word itself where it begins otherwise.
    pub(super) fn looked_up(&self, word: &str) -> String {
        let found = if word.starts_with('$') { self.find(word) } else { word.to_owned() };
        self.given.borrow_mut().insert(word.to_owned(), found.clone());
        found
    }

    fn find(&self, word: &str) -> String {
        self.file(word).or_else(|| self.of_office(word)).unwrap_or_else(|| self.of_intake(word))
    }

    /// A file that stands for it.
    fn file(&self, word: &str) -> Option<String> {
        let centre = self.centre;
        let wide = provider("isp-b", "static", "203.0.112.0/20");
        Some(match word {
            "$SAMPLE" => {
                centre.file("sample.csv", "検知日時,IPアドレス\n2026/03/01 09:05:00,198.18.0.1\n")
            }
            "$REGISTER" => {
                centre.file("isps.csv", csv(&[provider("isp-a", "static", "198.18.0.0/24"), wide]))
            }
            "$PROVIDERS" => {
                let houses = provider("isp-a", "static", "198.18.2.0/24").with("kind", "apartment");
                let rows = [provider("isp-a", "static", "198.18.0.0/24"), houses, wide];
                centre.file("providers.csv", csv(&rows))
            }
            "$TABLE" => centre.file("table.csv", "198.18.0.0,198.18.255.255,64500,A\n"),
            "$FOLDER" => {
                let folder = centre.desk().join("incoming");
                std::fs::create_dir_all(&folder).unwrap();
                let list = csv(&[hit("r0", AT, "198.18.0.4")]);
                std::fs::write(folder.join("way.csv"), list).unwrap();
                folder.display().to_string()
            }
            "$HITS" => {
                let rows = ["198.18.0.1", "198.18.0.2", "192.0.2.1", "nowhere", "elsewhere"];
                centre.file("hits.csv", csv(&rows.map(|ip| hit("r1", AT, ip))))
            }
            "$HOUSE_HITS" => {
                let rows = ["198.18.0.1", "198.18.2.9", "198.18.2.10"];
                centre.file("hits.csv", csv(&rows.map(|ip| hit("r1", AT, ip))))
            }
            "$NAMED_CASES" => {
                let row = infected("list", AT, "198.18.0.2", 40_000).with("stream", "campaign");
                centre.file("named.csv", csv(&[row.with("application", "emotet")]))
            }
            "$NAMED" => centre.file("named.csv", csv(&[hit("r9", AT, "198.18.0.3")])),
            "$COVERAGE" => {
                centre.file("coverage.csv", csv(&[covered("r1", "2026-03-30", "198.18.0.0/24")]))
            }
            "$MANY" => centre.file("many.csv", many("r2", 0)),
            "$MORE" => centre.file("more.csv", many("r3", 101)),
            "$HOUSES" => centre.file("houses.csv", HOUSES),
            "$DRAFT" => centre.file("draft.toml", DRAFT),
            "$SMS" => centre.file("sms.md", "{isp} {inquiry_id} {phone} {genuine}"),
            "$OUT" | "$LOG" | "$TEXTS" | "$LETTERS" => {
                centre.desk().join(&word[1..]).display().to_string()
            }
            _ => return None,
        })
    }

    fn lines(&self, args: &[&str]) -> Vec<Value> {
        self.centre.does(args).lines
    }

    fn of_intake(&self, word: &str) -> String {
        match word {
            "$ROW" => id(word, &self.centre.quarantine(), "id"),
            "$DISMISSED" => id(word, &self.lines(&["quarantine", "list", "--dismissed"]), "id"),
            "$CASE" => id(word, &self.centre.cases(), "id"),
            "$LIST" => id(word, &self.lines(&["notice", "list"]), "notice"),
            "$WAITING" => id(word, &self.lines(&["feed", "approvals"]), "id"),
            "$FILE" => {
                let files = self.lines(&["feed", "files", "--feed", SCANNER]);
                let file = files.iter().find(|file| file["file"] == "hits.csv").unwrap();
                file["id"].as_str().unwrap().to_owned()
            }
            word => panic!("nothing stands for {word}"),
        }
    }

    fn of_office(&self, word: &str) -> Option<String> {
        let centre = self.centre;
        let ours = ["--isp", "isp-a", "--by", "noc"];
        let key = ["isp", "key", "list", "--isp", "isp-a"];
        Some(match word {
            "$KEY" => {
                // Any key that may be encrypted to serves; the centre's own is at hand.
                let own = centre.does(&["mail", "key"]);
                centre.file("key.asc", own.one()["openpgp"].as_str().unwrap())
            }
            "$FINGERPRINT" => id(word, &self.lines(&key), "fingerprint"),
            "$TOKEN" => id(word, &self.lines(&["token", "list"]), "id"),
            "$CONTACT" => {
                id(word, &self.lines(&[&["isp", "contact", "list"], &ours[..]].concat()), "contact")
            }
            "$CLAIM" => id(word, &self.lines(&["isp", "claim", "list", "--waiting"]), "claim"),
            "$PROPOSAL" => {
                id(word, &self.lines(&["isp", "proposal", "list", "--waiting"]), "proposal")
            }
            "$CALL" => id(word, &self.lines(&["isp", "calls", "isp-a"]), "call"),
            "$FLAT" => centre.case_of("198.18.2.9")["id"].as_str().unwrap().to_owned(),
            "$RETURNED" => centre.file("returned.eml", self.returned()),
            "$REPORT" => {
                let list = self.of_intake("$LIST");
                centre.file("report.csv", csv(&[notified(&list, 1, "2026-03-31T08:00:00+09:00")]))
            }
            _ => return None,
        })
    }

    /// What a mail server says of the last mail that left.
    fn returned(&self) -> String {
        let from = self.server.taken().last().expect("a list left as a mail").from.clone();
        format!(
            "Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.isp-a.example\r\nTo: <{from}>\r\n\
             MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; \
             boundary=\"b\"\r\n\r\n--b\r\n\r\nSorry.\r\n--b\r\nContent-Type: \
             message/delivery-status\r\n\r\nReporting-MTA: dns; mx.isp-a.example\r\n\r\n\
             Final-Recipient: rfc822; abuse@isp-a.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\
             Diagnostic-Code: smtp; 550 no such user\r\n\r\n--b--\r\n"
        )
    }
}

/// The key of the first of these lines.
fn id(word: &str, lines: &[Value], key: &str) -> String {
    let first = lines.first().unwrap_or_else(|| panic!("nothing stands for {word}"));
    first[key].as_str().unwrap().to_owned()
}

/// More hits than a file has without anybody looking at it.
fn many(run: &str, from: u32) -> String {
    let ip = |no: u32| format!("203.0.{}.{}", 112 + no / 200, 1 + no % 200);
    csv(&(from..from + 101).map(|no| hit(run, AT, &ip(no))).collect::<Vec<_>>())
}
