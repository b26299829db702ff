//! Claims (申告): what a provider says it serves from a moment on, or no longer serves.
//!
//! A provider claims a prefix or an AS number, or gives one back; somebody at the centre looks at
//! what that changes and approves or declines it. The one is never the other. What is approved
//! stands in the register as an import would have put it there, and is undone as one. Where others
//! declared the same, they give it back first, or the centre decides with a reason: it hands the
//! addresses over, or lets both declarations stand and marks them so. Owns `isp_claims`.

mod weighed;

use ipnet::IpNet;

use super::{
    Kind, Register,
    decisions::{self, Decided, Decision, NotDecided},
    imports::Word,
    register, store,
    store::claims::Stored,
};
use crate::{
    access::tenancy::Tenant,
    app::App,
    audit::{self, Leaf},
    db::{Db, retry},
    ids::{ClaimId, IspId},
    time::Moment,
};
use formats::report_back::Recipient;

pub use weighed::{Conflict, How, Resolution, Weighed, weigh};

/// Whether something is claimed or given back (申告の別).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// The provider serves it.
    Take,
    /// The provider no longer serves it.
    GiveBack,
}

impl Act {
    /// The wire word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Take => "claim",
            Self::GiveBack => "give_back",
        }
    }
}

/// What a claim is about (申告対象).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A prefix, as it is to be declared.
    Prefix {
        /// The prefix.
        prefix: IpNet,
        /// What kind of network it is.
        kind: Kind,
        /// What an apartment house is called.
        name: Option<String>,
        /// Who is told of what all share there.
        notify: Option<Recipient>,
    },
    /// An AS number.
    Asn(u32),
}

/// What is asked for (申告内容).
#[derive(Clone, Debug, PartialEq, Eq)]
#[doc(alias = "申告内容")]
pub struct Asked {
    /// Whether it is claimed or given back.
    pub act: Act,
    /// What.
    pub subject: Subject,
    /// From this moment on.
    pub from: Moment,
    /// Until this moment, which is no longer part of it; nothing = until further notice.
    pub to: Option<Moment>,
}

/// A claim (申告).
#[derive(Clone, Debug)]
#[doc(alias = "申告")]
pub struct Claim {
    /// Whose it is.
    pub isp: IspId,
    /// The provider's code.
    pub code: String,
    /// Its key.
    pub id: ClaimId,
    /// What is asked for.
    pub asked: Asked,
    /// Why, in the provider's words.
    pub reason: String,
    /// When it was made.
    pub claimed_at: Moment,
    /// By whom.
    pub claimed_by: String,
    /// What was decided, once it was.
    pub decision: Option<Decision>,
}

impl Claim {
    /// How it stands: `waiting`, `approved`, `declined`, `withdrawn`, or `undone` where what was
    /// approved was undone.
    pub fn state(&self) -> &'static str {
        self.decision.as_ref().map_or("waiting", Decision::state)
    }
}

/// Why a claim is not made or decided (申告の拒否).
#[derive(Debug, thiserror::Error)]
pub enum ClaimRefused {
    /// No such claim.
    #[error("no claim has the id {0}; see `todoke isp claim list`")]
    Unknown(ClaimId),
    /// The provider is not in the register.
    #[error("the provider `{0}` is not in the register; it claims nothing before it is")]
    NotRegistered(String),
    /// Bits beyond the length of the prefix.
    #[error("`{0}` has bits beyond its length; do you mean {1}?")]
    Bits(IpNet, IpNet),
    /// More than any one provider has.
    #[error("`{0}` is more than a provider can have: at most /8 of IPv4 and /16 of IPv6")]
    TooWide(IpNet),
    /// No AS number.
    #[error("AS0 is nobody's")]
    NoAsn,
    /// It ends before it begins.
    #[error("the end must lie after the beginning")]
    Backwards,
    /// Names of houses stand at houses.
    #[error("only a network of kind apartment has a name, and somebody to be told")]
    NoApartment,
    /// No reason.
    #[error("say in a few words why, for whoever decides: at most 500 characters")]
    NoReason,
    /// Nothing of it is the provider's then.
    #[error("the provider declared nothing like that for that time; see `todoke isp list`")]
    NothingToGive,
    /// It changes nothing.
    #[error("the register stands so already")]
    Stands,
    /// The same claim waits.
    #[error("the same is claimed already and waits: {0}")]
    Waits(ClaimId),
    /// Others declared it.
    #[error(
        "{0}. Wait until they give it back, or decide with a reason: --hand-over gives it to the \
         claimant, --beside lets both stand"
    )]
    Conflicts(String),
    /// Somebody else has to decide, or decided.
    #[error(transparent)]
    NotDecided(#[from] NotDecided),
}

