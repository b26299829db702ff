//! Checkpoints and the export: what is kept outside, and verified where no store is.

use std::{fs, process::Command};

use super::verifies_offline;
use crate::{
    builders::provider,
    centre::{Centre, on_both_engines},
};

/// A centre with some deeds in its log.
fn deeds(centre: &Centre) {
    centre.serves(&[provider("isp-a", "static", "198.18.0.0/24")]);
    centre.notes(0, 20);
}

on_both_engines! {
    fn an_export_is_verified_without_a_data_folder(centre) {
        deeds(&centre);
        centre.does(&["audit", "checkpoint"]);
        let (log, key) = (centre.exports_log(), centre.keeps_key());
        let (status, told) = verifies_offline(&centre, &[&log]);
        assert_eq!((status, &told["ok"]), (0, &true.into()));
        assert_eq!(told["leaves"], centre.leaves().len());
        let outside = ["--checkpoint", &centre.checkpoints(), "--key", &key];
        let (status, told) = verifies_offline(&centre, &[&[&log[..]], &outside[..]].concat());
        assert_eq!((status, &told["checkpoints"]), (0, &1.into()), "{told}");
        assert_eq!(told["signed_until"], "2026-04-01T00:00:00Z");
        assert_eq!(centre.does(&["audit", "verify"]).number("checkpoints"), 1);
    }

    fn a_log_that_was_cut_or_written_anew_is_found_by_the_checkpoint_in_the_store_too(centre) {
        deeds(&centre);
        centre.does(&["audit", "checkpoint"]);
        centre.is_clean();
        centre.spoils(
            "DELETE FROM audit_leaves WHERE no = (SELECT MAX(no) FROM audit_leaves);
             UPDATE audit_head SET no = no - 1,
                hash = (SELECT hash FROM audit_leaves ORDER BY no DESC LIMIT 1);",
        );
        let broken = centre.tries(&["audit", "verify"]);
        assert_eq!(broken.status, 1);
        assert!(broken.one()["why"].as_str().unwrap().ends_with("some are gone"), "{broken:?}");
        let checked = centre.tries(&["check"]);
        assert_eq!(checked.status, 1);
        assert_eq!(checked.one()["findings"][0]["kind"], "audit");
    }

    fn a_leaf_that_is_changed_in_the_store_is_named(centre) {
        deeds(&centre);
        centre.spoils("UPDATE audit_leaves SET author = 'nobody' WHERE no = 7");
        let broken = centre.tries(&["audit", "verify"]);
        assert_eq!((broken.status, &broken.one()["place"]), (1, &"leaf 7".into()));
        centre.spoils("DELETE FROM audit_leaves WHERE no = 7");
        let broken = centre.tries(&["audit", "verify"]);
        assert_eq!((broken.status, &broken.one()["place"]), (1, &"leaf 7".into()));
        assert_eq!(centre.tries(&["check"]).one()["findings"][0]["kind"], "audit");
    }

    fn the_list_is_filtered_and_the_latest_stands_first(centre) {
        deeds(&centre);
        let acts = |args: &[&str]| -> Vec<String> {
            let found = centre.does(&[&["audit", "list"], args].concat()).lines;
            found.iter().map(|leaf| leaf["act"].as_str().unwrap().to_owned()).collect()
        };
        assert_eq!(acts(&["--act", "isp.import"]).len(), 6, "five and the register's");
        assert_eq!(acts(&["--act", "isp"]).len(), 6);
        assert_eq!(acts(&["--act", "is"]).len(), 0);
        assert!(acts(&["--by", "desk-1"]).len() == 7 && acts(&["--isp", "isp-a"]).len() == 7);
        assert_eq!(acts(&["--since", "2026-08-01T00:00:00Z"]).len(), 20);
        assert_eq!(acts(&["--limit", "1"]), ["quarantine.show"]);
        let all = centre.does(&["audit", "list"]).lines;
        let before = all[3]["no"].to_string();
        let page = centre.does(&["audit", "list", "--before", &before]).lines;
        assert_eq!(page, all[4..]);
    }

    fn a_node_signs_the_log_once_an_hour(centre) {
        deeds(&centre);
        let notes = |centre: &Centre| {
            let notes = fs::read_to_string(centre.checkpoints()).unwrap_or_default();
            notes.matches("todoke.example/audit\n").count()
        };
        assert_eq!(notes(&centre), 0);
        centre.does(&["work", "--once"]);
        centre.does(&["work", "--once"]);
        assert_eq!(notes(&centre), 1);
        centre.on("2026-04-01T09:59:59+09:00").does(&["work", "--once"]);
        assert_eq!(notes(&centre), 1);
        centre.on("2026-04-01T10:00:00+09:00").does(&["work", "--once"]);
        assert_eq!(notes(&centre), 2);
        assert_eq!(centre.does(&["audit", "verify"]).number("checkpoints"), 2);
    }
}

