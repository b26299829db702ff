//! A mail server on loopback that takes mails as it is told to: it defers, refuses, falls silent,
//! or takes a mail and breaks the connection off before it says so. Guarded, it speaks TLS and
//! takes mails from whoever logs in alone.

use std::{
    collections::VecDeque,
    io::{BufRead as _, BufReader, Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use tempfile::TempDir;
use tokio_rustls::rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};

use crate::{loopback::listens, peers::make_certificate};

/// When a guarded server speaks TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tls {
    /// From the first byte on.
    AtOnce,
    /// After the word STARTTLS.
    OnRequest,
    /// Never: it does not offer it.
    Never,
}

/// Who may log in at a guarded server: `notice` with the password `mail-horse-battery`.
pub(crate) const USER: &str = "notice";
pub(crate) const PASSWORD: &str = "mail-horse-battery";
/// That name and password as the mechanism PLAIN writes them.
const PLAIN: &str = "AG5vdGljZQBtYWlsLWhvcnNlLWJhdHRlcnk=";

struct Guard {
    home: TempDir,
    tls: Tls,
    config: Arc<ServerConfig>,
}

impl Guard {
    fn new(tls: Tls) -> Self {
        let home = tempfile::tempdir().unwrap();
        make_certificate(home.path());
        let config = server_config(home.path());
        Self { home, tls, config }
    }
}

fn server_config(home: &Path) -> Arc<ServerConfig> {
    let chain = CertificateDer::pem_file_iter(home.join("cert.pem")).unwrap();
    let chain = chain.collect::<Result<Vec<_>, _>>().unwrap();
    let key = PrivateKeyDer::from_pem_file(home.join("key.pem")).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth();
    Arc::new(config.with_single_cert(chain, key).unwrap())
}

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
    guard: Option<Guard>,
    mishaps: VecDeque<Mishap>,
    taken: Vec<Taken>,
    tries: usize,
    clear: Vec<String>,
}

/// The server.
pub(crate) struct Smtp {
    pub(crate) port: u16,
    state: Arc<Mutex<State>>,
}

impl Smtp {
    /// One that takes mails from anybody, in the clear.
    pub(crate) fn start() -> Self {
        Self::with(State::default())
    }

    /// One that takes mails from [`USER`] alone, over TLS.
    pub(crate) fn guarded(tls: Tls) -> Self {
        Self::with(State { guard: Some(Guard::new(tls)), ..State::default() })
    }

    fn with(state: State) -> Self {
        let state = Arc::new(Mutex::new(state));
        Self { port: listens(&state, receive), state }
    }

    /// The certificate of a guarded server, which vouches for itself, for the host `localhost`.
    pub(crate) fn certificate(&self) -> PathBuf {
        self.state.lock().unwrap().guard.as_ref().unwrap().home.path().join("cert.pem")
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

    /// What was said to it in the clear.
    pub(crate) fn heard_in_the_clear(&self) -> Vec<String> {
        self.state.lock().unwrap().clear.clone()
    }
}

/// How a conversation is kept from others, and from strangers.
#[derive(Clone, Copy)]
struct Terms {
    offers_tls: bool,
    is_clear: bool,
    asks_who: bool,
}

fn receive(stream: TcpStream, state: &Mutex<State>) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let guard = state.lock().unwrap().guard.as_ref().map(|one| (one.tls, Arc::clone(&one.config)));
    let Some((tls, config)) = guard else {
        let terms = Terms { offers_tls: false, is_clear: true, asks_who: false };
        return converse(stream, state, terms, "220 peer.example ESMTP").map(drop);
    };
    let secured = Terms { offers_tls: false, is_clear: false, asks_who: true };
    let (stream, greeting) = if tls == Tls::AtOnce {
        (stream, "220 peer.example ESMTP")
    } else {
        let terms = Terms { offers_tls: tls == Tls::OnRequest, is_clear: true, asks_who: true };
        (converse(stream, state, terms, "220 peer.example ESMTP")?, "")
    };
    let stream = StreamOwned::new(ServerConnection::new(config).ok()?, stream);
    converse(stream, state, secured, greeting).map(drop)
}

