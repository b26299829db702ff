//! Bounces as they come: in fields, in words, and what only looks like one.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on may say so")]

use std::{fs, path::Path};

use formats::bounce::{Bounce, Fate, NoBounce, read};
use proptest::prelude::*;

fn dsn(action: &str) -> String {
    format!(
        "Return-Path: <>\r\nReceived: by mx.example for <bounce+abc@centre.example>; Thu\r\n\
         From: MAILER-DAEMON@isp.example\r\nTo: Bounce <bounce+ABC@centre.example>\r\n\
         Subject: Returned\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report;\r\n\
         \treport-type=delivery-status; boundary=\"b\"\r\n\r\n--b\r\n\r\nSorry.\r\n--b\r\n\
         Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.isp.example\r\n\r\n\
         Final-Recipient: rfc822; abuse@isp.example\r\nAction: {action}\r\nStatus: 5.1.1 (no)\r\n\
         Diagnostic-Code: smtp; 550 5.1.1\r\n unknown\r\n\r\n--b--\r\n"
    )
}

#[test]
fn the_fields_of_a_notification_tell_whom_and_why() {
    let bounce = read(dsn("failed").as_bytes()).unwrap();
    assert_eq!(
        bounce,
        Bounce {
            fate: Fate::Failed,
            to: vec!["bounce+ABC@centre.example".into(), "bounce+abc@centre.example".into()],
            recipient: Some("abuse@isp.example".into()),
            status: Some("5.1.1".into()),
            diagnostic: Some("550 5.1.1 unknown".into()),
        }
    );
}

#[test]
fn the_action_decides_and_a_delay_is_no_failure() {
    for (action, fate) in [
        ("failed", Fate::Failed),
        ("Failed (rejected)", Fate::Failed),
        ("delayed", Fate::Delayed),
        ("relayed", Fate::Delivered),
        ("delivered", Fate::Delivered),
        ("expanded", Fate::Delivered),
    ] {
        assert_eq!(read(dsn(action).as_bytes()).unwrap().fate, fate, "{action}");
    }
}

#[test]
fn a_carrier_that_says_it_in_words_is_understood() {
    let said = "Return-Path: <MAILER-DAEMON>\nFrom: <Postmaster@carrier.example>\n\
        To: <bounce+abc@centre.example>\nSubject: Mail System Error - Returned Mail\n\n\
        <gone@carrier.example>\n\nEach of the following recipients was rejected by a remote mail \
        server.\n";
    let bounce = read(said.as_bytes()).unwrap();
    assert_eq!(
        (bounce.fate, bounce.recipient.as_deref()),
        (Fate::Failed, Some("gone@carrier.example"))
    );
    let (text, _, _) = encoding_rs::ISO_2022_JP.encode(
        "次のあて先へのメッセージはエラーのため送信できませんでした。\n<gone@carrier.example>\n",
    );
    let head = "From: Mail Administrator <Postmaster@carrier.example>\nTo: x@centre.example\n\
        Content-Type: text/plain; charset=iso-2022-jp\n\n";
    let bounce = read(&[head.as_bytes(), &text].concat()).unwrap();
    assert_eq!(bounce.fate, Fate::Failed);
}

#[test]
fn who_is_away_or_complains_or_writes_a_letter_has_not_bounced() {
    let away =
        "From: a@isp.example\nAuto-Submitted: auto-replied\nSubject: Away\n\nBack on Monday.";
    assert_eq!(read(away.as_bytes()), Err(NoBounce::AutoReply));
    let letter = "From: a@isp.example\nTo: b@centre.example\nSubject: returned mail\n\nHello.";
    assert_eq!(read(letter.as_bytes()), Err(NoBounce::Nothing));
    let complaint = dsn("failed").replace("message/delivery-status", "message/feedback-report");
    assert_eq!(read(complaint.as_bytes()), Err(NoBounce::Complaint));
    assert_eq!(read(b""), Err(NoBounce::NoMail));
}

/// Real bounces of many systems, where they lie beside the project.
fn samples() -> Option<std::path::PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().skip(2);
    let folders = beside.map(|folder| folder.join("shared/data/mail/sisimai/maildir"));
    folders.into_iter().find(|folder| folder.exists())
}

#[test]
fn of_real_bounces_nearly_all_are_understood_whatever_ends_their_lines() {
    let Some(samples) = samples() else { return println!("skipped: no samples lie beside") };
    let (mut bounces, mut understood, mut missed) = (0, 0, Vec::new());
    for file in fs::read_dir(samples.join("bsd")).unwrap() {
        let file = file.unwrap();
        let name = file.file_name().into_string().unwrap();
        let told = read(&fs::read(file.path()).unwrap());
        if name.starts_with("arf") {
            let wrong = matches!(&told, Ok(bounce) if bounce.fate == Fate::Failed);
            assert!(!wrong, "{name} complains: {told:?}");
        } else if name.starts_with("rfc3834") {
            // Some say that a machine answers, and some do not; none of them has bounced.
            assert!(matches!(told, Err(NoBounce::AutoReply | NoBounce::Nothing)), "{name}");
        } else {
            bounces += 1;
            if told.is_ok() { understood += 1 } else { missed.push((name.clone(), told.clone())) }
        }
        for twin in ["dos", "mac"] {
            if let Ok(raw) = fs::read(samples.join(twin).join(&name)) {
                let twin = read(&raw);
                let fate = |one: &Result<Bounce, NoBounce>| one.clone().map(|b| (b.fate, b.status));
                assert_eq!(fate(&twin), fate(&told), "{name}");
            }
        }
    }
    println!("{understood} of {bounces} bounces understood; not: {missed:?}");
    assert!(understood * 100 >= bounces * 95, "{understood} of {bounces}; not: {missed:#?}");
}

proptest! {
    #[test]
    fn no_mail_makes_the_reader_panic(raw in proptest::collection::vec(any::<u8>(), 0..2000)) {
        let _ = read(&raw);
    }

    #[test]
    fn no_mangled_bounce_makes_the_reader_panic(
        at in 0_usize..600, bytes in proptest::collection::vec(any::<u8>(), 0..20),
    ) {
        let mut raw = dsn("failed").into_bytes();
        let at = at.min(raw.len());
        raw.splice(at..(at + bytes.len()).min(raw.len()), bytes.iter().copied());
        let _ = read(&raw);
    }
}
