//! The abuse desk as somebody to write to (注意喚起の窓口): which contact a mail of the centre goes to.
//!
//! One that a mail came back from is written to no more until somebody confirms it. Of several the
//! one that was confirmed last counts.

use std::collections::BTreeMap;

use anyhow::Context as _;

use super::{
    ContactId, Facts, IspId, Moment, Reach, Role, Standing, facts_of, place, row, standing,
};
use crate::{
    access::seal,
    app::App,
    audit::{self, Deed},
    db::Tx,
    isps::Isp,
};

/// Whom a mail of the centre goes to (宛先). It has no `Debug`, so that none slips into a log.
#[doc(alias = "宛先")]
pub struct Desk {
    /// The mail address.
    pub mail: String,
    /// The languages that are spoken there, as in `ja`, `en`, `pt-BR`.
    pub languages: Vec<String>,
}

async fn found(tx: &mut Tx, isp: &Isp) -> anyhow::Result<Option<(ContactId, Facts)>> {
    let all = facts_of(tx, Some(isp.id)).await?.into_iter().map(|((_, id), one)| (id, one));
    let fit = all.filter(|(_, one)| {
        let is_doubtful = one.doubted.as_ref().is_some_and(|(at, _)| *at >= one.confirmed_at);
        one.role == Role::AbuseDesk && !is_doubtful
    });
    Ok(fit.max_by_key(|(id, one)| (one.confirmed_at, *id)))
}

/// Whether there is somebody to write to at a provider; opens nothing.
pub async fn is_reachable(tx: &mut Tx, isp: &Isp) -> anyhow::Result<bool> {
    Ok(found(tx, isp).await?.is_some())
}

/// Whom to write to at a provider, if there is anybody. That a person read it is kept.
pub async fn of(app: &App, tx: &mut Tx, isp: &Isp) -> anyhow::Result<Option<Desk>> {
    let Some((id, one)) = found(tx, isp).await? else { return Ok(None) };
    let row = row(isp.id, id, one.version);
    let text = seal::open(app, place(&row), &one.body);
    let text = text.with_context(|| format!("contact {id} does not open under this key"))?;
    let reach: Reach = serde_json::from_slice(&text).context("a contact is no contact")?;
    audit::note_deed(app, tx, Deed::new("contact.read", &isp.code).of_isp(&isp.code)).await?;
    Ok(Some(Desk { mail: reach.mail, languages: reach.languages }))
}

/// A provider that nobody at the centre can rely on reaching (窓口未確認の事業者): it has no contact
/// of its abuse desk that is confirmed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[doc(alias = "窓口未確認の事業者")]
pub struct Unreached {
    /// The provider's code.
    pub isp: String,
    /// The provider's name.
    pub name: String,
    /// How the best of its contacts stands; nothing where it has none.
    pub standing: Option<Standing>,
}

impl Unreached {
    /// Its word: `no_contact`, `contact_doubtful` or `contact_overdue`.
    pub fn word(&self) -> &'static str {
        match self.standing {
            None => "no_contact",
            Some(Standing::Doubtful) => "contact_doubtful",
            Some(_) => "contact_overdue",
        }
    }
}

/// Providers without a confirmed contact of their abuse desk, those without any first, then by
/// code.
pub async fn unreached(app: &App) -> anyhow::Result<Vec<Unreached>> {
    let isps = crate::isps::all(&app.db).await?;
    let mut tx = app.db.snapshot().await?;
    Ok(among(isps, facts_of(&mut tx, None).await?, app.now()))
}

/// The same of one provider; nothing where it can be reached.
pub async fn unreached_one(app: &App, isp: &Isp) -> anyhow::Result<Option<Unreached>> {
    let mut tx = app.db.snapshot().await?;
    Ok(among(vec![isp.clone()], facts_of(&mut tx, Some(isp.id)).await?, app.now()).pop())
}

fn among(
    isps: Vec<Isp>,
    contacts: BTreeMap<(IspId, ContactId), Facts>,
    now: Moment,
) -> Vec<Unreached> {
    let mut best: BTreeMap<IspId, Standing> = BTreeMap::new();
    for ((isp, _), one) in contacts {
        if one.role == Role::AbuseDesk {
            let doubted_at = one.doubted.as_ref().map(|(at, _)| *at);
            let standing = standing(one.confirmed_at, doubted_at, now);
            let known = best.entry(isp).or_insert(standing);
            *known = standing.max(*known);
        }
    }
    let standing_isps = isps.into_iter().filter(|isp| isp.removed_at.is_none());
    let mut unreached: Vec<Unreached> = standing_isps
        .map(|isp| Unreached {
            standing: best.get(&isp.id).copied(),
            isp: isp.code,
            name: isp.name,
        })
        .filter(|one| !matches!(one.standing, Some(Standing::Due | Standing::Confirmed)))
        .collect();
    unreached.sort_by(|a, b| (a.standing, &a.isp).cmp(&(b.standing, &b.isp)));
    unreached
}
