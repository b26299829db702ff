//! Settings (事業者設定): what a provider says of itself, dated and by whom.
//!
//! It proposes; most of it holds at once. How long a line keeps an address does not, since
//! verification rests on it, nor does who sits behind whom, which concerns two, nor by what its
//! notices are known, which the centre vouches for (see `vouched`): somebody there approves these.
//! What the register has too (lease policy, lines, name, upstream) changes there, as an import
//! would have it, and is undone as one; for how long logs last is kept by `log_terms`. Owns
//! `isp_proposals`.

mod tier;

use std::str::FromStr;

use super::{
    LeasePolicy, Register,
    contacts::is_domain,
    decisions::{self, Decided, Decision, NotDecided},
    difference::Difference,
    entry::{self, Entry, Standing},
    imports::Word,
    log_terms::{self, DAYS_MAX},
    register, store,
    store::settings::Stored,
};
use crate::{
    access::tenancy::Tenant,
    app::App,
    audit::{self, Leaf},
    db::{Db, retry},
    ids::{ClaimId, IspId},
    time::Moment,
};

/// What a provider may propose of itself (設定項目).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[doc(alias = "設定項目")]
pub enum Field {
    /// How long a line keeps an address.
    LeasePolicy,
    /// How many subscriber lines it has.
    Lines,
    /// What it is called where people read it.
    Name,
    /// For how many days its access logs last.
    LogRetentionDays,
    /// The page on which it announces that it warns its subscribers.
    AnnouncementPage,
    /// The domain from which it writes to its subscribers.
    SenderDomain,
    /// The provider that it sits behind; `-` for none.
    Upstream,
    /// A provider that sits behind it; with `-` before it, no more.
    Reseller,
}

impl Field {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::LeasePolicy,
        Self::Lines,
        Self::Name,
        Self::LogRetentionDays,
        Self::AnnouncementPage,
        Self::SenderDomain,
        Self::Upstream,
        Self::Reseller,
    ];
    /// Those that concern the provider alone.
    pub const OWN: [Self; 6] = [
        Self::LeasePolicy,
        Self::Lines,
        Self::Name,
        Self::LogRetentionDays,
        Self::AnnouncementPage,
        Self::SenderDomain,
    ];

    /// The wire word.
    pub fn word(self) -> &'static str {
        match self {
            Self::LeasePolicy => "lease_policy",
            Self::Lines => "lines",
            Self::Name => "name",
            Self::LogRetentionDays => "log_retention_days",
            Self::AnnouncementPage => "announcement_page",
            Self::SenderDomain => "sender_domain",
            Self::Upstream => "upstream",
            Self::Reseller => "reseller",
        }
    }

    /// Whether it says who sits behind whom.
    pub fn is_of_tiers(self) -> bool {
        matches!(self, Self::Upstream | Self::Reseller)
    }

    /// Whether somebody at the centre has to approve it.
    pub fn needs_approval(self) -> bool {
        let is_vouched_for = matches!(self, Self::AnnouncementPage | Self::SenderDomain);
        self == Self::LeasePolicy || self.is_of_tiers() || is_vouched_for
    }

    /// The value as it is kept, or what is wrong with it.
    fn checked(self, value: &str) -> Result<String, SettingRefused> {
        let value = value.trim();
        let bad = |how: &'static str| SettingRefused::Value(self.word(), how);
        let number = |least: i64, most: i64| {
            value.parse::<i64>().ok().filter(|one| (least..=most).contains(one))
        };
        match self {
            Self::LeasePolicy => {
                let policy: Result<LeasePolicy, _> = value.parse();
                policy
                    .map(|policy| policy.to_string())
                    .map_err(|_| bad("write static, sticky:DAYS or dynamic:DAYS"))
            }
            Self::Lines => number(0, 1_000_000_000)
                .map(|lines| lines.to_string())
                .ok_or_else(|| bad("write the number of lines in digits")),
            Self::LogRetentionDays => number(1, DAYS_MAX)
                .map(|days| days.to_string())
                .ok_or_else(|| bad("write the days in digits, 1 to 3650")),
            Self::Name => {
                let fits = (1..=100).contains(&value.chars().count())
                    && !value.chars().any(char::is_control);
                fits.then(|| value.to_owned()).ok_or_else(|| bad("write 1 to 100 characters"))
            }
            Self::AnnouncementPage => is_page(value)
                .then(|| value.to_owned())
                .ok_or_else(|| bad("write an address that begins with https://")),
            Self::SenderDomain => {
                let domain = value.to_lowercase();
                is_domain(&domain)
                    .then_some(domain)
                    .ok_or_else(|| bad("write a domain, such as mail.example.jp"))
            }
            Self::Upstream | Self::Reseller => {
                let is_code = (1..=100).contains(&value.chars().count())
                    && !value.chars().any(|c| c.is_control() || c.is_whitespace());
                is_code.then(|| value.to_owned()).ok_or_else(|| bad("write the code of a provider"))
            }
        }
    }

    /// Says it in the provider's entry; nothing where the register has no such column.
    fn say(self, entry: &mut Entry, value: &str) -> bool {
        match self {
            Self::LeasePolicy => value.clone_into(&mut entry.lease_policy),
            Self::Lines => entry.lines = value.parse().ok(),
            Self::Name => value.clone_into(&mut entry.name),
            Self::LogRetentionDays
            | Self::AnnouncementPage
            | Self::SenderDomain
            | Self::Upstream
            | Self::Reseller => return false,
        }
        true
    }
}

