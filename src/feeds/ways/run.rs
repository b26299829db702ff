//! A run of a way (取得回): leased, fetched, written down.
//!
//! One node runs a way at a time; each write carries the fence of its lease. What a run fetched is
//! durable before its source is told, so that one which is killed anywhere loses nothing, and the
//! next one finds by content and by remembered names what it need not fetch again. Owns `way_runs`,
//! `way_items`, `way_refusals`; writes the position in `feed_ways`.

use std::{fs, path::PathBuf, time::Duration};

use anyhow::Context as _;
use serde::{Serialize, de::DeserializeOwned};

use super::{
    JOB, Settings, Way, folder, hand_over,
    hand_over::Handed,
    mailbox,
    secret::{self, Secret},
    shadowserver_api, store, taxii,
};
use crate::{
    app::App,
    audit::{self, Deed},
    db::retry,
    feeds::Feed,
    ids::WayId,
    jobs::{
        queue::{self, Lease},
        schedule,
    },
    net::Trouble,
    time::Moment,
};

/// The longest wait that a server may ask for.
const WAIT_MAX: Duration = Duration::from_hours(6);

/// What came of a run (取得結果).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[doc(alias = "取得結果")]
pub struct Came {
    /// Files that came for the first time.
    pub files: i64,
    /// Files whose content was in already.
    pub known: i64,
    /// Files or messages that were refused.
    pub refused: i64,
}

/// A run that ended (取得回の報告).
#[derive(Clone, Debug)]
#[doc(alias = "取得回の報告")]
pub struct Report {
    /// The way.
    pub way: Way,
    /// What came.
    pub came: Came,
    /// What went wrong.
    pub fault: Option<String>,
    /// When the next run is due; nothing = the way rests.
    pub next_at: Option<Moment>,
}

/// Runs the way that has been due longest; nothing when none is due and free.
pub async fn next_due(app: &App) -> anyhow::Result<Option<Report>> {
    match queue::take(app, JOB).await? {
        Some(lease) => run(app, &lease).await,
        None => Ok(None),
    }
}

/// Runs a way now, due or not; nothing when another node runs it.
pub async fn now(app: &App, way: &Way) -> anyhow::Result<Option<Report>> {
    let Some(lease) = queue::take_now(app, JOB, way.subject()).await? else { return Ok(None) };
    audit::note_first(app, Deed::new("way.run", &way.to_string())).await?;
    run(app, &lease).await
}

async fn run(app: &App, lease: &Lease) -> anyhow::Result<Option<Report>> {
    let way = store::by_id(&app.db, WayId(lease.subject.0)).await?;
    let Some(way) = way else { return Ok(None) };
    let feeds = crate::feeds::all(&app.db).await?;
    let feed = feeds.into_iter().find(|feed| feed.id == way.feed_id);
    let feed = feed.with_context(|| format!("the feed of {way} is gone"))?;
    let begin = || async {
        let mut tx = app.db.begin().await?;
        lease.check(&mut tx).await?;
        store::begin_run(&mut tx, way.id, lease.fence, app.now()).await?;
        tx.commit().await
    };
    retry::until_settled(begin).await?;
    let room = app.data.join("incoming").join(way.id.to_string());
    let mut run = Run { app, feed: &feed, way: &way, lease, came: Came::default(), room };
    let fetched = match lease.during(app, Box::pin(run.fetch())).await {
        Ok(fetched) => fetched,
        Err(lost) => return Err(lost.context(format!("the run of {way} was cut off"))),
    };
    let _ = fs::remove_dir_all(&run.room);
    let came = run.came;
    let (fault, next_at) = end(app, &way, lease, came, fetched).await?;
    if let Some(fault) = &fault {
        tracing::warn!("{way}: {fault}");
    }
    Ok(Some(Report { way, came, fault, next_at }))
}

/// Writes how a run ended, and gives the way back.
async fn end(
    app: &App,
    way: &Way,
    lease: &Lease,
    came: Came,
    fetched: Result<(), Trouble>,
) -> anyhow::Result<(Option<String>, Option<Moment>)> {
    let at = app.now();
    let (attempts, next_at, fault) = match fetched {
        Ok(()) => (0, way.schedule()?.next(at), None),
        Err(trouble) => {
            let attempts = lease.attempts + 1;
            let asked = trouble.wait.unwrap_or_default().min(WAIT_MAX);
            let wait = schedule::back_off(app, attempts).max(asked);
            (attempts, Some(schedule::later(at, wait)), Some(trouble.sentence))
        }
    };
    let run = (way.id, lease.fence);
    let end = || async {
        let mut tx = app.db.begin().await?;
        if store::has_ended(&mut tx, run).await? {
            return Ok(next_at);
        }
        lease.check(&mut tx).await?;
        // Somebody may have paused the way in the meantime.
        let next_at = match store::paused_at(&mut tx, way.id).await? {
            Some(_) => None,
            None => next_at,
        };
        let ending = store::Ending { at, came, fault: fault.as_deref(), next_at };
        store::end_run(&mut tx, run, &ending).await?;
        lease.give_back(&mut tx, attempts, next_at).await?;
        tx.commit().await?;
        Ok(next_at)
    };
    let next_at = retry::until_settled(end).await.context("the end of the run")?;
    Ok((fault, next_at))
}

