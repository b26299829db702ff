//! Sightings kept whole (初回検知): what a row said that opened a case, or that nobody serves.
//!
//! Written once and seldom read, so rows of a file are packed a few thousand at a time, in order of
//! their numbers, and compressed by zstd: one row of `sighting_chunks` each, named by file and
//! first row. A body holds for every sighting: row number, line, spot, time, port (0 for none),
//! severity, and the detail. That is packed too: each of the texts of [`Detail::NAMES`], empty
//! where there is none; AS number (0 for none); notes; then names and values of other columns.

use formats::{Detail, Notes};

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
    /// What else the row said, as JSON; see [`Detail`].
    pub detail: String,
}

/// Packs sightings of one file that are sorted by row number.
pub(super) fn pack(sightings: &[&Sighting<'_>]) -> anyhow::Result<Vec<u8>> {
    let mut body = Vec::with_capacity(160 * sightings.len());
    for one in sightings {
        packed::put_number(&mut body, one.row_no);
        packed::put_number(&mut body, one.line);
        packed::put_bytes(&mut body, one.spot);
        packed::put_number(&mut body, one.detected_at.0);
        packed::put_number(&mut body, one.calling_port.map_or(0, i64::from));
        packed::put_bytes(&mut body, one.severity.code().as_bytes());
        packed::put_bytes(&mut body, one.detail);
    }
    Ok(zstd::bulk::compress(&body, LEVEL)?)
}

/// Appends what a row said besides address, port and time.
pub(crate) fn put_detail(to: &mut Vec<u8>, detail: &Detail) {
    for text in detail.texts() {
        packed::put_bytes(to, text.unwrap_or_default().as_bytes());
    }
    packed::put_number(to, i64::from(detail.asn.unwrap_or(0)));
    packed::put_number(to, i64::from(detail.notes.bits()));
    for (name, value) in &detail.extra {
        packed::put_bytes(to, name.as_bytes());
        packed::put_bytes(to, value.as_bytes());
    }
}

/// The detail that was packed so.
fn detail(packed: &[u8]) -> Result<Detail, Broken> {
    let mut unpacking = Unpacking::new(packed);
    let mut texts = [const { None }; Detail::NAMES.len()];
    for text in &mut texts {
        *text = Some(unpacking.text()?).filter(|text| !text.is_empty()).map(Into::into);
    }
    let mut detail = Detail::of_texts(texts);
    let (asn, notes) = (unpacking.number()?, unpacking.number()?);
    let broken = unpacking.broken();
    detail.asn = Some(u32::try_from(asn).map_err(|_| broken)?).filter(|asn| *asn != 0);
    detail.notes = Notes::of_bits(u8::try_from(notes).map_err(|_| broken)?);
    while !unpacking.is_done() {
        detail.extra.push((unpacking.text()?.into(), unpacking.text()?.into()));
    }
    Ok(detail)
}

/// Hands every text of a packed detail to `take`, with the name of its field or column.
pub(crate) fn each_text<'a>(
    packed: &'a [u8],
    mut take: impl FnMut(&'a str, &'a str),
) -> Result<(), Broken> {
    let mut unpacking = Unpacking::new(packed);
    for name in Detail::NAMES {
        let text = unpacking.text()?;
        if !text.is_empty() {
            take(name, text);
        }
    }
    let (_asn, _notes) = (unpacking.number()?, unpacking.number()?);
    while !unpacking.is_done() {
        take(unpacking.text()?, unpacking.text()?);
    }
    Ok(())
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

fn unpack_one(unpacking: &mut Unpacking<'_>) -> anyhow::Result<Kept> {
    let row_no = unpacking.number()?;
    let line = unpacking.number()?;
    let spot = Spot(unpacking.bytes()?.to_vec());
    let detected_at = Moment(unpacking.number()?);
    let port = u16::try_from(unpacking.number()?).map_err(|_| unpacking.broken())?;
    let severity = unpacking.text()?.to_owned();
    let detail = serde_json::to_string(&detail(unpacking.bytes()?)?)?;
    let port = (port != 0).then_some(port);
    Ok(Kept { row_no, line, spot, detected_at, port, severity, detail })
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;
    use crate::sightings::tests::{detection, sheaf};

    proptest! {
        #[test]
        fn every_sighting_comes_back_from_its_chunk(
            rows in vec((any::<u32>(), any::<i64>(), any::<u16>(), any::<bool>()), 0..60),
        ) {
            let sheaf = sheaf(1, &rows);
            let all: Vec<Sighting<'_>> = sheaf.sightings().collect();
            let kept = unpack(&pack(&all.iter().collect::<Vec<_>>()).unwrap()).unwrap();
            prop_assert_eq!(kept.len(), rows.len());
            for ((kept, no), row) in kept.iter().zip(1..).zip(&rows) {
                let row = detection(no, *row);
                prop_assert_eq!((kept.row_no, kept.line), (no, no + 1));
                let place = kept.spot.place().unwrap();
                let seen = (place.ip, &place.exposure, kept.detected_at.0);
                prop_assert_eq!(seen, (row.ip, &row.exposure, row.detected_at));
                prop_assert_eq!(place.port.or(kept.port), row.port);
                prop_assert_eq!(&kept.severity, row.severity.code());
                prop_assert_eq!(&kept.detail, &serde_json::to_string(&row.detail).unwrap());
            }
        }

        #[test]
        fn a_detail_comes_back_as_it_was(
            words in vec("[a-z]{0,3}", Detail::NAMES.len()),
            asn: Option<u32>,
            notes: u8,
            extra in vec(("[a-z]{1,3}", "\\PC{1,9}"), 0..4),
        ) {
            let text = |word: &String| (!word.is_empty()).then(|| word.as_str().into());
            let texts: Vec<Option<Box<str>>> = words.iter().map(text).collect();
            let mut wanted = Detail::of_texts(texts.try_into().unwrap());
            wanted.asn = asn.filter(|asn| *asn != 0);
            wanted.notes = Notes::of_bits(notes);
            let pairs = extra.iter().map(|(name, value)| (&**name, &**value));
            wanted.extra = pairs.map(|(name, value)| (name.into(), value.into())).collect();
            let mut packed = Vec::new();
            put_detail(&mut packed, &wanted);
            let named = Detail::NAMES.into_iter().zip(wanted.texts());
            let named = named.filter_map(|(name, text)| Some((name, text?)));
            let others = wanted.extra.iter().map(|(name, text)| (&**name, &**text));
            let mut texts = Vec::new();
            each_text(&packed, |name, text| texts.push((name, text))).unwrap();
            prop_assert_eq!(texts, named.chain(others).collect::<Vec<_>>());
            prop_assert_eq!(detail(&packed).unwrap(), wanted);
        }

        #[test]
        fn a_damaged_chunk_is_a_fault_and_no_panic(body: Vec<u8>, cut: u16) {
            let _ = unpack(&body);
            let _ = (detail(&body), each_text(&body, |_, _| ()));
            let _ = unpack(&zstd::bulk::compress(&body, LEVEL).unwrap());
            let sheaf = sheaf(300, &[(7, 8, 9, true)]);
            let whole = pack(&[&sheaf.sightings().next().unwrap()]).unwrap();
            let cut = &whole[..usize::from(cut) % whole.len()];
            prop_assert!(cut.is_empty() || unpack(cut).is_err());
        }
    }
}
