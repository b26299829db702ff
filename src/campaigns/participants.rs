//! Participants (参加事業者): which providers take part in a campaign.
//!
//! A provider opts in: without its word none of the campaign's lines reaches it. Each word is kept
//! with date and author, and the last one counts. Owns `campaign_isp_facts`.

use std::{fmt, str::FromStr};

use sqlx::FromRow;

use super::{Campaign, store::participants as store};
use crate::{
    access::tenancy::Tenant,
    app::App,
    audit::{self, Leaf},
    db::{Db, retry},
    ids::{CampaignId, IspId},
    isps::Isp,
    time::Moment,
};

/// How a provider stands to a campaign (参加状況).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[doc(alias = "参加状況")]
pub enum Standing {
    /// The centre asked, and no answer came.
    Invited,
    /// It takes part.
    Joined,
    /// It does not want to.
    Declined,
    /// It took part, and does so no more.
    Withdrew,
}

impl Standing {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Invited, Self::Joined, Self::Declined, Self::Withdrew];

    /// The wire word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Invited => "invited",
            Self::Joined => "joined",
            Self::Declined => "declined",
            Self::Withdrew => "withdrew",
        }
    }
}

/// A word that names no standing.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is none of invited, joined, declined, withdrew")]
pub struct NotAStanding(String);

impl FromStr for Standing {
    type Err = NotAStanding;

    fn from_str(word: &str) -> Result<Self, NotAStanding> {
        let known = Self::ALL.into_iter().find(|one| one.word() == word);
        known.ok_or_else(|| NotAStanding(word.to_owned()))
    }
}

impl TryFrom<String> for Standing {
    type Error = NotAStanding;

    fn try_from(word: String) -> Result<Self, NotAStanding> {
        word.parse()
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A word about a provider's part (参加の経過), with its author.
#[derive(Clone, Debug, FromRow)]
pub struct Said {
    /// The provider.
    pub isp_id: IspId,
    /// Its code.
    pub isp: String,
    /// Its name.
    pub isp_name: String,
    /// What was said.
    #[sqlx(try_from = "String")]
    pub kind: Standing,
    /// When.
    pub at: Moment,
    /// Who said it.
    pub author: String,
    /// Why, where that was said.
    pub reason: Option<String>,
}

/// Why a word about a provider's part is refused.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum PartRefused {
    /// A provider that nobody asked has nothing to answer.
    #[error("the provider was not invited; see `todoke campaign invite`")]
    NotInvited,
    /// Who said no, or yes, need not be asked again.
    #[error("the provider has answered: it {0}")]
    Answered(Standing),
    /// A provider that takes part withdraws instead.
    #[error("the provider takes part; if it no longer wants to, it withdraws")]
    TakesPart,
    /// What is closed changes no more.
    #[error("the campaign is closed")]
    Closed,
    /// Its period is over.
    #[error("the campaign ended on {0}; a version with a later `to`, or without one, opens it")]
    Over(String),
    /// The deadline is over.
    #[error("answers were asked for by {0}; a version with a later `report_by` lets them in")]
    TooLate(String),
}

/// How a provider stands that stood so and says that; nothing where that is no change.
pub fn after(stands: Option<Standing>, said: Standing) -> Result<Option<Standing>, PartRefused> {
    use Standing::{Declined, Invited, Joined, Withdrew};
    match (stands, said) {
        (Some(now), said) if now == said => Ok(None),
        (None, Invited)
        | (Some(Invited | Declined | Withdrew), Joined)
        | (Some(Invited), Declined)
        | (Some(Joined), Withdrew) => Ok(Some(said)),
        (None, _) => Err(PartRefused::NotInvited),
        (Some(Joined), Declined) => Err(PartRefused::TakesPart),
        (Some(now), _) => Err(PartRefused::Answered(now)),
    }
}

/// The last word about each provider of a campaign, by code.
pub async fn standings(db: &Db, campaign: CampaignId) -> crate::db::Result<Vec<Said>> {
    store::standings(db, campaign).await
}

/// Every word about the providers of a campaign, in order of time.
pub async fn history(db: &Db, campaign: CampaignId) -> crate::db::Result<Vec<Said>> {
    store::history(db, campaign).await
}

/// What a provider answers (参加の回答).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It takes part.
    Join,
    /// It takes no part.
    Decline,
    /// It takes part no more.
    Withdraw,
}

impl Answer {
    /// The answer of that word.
    pub fn of_word(word: &str) -> Option<Self> {
        let all = [Self::Join, Self::Decline, Self::Withdraw];
        all.into_iter().find(|answer| answer.word() == word)
    }

