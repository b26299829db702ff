//! Mails that came back, or are late, or only look so.

use super::{attached, scene};
use crate::{
    builders::hit,
    centre::{Answer, Centre, on_both_engines},
};

/// What a mail server says to `to` of a mail.
pub(super) fn notification(to: &str, action: &str) -> String {
    format!(
        "Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.isp-a.example\r\nTo: <{to}>\r\nSubject: \
         Delivery status\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; \
         report-type=delivery-status; boundary=\"b\"\r\n\r\n--b\r\n\r\nSorry.\r\n--b\r\n\
         Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.isp-a.example\r\n\
         \r\nFinal-Recipient: rfc822; abuse@isp-a.example\r\nAction: {action}\r\n\
         Status: 5.2.2\r\nDiagnostic-Code: smtp; 552 mailbox full\r\n\r\n--b--\r\n"
    )
}

fn comes_back(centre: &Centre, mail: &str) -> Answer {
    let file = centre.file("returned.eml", mail);
    centre.tries(&["notice", "bounce", &file])
}

on_both_engines! {
    fn a_mail_that_comes_back_is_marked_and_can_be_sent_again(centre) {
        let Some((scene, list)) = scene(&centre) else { return };
        centre.does(&["notice", "send"]);
        let from = scene.server.taken()[0].from.clone();
        assert!(from.starts_with("bounce+") && from.ends_with("@centre.example"), "{from}");
        let back = comes_back(&centre, &notification(&from, "failed"));
        assert_eq!((back.status, &back.one()["kind"]), (0, &"bounced".into()), "{back:?}");
        let delivery = centre.delivery();
        assert_eq!(delivery["state"], "bounced");
        assert_eq!(delivery["notice"], list.as_str());
        assert_eq!(delivery["answer"], "5.2.2 552 mailbox full");
        comes_back(&centre, &notification(&from, "failed"));
        assert_eq!(centre.happened(), ["entered", "made", "accepted", "bounced"], "said once");
        assert!(centre.does(&["notice", "send"]).lines.is_empty(), "it is not sent by itself");
        centre.does(&["notice", "send", "--again", &list]);
        assert_eq!(scene.server.taken().len(), 2);
        assert_ne!(scene.server.taken()[1].from, from, "each mail has an address of its own");
    }

    fn a_delay_is_no_bounce_and_a_stranger_s_word_is_none(centre) {
        let Some((scene, _)) = scene(&centre) else { return };
        centre.does(&["notice", "send"]);
        let from = scene.server.taken()[0].from.clone();
        assert_eq!(comes_back(&centre, &notification(&from, "delayed")).one()["kind"], "delayed");
        assert_eq!(centre.delivery()["state"], "accepted");
        let guessed = from.replace(&from[8..12], "aaaa");
        for stranger in [guessed.as_str(), "bounce@centre.example", "abuse@isp-a.example"] {
            let back = comes_back(&centre, &notification(stranger, "failed"));
            assert_eq!(back.status, 1, "{back:?}");
            assert!(back.stderr.contains("none of our signed"), "{back:?}");
        }
        let away = format!("From: abuse@isp-a.example\r\nTo: {from}\r\nAuto-Submitted: auto-replied\
            \r\nSubject: Away\r\n\r\nBack on Monday.\r\n");
        assert!(comes_back(&centre, &away).stderr.contains("answers for its owner"));
        assert_eq!(centre.delivery()["state"], "accepted");
    }

    fn a_line_that_is_taken_back_goes_out_as_a_mail_of_its_own(centre) {
        let Some((scene, first)) = scene(&centre) else { return };
        centre.does(&["notice", "send"]);
        centre.on("2026-04-02");
        let files = centre.does(&["feed", "files"]).lines;
        let file = files[0]["sha256"].as_str().unwrap().to_owned();
        let args = ["--reason", "wrong file", "--by", "lead"];
        centre.does(&[&["feed", "withdraw", &file][..], &args].concat());
        centre.takes(&[hit("r2", "2026-04-01T10:00:00+09:00", "192.0.2.9")]);
        let second = centre.prepares("isp-a").unwrap();
        assert_ne!(first, second);
        centre.does(&["notice", "send"]);
        let taken = scene.server.taken();
        assert_eq!(taken.len(), 2);
        assert_ne!(taken[0].field("Message-ID"), taken[1].field("Message-ID"));
        let opened = scene.gnupg.opens(&taken[1].bytes);
        let told = attached(&opened.content, &format!("{second}.csv"));
        let told = String::from_utf8(told).unwrap();
        assert_eq!(told.matches("withdrawn").count(), 2, "{told}");
    }
}
