//! Keys of providers: what is unfit is refused with the reason, and what became unfit is not used.

use super::{ABUSE, scene};
use crate::{
    builders::{hit, provider},
    centre::{Centre, on_both_engines},
    gnupg::{Gnupg, MADE},
};

/// Hands a key in that must be refused; gives the reason.
#[track_caller]
fn refused(centre: &Centre, key: &[u8]) -> String {
    let answer = centre.gets_key("isp-a", key);
    assert_eq!(answer.status, 1, "{answer:?}");
    let listed = centre.does(&["isp", "key", "list", "--isp", "isp-a"]);
    assert!(listed.lines.is_empty(), "{listed:?}");
    answer.stderr
}

on_both_engines! {
    fn a_key_that_is_unfit_is_refused_with_the_reason(centre) {
        let Some(gnupg) = Gnupg::start() else { return };
        centre.serves(&[provider("isp-a", "static", "192.0.2.0/24")]);
        let new = |who: &str, kinds| {
            gnupg.makes(who, kinds, MADE);
            gnupg.exports(who)
        };
        let weak = new("weak@isp.example", ("rsa1024", "rsa1024"));
        assert!(refused(&centre, &weak).contains("RSA of 1024 bits"));
        let weak = new("subkey@isp.example", ("rsa2048", "rsa1024"));
        assert!(refused(&centre, &weak).contains("RSA of 1024 bits"));
        let dsa = new("dsa@isp.example", ("dsa2048", "elg2048"));
        assert!(refused(&centre, &dsa).contains("DSA"));
        let elgamal = new("elgamal@isp.example", ("ed25519", "elg2048"));
        assert!(refused(&centre, &elgamal).contains("ElGamal"));
        let signs = new("signs@isp.example", ("ed25519", ""));
        assert!(refused(&centre, &signs).contains("no subkey for encryption"));
        let kinds = ("ed25519", "cv25519");
        gnupg.makes_until("old@isp.example", kinds, ("20240101T000000", "1y"));
        let old = gnupg.exports("old@isp.example");
        assert!(refused(&centre, &old).contains("expired on 202"));
        gnupg.makes("early@isp.example", kinds, "20260701T000000");
        assert!(refused(&centre, &gnupg.exports("early@isp.example")).contains("from 2026-07-01"));
        let fingerprint = gnupg.makes("revoked@isp.example", kinds, MADE);
        gnupg.revokes(&fingerprint);
        assert!(refused(&centre, &gnupg.exports("revoked@isp.example")).contains("revoked"));
        let args = ["--cert-digest-algo", "SHA1", "--quick-generate-key", "sha1@isp.example"];
        gnupg.does(MADE, &[&args[..], &["rsa2048", "cert,sign,encr", "never"]].concat());
        assert!(refused(&centre, &gnupg.exports("sha1@isp.example")).contains("SHA-1"));
        let secret = gnupg.does("", &["--armor", "--export-secret-keys", "signs@isp.example"]);
        assert!(refused(&centre, &secret.stdout).contains("SECRET"));
        let both = gnupg.does("", &["--export", "weak@isp.example", "signs@isp.example"]).stdout;
        assert!(refused(&centre, &both).contains("holds 2 keys"));
        for none in [&b"no key"[..], b"", b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nxx", &[0; 99]] {
            assert!(refused(&centre, none).contains("neither an OpenPGP"), "{none:?}");
        }
    }

    fn a_key_that_was_forged_together_is_refused(centre) {
        let Some(gnupg) = Gnupg::start() else { return };
        centre.serves(&[provider("isp-a", "static", "192.0.2.0/24")]);
        gnupg.makes(ABUSE, ("ed25519", "cv25519"), MADE);
        gnupg.makes("mallory@example.net", ("ed25519", "cv25519"), MADE);
        let packets = |who: &str| gnupg.does("", &["--export", who]).stdout;
        let (honest, mallory) = (packets(ABUSE), packets("mallory@example.net"));
        // Public subkeys are packets of the old format with tag 14, one byte of length.
        let subkey = |key: &[u8]| key.iter().rposition(|byte| *byte == 0xb8).unwrap();
        let (mine, theirs) = (subkey(&honest), subkey(&mallory));
        let forged = [&honest[..mine], &mallory[theirs..]].concat();
        let why = refused(&centre, &forged);
        assert!(why.contains("damaged or forged") || why.contains("neither an OpenPGP"), "{why}");
    }

    fn a_fit_key_is_taken_in_armour_or_bare_and_the_next_takes_its_place(centre) {
        let Some(gnupg) = Gnupg::start() else { return };
        centre.serves(&[provider("isp-a", "static", "192.0.2.0/24")]);
        let first = gnupg.makes("first@isp.example", ("rsa3072", "rsa3072"), MADE);
        let bare = gnupg.does("", &["--export", "first@isp.example"]).stdout;
        let taken = centre.gets_key("isp-a", &gnupg.exports("first@isp.example"));
        assert_eq!(taken.one()["fingerprint"], first.to_lowercase());
        assert_eq!(taken.one()["algorithm"], "RSA 3072");
        assert_eq!(centre.gets_key("isp-a", &bare).one()["known"], true);
        let kinds = ("nistp256", "nistp256");
        let second = gnupg.makes_until("second@isp.example", kinds, (MADE, "1y"));
        let taken = centre.gets_key("isp-a", &gnupg.exports("second@isp.example"));
        assert_eq!(taken.one()["expires_at"], "2027-03-01T00:00:00Z");
        let listed = centre.does(&["isp", "key", "list", "--isp", "isp-a"]).lines;
        assert!(listed[0]["unfit"].is_null() && !listed[1]["unfit"].is_null(), "{listed:?}");
        let begin = &second.to_lowercase()[..10];
        centre.does(&["isp", "key", "remove", "--isp", "isp-a", begin]);
        assert_eq!(centre.tries(&["isp", "key", "remove", "--isp", "isp-a", begin]).status, 1);
    }

    fn a_key_that_expired_since_sends_nothing_and_says_so(centre) {
        let Some((scene, _)) = scene(&centre) else { return };
        centre.does(&["notice", "send"]);
        let kinds = ("ed25519", "cv25519");
        scene.gnupg.makes_until("short@isp.example", kinds, (MADE, "2m"));
        let short = scene.gnupg.exports("short@isp.example");
        assert_eq!(centre.gets_key("isp-a", &short).status, 0);
        centre.on("2026-05-10");
        centre.takes(&[hit("r2", "2026-05-09T10:00:00+09:00", "192.0.2.9")]);
        let list = centre.prepares("isp-a").unwrap();
        let sent = centre.tries(&["notice", "send"]);
        assert_eq!(sent.one()["state"], "waiting");
        assert!(sent.one()["answer"].as_str().unwrap().contains("expired on 2026-0"), "{sent:?}");
        assert_eq!(scene.server.taken().len(), 1);
        assert_eq!(centre.standing(&list)["exports"], 0);
        // A new key, and the same list goes out.
        assert_eq!(centre.gets_key("isp-a", &scene.gnupg.exports(ABUSE)).status, 0);
        assert_eq!(centre.does(&["notice", "send"]).one()["state"], "accepted");
        assert_eq!(scene.server.taken().len(), 2);
    }

    fn a_preference_that_cannot_work_is_refused(centre) {
        centre.serves(&[provider("isp-a", "static", "192.0.2.0/24")]);
        let set = |args: &[&str]| {
            centre.tries(&[&["isp", "delivery", "set", "--isp", "isp-a"], args].concat())
        };
        for (args, why) in [
            (&["--way", "mail-openpgp", "--to", "abuse@isp.example"][..], "openpgp key"),
            (&["--way", "mail-smime", "--to", "abuse@isp.example"], "smime key"),
            (&["--way", "mail-openpgp", "--to", "nobody"], "no mail address"),
            (&["--way", "mail-openpgp"], "need an address"),
            (&["--way", "portal", "--to", "abuse@isp.example"], "no address"),
            (&["--way", "webhook", "--to", "https://isp.example/"], "jsonl"),
            (&["--way", "webhook", "--form", "jsonl", "--to", "ftp://isp.example/"], "https://"),
            (&["--way", "webhook", "--form", "jsonl", "--to", "https://u:p@x.example/"], "user"),
        ] {
            let answer = set(args);
            assert_eq!(answer.status, 1, "{args:?}: {answer:?}");
            assert!(answer.stderr.contains(why), "{args:?}: {answer:?}");
        }
        let shown = centre.does(&["isp", "delivery", "show", "--isp", "isp-a"]);
        assert_eq!(shown.one()["way"], "portal");
    }
}
