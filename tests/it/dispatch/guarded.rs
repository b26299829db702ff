//! A mail server that speaks TLS and asks who is there: nothing goes to a stranger or in the clear.

use std::os::unix::fs::PermissionsExt as _;

use super::{Scene, scene_by};
use crate::{
    centre::{Centre, on_both_engines},
    smtp::{PASSWORD, Smtp, Tls, USER},
};

/// A list that waits, and a guarded server that it is to leave by.
fn guarded(centre: &Centre, tls: Tls) -> Option<(Scene, String)> {
    scene_by(centre, Smtp::guarded(tls))
}

/// How the server is reached: under which name, by which protection, with which password, and
/// whether its certificate is vouched for.
struct Reached<'a> {
    host: &'a str,
    security: &'a str,
    password: &'a str,
    is_vouched_for: bool,
}

const WELL: Reached<'_> =
    Reached { host: "localhost", security: "tls", password: PASSWORD, is_vouched_for: true };

fn reaches(centre: &Centre, server: &Smtp, how: &Reached<'_>) {
    let password = centre.file("mail-password", format!("{}\n", how.password));
    std::fs::set_permissions(&password, std::fs::Permissions::from_mode(0o600)).unwrap();
    let authority = if how.is_vouched_for {
        format!("ca_file = \"{}\"\n", server.certificate().display())
    } else {
        String::new()
    };
    let text = format!(
        "server = \"{}\"\nsecurity = \"{}\"\nlimit_seconds = 10\nuser = \"{USER}\"\n\
         password_file = \"{password}\"\n{authority}",
        how.host, how.security
    );
    centre.names_mail_server_by(server, &text);
}

/// How the one delivery stands after a try, and what was answered.
fn sent(centre: &Centre) -> (String, String) {
    centre.tries(&["notice", "send"]);
    let delivery = centre.delivery();
    let word = |field: &str| delivery[field].as_str().unwrap().to_owned();
    (word("state"), word("answer"))
}

/// What may be said before TLS: a greeting, the wish for TLS, and the end.
fn nothing_was_told_in_the_clear(server: &Smtp) {
    for line in server.heard_in_the_clear() {
        let word = line.split(' ').next().unwrap_or_default();
        assert!(["EHLO", "STARTTLS", "QUIT"].contains(&word), "{line}");
    }
}

on_both_engines! {
    fn over_either_kind_of_tls_whoever_logs_in_hands_a_list_over(centre) {
        for (tls, security) in [(Tls::AtOnce, "tls"), (Tls::OnRequest, "starttls")] {
            let centre = centre.another();
            let Some((scene, list)) = guarded(&centre, tls) else { return };
            reaches(&centre, &scene.server, &Reached { security, ..WELL });
            let (state, answer) = sent(&centre);
            assert_eq!((state.as_str(), answer.as_str()), ("accepted", "250 2.0.0 queued as 0001"));
            let mail = &scene.server.taken()[0];
            assert!(mail.field("Subject").contains(&list), "{mail:?}");
            nothing_was_told_in_the_clear(&scene.server);
        }
    }

    fn to_a_server_that_nobody_vouches_for_nothing_is_told(centre) {
        for (tls, security) in [(Tls::AtOnce, "tls"), (Tls::OnRequest, "starttls")] {
            let centre = centre.another();
            let Some((scene, _)) = guarded(&centre, tls) else { return };
            let stranger = Reached { security, is_vouched_for: false, ..WELL };
            let misnamed = Reached { security, host: "127.0.0.1", ..WELL };
            for how in [stranger, misnamed] {
                reaches(&centre, &scene.server, &how);
                let (state, answer) = sent(&centre);
                assert_eq!(state, "waiting", "{answer}");
                assert!(answer.to_lowercase().contains("certificate"), "{answer}");
            }
            assert_eq!((scene.server.tries(), scene.server.taken().len()), (0, 0));
            nothing_was_told_in_the_clear(&scene.server);
            reaches(&centre, &scene.server, &Reached { security, ..WELL });
            assert_eq!(sent(&centre).0, "accepted", "once somebody vouches for it");
        }
    }

    fn a_server_that_offers_no_tls_is_told_nothing(centre) {
        let Some((scene, _)) = guarded(&centre, Tls::Never) else { return };
        reaches(&centre, &scene.server, &Reached { security: "starttls", ..WELL });
        let (state, answer) = sent(&centre);
        assert_eq!(state, "waiting", "{answer}");
        assert!(answer.to_lowercase().contains("starttls"), "{answer}");
        assert_eq!((scene.server.tries(), scene.server.taken().len()), (0, 0));
        nothing_was_told_in_the_clear(&scene.server);
    }

    fn a_wrong_password_rests_for_good_says_what_to_mend_and_stands_nowhere(centre) {
        for (tls, security) in [(Tls::AtOnce, "tls"), (Tls::OnRequest, "starttls")] {
            let mut centre = centre.another();
            let Some((scene, _)) = guarded(&centre, tls) else { return };
            let wrong = "wrong-horse-battery";
            reaches(&centre, &scene.server, &Reached { security, password: wrong, ..WELL });
            let (state, answer) = sent(&centre);
            assert_eq!(state, "refused", "{answer}");
            for word in ["535", USER, "password_file", "centre.toml", "todoke notice send"] {
                assert!(answer.contains(word), "{word} in {answer}");
            }
            assert!(!answer.contains(wrong) && !centre.keeps_anywhere(wrong));
            nothing_was_told_in_the_clear(&scene.server);
            assert_eq!(scene.server.tries(), 0);
            // No account is locked by a node that tries again and again.
            centre.on("2026-04-02");
            assert!(centre.does(&["work", "--once"]).lines.is_empty());
            reaches(&centre, &scene.server, &Reached { security, ..WELL });
            assert_eq!(sent(&centre).0, "accepted", "once it is mended");
        }
    }
}