/// Holds a conversation; gives the stream back where it goes on under TLS.
fn converse<S: Read + Write>(
    stream: S,
    state: &Mutex<State>,
    terms: Terms,
    greeting: &str,
) -> Option<S> {
    let mut wire = BufReader::new(stream);
    if !greeting.is_empty() {
        say(&mut wire, greeting)?;
    }
    let (mut from, mut to, mut mishap, mut is_known) =
        (String::new(), String::new(), None, !terms.asks_who);
    loop {
        let mut line = String::new();
        if wire.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let command = line.trim_end().to_owned();
        if terms.is_clear {
            state.lock().unwrap().clear.push(command.clone());
        }
        let upper = command.to_ascii_uppercase();
        if upper.starts_with("EHLO") || upper.starts_with("HELO") {
            say(&mut wire, &extensions(terms))?;
        } else if upper == "STARTTLS" && terms.offers_tls {
            say(&mut wire, "220 2.0.0 go ahead")?;
            return Some(wire.into_inner());
        } else if let Some(given) = command.strip_prefix("AUTH PLAIN ") {
            is_known = given == PLAIN;
            let answer = if is_known { "235 2.7.0 welcome" } else { "535 5.7.8 not with that" };
            say(&mut wire, answer)?;
        } else if upper.starts_with("MAIL FROM:") && !is_known {
            say(&mut wire, "530 5.7.0 log in first")?;
        } else if upper.starts_with("MAIL FROM:") {
            from = between(&command);
            {
                let mut state = state.lock().unwrap();
                state.tries += 1;
                mishap = state.mishaps.pop_front();
            }
            say(&mut wire, "250 2.1.0 sender ok")?;
        } else if upper.starts_with("RCPT TO:") {
            to = between(&command);
            match mishap {
                Some(Mishap::Recipient(answer)) => say(&mut wire, answer)?,
                _ => say(&mut wire, "250 2.1.5 recipient ok")?,
            }
        } else if upper == "DATA" {
            say(&mut wire, "354 go ahead")?;
            let bytes = mail(&mut wire, mishap)?;
            let taken = Taken { from: from.clone(), to: to.clone(), bytes };
            settle(&mut wire, state, mishap, taken)?;
        } else if upper == "QUIT" {
            say(&mut wire, "221 bye")?;
            return None;
        } else {
            say(&mut wire, "250 ok")?;
        }
    }
}

fn say<S: Read + Write>(wire: &mut BufReader<S>, words: &str) -> Option<()> {
    wire.get_mut().write_all(format!("{words}\r\n").as_bytes()).ok()?;
    wire.get_mut().flush().ok()
}

fn extensions(terms: Terms) -> String {
    let tls = if terms.offers_tls { "250-STARTTLS\r\n" } else { "" };
    let who = if terms.asks_who && !terms.is_clear { "250-AUTH PLAIN\r\n" } else { "" };
    format!("250-peer.example\r\n{tls}{who}250 8BITMIME")
}

/// What becomes of a mail after its last byte.
fn settle<S: Read + Write>(
    wire: &mut BufReader<S>,
    state: &Mutex<State>,
    mishap: Option<Mishap>,
    taken: Taken,
) -> Option<()> {
    match mishap {
        None => {
            let number = {
                let mut state = state.lock().unwrap();
                state.taken.push(taken);
                state.taken.len()
            };
            say(wire, &format!("250 2.0.0 queued as {number:04}"))
        }
        Some(Mishap::TakenThenGone) => {
            state.lock().unwrap().taken.push(taken);
            None
        }
        Some(Mishap::Silence) => {
            thread::sleep(Duration::from_secs(20));
            Some(())
        }
        Some(Mishap::Data(answer)) => say(wire, answer),
        Some(Mishap::Recipient(_) | Mishap::GoneInTheMiddle) => None,
    }
}

fn between(command: &str) -> String {
    let inner = command.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    inner.map(|(inner, _)| inner.to_owned()).unwrap_or_default()
}

/// The mail up to the line with a dot alone.
fn mail<S: Read>(reader: &mut BufReader<S>, mishap: Option<Mishap>) -> Option<Vec<u8>> {
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
