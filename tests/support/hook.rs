//! A provider's webhook on loopback: it keeps what is posted, and answers as it is told to.

use std::{
    collections::{HashMap, VecDeque},
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    sync::{Arc, Mutex},
};

use crate::loopback::listens;

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Posted {
    /// Its header, names in lower case.
    pub(crate) header: HashMap<String, String>,
    /// Its body.
    pub(crate) body: Vec<u8>,
}

#[derive(Default)]
struct State {
    answers: VecDeque<&'static str>,
    posted: Vec<Posted>,
}

/// The webhook.
pub(crate) struct Hook {
    port: u16,
    state: Arc<Mutex<State>>,
}

impl Hook {
    pub(crate) fn start() -> Self {
        let state = Arc::new(Mutex::new(State::default()));
        Self { port: listens(&state, |stream, state| converse(&stream, state)), state }
    }

    /// Its address.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/lists", self.port)
    }

    /// The next requests are answered by these heads; an empty one breaks the connection off.
    pub(crate) fn answers(&self, heads: &[&'static str]) {
        self.state.lock().unwrap().answers.extend(heads);
    }

    /// All that was posted.
    pub(crate) fn posted(&self) -> Vec<Posted> {
        self.state.lock().unwrap().posted.clone()
    }
}

fn converse(stream: &TcpStream, state: &Mutex<State>) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
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
    let mut state = state.lock().unwrap();
    state.posted.push(Posted { header, body });
    let head = state.answers.pop_front().unwrap_or("200 OK\r\n");
    if head.is_empty() {
        return None;
    }
    let text = format!("HTTP/1.1 {head}Content-Length: 0\r\nConnection: close\r\n\r\n");
    (&*stream).write_all(text.as_bytes()).ok()
}