/// Makes a claim for the provider; it waits until somebody at the centre decides.
pub async fn claim(
    tenant: &Tenant,
    asked: Asked,
    reason: &str,
) -> anyhow::Result<Result<ClaimId, ClaimRefused>> {
    if let Err(refused) = rehearse(tenant, &asked, reason).await? {
        return Ok(Err(refused));
    }
    let mut tx = tenant.begin().await?;
    for one in store::claims::of(&mut tx, tenant.isp()).await? {
        let one = one.claim()?;
        if one.decision.is_none() && one.asked == asked {
            return Ok(Err(ClaimRefused::Waits(one.id)));
        }
    }
    let id = ClaimId(tenant.fresh_id());
    store::claims::insert(&mut tx, tenant, (id, &asked), reason.trim()).await?;
    let leaf = Leaf {
        at: tenant.now(),
        by: tenant.by(),
        act: "isp_claim.add",
        on: &id.to_string(),
        isp: Some(tenant.code()),
        detail: None,
    };
    audit::note(&mut tx, leaf).await?;
    tx.commit().await?;
    Ok(Ok(id))
}

/// What a claim would change if it were approved, before it is made.
pub async fn rehearse(
    tenant: &Tenant,
    asked: &Asked,
    reason: &str,
) -> anyhow::Result<Result<Weighed, ClaimRefused>> {
    if let Err(refused) = is_sound(asked, reason) {
        return Ok(Err(refused));
    }
    let register = Register::load(&tenant.app().db).await?;
    Ok(weigh(&register, (tenant.code(), asked), Resolution::None))
}

fn is_sound(asked: &Asked, reason: &str) -> Result<(), ClaimRefused> {
    match &asked.subject {
        Subject::Prefix { prefix, .. } if prefix.trunc() != *prefix => {
            return Err(ClaimRefused::Bits(*prefix, prefix.trunc()));
        }
        Subject::Prefix { prefix, .. } if prefix.prefix_len() < shortest(prefix) => {
            return Err(ClaimRefused::TooWide(*prefix));
        }
        Subject::Prefix { kind, name, notify, .. }
            if *kind != Kind::Apartment && (name.is_some() || notify.is_some()) =>
        {
            return Err(ClaimRefused::NoApartment);
        }
        Subject::Asn(0) => return Err(ClaimRefused::NoAsn),
        _ => {}
    }
    if asked.to.is_some_and(|to| to <= asked.from) {
        return Err(ClaimRefused::Backwards);
    }
    if !(1..=500).contains(&reason.trim().chars().count()) {
        return Err(ClaimRefused::NoReason);
    }
    Ok(())
}

fn shortest(prefix: &IpNet) -> u8 {
    match prefix {
        IpNet::V4(_) => 8,
        IpNet::V6(_) => 16,
    }
}

/// The claims of a provider, the latest first.
pub async fn of(tenant: &Tenant) -> anyhow::Result<Vec<Claim>> {
    let mut tx = tenant.snapshot().await?;
    store::claims::of(&mut tx, tenant.isp()).await?.into_iter().map(Stored::claim).collect()
}

/// The claims of all providers, the latest first.
pub async fn all(db: &Db) -> anyhow::Result<Vec<Claim>> {
    store::claims::all(db).await?.into_iter().map(Stored::claim).collect()
}

/// The claim of that key.
pub async fn find(db: &Db, id: ClaimId) -> anyhow::Result<Option<Claim>> {
    Ok(all(db).await?.into_iter().find(|one| one.id == id))
}

/// Other providers' claims to the same that wait as well.
pub fn rivals<'a>(claim: &Claim, all: &'a [Claim]) -> Vec<&'a Claim> {
    let waits = all.iter().filter(|one| one.decision.is_none() && one.isp != claim.isp);
    waits.filter(|one| one.asked.act == Act::Take && one.asked.overlaps(&claim.asked)).collect()
}

impl Asked {
    /// Whether both speak of some address, or of an AS number, at some moment.
    pub fn overlaps(&self, other: &Self) -> bool {
        let same = match (&self.subject, &other.subject) {
            (Subject::Asn(one), Subject::Asn(other)) => one == other,
            (Subject::Prefix { prefix: one, .. }, Subject::Prefix { prefix: other, .. }) => {
                one.contains(other) || other.contains(one)
            }
            _ => false,
        };
        same && weighed::is_together((self.from, self.to), (other.from, other.to))
    }
}

