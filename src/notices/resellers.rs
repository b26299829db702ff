//! Resellers (再販事業者): how the lists of those behind a provider stand, told to that provider.
//!
//! Lists go down through an upstream and reports come up through it, so it may ask how far the
//! reports of its resellers are: in numbers alone, without an address of theirs. Reads the ISP
//! register. Owns no table.

use serde::Serialize;

use super::{Standing, store};
use crate::{
    access::tenancy::Tenant,
    app::App,
    isps::{self, Isp, upstream},
    time::Moment,
};

/// A provider behind the one that asks (再販事業者), with its lists in numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[doc(alias = "再販事業者")]
pub struct Reseller {
    /// Its code.
    pub isp: String,
    /// Its name.
    pub name: String,
    /// The providers from the one that asks down to it, both left out.
    pub through: Vec<String>,
    /// How many lists it has had.
    pub lists: usize,
    /// How many lines they have.
    pub lines: i64,
    /// Lines for which a report came.
    pub reported: i64,
    /// Lines whose subscriber was warned.
    pub notified: i64,
    /// Lines for which none came.
    pub no_report: i64,
    /// Of these, lines of lists whose time to report is over.
    pub overdue: i64,
}

/// Those behind the provider, the nearest first, then by code.
pub async fn of(tenant: &Tenant) -> anyhow::Result<Vec<Reseller>> {
    // This is the one place where a provider learns of others: of those that sit behind it.
    let db = &tenant.app().db;
    let isps = isps::all(db).await?;
    Ok(told(tenant.code(), &isps, &store::standings(db).await?, tenant.now()))
}

/// The codes above the provider, the topmost first, and those behind it as [`of`] tells them.
pub async fn around(tenant: &Tenant) -> anyhow::Result<(Vec<String>, Vec<Reseller>)> {
    let isps = isps::all(&tenant.app().db).await?;
    let above = upstream::path(tenant.code(), &upstream::above(&isps));
    Ok((above, of(tenant).await?))
}

/// All providers, each behind the one that it sits behind: `through` names those above it, the
/// topmost first.
pub async fn tiers(app: &App) -> anyhow::Result<Vec<Reseller>> {
    let isps = isps::all(&app.db).await?;
    let (above, lists) = (upstream::above(&isps), store::standings(&app.db).await?);
    let all = upstream::tree(&isps)
        .into_iter()
        .map(|(isp, _)| reseller(isp, upstream::path(&isp.code, &above), &lists, app.now()));
    Ok(all.collect())
}

fn told(code: &str, isps: &[Isp], lists: &[Standing], now: Moment) -> Vec<Reseller> {
    let above = upstream::above(isps);
    let behind = isps.iter().filter(|isp| isp.removed_at.is_none());
    let behind =
        behind.filter(|isp| isp.code != code && upstream::is_above(code, &isp.code, &above));
    let mut all: Vec<Reseller> = behind
        .map(|isp| {
            let path = upstream::path(&isp.code, &above);
            let through = path.into_iter().skip_while(|one| one != code).skip(1).collect();
            reseller(isp, through, lists, now)
        })
        .collect();
    all.sort_by(|a, b| (a.through.len(), &a.isp).cmp(&(b.through.len(), &b.isp)));
    all
}

fn reseller(isp: &Isp, through: Vec<String>, lists: &[Standing], now: Moment) -> Reseller {
    let own: Vec<&Standing> =
        lists.iter().filter(|list| list.isp == isp.code && list.withdrawn_at.is_none()).collect();
    let sum = |number: fn(&Standing) -> i64| own.iter().map(|list| number(list)).sum();
    let late = own.iter().filter(|list| list.report_by.is_day_over(now));
    Reseller {
        isp: isp.code.clone(),
        name: isp.name.clone(),
        through,
        lists: own.len(),
        lines: sum(|list| list.lines),
        reported: sum(|list| list.reported),
        notified: sum(|list| list.notified),
        no_report: sum(Standing::no_report),
        overdue: late.map(|list| list.no_report()).sum(),
    }
}
