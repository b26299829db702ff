//! Offers (参加の打診): the campaigns that one provider was asked about, as it sees them.
//!
//! What others said is not among it. Owns no table; reads `campaign_isp_facts`.

use super::{
    Campaign,
    participants::{Answer, Said, Standing, after, is_over, is_too_late},
    store::participants as store,
};
use crate::{access::tenancy::Tenant, time::Moment};

/// A campaign that a provider was asked about (参加の打診).
#[derive(Clone, Debug)]
#[doc(alias = "参加の打診")]
pub struct Offered {
    /// The campaign.
    pub campaign: Campaign,
    /// What was said of the provider's part, in order; the last word counts.
    pub words: Vec<Said>,
}

impl Offered {
    /// How the provider stands.
    pub fn standing(&self) -> Standing {
        self.words.last().map_or(Standing::Invited, |said| said.kind)
    }

    /// What it may answer at `now`.
    pub fn answers(&self, now: Moment) -> Vec<Answer> {
        let stands = Some(self.standing());
        let is_open = self.campaign.decided.closed_at.is_none();
        let may = |answer: &Answer| {
            let is_change = matches!(after(stands, answer.standing()), Ok(Some(_)));
            let is_late = is_too_late(&self.campaign, *answer, now)
                || is_over(&self.campaign, answer.standing(), now);
            is_open && is_change && !is_late
        };
        [Answer::Join, Answer::Decline, Answer::Withdraw].into_iter().filter(may).collect()
    }
}

/// The campaigns that a provider was asked about, by name; no other provider's word is among them.
pub async fn offered(tenant: &Tenant) -> anyhow::Result<Vec<Offered>> {
    let mut tx = tenant.snapshot().await?;
    let words = store::of_isp(&mut tx, tenant.isp()).await?;
    drop(tx);
    let mut offered: Vec<Offered> = Vec::new();
    for store::Own { campaign_id, name, said } in words {
        if let Some(one) = offered.iter_mut().find(|one| one.campaign.id == campaign_id) {
            one.words.push(said);
            continue;
        }
        let campaign = super::load(&tenant.app().db, campaign_id, name).await?;
        offered.extend(campaign.map(|campaign| Offered { campaign, words: vec![said] }));
    }
    Ok(offered)
}
