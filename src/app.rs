//! What every verb is handed: store, clock, randomness, keys and the data folder.
//!
//! Owns no table.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex},
};

use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;
use uuid::Uuid;

use crate::{
    access::{keys::Keys, locks::Strangers, oidc::Known, passwords::Line},
    config::Centre,
    db::Db,
    ids,
    time::{Clock, Moment},
};

/// The running program: cheap to clone, shared by all commands and handlers.
#[derive(Clone)]
pub struct App {
    /// The store.
    pub db: Db,
    /// The present.
    pub clock: Clock,
    /// Keys that never enter the database or its backups.
    pub keys: Arc<Keys>,
    /// Where archived files and an embedded database live.
    pub data: PathBuf,
    /// Who runs this centre; the placeholder until [`App::run_by`] says otherwise.
    pub centre: Arc<Centre>,
    /// What is known of the outside provider of that centre.
    pub(crate) outside: Arc<Known>,
    /// The line before the hashing of passwords.
    pub hashing: Arc<Line>,
    /// Failures under names that nobody has.
    pub(crate) strangers: Arc<Strangers>,
    rng: Arc<Mutex<ChaCha20Rng>>,
    by: Option<Arc<str>>,
}

impl App {
    /// An application whose randomness comes from the operating system.
    pub fn new(db: Db, clock: Clock, keys: Keys, data: PathBuf) -> Self {
        let rng = ChaCha20Rng::try_from_rng(&mut rand::rngs::SysRng)
            .expect("the operating system always has randomness for a running process");
        let (keys, rng) = (Arc::new(keys), Arc::new(Mutex::new(rng)));
        let (centre, outside) = (Arc::new(Centre::placeholder()), Arc::default());
        let (hashing, strangers) = (Arc::default(), Arc::default());
        Self { db, clock, keys, data, centre, outside, hashing, strangers, rng, by: None }
    }

    /// The same application in the hands of a person, whose deeds stand in the audit log. Without
    /// this nobody acts but the program itself.
    #[must_use]
    pub fn in_the_hands_of(self, by: &str) -> Self {
        Self { by: Some(by.into()), ..self }
    }

    /// The person in whose hands it is; nobody for jobs and machines.
    pub fn by(&self) -> Option<&str> {
        self.by.as_deref()
    }

    /// The same application under the name and phone number of `centre`.
    #[must_use]
    pub fn run_by(mut self, centre: Centre) -> Self {
        self.centre = Arc::new(centre);
        self.outside = Arc::default();
        self
    }

    /// The same application on another clock.
    #[must_use]
    pub fn on_clock(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }

    /// The same application with a seeded generator, for tests and the demo country.
    #[must_use]
    pub fn seeded(mut self, seed: u64) -> Self {
        self.rng = Arc::new(Mutex::new(ChaCha20Rng::seed_from_u64(seed)));
        self
    }

    /// The present.
    pub fn now(&self) -> Moment {
        self.clock.now()
    }

    /// Draws from the application's generator; `draw` must be short, since others wait for it.
    pub fn random<T>(&self, draw: impl FnOnce(&mut ChaCha20Rng) -> T) -> T {
        let mut rng = self.rng.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        draw(&mut rng)
    }

    /// A fresh key.
    pub fn fresh_id(&self) -> Uuid {
        let now = self.now();
        self.random(|rng| ids::fresh(now, rng))
    }
}