/// What approving a claim changes now.
pub async fn weighed(
    db: &Db,
    claim: &Claim,
    resolution: Resolution,
) -> anyhow::Result<Result<Weighed, ClaimRefused>> {
    let register = Register::load(db).await?;
    Ok(weigh(&register, (&claim.code, &claim.asked), resolution))
}

/// Approves a claim in the words of somebody at the centre: the register stands as it says.
pub async fn approve(
    app: &App,
    id: ClaimId,
    word: Word<'_>,
    resolution: Resolution,
) -> anyhow::Result<Result<Weighed, ClaimRefused>> {
    let mut tries = 0;
    loop {
        // Read first: whoever changes the register meanwhile takes the next number.
        let number = store::imports::last(&app.db).await? + 1;
        let Some(claim) = find(&app.db, id).await? else {
            return Ok(Err(ClaimRefused::Unknown(id)));
        };
        if let Err(refused) = decidable(app, &claim, word).await? {
            return Ok(Err(refused));
        }
        let weighed = match weighed(&app.db, &claim, resolution).await? {
            Ok(weighed) => weighed,
            Err(refused) => return Ok(Err(refused)),
        };
        if !weighed.conflicts.is_empty() && resolution == Resolution::None {
            let told: Vec<String> = weighed.conflicts.iter().map(Conflict::told).collect();
            return Ok(Err(ClaimRefused::Conflicts(told.join("; "))));
        }
        match write(app, &claim, word, (number, &weighed)).await {
            Err(fault) if tries < retry::TRIES && retry::is_worth_asking(&fault) => tries += 1,
            done => return done.map(|()| Ok(weighed)),
        }
    }
}

async fn write(
    app: &App,
    claim: &Claim,
    word: Word<'_>,
    (number, weighed): (i64, &Weighed),
) -> anyhow::Result<()> {
    let mut tx = app.db.begin().await?;
    let standings = (&weighed.before, &weighed.after);
    register::write_in(&mut tx, app, number, standings, &weighed.difference).await?;
    let decision = decisions::New {
        decided: Decided::Approved,
        word,
        import_no: Some(number),
        beside: Some(serde_json::to_string(&weighed.beside)?),
    };
    decisions::write(&mut tx, app.now(), (claim.isp, claim.id), &decision).await?;
    let on = claim.id.to_string();
    decisions::note_import(
        &mut tx,
        app.now(),
        word,
        ("isp_claim.approve", &on, &claim.code),
        Some(number),
    )
    .await?;
    tx.commit().await?;
    Ok(())
}

/// Declines a claim in the words of somebody at the centre.
pub async fn decline(
    app: &App,
    id: ClaimId,
    word: Word<'_>,
) -> anyhow::Result<Result<(), ClaimRefused>> {
    let Some(claim) = find(&app.db, id).await? else {
        return Ok(Err(ClaimRefused::Unknown(id)));
    };
    if let Err(refused) = decidable(app, &claim, word).await? {
        return Ok(Err(refused));
    }
    let closing = decisions::Closing {
        isp: claim.isp,
        code: &claim.code,
        id: claim.id,
        act: "isp_claim.decline",
        at: app.now(),
    };
    let closed = decisions::close(app.db.begin().await?, &closing, Decided::Declined, word);
    Ok(closed.await?.map_err(Into::into))
}

/// Takes a claim back in the provider's words.
pub async fn withdraw(
    tenant: &Tenant,
    id: ClaimId,
    reason: &str,
) -> anyhow::Result<Result<(), ClaimRefused>> {
    let own = of(tenant).await?;
    let Some(claim) = own.into_iter().find(|one| one.id == id) else {
        return Ok(Err(ClaimRefused::Unknown(id)));
    };
    if claim.decision.is_some() {
        return Ok(Err(NotDecided::Over(claim.state()).into()));
    }
    let closing = decisions::Closing {
        isp: claim.isp,
        code: &claim.code,
        id: claim.id,
        act: "isp_claim.withdraw",
        at: tenant.now(),
    };
    let word = Word { author: tenant.by(), reason };
    let closed = decisions::close(tenant.begin().await?, &closing, Decided::Withdrawn, word);
    Ok(closed.await?.map_err(Into::into))
}

async fn decidable(
    app: &App,
    claim: &Claim,
    word: Word<'_>,
) -> anyhow::Result<Result<(), ClaimRefused>> {
    if claim.decision.is_some() {
        return Ok(Err(NotDecided::Over(claim.state()).into()));
    }
    Ok(decisions::may_decide(app, &claim.claimed_by, word).await?.map_err(Into::into))
}