    /// The wire word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Join => "join",
            Self::Decline => "decline",
            Self::Withdraw => "withdraw",
        }
    }

    /// How the provider stands then.
    pub fn standing(self) -> Standing {
        match self {
            Self::Join => Standing::Joined,
            Self::Decline => Standing::Declined,
            Self::Withdraw => Standing::Withdrew,
        }
    }
}

/// Asks a provider to take part, on behalf of the centre; tells whether that is a change.
pub async fn invite(
    app: &App,
    campaign: &Campaign,
    (isp, by): (&Isp, &str),
    reason: Option<&str>,
) -> anyhow::Result<Result<bool, PartRefused>> {
    say(&Tenant::of(app, isp.id, &isp.code, by), campaign, Standing::Invited, reason).await
}

/// Whether an answer comes after the campaign's deadline. Whoever takes part may withdraw at any
/// time: nobody is kept in it against its will.
pub(super) fn is_too_late(campaign: &Campaign, answer: Answer, now: Moment) -> bool {
    answer != Answer::Withdraw && campaign.holds.report_by.is_day_over(now)
}

/// Whether a word comes after the campaign's end, when nobody is asked and nobody joins any more.
pub(super) fn is_over(campaign: &Campaign, said: Standing, now: Moment) -> bool {
    said != Standing::Withdrew && campaign.holds.is_over(now)
}

/// Takes a provider's answer; tells whether that is a change.
pub async fn answer(
    tenant: &Tenant,
    campaign: &Campaign,
    answer: Answer,
    reason: Option<&str>,
) -> anyhow::Result<Result<bool, PartRefused>> {
    if campaign.decided.closed_at.is_some() {
        return Ok(Err(PartRefused::Closed));
    }
    if is_too_late(campaign, answer, tenant.now()) {
        return Ok(Err(PartRefused::TooLate(campaign.holds.report_by.date_jst())));
    }
    say(tenant, campaign, answer.standing(), reason).await
}

async fn say(
    tenant: &Tenant,
    campaign: &Campaign,
    said: Standing,
    reason: Option<&str>,
) -> anyhow::Result<Result<bool, PartRefused>> {
    if campaign.decided.closed_at.is_some() {
        return Ok(Err(PartRefused::Closed));
    }
    if let Some(to) = campaign.holds.to.filter(|_| is_over(campaign, said, tenant.now())) {
        return Ok(Err(PartRefused::Over(Moment(to.0 - 1).date_jst())));
    }
    retry::looking_again(|| say_once(tenant, campaign, said, reason)).await
}

async fn say_once(
    tenant: &Tenant,
    campaign: &Campaign,
    said: Standing,
    reason: Option<&str>,
) -> anyhow::Result<Result<bool, PartRefused>> {
    let mut tx = tenant.begin().await?;
    let last = store::last(&mut tx, tenant.isp(), campaign.id).await?;
    let stands = last.as_ref().map(|(_, word)| word.parse()).transpose()?;
    match after(stands, said) {
        Ok(Some(_)) => {}
        Ok(None) => return Ok(Ok(false)),
        Err(refused) => return Ok(Err(refused)),
    }
    let no = last.map_or(0, |(no, _)| no) + 1;
    let (at, by) = (tenant.now(), tenant.by());
    let word = store::Word { no, at, kind: said.word(), author: by, reason };
    store::insert(&mut tx, tenant.isp(), campaign.id, &word).await?;
    let act = match said {
        Standing::Invited => "campaign.invite",
        Standing::Joined => "campaign.join",
        Standing::Declined => "campaign.decline",
        Standing::Withdrew => "campaign.withdraw",
    };
    let isp = Some(tenant.code());
    audit::note(&mut tx, Leaf { at, by, act, on: &campaign.name, isp, detail: None }).await?;
    tx.commit().await?;
    Ok(Ok(true))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_was_asked_takes_part_and_only_who_takes_part_withdraws() {
        use Standing::{Declined, Invited, Joined, Withdrew};
        let all = [None, Some(Invited), Some(Joined), Some(Declined), Some(Withdrew)];
        for stands in all {
            let told = Standing::ALL.map(|said| after(stands, said).is_ok());
            let wanted = match stands {
                None => [true, false, false, false],
                Some(Invited) => [true, true, true, false],
                Some(Declined) => [false, true, true, false],
                Some(Joined | Withdrew) => [false, true, false, true],
            };
            assert_eq!(told, wanted, "{stands:?}");
        }
        assert_eq!(after(Some(Joined), Joined), Ok(None));
        assert_eq!(after(Some(Joined), Declined), Err(PartRefused::TakesPart));
    }
}
