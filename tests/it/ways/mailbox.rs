//! A mailbox, read from a real mail server.

use std::{
    io::{Read as _, Write as _},
    net::{Shutdown, TcpListener, TcpStream},
    os::unix::fs::PermissionsExt as _,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use super::{came, fault};
use crate::{
    builders::{csv, hit},
    centre::{Answer, Centre, on_both_engines},
    peers::{Dovecot, PASSWORD},
};

/// A mail from `sender` with a report of its own.
fn mail(sender: &str, number: usize) -> String {
    mail_with(sender, number, &report(number))
}

fn mail_with(sender: &str, number: usize, body: &str) -> String {
    format!(
        "From: Reports <{sender}>\r\nTo: centre@todoke.example\r\n\
         Message-ID: <{number}@reports.example>\r\nSubject: report {number}\r\n\r\n{body}"
    )
}

/// What such a mail carries.
fn report(number: usize) -> String {
    format!("Report {number}.\r\n")
}

fn mailbox(centre: &Centre, server: &Dovecot, options: &[&str]) {
    through(centre, server.port, options);
}

fn through(centre: &Centre, port: u16, options: &[&str]) {
    centre.is_ready();
    let secret = centre.secret("mailbox.toml", &format!("password = \"{PASSWORD}\"\n"));
    let port = port.to_string();
    let usual = [
        "--host",
        "127.0.0.1",
        "--port",
        &port,
        "--user",
        "reports",
        "--plain",
        "--allow-private",
        "--secret-file",
        &secret,
    ];
    centre.has_way("mailbox", &[&usual, options].concat());
}

/// What the mails that are in carried, each by its bytes.
fn bodies(centre: &Centre) -> Vec<String> {
    let raw = centre.archived().into_iter().map(|(_, raw)| String::from_utf8(raw).unwrap());
    let mut all: Vec<String> = raw.collect();
    all.sort();
    all
}

/// What came, whether or not it can be read: a feed of scan lists reads no mails by itself.
fn arrived(answer: &Answer) -> (i64, i64) {
    let [files, known, refused] = came(answer.one());
    assert_eq!(answer.one()["fault"], serde_json::Value::Null, "{answer:?}");
    (files + refused, known)
}

/// A wire to a mail server that stops at the first `word` from a client, says so, and lets whoever
/// comes after that pass.
fn wire_that_stops_at(word: &'static str, server: u16) -> (u16, mpsc::Receiver<()>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let (tell, told) = mpsc::channel();
    let stopped = Arc::new(AtomicBool::new(false));
    thread::spawn(move || {
        for client in listener.incoming() {
            let (mut client, tell) = (client.unwrap(), tell.clone());
            let stopped = Arc::clone(&stopped);
            let mut server = TcpStream::connect(("127.0.0.1", server)).unwrap();
            let (mut from, mut to) = (server.try_clone().unwrap(), client.try_clone().unwrap());
            thread::spawn(move || std::io::copy(&mut from, &mut to));
            thread::spawn(move || {
                let mut buffer = [0; 4096];
                while let Ok(read @ 1..) = client.read(&mut buffer) {
                    let is_it = String::from_utf8_lossy(&buffer[..read]).contains(word);
                    if is_it && !stopped.swap(true, Ordering::SeqCst) {
                        let _ = tell.send(());
                        // Nothing more goes over it; the client waits in vain.
                        let _ = client.read(&mut buffer);
                        break;
                    }
                    server.write_all(&buffer[..read]).unwrap();
                }
                let _ = server.shutdown(Shutdown::Both);
            });
        }
    });
    (port, told)
}

on_both_engines! {
    fn unseen_mails_come_once_as_they_are_and_are_marked(centre) {
        let Some(server) = Dovecot::start() else { return };
        mailbox(&centre, &server, &[]);
        for number in 0..3 {
            server.receives(&number.to_string(), &mail("a@reports.example", number));
        }
        assert_eq!(arrived(&centre.runs_way("mailbox")), (3, 0));
        assert_eq!(server.unseen(), 0);
        let sent: Vec<String> = (0..3).map(report).collect();
        assert_eq!(bodies(&centre), sent);
        assert_eq!(arrived(&centre.runs_way("mailbox")), (0, 0));
        server.receives("3", &mail("a@reports.example", 3));
        assert_eq!(arrived(&centre.runs_way("mailbox")), (1, 0));
        assert_eq!(bodies(&centre).len(), 4);
    }

    fn a_mail_of_which_nothing_can_be_read_says_why_in_its_run(centre) {
        let Some(server) = Dovecot::start() else { return };
        mailbox(&centre, &server, &[]);
        server.receives("1", &mail("a@reports.example", 1));
        assert_eq!(came(centre.runs_way("mailbox").one()), [0, 0, 1]);
        assert_eq!(server.unseen(), 0, "it is durable, and nobody has to look at it there");
        let runs = centre.does(&["feed", "way", "runs", "scanner/mailbox"]);
        let items = runs.one()["refusals"].as_array().unwrap().clone();
        assert_eq!(items.len(), 1);
        let why = items[0]["reason"].as_str().unwrap();
        assert!(why.contains("column"), "{why}");
    }

    fn mails_are_moved_where_a_folder_is_named_for_it(centre) {
        let Some(server) = Dovecot::start() else { return };
        mailbox(&centre, &server, &["--processed", "Processed"]);
        server.receives("1", &mail("a@reports.example", 1));
        assert_eq!(arrived(&centre.runs_way("mailbox")), (1, 0));
        assert_eq!((server.count("."), server.count(".Processed")), (0, 1));
        let (missing, secret) = ("Nowhere", centre.desk().join("mailbox.toml"));
        let port = server.port.to_string();
        centre.has_way("mailbox", &["--name", "other", "--host", "127.0.0.1", "--port", &port,
            "--user", "reports", "--plain", "--allow-private", "--processed", missing,
            "--secret-file", secret.to_str().unwrap()]);
        server.receives("2", &mail("a@reports.example", 2));
        let answer = centre.runs_way("other");
        assert!(fault(answer.one()).contains("move mails to Nowhere"), "{answer:?}");
        let [files, known, refused] = came(centre.runs_way("mailbox").one());
        assert_eq!((files, known + refused), (0, 1), "it is durable, and still unseen");
        assert_eq!(bodies(&centre).len(), 2);
    }

    fn killed_between_accepting_and_marking_a_mail_comes_once(centre) {
        let Some(server) = Dovecot::start() else { return };
        let (port, told) = wire_that_stops_at(" STORE ", server.port);
        through(&centre, port, &[]);
        server.receives("1", &mail("a@reports.example", 1));
        let mut node = centre.node(&["feed", "way", "run", "scanner/mailbox"]);
        told.recv_timeout(Duration::from_mins(1)).expect("the mail is about to be marked");
        node.kill().unwrap();
        node.wait().unwrap();
        assert_eq!((server.unseen(), bodies(&centre).len()), (1, 1));
        let held = centre.runs_way("mailbox");
        assert!(held.status == 1 && held.stderr.contains("is being run"), "{held:?}");
        // The lease runs out.
        centre.on("2026-04-01T09:10:00+09:00");
        centre.does(&["feed", "way", "remove", "scanner/mailbox"]);
        let (port, secret) = (port.to_string(), centre.desk().join("mailbox.toml"));
        centre.has_way("mailbox", &["--host", "127.0.0.1", "--port", &port, "--user", "reports",
            "--plain", "--allow-private", "--secret-file", secret.to_str().unwrap()]);
        let [files, known, refused] = came(centre.runs_way("mailbox").one());
        assert_eq!((files, known + refused), (0, 1), "a way that remembers nothing knows content");
        assert_eq!((server.unseen(), bodies(&centre).len()), (0, 1));
    }

    fn what_is_remembered_is_marked_without_being_fetched_again(centre) {
        let Some(server) = Dovecot::start() else { return };
        let (port, told) = wire_that_stops_at(" STORE ", server.port);
        through(&centre, port, &[]);
        let list = csv(&[hit("r1", "2026-03-31T02:00:00+09:00", "198.18.0.7")]);
        server.receives("1", &mail_with("a@reports.example", 1, &list.replace('\n', "\r\n")));
        let mut node = centre.node(&["feed", "way", "run", "scanner/mailbox"]);
        told.recv_timeout(Duration::from_mins(1)).expect("the mail is about to be marked");
        node.kill().unwrap();
        node.wait().unwrap();
        centre.on("2026-04-01T09:10:00+09:00");
        assert_eq!(arrived(&centre.runs_way("mailbox")), (0, 0));
        assert_eq!((server.unseen(), bodies(&centre).len()), (0, 1));
    }

    fn mails_that_are_numbered_anew_come_no_second_time(centre) {
        let Some(server) = Dovecot::start() else { return };
        mailbox(&centre, &server, &[]);
        for number in 0..3 {
            server.receives(&number.to_string(), &mail("a@reports.example", number));
        }
        centre.runs_way("mailbox");
        server.forgets();
        assert_eq!(server.unseen(), 3);
        let [files, known, refused] = came(centre.runs_way("mailbox").one());
        assert_eq!((files, known + refused), (0, 3));
        assert_eq!((server.unseen(), bodies(&centre).len()), (0, 3));
    }

    fn strange_senders_and_huge_mails_stay_unseen_and_are_told(centre) {
        let Some(server) = Dovecot::start() else { return };
        mailbox(&centre, &server, &["--sender", "@reports.example"]);
        server.receives("1", &mail("a@reports.example", 1));
        server.receives("2", &mail("a@elsewhere.example", 2));
        let huge = mail("a@reports.example", 3) + &"x".repeat(998).repeat(27_000);
        server.receives("3", &huge);
        let answer = centre.runs_way("mailbox");
        assert_eq!((answer.status, arrived(&answer)), (1, (3, 0)));
        assert_eq!((server.unseen(), bodies(&centre).len()), (2, 1));
        let runs = centre.does(&["feed", "way", "runs", "scanner/mailbox"]).lines;
        let told = runs[0]["refusals"].to_string();
        for reason in ["not among the senders", "at most 26214400"] {
            assert!(told.contains(reason), "{told}");
        }
        assert_eq!(arrived(&centre.runs_way("mailbox")), (0, 0), "each is told once");
    }

    fn two_nodes_at_once_take_each_mail_once(centre) {
        let Some(server) = Dovecot::start() else { return };
        mailbox(&centre, &server, &[]);
        for number in 0..20 {
            server.receives(&number.to_string(), &mail("a@reports.example", number));
        }
        let answers = centre.tries_at_once(3, &["work", "--once"]);
        let ways = answers.iter().flat_map(|answer| &answer.lines).filter(|l| !l["way"].is_null());
        let all: Vec<i64> = ways.map(|line| came(line).iter().sum()).collect();
        assert_eq!(all, [20], "{answers:?}");
        assert_eq!((server.unseen(), bodies(&centre).len()), (0, 20));
    }
}

#[test]
fn over_tls_a_server_is_read_only_if_somebody_vouches_for_it() {
    let Some(server) = Dovecot::start() else { return };
    let centre = Centre::open(crate::centre::Engine::Sqlite).unwrap();
    centre.is_ready();
    let secret = centre.secret("mailbox.toml", &format!("password = \"{PASSWORD}\"\n"));
    let (port, authority) = (server.tls_port.to_string(), server.certificate());
    let authority = authority.to_str().unwrap();
    let usual = ["--port", &port, "--user", "reports", "--allow-private", "--secret-file", &secret];
    let add = |name: &str, rest: &[&str]| {
        centre.has_way("mailbox", &[&["--name", name], &usual[..], rest].concat());
    };
    server.receives("1", &mail("a@reports.example", 1));
    add("strange", &["--host", "localhost"]);
    let answer = centre.runs_way("strange");
    assert!(fault(answer.one()).contains("no TLS with localhost"), "{answer:?}");
    add("misnamed", &["--host", "127.0.0.1", "--ca-file", authority]);
    let answer = centre.runs_way("misnamed");
    assert!(fault(answer.one()).contains("no TLS with 127.0.0.1"), "{answer:?}");
    add("known", &["--host", "localhost", "--ca-file", authority]);
    assert_eq!(arrived(&centre.runs_way("known")), (1, 0));
    assert_eq!(server.unseen(), 0);
}

#[test]
fn a_wrong_password_is_told_and_stands_nowhere() {
    let Some(server) = Dovecot::start() else { return };
    let centre = Centre::open(crate::centre::Engine::Sqlite).unwrap();
    mailbox(&centre, &server, &[]);
    let wrong = "wrong-horse-battery";
    let secret = centre.secret("mailbox.toml", &format!("password = \"{wrong}\"\n"));
    let mut output = centre.command(&["feed", "way", "run", "scanner/mailbox"]);
    let output = output.env("TODOKE_LOG", "trace").output().unwrap();
    let told = [output.stdout, output.stderr].concat();
    let told = String::from_utf8_lossy(&told);
    assert!(told.contains("does not log in"), "{told}");
    assert!(!told.contains(wrong) && !centre.keeps_anywhere(wrong), "{told}");
    for mode in [0o644, 0o640, 0o604] {
        std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(mode)).unwrap();
        let answer = centre.runs_way("mailbox");
        assert!(fault(answer.one()).contains("chmod 600"), "{answer:?}");
    }
    let malformed = centre.secret("mailbox.toml", &format!("pass = \"{wrong}\"\n"));
    let answer = centre.runs_way("mailbox");
    assert!(fault(answer.one()).contains("is not understood"), "{answer:?}");
    assert!(!fault(answer.one()).contains(wrong) && malformed == secret);
}
