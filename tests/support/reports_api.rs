//! A stand-in for the reports API of Shadowserver, which speaks its protocol on loopback.
//!
//! It checks the proof over the exact bytes of each request, lists what the dates of the request
//! cover, and answers with a fault where the test has planned one.

use std::{
    collections::VecDeque,
    io::Write as _,
    net::TcpStream,
    sync::{Arc, Mutex},
};

use crate::loopback::{Request, listens, request};

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

/// The key and the secret that it knows.
pub(crate) const SECRET_FILE: &str = "apikey = \"key-of-the-centre\"\nsecret = \"geheim-geheim\"\n";
const KEY: &str = "key-of-the-centre";
const SECRET: &[u8] = b"geheim-geheim";

/// What goes wrong with one answer.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// This status, with these headers.
    Status(u16, &'static str),
    /// This body, with success.
    Body(&'static str),
    /// The connection ends in the middle of the body.
    Broken,
    /// A body that never ends.
    Endless,
}

#[derive(Debug, Default)]
struct State {
    reports: Vec<(String, String, String)>,
    list_faults: VecDeque<Fault>,
    download_faults: VecDeque<Fault>,
    asked: Vec<String>,
}

/// The stand-in.
pub(crate) struct ReportsApi {
    port: u16,
    state: Arc<Mutex<State>>,
}

impl ReportsApi {
    pub(crate) fn start() -> Self {
        let state = Arc::new(Mutex::new(State::default()));
        Self { port: listens(&state, converse), state }
    }

    /// Its address.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Publishes a report of `day`.
    pub(crate) fn publishes(&self, day: &str, id: &str, name: &str, csv: &str) {
        let file = format!("{day}-{name}.csv");
        let report = (id.to_owned(), file, csv.to_owned());
        self.state.lock().unwrap().reports.push(report);
    }

    /// The next lists fail like this.
    pub(crate) fn lists_fail(&self, faults: &[Fault]) {
        self.state.lock().unwrap().list_faults.extend(faults.iter().cloned());
    }

    /// The next downloads fail like this.
    pub(crate) fn downloads_fail(&self, faults: &[Fault]) {
        self.state.lock().unwrap().download_faults.extend(faults.iter().cloned());
    }

    /// What was asked since the last time: `list FROM:TO`, `get ID`, or `refused`.
    pub(crate) fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.state.lock().unwrap().asked)
    }
}

fn converse(mut stream: TcpStream, state: &Mutex<State>) -> Option<()> {
    let Request { method, path, header, body } = request(&stream)?;
    let proof = header.get("hmac2").map(String::as_str).unwrap_or_default();
    let (fault, answer) = match (method.as_str(), path.as_str()) {
        ("POST", "/api2/reports/list") => list(state, &body, proof),
        ("GET", path) => download(state, path.trim_start_matches('/')),
        _ => (None, None),
    };
    reply(&mut stream, fault, answer)
}

fn list(state: &Mutex<State>, body: &[u8], proof: &str) -> (Option<Fault>, Option<String>) {
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET).unwrap();
    mac.update(body);
    let wanted = todoke::access::keys::to_hex(&mac.finalize().into_bytes());
    let asked: Value = serde_json::from_slice(body).unwrap_or_default();
    let mut state = state.lock().unwrap();
    if proof != wanted || asked["apikey"] != KEY {
        state.asked.push("refused".to_owned());
        return (Some(Fault::Status(403, "")), None);
    }
    let dates = asked["date"].as_str().unwrap_or_default().to_owned();
    state.asked.push(format!("list {dates}"));
    let (from, to) = dates.split_once(':').unwrap_or_default();
    let within = |file: &str| (from..=to).contains(&&file[..10]);
    let rows: Vec<Value> = state
        .reports
        .iter()
        .filter(|(_, file, _)| within(file))
        .map(|(id, file, _)| {
            json!({ "id": id, "file": file, "type": "scan_telnet",
                "timestamp": format!("{} 00:00:00", &file[..10]) })
        })
        .collect();
    (state.list_faults.pop_front(), Some(json!(rows).to_string()))
}

fn download(state: &Mutex<State>, id: &str) -> (Option<Fault>, Option<String>) {
    let mut state = state.lock().unwrap();
    state.asked.push(format!("get {id}"));
    let found = state.reports.iter().find(|(known, ..)| known == id).map(|one| one.2.clone());
    (state.download_faults.pop_front(), found)
}

fn reply(stream: &mut TcpStream, fault: Option<Fault>, answer: Option<String>) -> Option<()> {
    let close = "Connection: close\r\n";
    let good = |body: &str| {
        format!("HTTP/1.1 200 OK\r\n{close}Content-Length: {}\r\n\r\n{body}", body.len())
    };
    let text = match (fault, answer) {
        (Some(Fault::Status(status, headers)), _) => {
            format!("HTTP/1.1 {status} No\r\n{close}{headers}Content-Length: 0\r\n\r\n")
        }
        (Some(Fault::Body(body)), _) => good(body),
        (Some(Fault::Broken), Some(body)) => {
            let whole = good(&body);
            whole[..whole.len() - body.len() / 2].to_owned()
        }
        (Some(Fault::Endless), _) => {
            stream.write_all(format!("HTTP/1.1 200 OK\r\n{close}\r\n").as_bytes()).ok()?;
            loop {
                stream.write_all(&[b'x'; 8 << 10]).ok()?;
            }
        }
        (None, Some(body)) => good(&body),
        (_, None) => format!("HTTP/1.1 404 No\r\n{close}Content-Length: 0\r\n\r\n"),
    };
    stream.write_all(text.as_bytes()).ok()
}
