//! Decisions (決定): what people decided about a campaign, and what follows from it.
//!
//! A version holds once two people said so: one proposes it, another one agrees. From then on
//! notices may say it, and the public sees it where it is meant for the public. Taking it down
//! needs one, since it may be urgent. Whoever does either answers for it with an account that may.
//! Owns `campaign_facts`; reads `accounts`.

use super::{Campaign, Fact, store};
use crate::{
    access::{
        accounts::{self, NoAccount},
        roles::Act as Permit,
    },
    app::App,
    audit::{self, Leaf},
    db::retry,
    time::Moment,
};

/// What follows from the decisions so far (決定の現状).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[doc(alias = "決定の現状")]
pub struct Decided {
    /// Which version two people stand for; the public sees it where it is meant for the public.
    pub published: Option<i64>,
    /// To which version two people agreed last, even where it was taken down since.
    pub agreed_last: Option<i64>,
    /// Which version somebody proposed, and who.
    pub proposed: Option<(i64, String)>,
    /// Since when it is closed.
    pub closed_at: Option<Moment>,
}

impl Decided {
    /// What follows from these facts, in order.
    pub fn of(facts: &[Fact]) -> Self {
        facts.iter().fold(Self::default(), |stands, fact| {
            match (fact.kind.as_str(), fact.version) {
                ("proposed", Some(version)) => {
                    Self { proposed: Some((version, fact.author.clone())), ..stands }
                }
                ("published", version) => {
                    let agreed_last = version.or(stands.agreed_last);
                    Self { published: version, agreed_last, proposed: None, ..stands }
                }
                ("taken_down", _) => Self { published: None, proposed: None, ..stands },
                ("closed", _) => Self { closed_at: Some(fact.at), ..stands },
                ("reopened", _) => Self { closed_at: None, ..stands },
                _ => stands,
            }
        })
    }
}

/// Why a decision is refused.
#[derive(Debug, thiserror::Error)]
pub enum DecisionRefused {
    /// Whoever decides has no account, or one that may not.
    #[error(transparent)]
    NoAccount(#[from] NoAccount),
    /// Nobody agrees with themselves.
    #[error("{0} proposed this version; somebody else has to agree to it")]
    SamePerson(String),
    /// There is nothing to decide.
    #[error("the campaign is {0} already")]
    Already(&'static str),
}

/// What came of saying that a version should hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Publishing {
    /// It is proposed: somebody else has to agree.
    Proposed,
    /// Two people stand for it.
    Published,
}

/// A decision that one person takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Nobody stands for what it says any more, and the public sees it no more.
    TakeDown,
    /// No more of its lines go on lists.
    Close,
    /// They do again.
    Reopen,
}

impl Act {
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::TakeDown => ("taken_down", "campaign.take_down"),
            Self::Close => ("closed", "campaign.close"),
            Self::Reopen => ("reopened", "campaign.reopen"),
        }
    }
}

/// Proposes the latest version, or agrees to the proposal of somebody else. One for providers alone
/// needs two people as well, since their subscribers read it.
pub async fn publish(
    app: &App,
    campaign: &Campaign,
    by: &str,
) -> anyhow::Result<Result<Publishing, DecisionRefused>> {
    if let Err(refused) = accounts::may(&app.db, by, Permit::ApproveCampaign).await? {
        return Ok(Err(refused.into()));
    }
    let version = campaign.version;
    let decide = |stands: &Decided| {
        if stands.published == Some(version) {
            return Err(DecisionRefused::Already("agreed to"));
        }
        match &stands.proposed {
            Some((proposed, who)) if *proposed == version && who == by => {
                Err(DecisionRefused::SamePerson(who.clone()))
            }
            Some((proposed, _)) if *proposed == version => Ok(Publishing::Published),
            _ => Ok(Publishing::Proposed),
        }
    };
    let words = |done: &Publishing| match done {
        Publishing::Proposed => ("proposed", "campaign.propose"),
        Publishing::Published => ("published", "campaign.publish"),
    };
    settle(app, (campaign, Some(version)), (by, None), decide, words).await
}

