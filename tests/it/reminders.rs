//! Reminders go out as mail: about lists and about contacts, each once, whatever the mail server
//! does.

use std::collections::HashSet;

use serde_json::Value;

use crate::{
    builders::{Row, hit, notified, provider},
    centre::{Centre, on_both_engines},
    gnupg::{Gnupg, MADE},
    smtp::{Mishap, Smtp, Taken},
};

const MARCH: &str = "2026-03-30T10:00:00+09:00";
const APRIL: &str = "2026-04-01T08:00:00+09:00";

/// Two providers with a list of two devices each, and their abuse desks, of which one speaks
/// English.
pub(crate) fn listed(centre: &Centre) -> (Smtp, [String; 2]) {
    let server = Smtp::start();
    centre.serves(&[
        provider("isp-a", "dynamic:30", "192.0.2.0/25"),
        provider("isp-b", "dynamic:30", "192.0.2.128/25"),
    ]);
    centre.mails_by(&server);
    has_desk(centre, "isp-a", "ja");
    has_desk(centre, "isp-b", "en");
    let ips = ["192.0.2.1", "192.0.2.2", "192.0.2.201", "192.0.2.202"];
    centre.takes(&ips.map(|ip| hit("r1", MARCH, ip)));
    (server, ["isp-a", "isp-b"].map(|isp| centre.prepares(isp).unwrap()))
}

fn has_desk(centre: &Centre, isp: &str, language: &str) -> String {
    let mail = format!("abuse@{isp}.example");
    let post = ["--post", "abuse desk", "--mail", &mail, "--language", language, "--by", "noc"];
    let who = ["isp", "contact", "add", "--isp", isp, "--role", "abuse_desk"];
    centre.does(&[&who[..], &post].concat()).one()["contact"].as_str().unwrap().to_owned()
}

/// What the reader of a mail in the clear reads.
fn read(mail: &Taken) -> String {
    let text = String::from_utf8(mail.bytes.clone()).unwrap();
    let body: String = text.split_once("\r\n\r\n").unwrap().1.split_whitespace().collect();
    let bytes = base64::Engine::decode(&base64::prelude::BASE64_STANDARD, body).unwrap();
    String::from_utf8(bytes).unwrap()
}

/// For whom mails were taken, in order of their addresses.
fn readers(server: &Smtp) -> Vec<String> {
    let mut all: Vec<String> = server.taken().into_iter().map(|mail| mail.to).collect();
    all.sort();
    all
}

/// What a mail server says of the mail to the second desk that had this return address.
pub(crate) fn returned(from: &str) -> String {
    format!(
        "Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.example\r\nTo: <{from}>\r\nSubject: no\r\n\
         MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; \
         boundary=\"b\"\r\n\r\n--b\r\n\r\nSorry.\r\n--b\r\nContent-Type: \
         message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n\
         Final-Recipient: rfc822; abuse@isp-b.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\
         Diagnostic-Code: smtp; 550 <abuse@isp-b.example> unknown\r\n\r\n--b--\r\n"
    )
}

/// By whom contacts were doubted.
fn doubted(centre: &Centre) -> Vec<String> {
    centre.stored("SELECT author FROM isp_contact_events WHERE kind = 'doubted'")
}

/// What would be mailed: provider, topic, by which way.
fn planned(centre: &Centre) -> Vec<(String, String, Value)> {
    let lines = centre.does(&["isp", "remind", "--dry-run"]).lines;
    let text = |line: &Value, key: &str| line[key].as_str().unwrap().to_owned();
    let one = |line: &Value| (text(line, "isp"), text(line, "topic"), line["by"].clone());
    lines.iter().map(one).collect()
}

