//! Serves planted cases on loopback, to look at the pages in a browser; prints their IDs.

#![expect(clippy::unwrap_used, reason = "a tool for looking, not for serving")]

#[path = "../tests/portal/centre.rs"]
mod centre;

use centre::{Centre, Planted};

#[tokio::main]
async fn main() {
    let centre = Centre::on_sqlite().await;
    let states = [("open", false), ("clean_once", true), ("verified", true), ("unknown", true), ("recurred", true)];
    for (no, (state, claimed)) in (1_u128..).zip(states) {
        let case = Planted { no, state, model: Some("AB-100"), maker: Some("例示電機"), ..Planted::default() };
        let id = centre.plant(case).await;
        if claimed {
            centre.event(no, "2026-05-03T10:00:00", "claimed").await;
            centre.event(no, "2026-05-09T10:00:00", state).await;
        }
        println!("{state} {id}");
    }
    let infected = Planted { no: 9, stream: "nicter", exposure: "infected/mirai", kind: None, ..Planted::default() };
    println!("infected {}", centre.plant(infected).await);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8199").await.unwrap();
    todoke::router::serve(centre.app.clone(), listener, std::future::pending()).await.unwrap();
}
