//! Kinds of wordings (文面の種類): by which way somebody is told, and who that is.
//!
//! What is said to a subscriber about a device at home is false for whoever manages a building, and
//! both are false for whoever the list of a campaign names: each of them has texts of its own.

use std::{fmt, str::FromStr};

/// By which way somebody is told (周知の方法).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[doc(alias = "周知の方法")]
pub enum Way {
    /// By e-mail.
    Mail,
    /// By post.
    Letter,
    /// By a short message.
    Sms,
    /// By a call: what the caller says.
    Phone,
}

impl Way {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Mail, Self::Letter, Self::Sms, Self::Phone];

    /// The wire word.
    pub fn word(self) -> &'static str {
        Kind { way: self, audience: Audience::Subscriber }.word()
    }

    /// The texts of this way for `audience`.
    pub const fn to(self, audience: Audience) -> Kind {
        Kind { way: self, audience }
    }
}

/// A word that names no way.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no way of telling somebody; there are mail, letter, sms and phone")]
pub struct NotAWay(String);

impl FromStr for Way {
    type Err = NotAWay;

    fn from_str(word: &str) -> Result<Self, NotAWay> {
        let known = Self::ALL.into_iter().find(|way| way.word() == word);
        known.ok_or_else(|| NotAWay(word.to_owned()))
    }
}

/// Whom a text speaks to (文面の相手).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[doc(alias = "文面の相手")]
pub enum Audience {
    /// A subscriber, or a tenant, with a device at home.
    Subscriber,
    /// Owner, management company or association: of a device that a building shares.
    Manager,
    /// A subscriber whom the list of a campaign names, whatever that list is about.
    Campaign,
}

impl Audience {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Subscriber, Self::Manager, Self::Campaign];

    /// The wire word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Subscriber => "subscriber",
            Self::Manager => "manager",
            Self::Campaign => "campaign",
        }
    }
}

/// What there is one wording of at a time, in each language (文面の種類): a way and an audience.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[doc(alias = "文面の種類")]
pub struct Kind {
    /// By which way.
    pub way: Way,
    /// Whom it speaks to.
    pub audience: Audience,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Way::Mail.to(Audience::Subscriber),
        Way::Letter.to(Audience::Subscriber),
        Way::Sms.to(Audience::Subscriber),
        Way::Phone.to(Audience::Subscriber),
        Way::Mail.to(Audience::Manager),
        Way::Letter.to(Audience::Manager),
        Way::Sms.to(Audience::Manager),
        Way::Phone.to(Audience::Manager),
        Way::Mail.to(Audience::Campaign),
        Way::Letter.to(Audience::Campaign),
        Way::Sms.to(Audience::Campaign),
        Way::Phone.to(Audience::Campaign),
    ];

    /// The wire word.
    pub fn word(self) -> &'static str {
        match (self.way, self.audience) {
            (Way::Mail, Audience::Subscriber) => "mail",
            (Way::Letter, Audience::Subscriber) => "letter",
            (Way::Sms, Audience::Subscriber) => "sms",
            (Way::Phone, Audience::Subscriber) => "phone",
            (Way::Mail, Audience::Manager) => "mail-manager",
            (Way::Letter, Audience::Manager) => "letter-manager",
            (Way::Sms, Audience::Manager) => "sms-manager",
            (Way::Phone, Audience::Manager) => "phone-manager",
            (Way::Mail, Audience::Campaign) => "mail-campaign",
            (Way::Letter, Audience::Campaign) => "letter-campaign",
            (Way::Sms, Audience::Campaign) => "sms-campaign",
            (Way::Phone, Audience::Campaign) => "phone-campaign",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A word that names no kind of wording.
#[derive(Debug, thiserror::Error)]
#[error(
    "`{0}` is no kind of wording; there are mail, letter, sms and phone, each also with -manager \
     and -campaign"
)]
pub struct NotAKind(String);

impl FromStr for Kind {
    type Err = NotAKind;

    fn from_str(word: &str) -> Result<Self, NotAKind> {
        let known = Self::ALL.into_iter().find(|kind| kind.word() == word);
        known.ok_or_else(|| NotAKind(word.to_owned()))
    }
}

impl TryFrom<String> for Kind {
    type Error = NotAKind;

    fn try_from(word: String) -> Result<Self, NotAKind> {
        word.parse()
    }
}
