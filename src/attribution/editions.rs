//! Editions in time (アドレス表の版): which edition of the address table holds from when.
//!
//! An import says that an edition holds from a date; the one with the latest date before a sighting
//! is asked, so that a list that comes a month late is attributed as it would have been then. The
//! first edition holds for all time before, too. An import is a dated fact: undoing it keeps who
//! did so and why. Owns `network_editions`, `network_chunks`, `network_imports`.

use std::collections::BTreeMap;

use serde::Serialize;
use sha2::{Digest as _, Sha256};
use sqlx::FromRow;

use super::{
    Edition,
    hands::{self, Hands},
    networks::{self, Networks},
    store::editions as store,
};
use crate::{
    access::keys::to_hex,
    app::App,
    audit::{self, Deed},
    db::Db,
    db::retry,
    ids::EditionId,
    isps::Register,
    time::Moment,
};

/// An import of the address table (アドレス表の取込).
#[derive(Clone, Debug, FromRow)]
#[doc(alias = "アドレス表の取込")]
pub struct Import {
    /// Its number.
    pub no: i64,
    /// The edition.
    pub edition_id: EditionId,
    /// The hash of what it says.
    pub sha256: String,
    /// Its ranges.
    pub ranges: i64,
    /// From when it holds.
    pub valid_from: Moment,
    /// When it was imported.
    pub imported_at: Moment,
    /// When that was undone.
    pub undone_at: Option<Moment>,
    /// Who undid it.
    pub undone_by: Option<String>,
    /// Why.
    pub undone_reason: Option<String>,
}

/// What an import changes or would change (差分).
#[derive(Debug, Serialize)]
pub struct Difference {
    /// Ranges of the new edition.
    pub prefixes: usize,
    /// Ranges that the edition in force lacks.
    pub added: usize,
    /// Ranges that the new edition lacks.
    pub removed: usize,
    /// Ranges with another AS.
    pub changed: usize,
    /// Whose addresses become whose.
    #[serde(flatten)]
    pub hands: Hands,
    /// From when it holds.
    pub from: String,
    /// Whether the new edition is now in force.
    pub applied: bool,
}

/// All imports, the latest first.
pub async fn history(db: &Db) -> crate::db::Result<Vec<Import>> {
    store::imports(db).await
}

/// The imports that stand, in the order in which they hold; of two from one moment the later one.
fn standing(imports: Vec<Import>) -> Vec<Import> {
    let standing = imports.into_iter().filter(|one| one.undone_at.is_none());
    let by_time = standing.map(|one| ((one.valid_from, one.no), one)).collect::<BTreeMap<_, _>>();
    let mut last: Vec<Import> = Vec::new();
    for one in by_time.into_values() {
        if last.last().is_some_and(|before| before.valid_from == one.valid_from) {
            last.pop();
        }
        last.push(one);
    }
    last
}

/// Every edition that stands, in the order of time.
pub(super) async fn load(db: &Db) -> anyhow::Result<Vec<Edition>> {
    let mut editions: Vec<Edition> = Vec::new();
    let mut before = None;
    for one in standing(store::imports(db).await?) {
        if before.replace(one.edition_id) != Some(one.edition_id) {
            let networks = networks::unpack(&store::chunks(db, one.edition_id).await?)?;
            editions.push(Edition { from: one.valid_from, networks });
        }
    }
    Ok(editions)
}

/// The edition that holds at `at` and the import that says so; empty before the first import.
pub(super) async fn at(db: &Db, at: Moment) -> anyhow::Result<(Networks, Option<Import>)> {
    let standing = standing(store::imports(db).await?);
    let then = standing.partition_point(|one| one.valid_from <= at).saturating_sub(1);
    let Some(import) = standing.into_iter().nth(then) else { return Ok(Default::default()) };
    Ok((networks::unpack(&store::chunks(db, import.edition_id).await?)?, Some(import)))
}

/// Compares `new` with the edition that holds at `from`, which is now where nothing else is said;
/// when `apply` says so, `new` holds from then on.
pub async fn import(
    app: &App,
    new: &Networks,
    from: Option<Moment>,
    apply: bool,
) -> anyhow::Result<Difference> {
    let from = from.unwrap_or_else(|| app.now());
    let mut tries = 0;
    loop {
        let number = store::last(&app.db).await? + 1;
        let (old, _) = at(&app.db, from).await?;
        let mut difference = compare(&old, new);
        let register = Register::load(&app.db).await?;
        difference.hands = hands::between(&register, (&old, new), from);
        difference.from = from.rfc3339();
        difference.applied = apply;
        if !apply || *new == old {
            return Ok(difference);
        }
        match write(app, new, (number, from)).await {
            Ok(()) => return Ok(difference),
            Err(fault) if tries < retry::TRIES && retry::is_worth_asking(&fault) => tries += 1,
            Err(fault) => return Err(fault),
        }
    }
}

