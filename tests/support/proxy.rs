//! A wire to PostgreSQL that breaks where a test says: at a commit, before or after it lands.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    thread::{self, JoinHandle},
};

/// When the wire breaks (切断).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Break {
    /// The server never hears of the commit.
    Before,
    /// While the server commits: the program may ask before it is done.
    Amid,
    /// The server has committed, and its answer is lost.
    After,
}

/// A wire between a program and a server, which broke so many times.
pub(crate) struct Wire {
    port: u16,
    commits: Arc<AtomicU32>,
    breaks: Arc<AtomicU32>,
}

impl Wire {
    /// Lays a wire to `server` (`host:port`) that breaks at the commits of which `at` says so;
    /// commits count from 0.
    pub(crate) fn to(
        server: &str,
        at: impl Fn(u32) -> Option<Break> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (commits, breaks) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
        let (server, counters) = (server.to_owned(), (Arc::clone(&commits), Arc::clone(&breaks)));
        let at = Arc::new(at);
        thread::spawn(move || {
            for client in listener.incoming() {
                let line = Line::between(client.unwrap(), TcpStream::connect(&server).unwrap());
                let (commits, breaks) = (Arc::clone(&counters.0), Arc::clone(&counters.1));
                let at = Arc::clone(&at);
                thread::spawn(move || {
                    let decide = || at(commits.fetch_add(1, Ordering::SeqCst));
                    let broken = line.listen_in(decide);
                    breaks.fetch_add(u32::from(broken), Ordering::SeqCst);
                });
            }
        });
        Self { port, commits, breaks }
    }

    /// The URL of a database as it is reached over this wire.
    pub(crate) fn url(&self, database: &str) -> String {
        let (head, name) = database.rsplit_once('/').expect("the URL names a database");
        let user = head.split_once("://").and_then(|(_, rest)| rest.split_once('@'));
        let user = user.map_or(String::new(), |(user, _)| format!("{user}@"));
        format!("postgres://{user}127.0.0.1:{}/{name}?sslmode=disable", self.port)
    }

    /// How many commits went over it, and at how many of them it broke.
    pub(crate) fn counts(&self) -> (u32, u32) {
        (self.commits.load(Ordering::SeqCst), self.breaks.load(Ordering::SeqCst))
    }
}

/// `host:port` of a server's URL.
pub(crate) fn server_of(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = rest.split('/').next().unwrap();
    host.rsplit('@').next().unwrap().to_owned()
}

/// One connection: what the server answers is passed on by a thread of its own.
struct Line {
    client: TcpStream,
    server: TcpStream,
    mute: Arc<AtomicBool>,
    answers: JoinHandle<()>,
}

impl Line {
    fn between(client: TcpStream, server: TcpStream) -> Self {
        let mute = Arc::new(AtomicBool::new(false));
        let (from, to) = (server.try_clone().unwrap(), client.try_clone().unwrap());
        let muted = Arc::clone(&mute);
        let answers = thread::spawn(move || pass_on(from, to, &muted));
        Self { client, server, mute, answers }
    }

    /// Passes the program's messages on one by one and breaks the wire where `decide` says so;
    /// tells whether it did.
    fn listen_in(self, decide: impl Fn() -> Option<Break>) -> bool {
        let (mut client, mut server) = (&self.client, &self.server);
        // The first message has no type: four bytes of length, which count themselves.
        let mut typed = false;
        while let Some(message) = message(&mut client, typed) {
            typed = true;
            let at = if is_commit(&message) { decide() } else { None };
            self.mute.store(at.is_some(), Ordering::SeqCst);
            if at == Some(Break::Amid) {
                let _ = client.shutdown(Shutdown::Both);
            }
            if at != Some(Break::Before) && server.write_all(&message).is_err() {
                break;
            }
            if at.is_some() {
                self.break_off(at);
                return true;
            }
        }
        self.break_off(None);
        false
    }

    fn break_off(self, at: Option<Break>) {
        if matches!(at, Some(Break::Amid | Break::After)) {
            // The server closes its end only when it has done what it was told.
            let _ = self.server.shutdown(Shutdown::Write);
            let _ = self.answers.join();
        }
        let _ = self.client.shutdown(Shutdown::Both);
        let _ = self.server.shutdown(Shutdown::Both);
    }
}

fn pass_on(mut from: TcpStream, mut to: TcpStream, mute: &AtomicBool) {
    let mut buffer = [0; 16 << 10];
    while let Ok(read) = from.read(&mut buffer) {
        let lost = mute.load(Ordering::SeqCst);
        if read == 0 || (!lost && to.write_all(&buffer[..read]).is_err()) {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}

/// One whole message of the wire protocol (PostgreSQL manual, 54.2.1).
fn message(from: &mut impl Read, typed: bool) -> Option<Vec<u8>> {
    let mut head = vec![0; if typed { 5 } else { 4 }];
    from.read_exact(&mut head).ok()?;
    let length = head[head.len() - 4..].try_into().map(u32::from_be_bytes).ok()?;
    let mut body = vec![0; (length as usize).checked_sub(4)?];
    from.read_exact(&mut body).ok()?;
    Some([head, body].concat())
}

/// Whether a message is a query, or the preparing of one, that commits.
fn is_commit(message: &[u8]) -> bool {
    matches!(message.first(), Some(b'Q' | b'P'))
        && message.windows(7).any(|part| part == b"COMMIT\0")
}
