//! Jobs (定期作業): what is done again and again, beside commands and pages.
//!
//! A job is a step that is repeated until it finds nothing more to do, and then after a pause. The
//! queue says which node may work on what, the schedule says when. Nothing here knows a stage: the
//! steps are handed in from the top. This alone spawns work. Owns `jobs`.

pub mod queue;
pub mod schedule;
mod store;

use std::{pin::Pin, time::Duration};

use tokio::{sync::watch, task::JoinHandle};

use crate::app::App;

/// How long running steps may take after the word to stop; what is cut off then goes on later.
const GRACE: Duration = Duration::from_secs(30);

/// The outcome of a step: whether there may be more to do at once.
pub type Step = Pin<Box<dyn Future<Output = anyhow::Result<bool>> + Send>>;

/// Something to do again and again (定期作業).
#[derive(Clone, Copy, Debug)]
#[doc(alias = "定期作業")]
pub struct Job {
    /// What logs call it.
    pub name: &'static str,
    /// How many steps of it run side by side on this node.
    pub abreast: usize,
    /// How long to wait when there is nothing to do.
    pub pause: Duration,
    /// One step.
    pub step: fn(App) -> Step,
}

/// Jobs that run until they are stopped.
#[derive(Debug)]
pub struct Running {
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

/// Starts `jobs` on this node.
pub fn start(app: &App, jobs: &[Job]) -> Running {
    let (stop, told) = watch::channel(false);
    let abreast = jobs.iter().flat_map(|job| std::iter::repeat_n(*job, job.abreast));
    #[expect(clippy::disallowed_methods, reason = "this is the place where work outlives a caller")]
    let tasks = abreast.map(|job| tokio::spawn(repeat(app.clone(), job, told.clone()))).collect();
    Running { stop, tasks }
}

impl Running {
    /// Lets running steps end, and cuts off what takes too long.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        let deadline = tokio::time::Instant::now() + GRACE;
        for mut task in self.tasks {
            if tokio::time::timeout_at(deadline, &mut task).await.is_err() {
                tracing::warn!("a job did not end in time and is cut off; it goes on later");
                task.abort();
            }
        }
    }
}

/// Does a job until the word to stop; a step that fails is told and tried again after the pause.
async fn repeat(app: App, job: Job, mut told: watch::Receiver<bool>) {
    while !*told.borrow() {
        match (job.step)(app.clone()).await {
            Ok(true) => continue,
            Ok(false) => {}
            Err(fault) => tracing::error!("{}: {fault:#}", job.name),
        }
        tokio::select! {
            _ = told.changed() => {}
            () = tokio::time::sleep(job.pause) => {}
        }
    }
}