async fn write(app: &App, new: &Networks, (number, from): (i64, Moment)) -> anyhow::Result<()> {
    let chunks = networks::pack(new)?;
    let mut hash = Sha256::new();
    chunks.iter().for_each(|chunk| hash.update(chunk));
    let edition = store::NewEdition {
        id: EditionId(app.fresh_id()),
        sha256: to_hex(&hash.finalize()),
        ranges: i64::try_from(new.len())?,
        at: app.now(),
    };
    let mut tx = app.db.begin().await?;
    let id = store::insert_edition(&mut tx, &edition, chunks).await?;
    store::insert_import(&mut tx, number, (id, from), app.now()).await?;
    let (number, detail) = (number.to_string(), format!("{{\"ranges\":{}}}", edition.ranges));
    audit::note_deed(app, &mut tx, Deed::new("networks.import", &number).with(&detail)).await?;
    tx.commit().await?;
    Ok(())
}

fn compare(old: &Networks, new: &Networks) -> Difference {
    let key = |range: networks::Range| ((range.first, range.last), range.asn);
    let before: BTreeMap<_, _> = old.ranges().map(key).collect();
    let (mut added, mut changed, mut kept) = (0, 0, 0);
    for range in new.ranges() {
        match before.get(&(range.first, range.last)) {
            None => added += 1,
            Some(asn) if *asn != range.asn => changed += 1,
            Some(_) => kept += 1,
        }
    }
    let removed = before.len() - kept - changed;
    let (hands, from) = (Hands::default(), String::new());
    Difference { prefixes: new.len(), added, removed, changed, hands, from, applied: false }
}

/// Undoes the last import that stands: the edition before holds again. Gives what was undone and
/// the difference; nothing when none stands.
pub async fn undo(
    app: &App,
    (author, reason): (&str, &str),
) -> anyhow::Result<Option<(Import, Difference)>> {
    let imports = store::imports(&app.db).await?;
    let Some(last) = imports.iter().find(|one| one.undone_at.is_none()).cloned() else {
        return Ok(None);
    };
    let (old, _) = at(&app.db, last.valid_from).await?;
    let mut tx = app.db.begin().await?;
    store::undo(&mut tx, last.no, (author, reason), app.now()).await?;
    let number = last.no.to_string();
    let leaf = Deed::new("networks.undo", &number).by(author, app.now());
    audit::note(&mut tx, leaf).await?;
    tx.commit().await?;
    let (new, _) = at(&app.db, last.valid_from).await?;
    let mut difference = compare(&old, &new);
    let register = Register::load(&app.db).await?;
    difference.hands = hands::between(&register, (&old, &new), last.valid_from);
    difference.from = last.valid_from.rfc3339();
    difference.applied = true;
    Ok(Some((last, difference)))
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn two_editions_are_compared_range_by_range() {
        let read = |csv: &'static str| {
            let file: Box<dyn Read> = Box::new(csv.as_bytes());
            Networks::read(vec![("table.csv".to_owned(), file)]).unwrap()
        };
        let old = read("192.0.2.0,192.0.2.255,64500,A\n2001:db8::,2001:db8::ff,64501,B\n");
        let new = read("192.0.2.0,192.0.2.255,64502,C\n198.51.100.0,198.51.100.9,64500,A\n");
        let d = compare(&old, &new);
        assert_eq!((d.prefixes, d.added, d.removed, d.changed), (2, 1, 1, 1));
    }

    #[test]
    fn of_imports_from_one_moment_the_later_one_stands_and_an_undone_one_does_not() {
        let one = |no, from, undone: bool| Import {
            no,
            edition_id: EditionId(uuid::Uuid::from_u128(no.unsigned_abs().into())),
            sha256: String::new(),
            ranges: 0,
            valid_from: Moment(from),
            imported_at: Moment(0),
            undone_at: undone.then_some(Moment(1)),
            undone_by: None,
            undone_reason: None,
        };
        let all = vec![one(4, 9, true), one(3, 5, false), one(2, 7, false), one(1, 5, false)];
        let stand: Vec<i64> = standing(all).iter().map(|one| one.no).collect();
        assert_eq!(stand, [3, 2]);
    }
}
