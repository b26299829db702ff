//! The mailbox of the return address, on a real mail server: fetched, matched, and taken once.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;

use super::{ABUSE, bounces::notification, scene};
use crate::{
    centre::{Answer, Centre, on_both_engines},
    peers::{Dovecot, PASSWORD},
};

/// Names the mailbox in the settings, beside what stands there.
fn has_mailbox(centre: &Centre, server: &Dovecot, password: &str, more: &str) {
    let file = centre.file("imap-password", format!("{password}\n"));
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    let settings = centre.data().join("centre.toml");
    let text = std::fs::read_to_string(&settings).unwrap();
    let text = text.split("\n[bounces]").next().unwrap();
    let text = format!(
        "{text}\n[bounces]\nhost = \"127.0.0.1\"\nport = {}\nplain = true\n\
         allow_private = true\nuser = \"bounce\"\npassword_file = \"{file}\"\n{more}",
        server.port
    );
    std::fs::write(settings, text).unwrap();
}

/// Mails taken, taken before, refused.
#[track_caller]
fn came(line: &Value) -> [i64; 3] {
    ["taken", "known", "refused"].map(|name| line[name].as_i64().unwrap())
}

#[track_caller]
fn fetches(centre: &Centre) -> [i64; 3] {
    came(centre.does(&["notice", "fetch-bounces"]).one())
}

/// What a node that does what is due says of the mailbox.
fn works(centre: &Centre) -> Vec<Value> {
    let answer: Answer = centre.does(&["work", "--once"]);
    answer.lines.into_iter().filter(|line| line["bounces"] == true).collect()
}

/// A mail that is no word of a mail server.
const AWAY: &str = "From: abuse@isp-a.example\r\nTo: bounce@centre.example\r\nSubject: \
    Away\r\nAuto-Submitted: auto-replied\r\n\r\nBack on Monday.\r\n";

