//! Accounts (アカウント): people of the centre and of providers, by invitation.
//!
//! An account begins with a one-time link, is confirmed once it has a password and a second factor,
//! and can be suspended, let in again, recovered or ended. Each of these is a dated fact with an
//! author and a leaf of the audit log. Nobody sets another's password: whoever lost a factor gets a
//! new invitation, after which nothing of the old factors opens anything.

use sqlx::FromRow;

use super::{
    doors::{Holder, Level, Standing},
    roles::{Act, Role},
    store::{self, accounts::Fact},
    tenancy::Tenant,
};
use crate::{
    app::App,
    audit::{self, Leaf},
    db::{Db, Tx, retry},
    ids::{AccountId, IspId},
    time::Moment,
    web::session::{fresh_secret, tag},
};

/// Minutes for which a link is good.
pub const LINK_MINUTES: i64 = 60;

const MINUTE: i64 = 60_000_000;

/// An account of a person (アカウント).
#[derive(Clone, Debug, FromRow)]
#[doc(alias = "アカウント")]
pub struct Account {
    /// The key.
    pub id: AccountId,
    /// The name, which stands beside whatever is done under it.
    pub name: String,
    /// What the person may do.
    #[sqlx(try_from = "String")]
    pub role: Role,
    /// The provider it belongs to, if it is one's.
    pub isp_id: Option<IspId>,
    /// The short name of that provider.
    pub isp: Option<String>,
    /// When it was invited, last.
    pub invited_at: Moment,
    /// When it showed both factors for the first time since.
    pub confirmed_at: Option<Moment>,
    /// Since when it is shut out.
    pub suspended_at: Option<Moment>,
    /// Until when, if it is over.
    pub ended_at: Option<Moment>,
}

impl Account {
    /// How the account stands.
    pub fn standing(&self) -> Standing {
        match (self.ended_at, self.suspended_at, self.confirmed_at) {
            (Some(_), _, _) => Standing::Ended,
            (None, Some(_), _) => Standing::Suspended,
            (None, None, Some(_)) => Standing::Confirmed,
            (None, None, None) => Standing::Invited,
        }
    }

    /// Whoever holds a session of this account that got so far.
    pub fn holder(&self, level: Level) -> Holder {
        Holder { role: self.role, standing: self.standing(), level }
    }

    /// The handle of its provider, if it is one's.
    pub fn tenant(&self, app: &App) -> Option<Tenant> {
        let (isp, code) = (self.isp_id?, self.isp.as_deref()?);
        Some(Tenant::of(app, isp, code, &self.name))
    }
}

/// Who changes an account (変更者).
#[derive(Clone, Copy, Debug)]
pub enum Hand<'a> {
    /// Whoever runs commands on the machine itself.
    Machine(&'a str),
    /// Somebody who is signed in.
    Person(&'a Account),
}

impl Hand<'_> {
    /// The name that stands beside what is done.
    pub fn name(&self) -> &str {
        match self {
            Self::Machine(name) => name,
            Self::Person(account) => &account.name,
        }
    }

    /// Whether this hand may make or change an account of that role and provider: an administrator
    /// any, a provider's manager those of the same provider, nobody the own one.
    pub fn reaches(&self, role: Role, isp: Option<IspId>, own: Option<AccountId>) -> bool {
        match self {
            Self::Machine(_) => true,
            Self::Person(by) if own == Some(by.id) => false,
            Self::Person(by) if by.role.may(Act::ManageAccounts) => true,
            Self::Person(by) if by.role.may(Act::ManageColleagues) => {
                role.is_of_provider() && isp.is_some() && isp == by.isp_id
            }
            Self::Person(_) => false,
        }
    }
}

