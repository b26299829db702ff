//! How to know a provider's own notice (本物の見分け方): the page that announces it, and the domain
//! its mails come from.
//!
//! Anybody who got a notice reads this, so that a provider's word alone does not do: somebody at
//! the centre approved each. Owns no table; reads what providers proposed.

use std::collections::BTreeMap;

use super::settings::{self, Field};
use crate::db::Db;

/// By what a notice of a provider is known (本物の見分け方).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[doc(alias = "本物の見分け方")]
pub struct Vouched {
    /// What the provider is called.
    pub name: String,
    /// Its page that announces its notices.
    pub page: Option<String>,
    /// The domain from which it writes.
    pub domain: Option<String>,
}

/// The providers of the register of which the centre confirmed a page or a domain, by code.
pub async fn all(db: &Db) -> anyhow::Result<Vec<Vouched>> {
    let isps = super::all(db).await?;
    let mut vouched: BTreeMap<String, Vouched> = BTreeMap::new();
    // They come the latest first.
    for one in settings::all(db).await?.into_iter().filter(settings::Proposal::holds) {
        let standing = isps.iter().find(|isp| isp.id == one.isp && isp.removed_at.is_none());
        let Some(isp) = standing else { continue };
        let of = || Vouched { name: isp.name.clone(), ..Vouched::default() };
        let said = match one.field {
            Field::AnnouncementPage => &mut vouched.entry(one.code).or_insert_with(of).page,
            Field::SenderDomain => &mut vouched.entry(one.code).or_insert_with(of).domain,
            _ => continue,
        };
        said.get_or_insert(one.value);
    }
    Ok(vouched.into_values().collect())
}
