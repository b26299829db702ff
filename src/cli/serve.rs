//! `todoke serve`: the site, and beside it what `todoke work` does.

use clap::Args;
use serde_json::json;
use tokio::net::TcpListener;

use super::{Ended, Out, Refused, given, work};
use crate::{app::App, feeds::archive, jobs, router};

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  todoke serve --listen 127.0.0.1:8080")]
pub(super) struct Serve {
    /// Serve here.
    #[arg(long, default_value = "127.0.0.1:8080", value_parser = given::listen)]
    listen: String,
    /// Fetch and take in nothing on this node; `todoke work` does so elsewhere.
    #[arg(long)]
    no_jobs: bool,
}

impl Serve {
    pub(super) async fn run(&self, app: &App, out: Out) -> anyhow::Result<Ended> {
        let listener = listen(&self.listen).await?;
        let address = listener.local_addr()?;
        if let Some(above) = app.db.above_policies().await? {
            eprintln!("warning: {above}");
        }
        let words = format!("Serving on http://{address} until Ctrl-C.");
        out.line(&json!({ "listening": address }), words)?;
        let jobs = if self.no_jobs { &[][..] } else { &work::JOBS };
        archive::sweep_up(app)?;
        let jobs = jobs::start(app, jobs);
        let served = router::serve(app.clone(), listener, stopped()).await;
        jobs.stop().await;
        served?;
        Ok(Ended::Done)
    }
}

/// A listener, or a refusal that says which address is taken.
pub(super) async fn listen(address: &str) -> anyhow::Result<TcpListener> {
    let bound = TcpListener::bind(address).await;
    bound.map_err(|e| Refused::because(format!("cannot listen on {address}: {e}")))
}

/// Ends on Ctrl-C or SIGTERM.
pub(super) async fn stopped() {
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminated() => {}
    }
}

#[cfg(unix)]
async fn terminated() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut told) => drop(told.recv().await),
        Err(_) => std::future::pending().await,
    }
}

#[cfg(not(unix))]
async fn terminated() {
    std::future::pending().await
}