/// Takes a campaign down, closes it or opens it again.
pub async fn act(
    app: &App,
    campaign: &Campaign,
    act: Act,
    (by, reason): (&str, &str),
) -> anyhow::Result<Result<(), DecisionRefused>> {
    if act == Act::TakeDown
        && let Err(refused) = accounts::may(&app.db, by, Permit::ApproveCampaign).await?
    {
        return Ok(Err(refused.into()));
    }
    let decide = |stands: &Decided| match act {
        Act::TakeDown if stands.published.is_none() && stands.proposed.is_none() => {
            Err(DecisionRefused::Already("agreed to by nobody"))
        }
        Act::Close if stands.closed_at.is_some() => Err(DecisionRefused::Already("closed")),
        Act::Reopen if stands.closed_at.is_none() => Err(DecisionRefused::Already("open")),
        _ => Ok(()),
    };
    settle(app, (campaign, None), (by, Some(reason)), decide, |()| act.words()).await
}

/// Reads how a campaign stands, and writes what `decide` makes of it.
async fn settle<T>(
    app: &App,
    (campaign, version): (&Campaign, Option<i64>),
    (by, reason): (&str, Option<&str>),
    decide: impl Fn(&Decided) -> Result<T, DecisionRefused>,
    words: impl Fn(&T) -> (&'static str, &'static str),
) -> anyhow::Result<Result<T, DecisionRefused>> {
    let mut tries = 0;
    loop {
        let mut tx = app.db.begin().await?;
        let facts = store::facts_in(&mut tx, campaign.id).await?;
        let done = match decide(&Decided::of(&facts)) {
            Ok(done) => done,
            Err(refused) => return Ok(Err(refused)),
        };
        let (kind, leaf) = words(&done);
        let no = facts.last().map_or(0, |fact| fact.no) + 1;
        let (at, author) = (app.now(), by.to_owned());
        let (kind, reason) = (kind.to_owned(), reason.map(str::to_owned));
        let fact = Fact { no, at, kind, version, author, reason };
        // Of two who decide at once the later one finds the number taken, and looks again.
        let written = async {
            store::insert_fact(&mut tx, campaign.id, &fact).await?;
            let on = campaign.name.as_str();
            audit::note(&mut tx, Leaf { at, by, act: leaf, on, isp: None, detail: None }).await?;
            tx.commit().await?;
            anyhow::Ok(())
        };
        match written.await {
            Ok(()) => return Ok(Ok(done)),
            Err(fault) if tries < retry::TRIES && retry::is_worth_asking(&fault) => tries += 1,
            Err(fault) => return Err(fault),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fact(no: i64, kind: &str, version: Option<i64>) -> Fact {
        let (kind, author) = (kind.to_owned(), format!("editor-{no}"));
        Fact { no, at: Moment(no), kind, version, author, reason: None }
    }

    #[test]
    fn what_is_public_is_the_version_that_was_agreed_to_and_not_the_latest_one() {
        let mut facts = vec![fact(1, "proposed", Some(1)), fact(2, "published", Some(1))];
        assert_eq!(Decided::of(&facts).published, Some(1));
        facts.push(fact(3, "proposed", Some(2)));
        let stands = Decided::of(&facts);
        assert_eq!((stands.published, stands.proposed), (Some(1), Some((2, "editor-3".into()))));
        facts.push(fact(4, "taken_down", None));
        let down = Decided { agreed_last: Some(1), ..Decided::default() };
        assert_eq!(Decided::of(&facts), down, "lists still go by what was agreed to last");
    }

    #[test]
    fn a_closed_campaign_can_be_opened_again() {
        let mut facts = vec![fact(1, "closed", None)];
        assert_eq!(Decided::of(&facts).closed_at, Some(Moment(1)));
        facts.push(fact(2, "reopened", None));
        assert_eq!(Decided::of(&facts).closed_at, None);
    }
}
