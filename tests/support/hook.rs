//! A provider's webhook on loopback: it keeps what is posted, and answers as it is told to.

use std::{
    collections::VecDeque,
    io::Write as _,
    net::TcpStream,
    sync::{Arc, Mutex},
};

use crate::loopback::{Request, listens, request};

#[derive(Default)]
struct State {
    answers: VecDeque<&'static str>,
    posted: Vec<Request>,
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
    pub(crate) fn posted(&self) -> Vec<Request> {
        self.state.lock().unwrap().posted.clone()
    }
}

fn converse(stream: &TcpStream, state: &Mutex<State>) -> Option<()> {
    let posted = request(stream)?;
    let mut state = state.lock().unwrap();
    state.posted.push(posted);
    let head = state.answers.pop_front().unwrap_or("200 OK\r\n");
    if head.is_empty() {
        return None;
    }
    let text = format!("HTTP/1.1 {head}Content-Length: 0\r\nConnection: close\r\n\r\n");
    (&*stream).write_all(text.as_bytes()).ok()
}
