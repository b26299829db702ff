//! Listening (受付): our own accept loop, because a loop without a timer lets slow clients sit.
//!
//! `axum::serve` gives hyper no timer, so that its limit on the time for headers never fires.

use std::{net::SocketAddr, time::Duration};

use anyhow::Context as _;
use axum::{Router, extract::Request};
use hyper::{
    body::Incoming,
    server::conn::http1,
    service::{Service as _, service_fn},
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::{GracefulShutdown, Watcher},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

use super::peer::Peer;

/// How long a client may take over the headers of a request.
const HEADERS: Duration = Duration::from_secs(10);
/// How long open requests may take after the word to stop.
const GRACE: Duration = Duration::from_secs(15);
/// Connections at once; more wait in the kernel's queue.
const CONNECTIONS_MAX: usize = 4096;

/// Serves `routes` on `listener` until `shutdown` is done, then lets open requests finish.
pub async fn serve(
    routes: Router,
    listener: TcpListener,
    shutdown: impl Future<Output = ()>,
) -> anyhow::Result<()> {
    let address = listener.local_addr().context("the listener has no address")?;
    tracing::info!("listening on http://{address}");
    let graceful = GracefulShutdown::new();
    let mut open = JoinSet::new();
    tokio::pin!(shutdown);
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            Some(_) = open.join_next() => {}
            accepted = listener.accept(), if open.len() < CONNECTIONS_MAX => match accepted {
                Ok((stream, from)) => {
                    open.spawn(converse(stream, from, routes.clone(), graceful.watcher()));
                }
                Err(fault) => {
                    // Out of file descriptors: wait for one to come free rather than spin.
                    tracing::warn!("cannot accept a connection: {fault}");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            },
        }
    }
    drop(listener);
    if tokio::time::timeout(GRACE, graceful.shutdown()).await.is_err() {
        tracing::warn!("{} connections did not finish in time", open.len());
    }
    open.shutdown().await;
    Ok(())
}

async fn converse(stream: TcpStream, from: SocketAddr, routes: Router, watcher: Watcher) {
    let _ = stream.set_nodelay(true);
    let routes = TowerToHyperService::new(routes);
    let answer = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(Peer(from.ip()));
        routes.call(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS)
        .max_buf_size(64 * 1024)
        .serve_connection(TokioIo::new(stream), answer);
    if let Err(fault) = watcher.watch(connection).await {
        tracing::debug!("a connection ended early: {fault}");
    }
}