/// An address of a page that anybody can open: HTTPS, a domain, no name and no password before it.
fn is_page(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("https://") else { return false };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let is_plain = |c: char| !c.is_whitespace() && !c.is_control() && !"<>\"'\\`".contains(c);
    text.len() <= 500 && is_domain(host) && text.chars().all(is_plain)
}

/// A word that names nothing a provider may propose.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is nothing that a provider proposes of itself")]
pub struct NotAField(String);

impl FromStr for Field {
    type Err = NotAField;

    fn from_str(word: &str) -> Result<Self, NotAField> {
        let known = Self::ALL.into_iter().find(|field| field.word() == word);
        known.ok_or_else(|| NotAField(word.to_owned()))
    }
}

/// What a provider proposed of itself (申請).
#[derive(Clone, Debug)]
#[doc(alias = "申請")]
pub struct Proposal {
    /// Whose it is.
    pub isp: IspId,
    /// The provider's code.
    pub code: String,
    /// Its key.
    pub id: ClaimId,
    /// What it is about.
    pub field: Field,
    /// How it is to be.
    pub value: String,
    /// Why, in the provider's words.
    pub reason: String,
    /// When it was proposed.
    pub proposed_at: Moment,
    /// By whom.
    pub proposed_by: String,
    /// Since when it held on the provider's word alone, before the centre vouched for such.
    pub held_from: Option<Moment>,
    /// What was decided, once it was.
    pub decision: Option<Decision>,
}

impl Proposal {
    /// How it stands: `waiting`, `approved`, `declined`, `withdrawn`, `undone`, or `unvouched`
    /// where it needs approval and nobody but its provider ever said that it holds.
    pub fn state(&self) -> &'static str {
        let by_itself = |it: &Decision| self.field.needs_approval() && it.by == self.proposed_by;
        match &self.decision {
            None => "waiting",
            Some(it) if it.state() == "approved" && by_itself(it) => "unvouched",
            Some(it) => it.state(),
        }
    }

    /// Whether it is decided to hold, by somebody else where that is needed.
    pub fn holds(&self) -> bool {
        self.state() == "approved"
    }
}

