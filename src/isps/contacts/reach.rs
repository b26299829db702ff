//! How a post is reached (連絡手段), and what is refused as no way to reach anybody.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::ids::ContactId;

/// What a post is there for (担当区分).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[doc(alias = "担当区分")]
pub enum Role {
    /// Takes lists and warns subscribers.
    AbuseDesk,
    /// Knows the network: prefixes, logs, address translation.
    Technical,
    /// Answers questions of law and privacy.
    Legal,
    /// Decides for the provider.
    Manager,
    /// Is reached at any hour.
    Emergency,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::AbuseDesk, Self::Technical, Self::Legal, Self::Manager, Self::Emergency];

    /// The wire word.
    pub fn word(self) -> &'static str {
        match self {
            Self::AbuseDesk => "abuse_desk",
            Self::Technical => "technical",
            Self::Legal => "legal",
            Self::Manager => "manager",
            Self::Emergency => "emergency",
        }
    }
}

/// A word that names no role of a contact.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is none of abuse_desk, technical, legal, manager, emergency")]
pub struct NotARole(String);

impl FromStr for Role {
    type Err = NotARole;

    fn from_str(word: &str) -> Result<Self, NotARole> {
        let known = Self::ALL.into_iter().find(|role| role.word() == word);
        known.ok_or_else(|| NotARole(word.to_owned()))
    }
}

/// How a post is reached (連絡手段). It has no `Display`, and `Debug` hides it, so that none slips
/// into a log.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[doc(alias = "連絡手段")]
pub struct Reach {
    /// What the post is called: a function, not a person.
    pub post: String,
    /// Its mail address.
    pub mail: String,
    /// Its telephone number.
    pub phone: Option<String>,
    /// When somebody is there.
    pub hours: Option<String>,
    /// The languages that are spoken there, as in `ja`, `en`, `pt-BR`.
    pub languages: Vec<String>,
}

impl fmt::Debug for Reach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reach(…)")
    }
}

/// Why a contact is not written or changed (連絡先の拒否).
#[derive(Debug, thiserror::Error)]
pub enum ContactRefused {
    /// No such contact.
    #[error("no contact that stands has the id {0}; see `todoke isp contact list`")]
    Unknown(ContactId),
    /// Nothing that could be a post.
    #[error("name the post by its function, such as `abuse desk`, in 1 to 100 characters")]
    Post,
    /// Nothing that could be a mail address.
    #[error("this is no mail address: write it as `abuse@example.jp`, without a name around it")]
    Mail,
    /// Nothing that could be a telephone number.
    #[error("this is no telephone number: digits, spaces, `+`, `-` and brackets, 6 to 30 of them")]
    Phone,
    /// Hours that nobody reads.
    #[error("say in 1 to 100 characters when somebody is there, such as `平日 9:00–17:00`")]
    Hours,
    /// Nothing that could be a language.
    #[error("name languages by their tags, such as `ja`, `en` or `pt-BR`")]
    Language,
}

impl Reach {
    /// The same with blanks around it taken off, if it reaches anybody.
    pub(super) fn checked(self) -> Result<Self, ContactRefused> {
        let trimmed = |text: Option<String>| {
            text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
        };
        let reach = Self {
            post: self.post.trim().to_owned(),
            mail: self.mail.trim().to_owned(),
            phone: trimmed(self.phone),
            hours: trimmed(self.hours),
            languages: self.languages.iter().map(|one| one.trim().to_owned()).collect(),
        };
        if !is_words(&reach.post) {
            return Err(ContactRefused::Post);
        }
        if !is_mail(&reach.mail) {
            return Err(ContactRefused::Mail);
        }
        if reach.phone.as_deref().is_some_and(|phone| !is_phone(phone)) {
            return Err(ContactRefused::Phone);
        }
        if reach.hours.as_deref().is_some_and(|hours| !is_words(hours)) {
            return Err(ContactRefused::Hours);
        }
        if reach.languages.is_empty() || !reach.languages.iter().all(|one| is_language(one)) {
            return Err(ContactRefused::Language);
        }
        Ok(reach)
    }
}

/// A short text on one line.
fn is_words(text: &str) -> bool {
    (1..=100).contains(&text.chars().count()) && !text.chars().any(char::is_control)
}

/// An address that a mail can be sent to as it stands (RFC 5321, without quoted local parts).
fn is_mail(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let is_local = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c);
    text.len() <= 254
        && (1..=64).contains(&local.len())
        && local.chars().all(is_local)
        && is_domain(domain)
}

/// A name of at least two labels (RFC 1035).
pub(in crate::isps) fn is_domain(text: &str) -> bool {
    let is_label = |label: &str| {
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '-';
        (1..=63).contains(&label.len())
            && label.chars().all(fits)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 253 && text.contains('.') && text.split('.').all(is_label)
}

fn is_phone(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_digit() || " +-()".contains(c);
    (6..=30).contains(&text.len())
        && text.chars().all(fits)
        && text.chars().any(|c| c.is_ascii_digit())
}

/// Words of letters and digits joined by hyphens (RFC 5646), the first of them letters.
fn is_language(text: &str) -> bool {
    let mut parts = text.split('-');
    let first = parts.next().unwrap_or_default();
    let fits = |part: &str| {
        (1..=8).contains(&part.len()) && part.chars().all(|c| c.is_ascii_alphanumeric())
    };
    (2..=3).contains(&first.len())
        && first.chars().all(|c| c.is_ascii_alphabetic())
        && parts.all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reach(mail: &str) -> Reach {
        Reach {
            post: "abuse desk".into(),
            mail: mail.into(),
            phone: Some("+81 3-0000-0000".into()),
            hours: Some("平日 9:00–17:00".into()),
            languages: vec!["ja".into(), "pt-BR".into()],
        }
    }

    #[test]
    fn what_no_mail_reaches_is_refused() {
        assert!(reach(" abuse+jp@mail.example.jp ").checked().is_ok());
        let two = "abuse@example.jp, noc@example.jp";
        for bad in ["", "abuse", "@example.jp", "a b@example.jp", "a@example", two, "a\r\nb@c.jp"] {
            assert!(matches!(reach(bad).checked(), Err(ContactRefused::Mail)), "{bad}");
        }
    }

    #[test]
    fn a_post_a_number_hours_and_languages_are_looked_at_too() {
        let good = reach("abuse@example.jp");
        let with = |change: fn(&mut Reach)| {
            let mut reach = good.clone();
            change(&mut reach);
            reach.checked().err()
        };
        assert!(matches!(with(|one| one.post = " ".into()), Some(ContactRefused::Post)));
        let number = with(|one| one.phone = Some("call us".into()));
        assert!(matches!(number, Some(ContactRefused::Phone)));
        let hours = with(|one| one.hours = Some("a\nb".into()));
        assert!(matches!(hours, Some(ContactRefused::Hours)));
        let language = with(|one| one.languages = vec!["日本語".into()]);
        assert!(matches!(language, Some(ContactRefused::Language)));
        assert!(matches!(with(|one| one.languages.clear()), Some(ContactRefused::Language)));
        assert!(with(|one| one.phone = Some("  ".into())).is_none(), "an empty field is none");
    }

    #[test]
    fn what_reaches_somebody_slips_into_no_log() {
        assert_eq!(format!("{:?}", reach("abuse@example.jp")), "Reach(…)");
    }
}
