//! The queue of jobs: any number of nodes ask at once, and each job is done by one of them.

use std::{collections::BTreeSet, time::Duration};

use todoke::{
    access::keys::Keys,
    app::App,
    db::Db,
    ids::SubjectId,
    jobs::{
        queue::{self, Lease},
        schedule,
    },
    time::{Clock, Moment},
};

use crate::centre::{Centre, on_both_engines};

const KIND: &str = "errand";

fn subject(number: u128) -> SubjectId {
    SubjectId(uuid::Uuid::from_u128(number))
}

/// A node of that centre, with a calendar of its own.
async fn node(centre: &Centre, clock: &Clock) -> App {
    let db = match centre.database() {
        Some(url) => Db::connect_postgres(url).await.unwrap(),
        None => Db::open_sqlite(&centre.data().join("todoke.sqlite")).await.unwrap(),
    };
    let keys = Keys::load(&centre.data().join("keys")).unwrap();
    App::new(db, clock.clone(), keys, centre.data()).seeded(7)
}

async fn plans(app: &App, number: u128, due: Option<Moment>) {
    let mut tx = app.db.begin().await.unwrap();
    queue::plan(&mut tx, KIND, subject(number), due).await.unwrap();
    tx.commit().await.unwrap();
}

async fn takes(app: &App) -> Option<Lease> {
    queue::take(app, KIND).await.unwrap()
}

/// Whether a write of the holder of `lease` goes through.
async fn may_write(app: &App, lease: &Lease) -> bool {
    let mut tx = app.db.begin().await.unwrap();
    let may = lease.check(&mut tx).await.is_ok();
    // Dropped, it would be rolled back some time later, and hold the job until then.
    tx.commit().await.unwrap();
    may
}

fn block_on(story: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(story);
}

fn start() -> (Clock, Moment) {
    let at = Moment::parse("2026-04-01T09:00:00+09:00").unwrap();
    (Clock::standing_at(at), at)
}

on_both_engines! {
    fn of_many_nodes_that_ask_at_once_one_gets_each_job(centre) {
        block_on(async {
            let (clock, now) = start();
            let nodes = [node(&centre, &clock).await, node(&centre, &clock).await];
            for number in 0..30 {
                plans(&nodes[0], number, Some(now)).await;
            }
            let worker = |app: App| async move {
                let mut mine = Vec::new();
                while let Some(lease) = takes(&app).await {
                    mine.push(lease.subject);
                }
                mine
            };
            let workers = (0..6).map(|number| worker(nodes[number % 2].clone()));
            let all: Vec<SubjectId> =
                futures::future::join_all(workers).await.into_iter().flatten().collect();
            assert_eq!(all.len(), 30);
            assert_eq!(all.into_iter().collect::<BTreeSet<_>>().len(), 30);
            for app in nodes {
                app.db.close().await;
            }
        });
    }

    fn whoever_slept_through_its_lease_writes_no_more(centre) {
        block_on(async {
            let (clock, now) = start();
            let app = node(&centre, &clock).await;
            plans(&app, 1, Some(now)).await;
            let sleeper = takes(&app).await.unwrap();
            assert!(takes(&app).await.is_none() && may_write(&app, &sleeper).await);
            clock.set(schedule::later(now, queue::LEASE));
            assert!(may_write(&app, &sleeper).await, "nobody else has taken it");
            let next = takes(&app).await.unwrap();
            assert!(next.fence > sleeper.fence);
            assert!(!may_write(&app, &sleeper).await && may_write(&app, &next).await);
            assert!(sleeper.done(&app, now).await.is_err(), "nor does it end what is not its own");
            next.done(&app, clock.now()).await.unwrap();
            assert!(!may_write(&app, &next).await, "what was given back is nobody's");
            let third = queue::take_now(&app, KIND, subject(1)).await.unwrap().unwrap();
            assert!(third.fence > next.fence);
            app.db.close().await;
        });
    }

    fn what_is_not_due_rests_and_what_was_taken_out_is_nobodys(centre) {
        block_on(async {
            let (clock, now) = start();
            let app = node(&centre, &clock).await;
            plans(&app, 1, Some(schedule::later(now, Duration::from_mins(1)))).await;
            plans(&app, 2, None).await;
            assert!(takes(&app).await.is_none());
            clock.set(schedule::later(now, Duration::from_mins(1)));
            let lease = takes(&app).await.unwrap();
            assert_eq!(lease.subject, subject(1));
            let mut tx = app.db.begin().await.unwrap();
            queue::forget(&mut tx, KIND, subject(1)).await.unwrap();
            tx.commit().await.unwrap();
            assert!(!may_write(&app, &lease).await && takes(&app).await.is_none());
            app.db.close().await;
        });
    }

    fn waits_after_failures_double_up_to_six_hours_and_are_spread(centre) {
        block_on(async {
            let (clock, _) = start();
            let app = node(&centre, &clock).await;
            let mut waits = BTreeSet::new();
            for failures in 1..80 {
                let doublings = u32::try_from(failures - 1).unwrap().min(20);
                let whole = Duration::from_secs(60 << doublings).min(Duration::from_hours(6));
                let wait = schedule::back_off(&app, failures);
                assert!(wait <= whole && wait >= whole.mul_f64(0.75), "{failures}: {wait:?}");
                waits.insert(wait);
            }
            assert!(waits.len() > 70, "ways that failed together do not come back together");
            app.db.close().await;
        });
    }
}