/// Why nothing is proposed or decided (申請の拒否).
#[derive(Debug, thiserror::Error)]
pub enum SettingRefused {
    /// A value that it cannot have.
    #[error("`{0}` cannot be that: {1}")]
    Value(&'static str, &'static str),
    /// No such proposal.
    #[error("no proposal has the id {0}; see `todoke isp proposal list`")]
    Unknown(ClaimId),
    /// The provider is not in the register.
    #[error("the provider `{0}` is not in the register")]
    NotRegistered(String),
    /// It changes nothing.
    #[error("it stands so already")]
    Stands,
    /// The same was proposed, and nobody decided yet.
    #[error("that is proposed already, and waits; see `todoke isp proposal list --waiting`")]
    Waits,
    /// No reason.
    #[error("say in a few words why: at most 500 characters")]
    NoReason,
    /// Somebody else has to decide, or decided.
    #[error(transparent)]
    NotDecided(#[from] NotDecided),
}

/// Why a proposal that needs nobody's approval holds.
const AT_ONCE: &str = "the provider says so of itself";

/// Proposes something; what needs no approval holds at once. Gives the proposal as it stands.
pub async fn propose(
    tenant: &Tenant,
    (field, value): (Field, &str),
    reason: &str,
) -> anyhow::Result<Result<ClaimId, SettingRefused>> {
    let value = match field.checked(value) {
        Ok(value) => value,
        Err(refused) => return Ok(Err(refused)),
    };
    if !decisions::is_reason(reason) {
        return Ok(Err(SettingRefused::NoReason));
    }
    retry::looking_again(|| put(tenant, (field, &value), reason.trim())).await
}

async fn put(
    tenant: &Tenant,
    (field, value): (Field, &str),
    reason: &str,
) -> anyhow::Result<Result<ClaimId, SettingRefused>> {
    let app = tenant.app();
    let number = store::imports::last(&app.db).await? + 1;
    let change = match changed(&app.db, tenant.code(), (field, value)).await? {
        Ok(change) => change,
        Err(refused) => return Ok(Err(refused)),
    };
    if change.is_none() && standing(tenant, field).await?.is_some_and(|stands| stands == value) {
        return Ok(Err(SettingRefused::Stands));
    }
    let id = ClaimId(tenant.fresh_id());
    // The register is not one provider's; this verb writes of it what is this provider's alone.
    let mut tx = app.db.begin().await?;
    let before = store::settings::of(&mut tx, tenant.isp()).await?.into_iter();
    let mut before = before.map(Stored::proposal).collect::<anyhow::Result<Vec<_>>>()?.into_iter();
    if before.any(|one| one.decision.is_none() && (one.field, &*one.value) == (field, value)) {
        return Ok(Err(SettingRefused::Waits));
    }
    store::settings::insert(&mut tx, tenant, (id, field), (value, reason)).await?;
    if let (Field::LogRetentionDays, Ok(days)) = (field, value.parse()) {
        log_terms::write(&mut tx, tenant, (days, Some(reason))).await?;
    }
    if !field.needs_approval() {
        let import_no = change.as_ref().map(|_| number);
        if let Some((before, after, difference)) = &change {
            register::write_in(&mut tx, app, number, (before, after), difference).await?;
        }
        let word = Word { author: tenant.by(), reason: AT_ONCE };
        let decision = decisions::New { decided: Decided::Approved, word, import_no, beside: None };
        decisions::write(&mut tx, tenant.now(), (tenant.isp(), id), &decision).await?;
    }
    let leaf = Leaf {
        at: tenant.now(),
        by: tenant.by(),
        act: "isp_setting.propose",
        on: field.word(),
        isp: Some(tenant.code()),
        detail: None,
    };
    audit::note(&mut tx, leaf).await?;
    tx.commit().await?;
    Ok(Ok(id))
}

type Change = (Standing, Standing, Difference);

/// What a value changes in the register; nothing where the register has no such column.
async fn changed(
    db: &Db,
    code: &str,
    (field, value): (Field, &str),
) -> anyhow::Result<Result<Option<Change>, SettingRefused>> {
    let register = Register::load(db).await?;
    let mut entries = entry::entries(&register);
    let step = field.is_of_tiers().then(|| tier::step(&register.isps, code, (field, value)));
    let step = match step.transpose() {
        Ok(step) => step,
        Err(refused) => return Ok(Err(refused)),
    };
    let code = step.as_ref().map_or(code, |step| step.code.as_str());
    let isp = register.isps.iter().find(|isp| isp.code == code && isp.removed_at.is_none());
    let Some(old) = isp.and_then(|isp| entries.remove(&isp.id)) else {
        return Ok(Err(SettingRefused::NotRegistered(code.to_owned())));
    };
    let mut new = old.clone();
    match &step {
        Some(step) => new.upstream.clone_from(&step.upstream),
        None if field.say(&mut new, value) => {}
        None => return Ok(Ok(None)),
    }
    let before = Standing::from([(code.to_owned(), Some(old))]);
    let after = Standing::from([(code.to_owned(), Some(new))]);
    let difference = Difference::between(&before, &after);
    if difference.is_empty() {
        return Ok(Err(SettingRefused::Stands));
    }
    Ok(Ok(Some((before, after, difference))))
}

/// What a provider proposed, the latest first.
pub async fn of(tenant: &Tenant) -> anyhow::Result<Vec<Proposal>> {
    let mut tx = tenant.snapshot().await?;
    store::settings::of(&mut tx, tenant.isp()).await?.into_iter().map(Stored::proposal).collect()
}

/// What all providers proposed, the latest first.
pub async fn all(db: &Db) -> anyhow::Result<Vec<Proposal>> {
    store::settings::all(db).await?.into_iter().map(Stored::proposal).collect()
}

/// What holds of a provider and is not in the register itself: days for which logs last, page and
/// sender domain.
pub async fn standing(tenant: &Tenant, field: Field) -> anyhow::Result<Option<String>> {
    if field == Field::LogRetentionDays {
        return Ok(log_terms::own(tenant).await?.map(|term| term.days.to_string()));
    }
    let mut known = of(tenant).await?.into_iter();
    Ok(known.find(|one| one.field == field && one.holds()).map(|one| one.value))
}

/// Approves a proposal in the words of somebody at the centre: the register says so.
pub async fn approve(
    app: &App,
    id: ClaimId,
    word: Word<'_>,
) -> anyhow::Result<Result<Difference, SettingRefused>> {
    retry::looking_again(|| try_approve(app, id, word)).await
}

async fn try_approve(
    app: &App,
    id: ClaimId,
    word: Word<'_>,
) -> anyhow::Result<Result<Difference, SettingRefused>> {
    let number = store::imports::last(&app.db).await? + 1;
    let one = match decidable(app, id, word).await? {
        Ok(one) => one,
        Err(refused) => return Ok(Err(refused)),
    };
    let change = match changed(&app.db, &one.code, (one.field, &one.value)).await? {
        Ok(change) => change,
        Err(refused) => return Ok(Err(refused)),
    };
    let mut tx = app.db.begin().await?;
    let import_no = change.as_ref().map(|_| number);
    let mut difference = Difference::default();
    if let Some((before, after, told)) = change {
        register::write_in(&mut tx, app, number, (&before, &after), &told).await?;
        difference = told;
    }
    let decision = decisions::New { decided: Decided::Approved, word, import_no, beside: None };
    decisions::write(&mut tx, app.now(), (one.isp, id), &decision).await?;
    let on = id.to_string();
    let about = ("isp_setting.approve", on.as_str(), one.code.as_str());
    decisions::note_import(&mut tx, app.now(), word, about, import_no).await?;
    tx.commit().await?;
    Ok(Ok(difference))
}

async fn decidable(
    app: &App,
    id: ClaimId,
    word: Word<'_>,
) -> anyhow::Result<Result<Proposal, SettingRefused>> {
    let Some(one) = all(&app.db).await?.into_iter().find(|one| one.id == id) else {
        return Ok(Err(SettingRefused::Unknown(id)));
    };
    if one.decision.is_some() {
        return Ok(Err(NotDecided::Over(one.state()).into()));
    }
    let may = decisions::may_decide(app, &one.proposed_by, word).await?;
    Ok(may.map(|()| one).map_err(Into::into))
}

/// Declines a proposal in the words of somebody at the centre.
pub async fn decline(
    app: &App,
    id: ClaimId,
    word: Word<'_>,
) -> anyhow::Result<Result<(), SettingRefused>> {
    let one = match decidable(app, id, word).await? {
        Ok(one) => one,
        Err(refused) => return Ok(Err(refused)),
    };
    let closing = decisions::Closing {
        isp: one.isp,
        code: &one.code,
        id,
        act: "isp_setting.decline",
        at: app.now(),
    };
    let closed = decisions::close(app.db.begin().await?, &closing, Decided::Declined, word);
    Ok(closed.await?.map_err(Into::into))
}

/// Takes a proposal back in the provider's words.
pub async fn withdraw(
    tenant: &Tenant,
    id: ClaimId,
    reason: &str,
) -> anyhow::Result<Result<(), SettingRefused>> {
    let own = of(tenant).await?;
    let Some(one) = own.into_iter().find(|one| one.id == id) else {
        return Ok(Err(SettingRefused::Unknown(id)));
    };
    if one.decision.is_some() {
        return Ok(Err(NotDecided::Over(one.state()).into()));
    }
    let closing = decisions::Closing {
        isp: one.isp,
        code: &one.code,
        id,
        act: "isp_setting.withdraw",
        at: tenant.now(),
    };
    let word = Word { author: tenant.by(), reason };
    let closed = decisions::close(tenant.begin().await?, &closing, Decided::Withdrawn, word);
    Ok(closed.await?.map_err(Into::into))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_field_takes_what_it_can_be_and_refuses_the_rest() {
        for (field, good, bad) in [
            (Field::LeasePolicy, "dynamic:30", "weekly"),
            (Field::Lines, "30000", "many"),
            (Field::Name, "みなと光", " "),
            (Field::LogRetentionDays, "180", "0"),
            (Field::AnnouncementPage, "https://www.example.jp/notice", "http://www.example.jp/"),
            (Field::AnnouncementPage, "https://example.jp", "https://you@example.jp/"),
            (Field::SenderDomain, "Mail.example.jp", "abuse@example.jp"),
        ] {
            assert_eq!(field.checked(good).unwrap().to_lowercase(), good.to_lowercase());
            let refused = field.checked(bad);
            assert!(matches!(refused, Err(SettingRefused::Value(word, _)) if word == field.word()));
        }
    }
}
