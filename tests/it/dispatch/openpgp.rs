//! Lists by OpenPGP, opened with GnuPG, over a mail server that has good days and bad ones.

use std::collections::HashSet;

use super::{ABUSE, MARCH, attached, bounces::notification, scene};
use crate::{
    builders::{hit, provider},
    centre::{Centre, on_both_engines},
    smtp::Mishap,
};

/// By whom contacts were doubted.
fn doubted(centre: &Centre) -> Vec<String> {
    centre.stored("SELECT author FROM isp_contact_events WHERE kind = 'doubted'")
}

on_both_engines! {
    fn gnupg_opens_a_list_and_knows_who_signed_it(centre) {
        let Some((scene, list)) = scene(&centre) else { return };
        let sent = centre.does(&["notice", "send"]);
        assert_eq!(sent.one()["state"], "accepted", "{sent:?}");
        let taken = scene.server.taken();
        assert_eq!((taken.len(), taken[0].to.as_str()), (1, ABUSE));
        let kind = taken[0].field("Content-Type");
        assert!(kind.starts_with("multipart/encrypted"), "{kind}");
        assert!(kind.contains("protocol=\"application/pgp-encrypted\""), "{kind}");
        let opened = scene.gnupg.opens(&taken[0].bytes);
        assert!(opened.status.contains("GOODSIG"), "{}", opened.status);
        assert!(opened.status.contains("notice@centre.example"), "{}", opened.status);
        let file = attached(&opened.content, &format!("{list}.csv"));
        assert_eq!(file, centre.exports(&list, "csv"), "it is the list as it is exported");
    }

    fn outside_of_what_is_encrypted_nothing_tells_of_a_device(centre) {
        let Some((scene, list)) = scene(&centre) else { return };
        centre.does(&["notice", "send"]);
        let mail = String::from_utf8(scene.server.taken()[0].bytes.clone()).unwrap();
        let (open, sealed) = mail.split_once("-----BEGIN PGP MESSAGE-----").unwrap();
        let behind = sealed.split_once("-----END PGP MESSAGE-----").unwrap().1;
        for line in centre.lines_of(&list) {
            let (id, ip) = (&line["inquiry_id"], &line["ip"]);
            for told in [id, &id.replace('-', ""), ip] {
                assert!(!open.contains(told) && !behind.contains(told), "{told}");
            }
        }
        assert!(!centre.keeps_anywhere(&centre.lines_of(&list)[0]["inquiry_id"]));
    }

    fn a_list_is_entered_with_its_preparation_and_leaves_by_its_schedule(centre) {
        let Some((scene, first)) = scene(&centre) else { return };
        centre.does(&["notice", "send"]);
        let daily = ["--cron", "0 6 * * *", "--way", "mail-openpgp", "--to", ABUSE];
        centre.does(&[&["isp", "delivery", "set", "--isp", "isp-a"][..], &daily].concat());
        centre.takes(&[hit("r2", MARCH, "192.0.2.9")]);
        let second = centre.prepares("isp-a").unwrap();
        assert_ne!(first, second);
        let deliveries = centre.does(&["notice", "deliveries"]).lines;
        let waiting = deliveries.iter().find(|one| one["notice"] == *second).unwrap();
        assert_eq!(waiting["due_at"], "2026-04-01T21:00:00Z", "six in the morning in Japan");
        centre.does(&["work", "--once"]);
        assert_eq!(scene.server.taken().len(), 1, "it is not due yet");
        centre.on("2026-04-02");
        centre.does(&["work", "--once"]);
        assert_eq!(scene.server.taken().len(), 2);
        centre.does(&["work", "--once"]);
        assert_eq!(scene.server.taken().len(), 2, "what was accepted is not sent again");
    }

    fn whatever_the_mail_server_does_a_list_is_seen_once_and_never_lost(centre) {
        let Some((scene, list)) = scene(&centre) else { return };
        let mishaps = [
            Mishap::Recipient("451 4.7.1 greylisted, come back"),
            Mishap::Data("452 4.3.1 no room"),
            Mishap::GoneInTheMiddle,
            Mishap::Silence,
            Mishap::TakenThenGone,
            Mishap::TakenThenGone,
        ];
        scene.server.mishaps(&mishaps);
        for (tries, mishap) in (1..).zip(mishaps) {
            let sent = centre.tries(&["notice", "send"]);
            assert_eq!(sent.status, 1, "{mishap:?}: {sent:?}");
            assert_eq!(sent.one()["state"], "waiting", "{mishap:?}");
            assert!(!sent.one()["next_at"].is_null(), "{mishap:?} is tried again");
            assert_eq!(centre.delivery()["attempts"], tries);
        }
        assert_eq!(centre.does(&["notice", "send"]).one()["state"], "accepted");
        assert_eq!(scene.server.tries(), 7);
        let taken = scene.server.taken();
        assert_eq!(taken.len(), 3, "two of them without a word");
        let ids: HashSet<_> = taken.iter().map(|mail| mail.field("Message-ID")).collect();
        let bytes: HashSet<_> = taken.iter().map(|mail| &mail.bytes).collect();
        assert_eq!((ids.len(), bytes.len()), (1, 1), "who gets a repeat sees one mail");
        let opened = scene.gnupg.opens(&taken[2].bytes);
        let file = attached(&opened.content, &format!("{list}.csv"));
        assert_eq!(file, centre.exports(&list, "csv"));
        let later = ["later"; 6];
        let wanted = [&["entered", "made"][..], &later[..], &["accepted"][..]].concat();
        assert_eq!(centre.happened(), wanted);
        assert_eq!(centre.delivery()["answer"], "250 2.0.0 queued as 0003");
        assert!(centre.tries(&["notice", "send"]).lines.is_empty(), "nothing is left to send");
    }

    fn whoever_is_cut_off_while_a_list_is_made_leaves_no_second_receipt(centre) {
        let Some((scene, _)) = scene(&centre) else { return };
        let receipts = "SELECT format FROM notice_exports";
        // What is written last of all fails.
        centre.spoils("ALTER TABLE delivery_events RENAME TO away");
        assert_ne!(centre.tries(&["notice", "send"]).status, 0);
        assert_eq!(centre.stored(receipts), [""; 0], "nothing was handed out");
        assert_eq!(centre.stored("SELECT act FROM audit_leaves WHERE act = 'notice.export'"),
            [""; 0]);
        centre.spoils("ALTER TABLE away RENAME TO delivery_events");
        centre.on("2026-04-02");
        assert_eq!(centre.does(&["notice", "send"]).one()["state"], "accepted");
        assert_eq!(centre.stored(receipts), ["csv"], "one handing out, one receipt");
        assert_eq!(centre.stored("SELECT act FROM audit_leaves WHERE act = 'notice.export'").len(),
            1);
        assert_eq!(scene.server.taken().len(), 1);
    }

    fn where_a_list_went_and_what_servers_said_of_it_name_nobody_in_the_store(centre) {
        let Some((scene, _)) = scene(&centre) else { return };
        let post = ["--role", "abuse_desk", "--post", "desk", "--mail", ABUSE];
        let add = ["isp", "contact", "add", "--isp", "isp-a", "--by", "noc"];
        centre.does(&[&add[..], &post].concat());
        scene.server.mishaps(&[Mishap::Recipient("450 4.2.1 <abuse@isp-a.example> later")]);
        centre.tries(&["notice", "send"]);
        let answer = centre.delivery()["answer"].as_str().unwrap().to_owned();
        assert!(answer.contains("4.2.1 <…> later"), "{answer}");
        let clear = "SELECT id FROM (SELECT target AS text, 'target' AS id FROM deliveries
             UNION ALL SELECT answer, 'answer' FROM deliveries
             UNION ALL SELECT detail, 'event' FROM delivery_events) all_words
             WHERE text LIKE '%abuse@%' OR text LIKE '%ABUSE@%' ORDER BY id";
        assert_eq!(centre.stored(clear), [""; 0]);
        assert_eq!(centre.delivery()["to"], "…@isp-a.example");
        // As an earlier version left it.
        centre.spoils("UPDATE deliveries SET target = 'abuse@isp-a.example', server = NULL,
             sealed_target = NULL, answer = '450 <abuse@isp-a.example> later'");
        centre.spoils("UPDATE delivery_events SET detail = '450 <abuse@isp-a.example> later'
             WHERE kind = 'later'");
        assert_eq!(centre.stored(clear), ["answer", "event", "target"]);
        centre.on("2026-04-02");
        centre.does(&["work", "--once"]);
        assert_eq!(centre.stored(clear), [""; 0]);
        let later = "SELECT detail FROM delivery_events WHERE kind = 'later'";
        assert_eq!(centre.stored(later), ["450 <…> later"]);
        let taken = scene.server.taken();
        assert_eq!((taken.len(), taken[0].to.as_str()), (1, ABUSE), "it goes where it went");
        // It is found again when it comes back.
        let file = centre.file("returned.eml", notification(&taken[0].from, "failed"));
        centre.does(&["notice", "bounce", &file]);
        assert_eq!(doubted(&centre), ["mail server"]);
    }

    fn a_contact_at_which_nobody_reads_lists_is_doubted_when_the_server_says_so(centre) {
        let Some((scene, _)) = scene(&centre) else { return };
        let post = ["--role", "abuse_desk", "--post", "desk", "--mail", ABUSE];
        let add = ["isp", "contact", "add", "--isp", "isp-a", "--by", "noc"];
        centre.does(&[&add[..], &post].concat());
        scene.server.mishaps(&[Mishap::Recipient("550 5.1.1 no such user")]);
        assert_eq!(centre.tries(&["notice", "send"]).one()["state"], "refused");
        assert_eq!(doubted(&centre), ["mail server"]);
    }

    fn a_refusal_for_good_rests_until_somebody_sends_it_again(centre) {
        let Some((scene, _)) = scene(&centre) else { return };
        scene.server.mishaps(&[Mishap::Recipient("550 5.1.1 no such user")]);
        let sent = centre.tries(&["notice", "send"]);
        assert_eq!((sent.status, &sent.one()["state"]), (1, &"refused".into()), "{sent:?}");
        assert!(sent.one()["answer"].as_str().unwrap().contains("no such user"), "{sent:?}");
        centre.on("2026-04-03");
        assert!(centre.does(&["work", "--once"]).lines.is_empty(), "no job tries it by itself");
        assert_eq!(scene.server.tries(), 1);
        assert_eq!(centre.does(&["notice", "send"]).one()["state"], "accepted");
        assert_eq!(scene.server.taken().len(), 1);
    }

    fn a_mail_that_nobody_takes_for_days_is_told_of_as_refused(centre) {
        let Some((scene, _)) = scene(&centre) else { return };
        let down = [Mishap::Data("451 4.3.0 try later"); 20];
        scene.server.mishaps(&down);
        centre.tries(&["work", "--once"]);
        assert_eq!(centre.delivery()["state"], "waiting");
        for hour in 1..=13 {
            centre.on(&format!("2026-04-{:02}T{:02}:00:00+09:00", 1 + hour / 2, 10 + hour));
            centre.tries(&["work", "--once"]);
        }
        assert_eq!(centre.delivery()["state"], "refused", "{:?}", centre.delivery());
        assert!(scene.server.taken().is_empty());
    }

    fn without_a_mail_server_a_list_waits_and_says_so(centre) {
        let Some((scene, _)) = scene(&centre) else { return };
        let settings = centre.data().join("centre.toml");
        let text = std::fs::read_to_string(&settings).unwrap();
        std::fs::remove_file(&settings).unwrap();
        let sent = centre.tries(&["notice", "send"]);
        assert!(sent.one()["answer"].as_str().unwrap().contains("[mail]"), "{sent:?}");
        assert_eq!(centre.standing("isp-a-20260401-001")["exports"], 0, "nobody has seen it");
        std::fs::write(&settings, text).unwrap();
        assert_eq!(centre.does(&["notice", "send"]).one()["state"], "accepted");
        assert_eq!(scene.server.taken().len(), 1);
    }

    fn who_fetches_its_lists_is_sent_none(centre) {
        centre.serves(&[provider("isp-a", "static", "192.0.2.0/24")]);
        centre.takes(&[hit("r1", MARCH, "192.0.2.7")]);
        let list = centre.prepares("isp-a").unwrap();
        assert!(centre.does(&["notice", "deliveries"]).lines.is_empty());
        let again = centre.tries(&["notice", "send", "--again", &list]);
        assert_eq!(again.status, 1);
        assert!(again.stderr.contains("portal"), "{again:?}");
    }

    fn two_that_send_at_once_send_one_mail(centre) {
        let Some((scene, _)) = scene(&centre) else { return };
        let answers = centre.tries_at_once(4, &["notice", "send"]);
        let reports: usize = answers.iter().map(|answer| answer.lines.len()).sum();
        assert!(answers.iter().all(|answer| answer.status == 0), "{answers:?}");
        assert_eq!((reports, scene.server.taken().len()), (1, 1), "{answers:?}");
    }

    fn a_list_that_is_sent_again_is_a_mail_of_its_own(centre) {
        let Some((scene, list)) = scene(&centre) else { return };
        centre.does(&["notice", "send"]);
        centre.does(&["notice", "send", "--again", &list]);
        let taken = scene.server.taken();
        assert_ne!(taken[0].field("Message-ID"), taken[1].field("Message-ID"));
        let name = format!("{list}.csv");
        let opened = taken.iter().map(|mail| scene.gnupg.opens(&mail.bytes));
        let files = opened.map(|opened| attached(&opened.content, &name));
        let files: HashSet<_> = files.collect();
        assert_eq!(files.len(), 1, "the same list");
    }
}