on_both_engines! {
    fn a_mail_that_comes_back_is_fetched_by_its_schedule_and_written_once(centre) {
        let Some(server) = Dovecot::start() else { return };
        let Some((scene, list)) = scene(&centre) else { return };
        has_mailbox(&centre, &server, PASSWORD, "schedule = \"every 10m\"\n");
        centre.does(&["notice", "send"]);
        let from = scene.server.taken()[0].from.clone();
        let first = works(&centre);
        assert_eq!(first.iter().map(came).collect::<Vec<_>>(), [[0, 0, 0]]);
        server.receives("1", &notification(&from, "failed"));
        assert!(works(&centre).is_empty(), "it is not due");
        centre.on("2026-04-01T09:10:00+09:00");
        assert_eq!(works(&centre).iter().map(came).collect::<Vec<_>>(), [[1, 0, 0]]);
        let delivery = centre.delivery();
        assert_eq!((&delivery["state"], &delivery["notice"]), (&"bounced".into(), &list.into()));
        assert_eq!(delivery["answer"], "5.2.2 552 mailbox full");
        assert_eq!((server.unseen(), server.count(".")), (0, 1), "it stays, marked as seen");
        assert_eq!(fetches(&centre), [0, 0, 0]);
        assert_eq!(centre.happened(), ["entered", "made", "accepted", "bounced"]);
        // Who did so by hand is in the log; a node that did what was due is not.
        let leaves = "SELECT act FROM audit_leaves WHERE act LIKE '%bounce%'";
        assert_eq!(centre.stored(leaves), ["notice.fetch_bounces"]);
    }

    fn a_mailbox_that_is_numbered_anew_or_handed_over_too_says_nothing_new(centre) {
        let Some(server) = Dovecot::start() else { return };
        let Some((scene, _)) = scene(&centre) else { return };
        has_mailbox(&centre, &server, PASSWORD, "");
        centre.does(&["notice", "send"]);
        let from = scene.server.taken()[0].from.clone();
        let (delayed, failed) = (notification(&from, "delayed"), notification(&from, "failed"));
        server.receives("1", &delayed);
        server.receives("2", &failed);
        assert_eq!(fetches(&centre), [2, 0, 0]);
        let happened = ["entered", "made", "accepted", "delayed", "bounced"];
        assert_eq!(centre.happened(), happened);
        server.forgets();
        assert_eq!(server.unseen(), 2);
        assert_eq!(fetches(&centre), [0, 2, 0]);
        // As it lies in the mailbox, byte for byte.
        let file = centre.file("again.eml", &failed);
        assert_eq!(centre.does(&["notice", "bounce", &file]).one()["known"], true);
        assert_eq!((centre.happened().len(), server.unseen()), (happened.len(), 0));
    }

    fn whoever_the_list_came_back_from_has_a_doubtful_contact(centre) {
        let Some(server) = Dovecot::start() else { return };
        let Some((scene, _)) = scene(&centre) else { return };
        has_mailbox(&centre, &server, PASSWORD, "processed = \"Processed\"\n");
        let post = ["--role", "abuse_desk", "--post", "desk", "--mail", ABUSE];
        let add = ["isp", "contact", "add", "--isp", "isp-a", "--by", "noc"];
        centre.does(&[&add[..], &post].concat());
        let standing = |centre: &Centre| {
            let list = ["isp", "contact", "list", "--isp", "isp-a", "--by", "noc"];
            let listed = centre.does(&list);
            let one = listed.one();
            (one["standing"].as_str().unwrap().to_owned(), one["doubted_for"].clone())
        };
        centre.does(&["notice", "send"]);
        let from = scene.server.taken()[0].from.clone();
        server.receives("1", &notification(&from, "delayed"));
        fetches(&centre);
        assert_eq!(standing(&centre).1, Value::Null, "what is late is not lost");
        server.receives("2", &notification(&from, "failed"));
        assert_eq!(fetches(&centre), [1, 0, 0]);
        let (word, why) = standing(&centre);
        assert_eq!((word.as_str(), why), ("doubtful", "5.2.2 552 mailbox full".into()));
        assert_eq!((server.count("."), server.count(".Processed")), (0, 2));
    }

    fn what_is_no_bounce_of_ours_stays_unseen_and_is_looked_at_once(centre) {
        let Some(server) = Dovecot::start() else { return };
        let Some((scene, _)) = scene(&centre) else { return };
        has_mailbox(&centre, &server, PASSWORD, "");
        centre.does(&["notice", "send"]);
        let from = scene.server.taken()[0].from.clone();
        let guessed = from.replace(&from[8..12], "aaaa");
        server.receives("1", AWAY);
        server.receives("2", &notification(&guessed, "failed"));
        server.receives("3", &"x".repeat(2_000));
        assert_eq!(fetches(&centre), [0, 0, 3]);
        assert_eq!(fetches(&centre), [0, 0, 0], "nobody fetches them again");
        assert_eq!((server.unseen(), centre.delivery()["state"].clone()), (3, "accepted".into()));
        let reasons = centre.stored("SELECT refused FROM bounce_items ORDER BY refused");
        assert!(reasons.iter().any(|why| why.contains("none of our signed")), "{reasons:?}");
        assert!(reasons.iter().any(|why| why.contains("answers for its owner")), "{reasons:?}");
    }

    fn a_mailbox_that_is_not_reached_is_left_alone_for_a_while(centre) {
        let Some(server) = Dovecot::start() else { return };
        let Some((_scene, _)) = scene(&centre) else { return };
        let missing = centre.tries(&["notice", "fetch-bounces"]);
        assert!(missing.status == 1 && missing.stderr.contains("[bounces]"), "{missing:?}");
        has_mailbox(&centre, &server, "wrong-horse-battery", "");
        let refused = centre.tries(&["notice", "fetch-bounces"]);
        let fault = refused.one()["fault"].as_str().unwrap().to_owned();
        assert!(refused.status == 1 && fault.contains("does not log in"), "{refused:?}");
        assert!(!centre.keeps_anywhere("wrong-horse-battery"));
        has_mailbox(&centre, &server, PASSWORD, "");
        assert!(works(&centre).is_empty(), "it is not due yet");
        centre.on("2026-04-01T09:03:00+09:00");
        assert_eq!(works(&centre).iter().map(came).collect::<Vec<_>>(), [[0, 0, 0]]);
        assert_eq!(centre.stored("SELECT COALESCE(fault, 'none') FROM bounce_runs ORDER BY fence")
            .iter().filter(|fault| *fault == "none").count(), 1, "each run is kept");
    }

    fn two_nodes_at_once_take_each_mail_once(centre) {
        let Some(server) = Dovecot::start() else { return };
        let Some((scene, _)) = scene(&centre) else { return };
        has_mailbox(&centre, &server, PASSWORD, "");
        centre.does(&["notice", "send"]);
        let from = scene.server.taken()[0].from.clone();
        for no in 0..10 {
            let mail = notification(&from, "delayed");
            server.receives(&no.to_string(), &mail.replace("Sorry.", &format!("Sorry, {no}.")));
        }
        let answers = centre.tries_at_once(3, &["work", "--once"]);
        let lines = answers.iter().flat_map(|answer| &answer.lines);
        let told = lines.filter(|line| line["bounces"] == true).map(came);
        assert_eq!(told.collect::<Vec<_>>(), [[10, 0, 0]], "{answers:?}");
        assert_eq!(centre.happened().iter().filter(|kind| *kind == "delayed").count(), 10);
        assert_eq!(server.unseen(), 0);
    }
}