on_both_engines! {
    fn who_did_not_fetch_is_written_to_once_a_week_in_the_language_of_its_desk(centre) {
        let (server, [a, b]) = listed(&centre);
        centre.does(&["work", "--once"]);
        assert_eq!(server.tries(), 0, "the lists are new");
        centre.on("2026-04-04");
        let both = ["isp-a", "isp-b"].map(|isp| (isp.into(), "reports".into(), "mail".into()));
        assert_eq!(planned(&centre), both);
        assert_eq!(planned(&centre), both, "a dry run does nothing");
        assert_eq!(server.tries(), 0);
        centre.does(&["work", "--once"]);
        assert_eq!(readers(&server), ["abuse@isp-a.example", "abuse@isp-b.example"]);
        for mail in server.taken() {
            let (text, subject) = (read(&mail), mail.field("Subject"));
            let is_a = mail.to.contains("isp-a");
            let (own, other) = if is_a { (&a, &b) } else { (&b, &a) };
            assert!(text.contains(own) && !text.contains(other), "{text}");
            let words = if is_a { "リストを受け取っていない" } else { "Has not fetched the list" };
            assert!(text.contains(words), "{text}");
            assert!(!text.contains("192.0.2.") && !text.contains('@'), "no address: {text}");
            for line in centre.lines_of(own) {
                assert!(!text.contains(&line["inquiry_id"]), "no inquiry ID: {text}");
            }
            assert!(!subject.contains("isp-"), "{subject}");
            assert!(!subject.contains("届け】") && !subject.contains("Todoke"), "{subject}");
            assert!(mail.from.starts_with("bounce+"), "{}", mail.from);
            assert_eq!(mail.field("Auto-Submitted"), "auto-generated");
        }
        for again in ["2026-04-04T09:01:00+09:00", "2026-04-05", "2026-04-10"] {
            centre.on(again);
            assert!(centre.does(&["work", "--once"]).lines.is_empty(), "{again}: each once");
        }
        assert_eq!(server.tries(), 2);
        assert!(centre.does(&["isp", "reminders"]).lines.is_empty(), "they were reminded");
        let noted = "SELECT reason || ' ' || way || ' ' || author FROM reminders
             WHERE state = 'noted' ORDER BY reason";
        assert_eq!(centre.stored(noted), ["not_fetched mail system"; 2]);
        // `lines_of` fetched both; before their date they are asked about again.
        centre.on("2026-04-25");
        let reports: Vec<Row> = (1..=2).map(|record| notified(&b, record, APRIL)).collect();
        centre.reports("isp-b", &reports);
        centre.does(&["work", "--once"]);
        assert_eq!(readers(&server).len(), 3, "who reported is left in peace");
        let mails = centre.does(&["isp", "mails"]).lines;
        let states: Vec<&str> = mails.iter().map(|one| one["state"].as_str().unwrap()).collect();
        assert_eq!(states, ["accepted"; 3]);
        assert_eq!((&mails[2]["items"][0]["reason"], &mails[2]["lang"]),
            (&"due_soon".into(), &"ja".into()));
        centre.is_clean();
    }

    fn nodes_that_look_at_once_send_each_reminder_once(centre) {
        let (server, _) = listed(&centre);
        centre.on("2026-04-04");
        let answers = centre.tries_at_once(4, &["work", "--once"]);
        assert!(answers.iter().all(|answer| answer.status == 0), "{answers:?}");
        let again = centre.tries_at_once(2, &["isp", "remind"]);
        assert!(again.iter().all(|answer| answer.status == 0), "{again:?}");
        centre.does(&["work", "--once"]);
        assert_eq!(readers(&server), ["abuse@isp-a.example", "abuse@isp-b.example"]);
        assert_eq!(centre.stored("SELECT state FROM reminder_mails"), ["accepted"; 2]);
    }

    fn whatever_the_mail_server_does_a_reminder_is_seen_once(centre) {
        let (server, [_, b]) = listed(&centre);
        centre.exports(&b, "csv");
        let mishaps = [Mishap::Data("451 4.3.0 later"), Mishap::TakenThenGone, Mishap::Silence];
        server.mishaps(&mishaps);
        for minute in [0, 5, 15, 40] {
            centre.on(&format!("2026-04-04T10:{minute:02}:00+09:00"));
            centre.tries(&["work", "--once"]);
        }
        let taken = server.taken();
        assert_eq!((server.tries(), taken.len()), (4, 2), "one of them without a word");
        let bytes: HashSet<_> = taken.iter().map(|mail| mail.bytes.clone()).collect();
        assert_eq!(bytes.len(), 1, "who gets a repeat sees one mail");
        let mail = centre.does(&["isp", "mails"]).one().clone();
        assert_eq!((&mail["state"], &mail["attempts"]), (&"accepted".into(), &4.into()));
        assert_eq!(centre.stored("SELECT COUNT(*) || '' FROM reminders WHERE state = 'noted'"),
            ["1"]);
        assert_eq!(centre.stored("SELECT COUNT(sealed) || '' FROM reminder_mails"), ["0"]);
        assert!(!centre.keeps_anywhere("abuse@isp-a.example"), "whom it went to is sealed");
    }

    fn what_was_done_before_the_mail_is_made_is_asked_about_no_more(centre) {
        let (server, [a, b]) = listed(&centre);
        centre.on("2026-04-04");
        let entered = centre.does(&["isp", "remind"]).lines;
        assert!(entered.iter().all(|line| line["entered"] == true), "{entered:?}");
        centre.exports(&a, "csv");
        centre.does(&["work", "--once"]);
        assert_eq!(readers(&server), ["abuse@isp-b.example"]);
        let states = centre.stored("SELECT state FROM reminder_mails ORDER BY state");
        assert_eq!(states, ["accepted", "withdrawn"]);
        assert!(read(&server.taken()[0]).contains(&b));
    }

    fn who_gets_lists_encrypted_gets_reminders_so(centre) {
        let Some(gnupg) = Gnupg::start() else { return };
        let server = Smtp::start();
        centre.serves(&[provider("isp-a", "static", "192.0.2.0/24")]);
        let own = centre.mails_by(&server);
        gnupg.knows(own["openpgp"].as_str().unwrap());
        let to = "lists@isp-a.example";
        gnupg.makes(to, ("ed25519", "cv25519"), MADE);
        assert_eq!(centre.gets_key("isp-a", &gnupg.exports(to)).status, 0);
        let set = ["isp", "delivery", "set", "--isp", "isp-a", "--way", "mail-openpgp", "--to"];
        centre.does(&[&set[..], &[to]].concat());
        centre.takes(&[hit("r1", MARCH, "192.0.2.7")]);
        let list = centre.prepares("isp-a").unwrap();
        centre.does(&["work", "--once"]);
        assert_eq!(server.taken().len(), 1, "the list");
        centre.on("2026-04-25");
        let planned = planned(&centre);
        assert_eq!(planned, [("isp-a".into(), "reports".into(), "mail-openpgp".into())]);
        centre.does(&["work", "--once"]);
        let taken = server.taken();
        assert_eq!((taken.len(), taken[1].to.as_str()), (2, to));
        let open = String::from_utf8(taken[1].bytes.clone()).unwrap();
        assert!(taken[1].field("Content-Type").starts_with("multipart/encrypted"));
        assert!(!open.contains(&list), "outside nothing tells of the list");
        let opened = gnupg.opens(&taken[1].bytes);
        assert!(opened.status.contains("GOODSIG"), "{}", opened.status);
        let text = String::from_utf8(opened.content).unwrap();
        let body: String = text.replace("\r\n", "\n").split_once("\n\n").unwrap().1
            .split_whitespace().collect();
        let body = base64::Engine::decode(&base64::prelude::BASE64_STANDARD, body).unwrap();
        let body = String::from_utf8(body).unwrap();
        assert!(body.contains(&list) && !body.contains("192.0.2.7"), "{body}");
    }

    fn contacts_are_asked_about_once_at_each_step_until_somebody_confirms(centre) {
        let server = Smtp::start();
        centre.serves(&[provider("isp-a", "static", ""), provider("isp-b", "static", "")]);
        centre.mails_by(&server);
        let id = has_desk(&centre, "isp-a", "ja");
        let mut sent = Vec::new();
        for day in ["2026-08-28", "2026-08-30", "2026-09-20", "2026-09-27", "2026-09-29",
            "2026-10-20"] {
            centre.on(day);
            centre.does(&["work", "--once"]);
            sent.push(server.taken().len());
        }
        // Thirty days before the 180 are over, and when they are.
        assert_eq!(sent, [0, 1, 1, 1, 2, 2]);
        let texts: Vec<String> = server.taken().iter().map(read).collect();
        assert!(texts[0].contains("注意喚起の窓口：まもなく確認が必要です"), "{}", texts[0]);
        assert!(texts[1].contains("確認の期限を過ぎています"), "{}", texts[1]);
        assert!(texts.iter().all(|text| !text.contains('@')), "{texts:?}");
        centre.does(&["isp", "contact", "confirm", &id, "--isp", "isp-a", "--by", "noc"]);
        centre.on("2027-03-10");
        centre.does(&["work", "--once"]);
        assert_eq!(server.taken().len(), 2, "it was confirmed");
        centre.on("2027-03-25");
        centre.does(&["work", "--once"]);
        assert_eq!(server.taken().len(), 3, "and is due again");
        assert_eq!(centre.stored("SELECT step FROM contact_reminders ORDER BY at"),
            ["due", "overdue", "due"]);
    }

    fn a_reminder_that_comes_back_leaves_its_provider_to_the_phone_first_of_all(centre) {
        let (server, [a, b]) = listed(&centre);
        let chased = |centre: &Centre| -> Vec<(Value, Value)> {
            let lines = centre.does(&["isp", "chase"]).lines;
            lines.iter().map(|one| (one["isp"].clone(), one["reasons"][0].clone())).collect()
        };
        centre.exports(&a, "csv");
        assert_eq!(chased(&centre), [], "both desks are confirmed");
        centre.on("2026-04-04");
        centre.does(&["work", "--once"]);
        let from = server.taken()[0].from.clone();
        let file = centre.file("returned.eml", returned(&from));
        let back = centre.does(&["notice", "bounce", &file]);
        assert_eq!((&back.one()["isp"], &back.one()["kind"]), (&"isp-b".into(), &"bounced".into()));
        assert_eq!(centre.stored("SELECT state FROM reminder_mails"), ["bounced"]);
        assert!(!centre.keeps_anywhere("abuse@isp-b.example"), "also in the words of the server");
        let first = ("isp-b".into(), "contact_doubtful".into());
        assert_eq!(chased(&centre)[0], first);
        assert_eq!(chased(&centre)[1], ("isp-b".into(), "not_fetched".into()));
        centre.on("2026-04-12");
        let planned = centre.does(&["isp", "remind", "--dry-run"]).lines;
        assert!(planned.iter().all(|line| line["by"].is_null()), "{planned:?}");
        assert!(planned[0]["why_not"].as_str().unwrap().contains("by phone"), "{planned:?}");
        centre.does(&["work", "--once"]);
        assert_eq!(server.tries(), 1, "nobody writes to where nobody is");
        let due = centre.does(&["isp", "reminders"]).lines;
        assert_eq!((due.len(), &due[0]["notice"]), (1, &b.into()), "it is due, by phone");
    }

    fn a_mail_that_comes_back_and_the_doubt_about_its_contact_are_written_together(centre) {
        let (server, [a, _]) = listed(&centre);
        centre.exports(&a, "csv");
        centre.on("2026-04-04");
        centre.does(&["work", "--once"]);
        let file = centre.file("returned.eml", returned(&server.taken()[0].from));
        centre.spoils("ALTER TABLE isp_contact_events RENAME TO away");
        assert_ne!(centre.tries(&["notice", "bounce", &file]).status, 0);
        assert_eq!(centre.stored("SELECT state FROM reminder_mails"), ["accepted"]);
        assert_eq!(centre.stored("SELECT kind FROM returned_mails"), [""; 0]);
        centre.spoils("ALTER TABLE away RENAME TO isp_contact_events");
        let again = centre.does(&["notice", "bounce", &file]);
        assert_eq!(again.one()["known"], false, "it was not taken before");
        assert_eq!(centre.stored("SELECT state FROM reminder_mails"), ["bounced"]);
        assert_eq!(doubted(&centre), ["mail server"]);
        assert_eq!(centre.does(&["notice", "bounce", &file]).one()["known"], true);
        assert_eq!(doubted(&centre), ["mail server"], "said once");
    }

    fn a_desk_at_which_nobody_reads_mail_is_doubted_when_the_server_says_so(centre) {
        let (server, [a, b]) = listed(&centre);
        centre.exports(&a, "csv");
        centre.on("2026-04-04");
        server.mishaps(&[Mishap::Recipient("550 5.7.1 <abuse@isp-b.example> not today")]);
        assert_eq!(centre.tries(&["work", "--once"]).status, 1);
        assert_eq!(centre.stored("SELECT state FROM reminder_mails"), ["refused"]);
        assert_eq!(doubted(&centre), [""; 0], "a rule of the server says nothing of the desk");
        centre.on("2026-04-11");
        server.mishaps(&[Mishap::Recipient("550 5.1.1 <abuse@isp-b.example> no such user")]);
        assert_eq!(centre.tries(&["work", "--once"]).status, 1);
        assert_eq!(doubted(&centre), ["mail server"]);
        let chased = centre.does(&["isp", "chase"]).lines;
        let first = (&chased[0]["isp"], &chased[0]["reasons"][0]);
        assert_eq!(first, (&"isp-b".into(), &"contact_doubtful".into()));
        let why = centre.stored("SELECT reason FROM isp_contact_events WHERE kind = 'doubted'");
        assert!(why[0].contains("5.1.1 <…> no such user"), "{why:?}");
        assert!(!centre.keeps_anywhere("abuse@isp-b.example"), "also in the words of the server");
        let due = centre.does(&["isp", "reminders"]).lines;
        assert!(due.iter().all(|one| one["notice"] == b.as_str()), "{due:?}");
    }

    fn a_mail_about_contacts_that_is_refused_uses_up_no_step(centre) {
        let server = Smtp::start();
        centre.serves(&[provider("isp-a", "static", "")]);
        centre.mails_by(&server);
        has_desk(&centre, "isp-a", "ja");
        server.mishaps(&[Mishap::Data("554 5.6.0 not so")]);
        let mut sent = Vec::new();
        for day in ["2026-08-30", "2026-08-31", "2026-09-05", "2026-09-06", "2026-09-14"] {
            centre.on(day);
            centre.tries(&["work", "--once"]);
            sent.push((server.tries(), server.taken().len()));
        }
        // A week after the refusal it is asked anew, and once it was taken no more.
        assert_eq!(sent, [(1, 0), (1, 0), (1, 0), (2, 1), (2, 1)]);
        assert!(read(&server.taken()[0]).contains("まもなく確認が必要です"));
        assert_eq!(centre.stored("SELECT step FROM contact_reminders"), ["due"]);
        assert_eq!(centre.stored("SELECT state FROM reminder_mails ORDER BY entered_at"),
            ["refused", "accepted"]);
        assert_eq!(doubted(&centre), [""; 0]);
    }

    fn a_provider_without_a_desk_stands_first_in_the_chasing_list(centre) {
        centre.serves(&[
            provider("isp-a", "dynamic:30", "192.0.2.0/25"),
            provider("isp-z", "dynamic:30", "192.0.2.128/25"),
        ]);
        let id = has_desk(&centre, "isp-a", "ja");
        centre.takes(&[hit("r1", MARCH, "192.0.2.1"), hit("r1", MARCH, "192.0.2.201")]);
        for isp in ["isp-a", "isp-z"] {
            centre.prepares(isp).unwrap();
        }
        let chased = |centre: &Centre| -> Vec<String> {
            let lines = centre.does(&["isp", "chase"]).lines;
            let one = |line: &Value| {
                let list = if line["notice"].is_null() { "-" } else { "list" };
                format!("{} {list} {}", line["isp"], line["reasons"][0]).replace('"', "")
            };
            lines.iter().map(one).collect()
        };
        centre.on("2026-04-04");
        assert_eq!(chased(&centre), ["isp-z - no_contact", "isp-a list not_fetched",
            "isp-z list not_fetched"]);
        centre.on("2026-10-01");
        let first = chased(&centre);
        assert_eq!(first[..2], ["isp-z - no_contact", "isp-a - contact_overdue"]);
        centre.does(&["isp", "contact", "confirm", &id, "--isp", "isp-a", "--by", "noc"]);
        assert_eq!(chased(&centre)[0], "isp-z - no_contact");
        assert!(chased(&centre).iter().all(|line| !line.contains("contact_overdue")));
    }
}