/// Why an account is not made or changed (アカウントの拒否).
#[derive(Debug, thiserror::Error)]
pub enum AccountRefused {
    /// The name is taken.
    #[error("`{0}` is an account already, as {1}; `todoke account link {0}` makes a new link")]
    Taken(String, Role),
    /// The name is taken by an account that whoever asks may not know of.
    #[error("the name `{0}` cannot be used; take another one")]
    Unusable(String),
    /// No such account, or none within reach.
    #[error("no account is named `{0}`; see `todoke account list`")]
    Unknown(String),
    /// The account is over.
    #[error("the account `{0}` has ended; make another under another name")]
    Ended(String),
    /// A link opens invited accounts alone.
    #[error("`{0}` is confirmed: it signs in by its own factors; where they are lost, recover it")]
    Confirmed(String),
    /// It stands so already.
    #[error("the account `{0}` stands so already")]
    Already(String),
    /// A name that would look strange wherever it stands.
    #[error("`{0}` is no name of an account: 1 to 40 letters, digits, `-`, `_` or `.`")]
    NoName(String),
    /// A role of providers without one, or a role of the centre with one.
    #[error("the role {0} {1}")]
    Misplaced(Role, &'static str),
    /// Beyond the reach of whoever asks.
    #[error("this account is not yours to change")]
    OutOfReach,
}

/// All accounts by name.
pub async fn all(db: &Db) -> crate::db::Result<Vec<Account>> {
    store::accounts::all(db).await
}

/// The account of that name.
pub async fn named(db: &Db, name: &str) -> crate::db::Result<Option<Account>> {
    store::accounts::named(db, name).await
}

/// Why an account may not decide something (受け付けない理由).
#[derive(Debug, thiserror::Error)]
pub enum NoAccount {
    /// There is none of that name.
    #[error(
        "no account that stands is named `{0}`: whoever decides this answers for it under a name \
         of `todoke account list`"
    )]
    Unknown(String),
    /// Its role does not go so far.
    #[error("`{0}` is {1}, which may not do this; {roles} may", roles = who(*.2))]
    Role(String, Role, Act),
    /// Nobody has come in by it yet.
    #[error("`{0}` was invited and nobody has signed in by it yet; its person does that first")]
    Unconfirmed(String),
}

impl NoAccount {
    /// The name that was given.
    pub fn name(&self) -> &str {
        let (Self::Unknown(name) | Self::Unconfirmed(name) | Self::Role(name, ..)) = self;
        name
    }
}

/// The roles that may do it, in words.
fn who(act: Act) -> String {
    let roles = Role::ALL.into_iter().filter(|role| role.may(act));
    roles.map(Role::word).collect::<Vec<_>>().join(", ")
}

/// Looks whether an account of that name stands, its person has come in by it, and it may do that.
///
/// A name on the command line is a word alone: by an account that nobody uses, whoever invited it
/// would be two people.
pub async fn may(db: &Db, by: &str, act: Act) -> crate::db::Result<Result<(), NoAccount>> {
    let Some(account) = named(db, by).await? else {
        return Ok(Err(NoAccount::Unknown(by.to_owned())));
    };
    Ok(match account.standing() {
        Standing::Suspended | Standing::Ended => Err(NoAccount::Unknown(by.to_owned())),
        _ if !account.role.may(act) => Err(NoAccount::Role(by.to_owned(), account.role, act)),
        Standing::Invited => Err(NoAccount::Unconfirmed(by.to_owned())),
        Standing::Confirmed => Ok(()),
    })
}

/// The people of one provider, by name.
pub async fn colleagues(tenant: &Tenant) -> crate::db::Result<Vec<Account>> {
    let accounts = all(&tenant.app().db).await?;
    Ok(accounts.into_iter().filter(|one| one.isp_id == Some(tenant.isp())).collect())
}

/// Makes an account for somebody of the same provider.
pub async fn invite_colleague(
    tenant: &Tenant,
    invitation: Invitation<'_>,
    hand: Hand<'_>,
) -> anyhow::Result<Result<Account, AccountRefused>> {
    if invitation.isp.map(|(id, _)| id) != Some(tenant.isp()) {
        return Ok(Err(AccountRefused::OutOfReach));
    }
    invite(tenant.app(), invitation, hand).await
}