#[test]
fn checkpoints_go_where_the_settings_say() {
    let centre = Centre::open(crate::centre::Engine::Sqlite).unwrap();
    let outside = centre.desk().join("outside");
    let settings = format!(
        "name_ja = \"窓口\"\nname_en = \"Desk\"\nphone = \"0120-111-222\"\nhours_ja = \"毎日\"\n\
         hours_en = \"daily\"\ndomain = \"desk.example.jp\"\ncheckpoint_dir = \"{}\"\n",
        outside.display()
    );
    fs::write(centre.data().join("centre.toml"), settings).unwrap();
    let signed = centre.does(&["audit", "checkpoint"]);
    let note = fs::read_to_string(outside.join("audit-checkpoints.txt")).unwrap();
    assert!(note.starts_with("desk.example.jp/audit\n"), "{note}");
    assert_eq!(signed.one()["checkpoint"], note[..note.len() - 1], "it is printed as it is kept");
    assert!(signed.stderr.is_empty(), "{signed:?}");
}

#[test]
fn a_store_made_before_the_log_was_signed_says_how_to_make_the_key() {
    let centre = Centre::open(crate::centre::Engine::Sqlite).unwrap();
    fs::remove_file(centre.data().join("keys/audit.key")).unwrap();
    let refused = centre.tries(&["audit", "checkpoint"]);
    assert_eq!(refused.status, 1);
    assert!(refused.stderr.contains("todoke init"), "{refused:?}");
    assert_eq!(centre.tries(&["work", "--once"]).status, 0, "nothing else waits for it");
    centre.does(&["init"]);
    centre.does(&["audit", "checkpoint"]);
}

/// An outside program says that the signature is one of Ed25519 over just that text.
#[test]
fn openssl_verifies_a_checkpoint() {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    if Command::new("openssl").arg("version").output().is_err() {
        return println!("skipped: openssl is not installed");
    }
    let centre = Centre::open(crate::centre::Engine::Sqlite).unwrap();
    centre.notes(0, 3);
    let note = centre.does(&["audit", "checkpoint"]).one()["checkpoint"].clone();
    let (text, line) = note.as_str().unwrap().split_once("\n\n").unwrap();
    let text = centre.file("note", format!("{text}\n"));
    let signed = STANDARD.decode(line.trim_end().rsplit_once(' ').unwrap().1).unwrap();
    let signature = centre.file("signature", &signed[4..]);
    let key = centre.does(&["audit", "key"]).one()["key"].as_str().unwrap().to_owned();
    let point = STANDARD.decode(key.splitn(3, '+').nth(2).unwrap()).unwrap();
    // The head of a public key of Ed25519 in DER (RFC 8410).
    let head = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
    let public = centre.file("public.der", [&head[..], &point[1..]].concat());
    let verified = Command::new("openssl")
        .args(["pkeyutl", "-verify", "-rawin", "-pubin", "-keyform", "DER"])
        .args(["-inkey", &public, "-sigfile", &signature, "-in", &text])
        .output()
        .unwrap();
    assert!(verified.status.success(), "{verified:?}");
}
