//! A server of a test's own on loopback: it listens, and each conversation has a thread.

use std::{
    collections::HashMap,
    io::{BufRead as _, BufReader, Read as _},
    net::{TcpListener, TcpStream},
    sync::Arc,
    thread,
};

/// Listens on a free port, which it gives, and holds each conversation by `converse`.
pub(crate) fn listens<S: Send + Sync + 'static, T>(
    state: &Arc<S>,
    converse: impl Fn(TcpStream, &S) -> T + Copy + Send + 'static,
) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let shared = Arc::clone(state);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (stream, state) = (stream.unwrap(), Arc::clone(&shared));
            // A client that goes away ends the conversation, not the server.
            thread::spawn(move || drop(converse(stream, &state)));
        }
    });
    port
}

/// A request of HTTP as it came.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// The method.
    pub(crate) method: String,
    /// The path, with its query.
    pub(crate) path: String,
    /// The header, names in lower case.
    pub(crate) header: HashMap<String, String>,
    /// The body.
    pub(crate) body: Vec<u8>,
}

/// Reads one request; nothing where the client breaks off.
pub(crate) fn request(stream: &TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, path) = (words.next()?, words.next()?);
    let mut header = HashMap::new();
    loop {
        line.clear();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        header.insert(name.to_ascii_lowercase(), value.to_owned());
    }
    let length = header.get("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Request { method, path, header, body })
}