/// A run that is going on.
pub(super) struct Run<'a> {
    pub(super) app: &'a App,
    pub(super) way: &'a Way,
    feed: &'a Feed,
    lease: &'a Lease,
    came: Came,
    room: PathBuf,
}

impl Run<'_> {
    async fn fetch(&mut self) -> Result<(), Trouble> {
        let settings = Settings::read(self.way.kind, &self.way.settings);
        match settings.context("the settings of the way are not understood")? {
            Settings::Folder(it) => folder::fetch(self, &it).await,
            Settings::Mailbox(it) => mailbox::fetch(self, &it).await,
            Settings::ShadowserverApi(it) => shadowserver_api::fetch(self, &it).await,
            Settings::Taxii(it) => taxii::fetch(self, &it).await,
        }
    }

    /// The secret of the way; nothing where it has none.
    pub(super) fn secret(&self) -> Result<Option<Secret>, Trouble> {
        let Some(path) = &self.way.secret_file else { return Ok(None) };
        let secret = secret::read(self.way.kind, path.as_ref());
        secret.map(Some).map_err(|why| Trouble::new(why.to_string()))
    }

    /// The secret of a kind of way that has one.
    pub(super) fn needed_secret(&self) -> Result<Secret, Trouble> {
        self.secret()?.ok_or_else(|| Trouble::new("the way has no secret file"))
    }

    /// A path for a file that is being fetched, in a folder that is empty before and gone after the
    /// run. The file goes in under its name, so a source must not choose one that leads elsewhere.
    pub(super) fn room_for(&self, name: &str) -> Result<PathBuf, Trouble> {
        let room = self.room.join(self.lease.fence.to_string());
        fs::create_dir_all(&room).context("the folder for incoming files cannot be made")?;
        let fits = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        let name: String = name.chars().map(|c| if fits(c) { c } else { '_' }).collect();
        Ok(room.join(name.trim_start_matches('.')))
    }

    /// Hands a file over and counts what came of it.
    pub(super) async fn hand_over(&mut self, path: &std::path::Path) -> anyhow::Result<Handed> {
        let handed = hand_over::hand_over(self.app, self.feed, path).await?;
        match &handed {
            Handed::New => self.came.files += 1,
            Handed::Known => self.came.known += 1,
            Handed::Refused(_) => self.came.refused += 1,
        }
        Ok(handed)
    }

    /// Counts a file that could not even be handed over.
    pub(super) fn count_refused(&mut self) {
        self.came.refused += 1;
    }

    /// Hands a file over that lies in the room, and removes it there.
    pub(super) async fn hand_over_fetched(
        &mut self,
        path: &std::path::Path,
    ) -> anyhow::Result<Handed> {
        let handed = self.hand_over(path).await?;
        fs::remove_file(path).context("an incoming file cannot be removed")?;
        Ok(handed)
    }

    /// Whether something was fetched before, by the name that its source gives it; and if it was
    /// refused, why.
    pub(super) async fn known(&self, item: &str) -> anyhow::Result<Option<Option<String>>> {
        Ok(store::item(&self.app.db, self.way.id, item).await?)
    }

    /// Remembers that something was fetched.
    pub(super) async fn remember(&self, item: &str, refused: Option<&str>) -> anyhow::Result<()> {
        let run = (self.way.id, self.lease.fence);
        let remember = || async {
            let mut tx = self.app.db.begin().await?;
            self.lease.check(&mut tx).await?;
            store::insert_item(&mut tx, run, item, self.app.now(), refused).await?;
            if let Some(why) = refused {
                store::insert_refusal(&mut tx, run, item, why).await?;
            }
            tx.commit().await
        };
        retry::until_settled(remember).await.context("what was fetched cannot be written down")
    }

    /// Remembers that something is refused, and counts it.
    pub(super) async fn refuse(&mut self, item: &str, why: &str) -> anyhow::Result<()> {
        self.remember(item, Some(why)).await?;
        self.came.refused += 1;
        Ok(())
    }

    /// Forgets what was fetched before `until`.
    pub(super) async fn forget(&self, until: Moment) -> anyhow::Result<()> {
        let forget = || async {
            let mut tx = self.app.db.begin().await?;
            self.lease.check(&mut tx).await?;
            store::forget_items(&mut tx, self.way.id, until).await?;
            tx.commit().await
        };
        Ok(retry::until_settled(forget).await?)
    }

    /// Where the way goes on.
    pub(super) fn position<T: DeserializeOwned + Default>(&self) -> T {
        serde_json::from_str(&self.way.position).unwrap_or_default()
    }

    /// Writes where the way goes on the next time.
    pub(super) async fn go_on_from(&self, position: &impl Serialize) -> anyhow::Result<()> {
        let position = serde_json::to_string(position)?;
        let write = || async {
            let mut tx = self.app.db.begin().await?;
            self.lease.check(&mut tx).await?;
            store::set_position(&mut tx, self.way.id, &position).await?;
            tx.commit().await
        };
        Ok(retry::until_settled(write).await?)
    }
}
