//! A mail server on loopback that takes mails as it is told to: it defers, refuses, falls silent,
//! or takes a mail and breaks the connection off before it says so.

use std::{
    collections::VecDeque,
    io::{BufRead as _, BufReader, Write as _},
    net::TcpStream,
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use crate::loopback::listens;

/// What goes wrong with one mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mishap {
    /// The recipient is answered with this.
    Recipient(&'static str),
    /// The mail itself is answered with this, after its last byte.
    Data(&'static str),
    /// The mail is taken, and the connection breaks off before the answer.
    TakenThenGone,
    /// The connection breaks off in the middle of the mail.
    GoneInTheMiddle,
    /// The mail is not taken, and nothing is said for longer than anybody waits.
    Silence,
}

/// A mail that was taken.
#[derive(Clone, Debug)]
pub(crate) struct Taken {
    /// The return address.
    pub(crate) from: String,
    /// Who it is for.
    pub(crate) to: String,
    /// Its bytes, with the dots of the transport taken off.
    pub(crate) bytes: Vec<u8>,
}

impl Taken {
    /// A field of its header, unfolded.
    pub(crate) fn field(&self, name: &str) -> String {
        let text = String::from_utf8_lossy(&self.bytes).replace("\r\n ", " ");
        let text = text.replace("\r\n\t", " ");
        let head = text.split("\r\n\r\n").next().unwrap_or_default().to_owned();
        let wanted = format!("{}:", name.to_ascii_lowercase());
        let line = head.lines().find(|line| line.to_ascii_lowercase().starts_with(&wanted));
        line.map(|line| line[wanted.len()..].trim().to_owned()).unwrap_or_default()
    }
}

#[derive(Default)]
struct State {
    mishaps: VecDeque<Mishap>,
    taken: Vec<Taken>,
    tries: usize,
}

/// The server.
pub(crate) struct Smtp {
    pub(crate) port: u16,
    state: Arc<Mutex<State>>,
}

impl Smtp {
    pub(crate) fn start() -> Self {
        let state = Arc::new(Mutex::new(State::default()));
        Self { port: listens(&state, |stream, state| converse(&stream, state)), state }
    }

    /// The next mails fare like this, one after the other.
    pub(crate) fn mishaps(&self, mishaps: &[Mishap]) {
        self.state.lock().unwrap().mishaps.extend(mishaps);
    }

    /// All mails that were taken.
    pub(crate) fn taken(&self) -> Vec<Taken> {
        self.state.lock().unwrap().taken.clone()
    }

    /// How many mails were begun.
    pub(crate) fn tries(&self) -> usize {
        self.state.lock().unwrap().tries
    }
}

fn converse(stream: &TcpStream, state: &Mutex<State>) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let say = |words: &str| (&*stream).write_all(format!("{words}\r\n").as_bytes()).ok();
    say("220 peer.example ESMTP")?;
    let (mut from, mut to, mut mishap) = (String::new(), String::new(), None);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let command = line.trim_end().to_owned();
        let upper = command.to_ascii_uppercase();
        if upper.starts_with("EHLO") || upper.starts_with("HELO") {
            say("250-peer.example\r\n250 8BITMIME")?;
        } else if upper.starts_with("MAIL FROM:") {
            from = between(&command);
            let mut state = state.lock().unwrap();
            state.tries += 1;
            mishap = state.mishaps.pop_front();
            say("250 2.1.0 sender ok")?;
        } else if upper.starts_with("RCPT TO:") {
            to = between(&command);
            match mishap {
                Some(Mishap::Recipient(answer)) => say(answer)?,
                _ => say("250 2.1.5 recipient ok")?,
            }
        } else if upper == "DATA" {
            say("354 go ahead")?;
            let bytes = mail(&mut reader, mishap)?;
            let taken = Taken { from: from.clone(), to: to.clone(), bytes };
            match mishap {
                None => {
                    let mut state = state.lock().unwrap();
                    state.taken.push(taken);
                    let number = state.taken.len();
                    drop(state);
                    say(&format!("250 2.0.0 queued as {number:04}"))?;
                }
                Some(Mishap::TakenThenGone) => {
                    state.lock().unwrap().taken.push(taken);
                    return None;
                }
                Some(Mishap::Silence) => thread::sleep(Duration::from_secs(20)),
                Some(Mishap::Data(answer)) => say(answer)?,
                Some(Mishap::Recipient(_) | Mishap::GoneInTheMiddle) => return None,
            }
        } else if upper == "QUIT" {
            say("221 bye")?;
            return None;
        } else {
            say("250 ok")?;
        }
    }
}

fn between(command: &str) -> String {
    let inner = command.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    inner.map(|(inner, _)| inner.to_owned()).unwrap_or_default()
}

/// The mail up to the line with a dot alone.
fn mail(reader: &mut BufReader<TcpStream>, mishap: Option<Mishap>) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    loop {
        let mut line = Vec::new();
        if reader.read_until(b'\n', &mut line).ok()? == 0 {
            return None;
        }
        if line == b".\r\n" {
            return Some(bytes);
        }
        if mishap == Some(Mishap::GoneInTheMiddle) && bytes.len() > 200 {
            return None;
        }
        bytes.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
    }
}
