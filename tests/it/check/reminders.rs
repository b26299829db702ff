//! Reminders, the mails that they went as, and what came back of those: whatever of them does not
//! hold together is told by `todoke check`, each as just that.

use crate::{
    centre::{Centre, on_both_engines},
    reminders::{listed, returned},
    smtp::Mishap,
};

/// Two providers were reminded of their lists; one mail came back, a call was noted and taken back,
/// and a mail about a contact waits, since the server takes nothing.
fn season(centre: &mut Centre) {
    let (server, [a, _]) = listed(centre);
    centre.on("2026-04-04");
    centre.does(&["work", "--once"]);
    let from = server.taken().into_iter().find(|mail| mail.to.contains("isp-b")).unwrap().from;
    let file = centre.file("returned.eml", returned(&from));
    centre.does(&["notice", "bounce", &file]);
    let call = centre.does(&["isp", "reminded", "isp-a", &a, "--by", "phone"]);
    let call = call.one()["call"].as_str().unwrap().to_owned();
    centre.does(&["isp", "take-back", "isp-a", &call]);
    centre.on("2026-09-01");
    server.mishaps(&[Mishap::Data("451 4.3.0 try later"); 9]);
    assert_eq!(centre.tries(&["work", "--once"]).status, 1, "the mails wait");
}

/// What a check says is wrong with reminders, in order of the alphabet.
fn told(centre: &Centre) -> Vec<String> {
    let answer = centre.tries(&["check"]);
    let findings = answer.one()["findings"].as_array().unwrap().clone();
    assert!(findings.iter().all(|one| one["kind"] == "reminder"), "{findings:?}");
    assert_eq!(answer.status, i32::from(!findings.is_empty()), "{answer:?}");
    let words = findings.iter().map(|one| {
        let what = one["what"].as_str().unwrap();
        what.trim_start_matches(|c: char| c.is_ascii_digit() || c == ' ').to_owned()
    });
    let mut words: Vec<String> = words.collect();
    words.sort();
    words.dedup();
    words
}

const NEVER_HAD: &str = "calls are taken back that this provider never had of this list";
const OTHERWISE: &str = "reminder mails stand otherwise than their events tell";
const NO_REMINDER: &str = "it has no reminder of that list";
const NOT_KEPT: &str = "that its provider was asked to confirm a contact is not kept";
const NOT_TOLD: &str = "mails came back, and their messages are not told to have done so";

/// What is spoilt, and what is told then.
const DAMAGES: &[(&str, &[&str])] = &[
    ("DELETE FROM reminders WHERE state = 'due'", &[NO_REMINDER]),
    (
        "UPDATE reminders SET notice_id = id WHERE state = 'due'",
        &[NO_REMINDER, "reminders are of no list"],
    ),
    (
        "DELETE FROM reminders WHERE state = 'noted' AND way = 'mail'",
        &["it was taken, and that the provider was reminded is not noted"],
    ),
    ("DELETE FROM reminders WHERE way = 'phone' AND takes_back IS NULL", &[NEVER_HAD]),
    (
        "UPDATE reminders SET takes_back = (SELECT m.id FROM reminders m
            JOIN isps i ON i.id = m.isp_id WHERE i.code = 'isp-b' AND m.state = 'noted')
         WHERE takes_back IS NOT NULL",
        &[NEVER_HAD],
    ),
    (
        "INSERT INTO reminders (isp_id, id, notice_id, reason, state, way, at, author, takes_back)
         SELECT isp_id, notice_id, notice_id, reason, state, way, at, author, id
           FROM reminders WHERE takes_back IS NOT NULL",
        &[NEVER_HAD],
    ),
    (
        "INSERT INTO reminders (isp_id, id, notice_id, reason, state, way, at, author, takes_back)
         SELECT isp_id, notice_id, notice_id, reason, state, way, at, author, takes_back
           FROM reminders WHERE takes_back IS NOT NULL",
        &["calls are taken back more than once"],
    ),
    (
        "UPDATE reminders SET state = 'noted' WHERE takes_back IS NOT NULL",
        &["reminders take something back and say not so, or say so and take nothing back"],
    ),
    (
        "DELETE FROM reminder_mails WHERE topic = 'reports'",
        &[
            "events are told of no reminder mail",
            "mails came back of messages that were never made",
        ],
    ),
    ("UPDATE reminder_mails SET state = 'refused' WHERE state = 'accepted'", &[OTHERWISE]),
    (
        "UPDATE reminder_mails SET made_at = NULL WHERE state = 'accepted'",
        &["reminder mails were taken, or came back, and were never made"],
    ),
    (
        "UPDATE reminder_mails SET settled_at = NULL WHERE state = 'accepted'",
        &["reminder mails are settled and wait, or neither"],
    ),
    ("DELETE FROM jobs WHERE kind = 'reminder'", &["reminder mails wait for no job"]),
    ("UPDATE reminder_mails SET body = '{}'", &["it is about nothing"]),
    ("DELETE FROM contact_reminders", &[NOT_KEPT]),
    (
        "UPDATE contact_reminders SET mail_id = contact_id",
        &["contacts were to be confirmed by no mail about contacts"],
    ),
    (
        "UPDATE contact_reminders SET contact_id = mail_id",
        &["contacts were to be confirmed that their provider never had", NOT_KEPT],
    ),
    (
        "UPDATE returned_mails SET message_id = sha256",
        &["mails came back of messages that were never made", NOT_TOLD],
    ),
    (
        "UPDATE reminder_mail_events SET kind = 'accepted' WHERE kind = 'bounced'",
        &[NOT_TOLD, OTHERWISE],
    ),
];

on_both_engines! {
    fn reminders_and_their_mails_hold_together_and_whatever_does_not_is_told(centre) {
        season(&mut centre);
        assert_eq!(told(&centre), [""; 0]);
        // As an earlier version left it: nobody knows of which message a mail came back.
        let kept = centre.keeps();
        centre.spoils("UPDATE returned_mails SET message_id = NULL");
        assert_eq!(told(&centre), [""; 0]);
        for (spoil, what) in DAMAGES {
            centre.has_again(&kept);
            centre.spoils(spoil);
            assert_eq!(told(&centre), *what, "{spoil}");
        }
    }
}
