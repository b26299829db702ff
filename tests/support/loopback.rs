//! A server of a test's own on loopback: it listens, and each conversation has a thread.

use std::{
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
