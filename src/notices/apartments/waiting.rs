//! The queue (判断待ち): cases in apartment houses that wait for an answer, and those decided.
//!
//! Owns no table; reads `cases` and `case_places`.

use ipnet::IpNet;

use super::{Houses, Placed, is_in_one, of, store};
use crate::{
    attribution::Attributor,
    cases::{self, Case, places},
    db::Db,
    isps::{self, Kind, apartments::contradiction::Question},
};

/// A case that waits for an answer, and for which.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// The code of its provider.
    pub isp: String,
    /// The case.
    pub case: Case,
    /// What is known of it.
    pub placed: Placed,
    /// What is not.
    pub question: Question,
}

/// Cases in apartment houses that wait for an answer, at most `limit` of each provider.
pub async fn waiting(db: &Db, limit: i64) -> anyhow::Result<Vec<Waiting>> {
    let attributor = Attributor::of_declarations(db).await?;
    let prefixes = isps::prefixes(db).await?;
    let mut waiting = Vec::new();
    for isp in isps::all(db).await? {
        let own = prefixes.iter().filter(|one| one.isp == isp.id && one.kind == Kind::Apartment);
        let mut own: Vec<IpNet> = own.map(|one| one.prefix).collect();
        own = IpNet::aggregate(&own);
        if own.is_empty() {
            continue;
        }
        let houses = Houses::of(db, isp.id).await?;
        let mut tx = db.snapshot().await?;
        for prefix in own {
            let mut cases = Vec::new();
            for case in store::open_in(&mut tx, isp.id, prefix, limit).await? {
                if is_in_one(&attributor, &case)? {
                    cases.push(case);
                }
            }
            let placed = houses.place_all(&mut tx, &cases).await?;
            for (case, placed) in cases.into_iter().zip(placed) {
                if let Some(question) = placed.question {
                    let isp = isp.code.clone();
                    waiting.push(Waiting { isp, case, placed, question });
                }
            }
        }
    }
    Ok(waiting)
}

/// Decisions that nobody took back, each with its case and what is known of that; the latest first.
pub async fn decided(
    db: &Db,
    limit: i64,
) -> anyhow::Result<Vec<(places::Decided, Option<Placed>)>> {
    let mut all = Vec::new();
    for one in places::decided(db, limit).await? {
        let placed = match cases::find(db, one.case).await? {
            Some(case) => of(db, &case).await?,
            None => None,
        };
        all.push((one, placed));
    }
    Ok(all)
}