/// Makes a one-time link for somebody of the same provider.
pub async fn link_colleague(
    tenant: &Tenant,
    name: &str,
    hand: Hand<'_>,
) -> anyhow::Result<Result<String, AccountRefused>> {
    if !colleagues(tenant).await?.iter().any(|one| one.name == name) {
        return Ok(Err(unknown(name)));
    }
    link(tenant.app(), name, hand).await
}

/// Changes the account of somebody of the same provider.
pub async fn change_colleague(
    tenant: &Tenant,
    name: &str,
    what: Change,
    hand: Hand<'_>,
) -> anyhow::Result<Result<Account, AccountRefused>> {
    if !colleagues(tenant).await?.iter().any(|one| one.name == name) {
        return Ok(Err(unknown(name)));
    }
    change(tenant.app(), name, what, hand).await
}

/// Whom an invitation is for (招待).
#[derive(Clone, Copy, Debug)]
#[doc(alias = "招待")]
pub struct Invitation<'a> {
    /// The name of the account.
    pub name: &'a str,
    /// Its role.
    pub role: Role,
    /// Its provider: key and short name.
    pub isp: Option<(IspId, &'a str)>,
}

impl Invitation<'_> {
    fn check(&self) -> Result<(), AccountRefused> {
        let fits = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
        if !(1..=40).contains(&self.name.chars().count()) || !self.name.chars().all(fits) {
            return Err(AccountRefused::NoName(self.name.to_owned()));
        }
        match (self.role.is_of_provider(), self.isp) {
            (true, None) => {
                Err(AccountRefused::Misplaced(self.role, "belongs to a provider: say --isp CODE"))
            }
            (false, Some(_)) => {
                Err(AccountRefused::Misplaced(self.role, "is one of the centre: leave --isp out"))
            }
            _ => Ok(()),
        }
    }
}

/// Makes an account.
pub async fn invite(
    app: &App,
    invitation: Invitation<'_>,
    hand: Hand<'_>,
) -> anyhow::Result<Result<Account, AccountRefused>> {
    if let Err(refused) = invitation.check() {
        return Ok(Err(refused));
    }
    let Invitation { name, role, isp } = invitation;
    if !hand.reaches(role, isp.map(|(id, _)| id), None) {
        return Ok(Err(AccountRefused::OutOfReach));
    }
    let account = Account {
        id: AccountId(app.fresh_id()),
        name: name.to_owned(),
        role,
        isp_id: isp.map(|(id, _)| id),
        isp: isp.map(|(_, code)| code.to_owned()),
        invited_at: app.now(),
        confirmed_at: None,
        suspended_at: None,
        ended_at: None,
    };
    // Whoever invites the same name a moment later is refused like any other.
    retry::looking_again(async || {
        if let Some(known) = named(&app.db, name).await? {
            return Ok(Err(taken(&known, hand)));
        }
        let mut tx = app.db.begin().await?;
        store::accounts::insert(&mut tx, &account).await?;
        told(&mut tx, &account, Fact::Invited, (hand.name(), account.invited_at)).await?;
        tx.commit().await?;
        Ok(Ok(account.clone()))
    })
    .await
}

/// Why a name that `known` has is not given again: of other people's accounts nobody but whoever
/// looks after all of them learns how they stand.
fn taken(known: &Account, hand: Hand<'_>) -> AccountRefused {
    let name = known.name.clone();
    match hand {
        Hand::Person(by) if !by.role.may(Act::ManageAccounts) => AccountRefused::Unusable(name),
        _ if known.ended_at.is_some() => AccountRefused::Ended(name),
        _ => AccountRefused::Taken(name, known.role),
    }
}

