//! The register of cases (台帳), as the check reads it: which case stands at which spot.

use std::collections::BTreeSet;

use super::{Findings, Kind, store::Case};
use crate::{
    db::packed::{Broken, Unpacking},
    ids::IspId,
};

/// An entry of the register: spot, provider, term, number.
type Entry = (Vec<u8>, IspId, i64, i64);

/// Compares cases with their register, in both directions.
pub(super) fn compare(cases: &[Case], bodies: &[(Vec<u8>, Vec<u8>)], findings: &mut Findings) {
    let mut listed: BTreeSet<Entry> = BTreeSet::new();
    let mut spots = BTreeSet::new();
    for (name, body) in bodies {
        if let Err(broken) = entries(name, body, |entry| {
            let (spot, isp, term, _) = &entry;
            if !spots.insert((spot.clone(), *isp, *term)) {
                let place = format!("case number {}", entry.3);
                findings.add(Kind::Register, place, "two cases stand at one spot");
            }
            listed.insert(entry);
        }) {
            findings.add(Kind::Register, "a shelf of the register", broken.to_string());
        }
    }
    for case in cases {
        let entry = (case.spot.clone(), case.isp_id, case.term, case.no);
        if !listed.remove(&entry) {
            let what = "the register does not know it at its spot";
            findings.add(Kind::Register, format!("case {}", case.id), what);
        }
    }
    for (_, _, _, no) in listed {
        let what = "the register knows it, and there is no such case";
        findings.add(Kind::Register, format!("case number {no}"), what);
    }
}

/// The name of a shelf of the register begins with its term.
pub(super) fn behind_term(name: &[u8]) -> &[u8] {
    name.get(8..).unwrap_or_default()
}

/// Hands the entries of a shelf of the register to `take`. The layout stands in
/// `cases/register.rs`.
fn entries(name: &[u8], body: &[u8], mut take: impl FnMut(Entry)) -> Result<(), Broken> {
    let mut packed = Unpacking::new(body);
    let term = name.first_chunk().copied().map_or(-1, i64::from_be_bytes);
    let mut classes = Vec::new();
    for _ in 0..packed.count()? {
        let isp = IspId(uuid::Uuid::from_bytes(packed.array()?));
        classes.push((isp, packed.bytes()?));
    }
    while !packed.is_done() {
        let host: [u8; 2] = packed.array()?;
        let class = packed.count()?;
        let (isp, tail) = *classes.get(class).ok_or_else(|| packed.broken())?;
        let spot = [behind_term(name), &host, tail].concat();
        take((spot, isp, term, packed.number()?));
    }
    Ok(())
}
