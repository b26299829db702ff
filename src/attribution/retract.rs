//! Retracting (帰属不明の取消): the list of the unattributed without a file that was withdrawn.

use std::collections::BTreeMap;

use super::{Attributor, store::retract as store};
use crate::{
    db::Tx,
    ids::FileId,
    sightings::{Sighting, Spot, retract::Told},
    time::Moment,
};

/// Takes the hits of `file` off the list: of each spot that it names, the times of the others stay.
/// Gives how many spots leave the list. `told` is all that is told on some shelves.
pub(crate) async fn take_off(
    tx: &mut Tx,
    attributor: &Attributor,
    file: FileId,
    told: &[Told],
) -> crate::db::Result<u64> {
    let mut spots: BTreeMap<&[u8], (bool, Vec<Moment>)> = BTreeMap::new();
    for one in told {
        let (is_touched, left) = spots.entry(&one.spot).or_default();
        if one.file == file {
            *is_touched = true;
        } else {
            left.push(one.at);
        }
    }
    spots.retain(|_, (is_touched, _)| *is_touched);
    let names: Vec<Vec<u8>> = spots.keys().map(|spot| spot.to_vec()).collect();
    let mut gone = 0;
    for spot in super::store::known(tx, &names).await? {
        let left = spots.get(&spot[..]).map_or(&[][..], |(_, left)| left.as_slice());
        let ip = Spot(spot.clone()).place().map(|place| place.ip);
        let unserved =
            |at: &&Moment| ip.is_some_and(|ip| attributor.attribute(ip, **at).isp.is_none());
        let left: Vec<Moment> = left.iter().filter(unserved).copied().collect();
        if let (Some(first), Some(last)) = (left.iter().min(), left.iter().max()) {
            store::set_times(tx, &spot, (*first, *last)).await?;
        } else {
            store::delete(tx, &spot).await?;
            gone += 1;
        }
    }
    Ok(gone)
}

/// Spots that stand on the list by the word of `file`, at most `limit`.
pub(crate) async fn named_by(
    tx: &mut Tx,
    file: FileId,
    limit: i64,
) -> crate::db::Result<Vec<Vec<u8>>> {
    store::named_by(tx, file, limit).await
}

/// Of all that is told of a spot, the sighting that names it instead of one of `file`: the first in
/// the file that came first.
pub(crate) fn namer<'a>(
    attributor: &Attributor,
    file: FileId,
    told: &[&'a Told],
) -> Option<&'a Told> {
    let unserved = |one: &&&Told| {
        let ip = Spot(one.spot.clone()).place().map(|place| place.ip);
        ip.is_some_and(|ip| attributor.attribute(ip, one.at).isp.is_none())
    };
    let others = told.iter().filter(|one| one.file != file).filter(unserved);
    others.min_by_key(|one| (one.came, one.file, one.at, one.line)).copied()
}

/// Lets a spot stand on the list by the word of this sighting.
pub(crate) async fn stand_by(tx: &mut Tx, sighting: &Sighting<'_>) -> crate::db::Result<()> {
    store::set_file(tx, sighting.spot, sighting.file, sighting.row_no).await
}
