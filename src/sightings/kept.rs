//! Sightings kept whole (初回検知): what a row said that opened a case, or that nobody serves.
//!
//! Written once and seldom read, so rows of a file are packed a few thousand at a time, in order of
//! their numbers, and compressed by zstd: one row of `sighting_chunks` each, named by file and
//! first row. A body holds for every sighting: row number, line, spot, time, port (0 for none),
//! severity, and the detail as JSON.

use super::{Sighting, Spot};
use crate::{
    db::packed::{self, Broken, Unpacking},
    time::Moment,
};

/// Sightings of one chunk: enough that compression pays, few enough that one is read at once.
pub(super) const CHUNK: usize = 4_096;

/// Level of zstd; a higher one saves a tenth of the bytes for twice the time.
const LEVEL: i32 = 1;

/// A sighting as it was kept (初回検知).
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// Its number among the rows of its file.
    pub row_no: i64,
    /// The line of the file where it begins.
    pub line: i64,
    /// Where it was seen.
    pub spot: Spot,
    /// When.
    pub detected_at: Moment,
    /// The port that an infected device called from.
    pub port: Option<u16>,
    /// How grave, as a wire word.
    pub severity: String,
    /// What else the row said, as JSON; see [`formats::Detail`].
    pub detail: String,
}

/// Packs sightings of one file that are sorted by row number.
pub(super) fn pack(sightings: &[&Sighting]) -> anyhow::Result<Vec<u8>> {
    let mut body = Vec::with_capacity(256 * sightings.len());
    let mut detail = Vec::new();
    for one in sightings {
        packed::put_number(&mut body, one.row_no);
        packed::put_number(&mut body, one.line);
        packed::put_bytes(&mut body, &one.spot.0);
        packed::put_number(&mut body, one.detected_at.0);
        packed::put_number(&mut body, one.calling_port.map_or(0, i64::from));
        packed::put_bytes(&mut body, one.row.severity.code().as_bytes());
        detail.clear();
        serde_json::to_writer(&mut detail, &one.row.detail)?;
        packed::put_bytes(&mut body, &detail);
    }
    Ok(zstd::bulk::compress(&body, LEVEL)?)
}

/// The sightings of a chunk, in order of rows.
pub(super) fn unpack(body: &[u8]) -> anyhow::Result<Vec<Kept>> {
    let body = zstd::decode_all(body)?;
    let mut unpacking = Unpacking::new(&body);
    let mut kept = Vec::new();
    while !unpacking.is_done() {
        kept.push(unpack_one(&mut unpacking)?);
    }
    Ok(kept)
}

fn unpack_one(unpacking: &mut Unpacking<'_>) -> Result<Kept, Broken> {
    let row_no = unpacking.number()?;
    let line = unpacking.number()?;
    let spot = Spot(unpacking.bytes()?.to_vec());
    let detected_at = Moment(unpacking.number()?);
    let port = u16::try_from(unpacking.number()?).map_err(|_| unpacking.broken())?;
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).ok();
    let severity = text(unpacking.bytes()?).ok_or_else(|| unpacking.broken())?;
    let detail = text(unpacking.bytes()?).ok_or_else(|| unpacking.broken())?;
    let port = (port != 0).then_some(port);
    Ok(Kept { row_no, line, spot, detected_at, port, severity, detail })
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;
    use crate::sightings::tests::sighting;

    proptest! {
        #[test]
        fn every_sighting_comes_back_from_its_chunk(
            rows in vec((any::<u32>(), any::<i64>(), any::<u16>(), any::<bool>()), 0..60),
        ) {
            let rows = (1..).zip(rows);
            let all: Vec<Sighting> = rows.map(|(no, row)| sighting(no, row)).collect();
            let kept = unpack(&pack(&all.iter().collect::<Vec<_>>()).unwrap()).unwrap();
            prop_assert_eq!(kept.len(), all.len());
            for (kept, one) in kept.iter().zip(&all) {
                prop_assert_eq!((kept.row_no, kept.line), (one.row_no, one.line));
                prop_assert_eq!((&kept.spot, kept.detected_at), (&one.spot, one.detected_at));
                prop_assert_eq!(kept.port, one.calling_port);
                prop_assert_eq!(&kept.severity, one.row.severity.code());
                prop_assert_eq!(&kept.detail, &serde_json::to_string(&one.row.detail).unwrap());
            }
        }

        #[test]
        fn a_damaged_chunk_is_a_fault_and_no_panic(body: Vec<u8>, cut: u16) {
            let _ = unpack(&body);
            let _ = unpack(&zstd::bulk::compress(&body, LEVEL).unwrap());
            let whole = pack(&[&sighting(300, (7, 8, 9, true))]).unwrap();
            let cut = &whole[..usize::from(cut) % whole.len()];
            prop_assert!(cut.is_empty() || unpack(cut).is_err());
        }
    }
}