/// Makes a one-time link for an account that is invited; gives what stands behind the address.
pub async fn link(
    app: &App,
    name: &str,
    hand: Hand<'_>,
) -> anyhow::Result<Result<String, AccountRefused>> {
    let account = match within_reach(app, name, hand).await? {
        Ok(account) => account,
        Err(refused) => return Ok(Err(refused)),
    };
    if account.standing() == Standing::Confirmed {
        return Ok(Err(AccountRefused::Confirmed(name.to_owned())));
    }
    let secret = fresh_secret(app);
    let now = app.now();
    let until = Moment(now.0 + LINK_MINUTES * MINUTE);
    retry::again(async || {
        let mut tx = app.db.begin().await?;
        let link = (&tag(&secret)[..], account.id);
        store::accounts::insert_link(&mut tx, link, hand.name(), (now, until)).await?;
        told(&mut tx, &account, Fact::Linked, (hand.name(), now)).await?;
        tx.commit().await
    })
    .await?;
    Ok(Ok(secret))
}

/// What can become of an account (アカウントの変更).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Shut out until it is restored.
    Suspend,
    /// Let in again.
    Restore,
    /// Its factors are lost: it is invited anew, and nothing of the old ones is left.
    Recover,
    /// Over for good.
    End,
}

/// Changes an account; whoever is signed in under it is out at once.
pub async fn change(
    app: &App,
    name: &str,
    change: Change,
    hand: Hand<'_>,
) -> anyhow::Result<Result<Account, AccountRefused>> {
    let account = match within_reach(app, name, hand).await? {
        Ok(account) => account,
        Err(refused) => return Ok(Err(refused)),
    };
    let stands_so = match change {
        Change::Suspend => account.suspended_at.is_some(),
        Change::Restore => account.suspended_at.is_none(),
        Change::Recover | Change::End => false,
    };
    if stands_so {
        return Ok(Err(AccountRefused::Already(name.to_owned())));
    }
    let now = app.now();
    retry::again(async || {
        let mut tx = app.db.begin().await?;
        let fact = match change {
            Change::Suspend => Fact::Suspended,
            Change::Restore => Fact::Restored,
            Change::Recover => Fact::Recovered,
            Change::End => Fact::Ended,
        };
        store::accounts::set(&mut tx, account.id, fact, now).await?;
        store::sessions::end_all(&mut tx, account.id, now).await?;
        if matches!(change, Change::Recover | Change::End) {
            store::factors::clear(&mut tx, account.id, now).await?;
            store::outside::unbind(&mut tx, account.id, (hand.name(), now)).await?;
        }
        told(&mut tx, &account, fact, (hand.name(), now)).await?;
        tx.commit().await
    })
    .await?;
    Ok(Ok(named(&app.db, name).await?.unwrap_or(account)))
}

async fn within_reach(
    app: &App,
    name: &str,
    hand: Hand<'_>,
) -> crate::db::Result<Result<Account, AccountRefused>> {
    Ok(match named(&app.db, name).await? {
        // Of another provider's people nobody learns that they exist.
        Some(one) if !hand.reaches(one.role, one.isp_id, Some(one.id)) => {
            let own = matches!(hand, Hand::Person(by) if by.id == one.id);
            Err(if own { AccountRefused::OutOfReach } else { unknown(name) })
        }
        None => Err(unknown(name)),
        Some(one) if one.ended_at.is_some() => Err(AccountRefused::Ended(name.to_owned())),
        Some(one) => Ok(one),
    })
}

fn unknown(name: &str) -> AccountRefused {
    AccountRefused::Unknown(name.to_owned())
}

/// Keeps what became of an account, and its leaf.
pub(super) async fn told(
    tx: &mut Tx,
    account: &Account,
    fact: Fact,
    by: (&str, Moment),
) -> crate::db::Result<()> {
    told_with(tx, account, fact, by, None).await
}

/// The same, with what else is to be known in the leaf.
pub(super) async fn told_with(
    tx: &mut Tx,
    account: &Account,
    fact: Fact,
    (by, at): (&str, Moment),
    detail: Option<&str>,
) -> crate::db::Result<()> {
    store::accounts::insert_event(tx, account.id, fact, (by, at)).await?;
    let act = format!("account.{}", fact.word());
    let (on, isp) = (account.name.as_str(), account.isp.as_deref());
    audit::note(tx, Leaf { at, by, act: &act, on, isp, detail }).await
}
