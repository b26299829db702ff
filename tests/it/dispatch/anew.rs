//! What goes out once more: the same message as long as it is for whom lists go to, one message in
//! the place of another that was refused, and none to a key or an address that was given up.

use super::{ABUSE, scene};
use crate::{
    centre::{Centre, on_both_engines},
    gnupg::MADE,
    smtp::Mishap,
};

const KINDS: (&str, &str) = ("ed25519", "cv25519");

/// The fingerprint of the key that mails are encrypted to.
fn key_in_use(centre: &Centre) -> Option<String> {
    let keys = centre.does(&["isp", "key", "list", "--isp", "isp-a"]).lines;
    let in_use = keys.into_iter().find(|key| key["unfit"].is_null());
    in_use.map(|key| key["fingerprint"].as_str().unwrap().to_owned())
}

/// How the deliveries stand, in the order of the words.
fn states(centre: &Centre) -> Vec<String> {
    let deliveries = centre.does(&["notice", "deliveries"]).lines;
    let states = deliveries.iter().map(|one| one["state"].as_str().unwrap().to_owned());
    let mut states: Vec<String> = states.collect();
    states.sort();
    states
}

on_both_engines! {
    fn a_list_that_was_refused_and_is_sent_again_goes_out_once(centre) {
        let Some((scene, list)) = scene(&centre) else { return };
        scene.server.mishaps(&[Mishap::Recipient("550 5.1.1 no such user")]);
        assert_eq!(centre.tries(&["notice", "send"]).one()["state"], "refused");
        let sent = centre.does(&["notice", "send", "--again", &list]);
        assert_eq!((sent.lines.len(), &sent.one()["state"]), (1, &"accepted".into()), "{sent:?}");
        assert_eq!(states(&centre), ["accepted", "withdrawn"]);
        assert!(centre.does(&["notice", "send"]).lines.is_empty(), "nothing is left to send");
        assert_eq!(scene.server.taken().len(), 1);
        let leaf = "SELECT author FROM delivery_events WHERE kind = 'withdrawn'";
        assert_eq!(centre.stored(leaf).len(), 1, "who sent it again said so");
    }

    fn a_list_that_waits_is_not_entered_twice(centre) {
        let Some((scene, list)) = scene(&centre) else { return };
        scene.server.mishaps(&[Mishap::Data("452 4.3.1 no room")]);
        centre.tries(&["notice", "send"]);
        let again = centre.tries(&["notice", "send", "--again", &list]);
        assert_eq!(again.status, 1);
        assert!(again.stderr.contains("is on its way"), "{again:?}");
        assert_eq!(states(&centre), ["waiting"]);
    }

    fn a_message_to_a_key_that_was_taken_out_is_made_anew(centre) {
        let Some((scene, _)) = scene(&centre) else { return };
        scene.server.mishaps(&[Mishap::TakenThenGone]);
        assert_eq!(centre.tries(&["notice", "send"]).one()["state"], "waiting");
        let new = scene.gnupg.makes("second@isp-a.example", KINDS, MADE);
        let key = scene.gnupg.exports("second@isp-a.example");
        assert_eq!(centre.gets_key("isp-a", &key).status, 0);
        assert_eq!(centre.does(&["notice", "send"]).one()["state"], "accepted");
        let taken = scene.server.taken();
        let ids = taken.iter().map(|mail| mail.field("Message-ID"));
        let [first, second] = ids.collect::<Vec<_>>().try_into().unwrap();
        assert_eq!(first, second, "who gets both sees one mail");
        let opened = |no: usize| scene.gnupg.opens(&taken[no].bytes).status;
        assert!(!opened(0).contains(&new) && opened(1).contains(&new), "{}", opened(1));
        assert_eq!(centre.happened(), ["entered", "made", "later", "made", "accepted"]);
    }

    fn a_message_to_a_key_that_nothing_followed_stays_here(centre) {
        let Some((scene, _)) = scene(&centre) else { return };
        scene.server.mishaps(&[Mishap::Data("452 4.3.1 no room")]);
        centre.tries(&["notice", "send"]);
        let key = key_in_use(&centre).unwrap();
        centre.does(&["isp", "key", "remove", "--isp", "isp-a", &key]);
        let sent = centre.tries(&["notice", "send"]);
        assert_eq!(sent.one()["state"], "waiting");
        assert!(sent.one()["answer"].as_str().unwrap().contains("no openpgp key"), "{sent:?}");
        assert_eq!((scene.server.tries(), scene.server.taken().len()), (1, 0));
    }

    fn a_copy_that_says_that_the_key_in_use_is_revoked_takes_it_out(centre) {
        let Some((scene, _)) = scene(&centre) else { return };
        let key = key_in_use(&centre).unwrap();
        scene.gnupg.revokes(&key.to_uppercase());
        let answer = centre.gets_key("isp-a", &scene.gnupg.exports(ABUSE));
        assert_eq!(answer.status, 1);
        let words = ["revoked", "no more"];
        assert!(words.iter().all(|word| answer.stderr.contains(word)), "{answer:?}");
        assert_eq!(key_in_use(&centre), None);
        let sent = centre.tries(&["notice", "send"]);
        assert!(sent.one()["answer"].as_str().unwrap().contains("no openpgp key"), "{sent:?}");
        assert_eq!(scene.server.tries(), 0);
        let leaf = "SELECT act FROM audit_leaves WHERE act = 'isp_key.remove'";
        assert_eq!(centre.stored(leaf).len(), 1);
    }

    fn a_message_for_an_address_that_was_given_up_goes_to_the_new_one(centre) {
        let Some((scene, _)) = scene(&centre) else { return };
        scene.server.mishaps(&[Mishap::Data("452 4.3.1 no room")]);
        centre.tries(&["notice", "send"]);
        let set = ["isp", "delivery", "set", "--isp", "isp-a", "--way", "mail-openpgp", "--to"];
        centre.does(&[&set[..], &["noc@isp-a.example"]].concat());
        assert_eq!(centre.does(&["notice", "send"]).one()["state"], "accepted");
        let to: Vec<String> = scene.server.taken().into_iter().map(|mail| mail.to).collect();
        assert_eq!(to, ["noc@isp-a.example"]);
    }

    fn a_message_for_who_fetches_its_lists_by_now_goes_nowhere(centre) {
        let Some((scene, _)) = scene(&centre) else { return };
        scene.server.mishaps(&[Mishap::Data("452 4.3.1 no room")]);
        centre.tries(&["notice", "send"]);
        centre.does(&["isp", "delivery", "set", "--isp", "isp-a", "--way", "portal"]);
        assert_eq!(centre.does(&["notice", "send"]).one()["state"], "withdrawn");
        assert_eq!(scene.server.tries(), 1, "nothing more was sent");
    }
}
