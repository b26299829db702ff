//! 検知: one exposure of one device, seen at one address, port and time.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::Detail;

/// A word outside its closed list, kept for the message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown word {0:?}")]
pub struct UnknownWord(pub String);

/// Declares a closed list of words with its wire spelling, `code`, `FromStr` and `Display`.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $code:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[derive(serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $($(#[$doc])* #[serde(rename = $code)] $variant,)+
        }

        impl $name {
            /// Every word, in the order of the format.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word as it is written in files and stored.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)+ }
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::UnknownWord;

            fn from_str(word: &str) -> Result<Self, Self::Err> {
                match word {
                    $($code => Ok(Self::$variant),)+
                    _ => Err($crate::UnknownWord(word.to_owned())),
                }
            }
        }

        impl $crate::table::Word for $name {
            fn read(code: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|word| word.code().eq_ignore_ascii_case(code))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.code())
            }
        }
    };
}
pub(crate) use words;

words! {
    /// Transport protocol (通信プロトコル) of a port.
    Proto {
        /// TCP, number 6.
        Tcp = "tcp",
        /// UDP, number 17.
        Udp = "udp",
        /// Neither, or not stated: number 0.
        Other = "other",
    }
}

impl Proto {
    /// The IANA protocol number; 0 stands for [`Proto::Other`].
    pub const fn number(self) -> u8 {
        match self {
            Self::Tcp => 6,
            Self::Udp => 17,
            Self::Other => 0,
        }
    }

    /// The protocol of an IANA number; every other number is [`Proto::Other`].
    pub const fn from_number(number: u8) -> Self {
        match number {
            6 => Self::Tcp,
            17 => Self::Udp,
            _ => Self::Other,
        }
    }
}

words! {
    /// What is wrong with the device, coarsely (脆弱性区分); `weakness_code` on the wire.
    #[doc(alias = "脆弱性区分")]
    Weakness {
        /// A login with a known or guessable password worked.
        WeakCredentials = "weak_credentials",
        /// The software in the device has a known hole.
        VulnerableFirmware = "vulnerable_firmware",
        /// A service answers that has no business on the Internet; says nothing of passwords.
        ExposedService = "exposed_service",
        /// A service answers that multiplies the traffic of an attacker.
        Amplifier = "amplifier",
        /// The device takes part in a botnet.
        Infected = "infected",
    }
}

words! {
    /// What came of trying the device (試行結果).
    #[doc(alias = "試行結果")]
    Outcome {
        /// The exposure was found.
        Detected = "detected",
        /// The device answered and refused the login.
        LoginRefused = "login_refused",
        /// The device did not answer, which is not the same as fixed.
        NoAnswer = "no_answer",
    }
}

words! {
    /// How grave the exposure is (深刻度), in Shadowserver's words.
    #[doc(alias = "深刻度")]
    Severity {
        /// Highly critical: exploited in the wild, full control.
        Critical = "critical",
        /// End of life, infected, or control of the device with a login.
        High = "high",
        /// Amplifier, or plain-text login.
        Medium = "medium",
        /// Deviates from good practice.
        Low = "low",
        /// For information only.
        Info = "info",
        /// Neither the row nor the type of report says.
        Unknown = "unknown",
    }
}

words! {
    /// The undertaking a detection belongs to (事業区分).
    #[doc(alias = "事業区分")]
    Stream {
        /// Weak passwords, the NOTICE survey.
        Notice = "notice",
        /// Infected devices seen by the NICTER darknet.
        Nicter = "nicter",
        /// Vulnerable firmware.
        Firmware = "firmware",
        /// Reflectors and amplifiers.
        Reflector = "reflector",
        /// A one-off list, such as Emotet.
        Campaign = "campaign",
    }
}

/// The fine kind of an exposure (脆弱状態の種別): `telnet`, `snmp`, `sinkhole_http`.
///
/// Grammar `[a-z0-9_]{1,64}`. Cloning shares the text. The malware family is no kind: it stands in
/// [`Detail::malware_family`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Kind(Arc<str>);

impl Kind {
    /// Takes a kind that obeys the grammar.
    pub fn new(word: &str) -> Result<Self, UnknownWord> {
        let fits = (1..=64).contains(&word.len())
            && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        if fits { Ok(Self(word.into())) } else { Err(UnknownWord(word.to_owned())) }
    }

    /// Bends any text into a kind: lower case, other characters to `_`, cut at 64.
    pub fn bent(text: &str) -> Self {
        let mut word = String::with_capacity(text.len().min(64));
        for c in text.trim().chars().take(64) {
            let c = c.to_ascii_lowercase();
            let fits = c.is_ascii_lowercase() || c.is_ascii_digit();
            match (fits, word.ends_with('_')) {
                (true, _) => word.push(c),
                (false, false) => word.push('_'),
                (false, true) => {}
            }
        }
        let word = word.trim_matches('_');
        Self(if word.is_empty() { "unknown" } else { word }.into())
    }

    /// The word itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Kind {
    type Error = UnknownWord;

    fn try_from(word: String) -> Result<Self, UnknownWord> {
        Self::new(&word)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// 脆弱状態: what is wrong with a device, coarsely and finely. Written `exposed_service/telnet`.
#[doc(alias = "脆弱状態")]
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Exposure {
    /// The coarse part.
    pub weakness: Weakness,
    /// The fine part.
    pub kind: Kind,
}

impl fmt::Display for Exposure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.weakness, self.kind)
    }
}

impl FromStr for Exposure {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        let (weakness, kind) = text.split_once('/').ok_or_else(|| UnknownWord(text.to_owned()))?;
        Ok(Self { weakness: weakness.parse()?, kind: Kind::new(kind)? })
    }
}

/// 検知: one understood row of a feed.
///
/// `ip` and `port` are always the side of the device; `peer_ip` and `peer_port` are the other side.
/// Both ports are kept, because one IPv4 address is shared under CGN and MAP-E.
#[doc(alias = "検知")]
#[derive(Debug, Clone, PartialEq)]
pub struct Detection {
    /// Physical line of the file where the row begins; 1 is the first line.
    pub line: u64,
    /// When it was seen, in microseconds UTC.
    pub detected_at: i64,
    /// The address of the device, canonical; an IPv4 address mapped into IPv6 is unfolded.
    pub ip: IpAddr,
    /// The port on the device; absent when the feed does not say or says 0.
    pub port: Option<u16>,
    /// The transport protocol of the ports.
    pub proto: Proto,
    /// The address on the other side: a sinkhole, a darknet sensor, a command server.
    pub peer_ip: Option<IpAddr>,
    /// The port on the other side.
    pub peer_port: Option<u16>,
    /// What is wrong.
    pub exposure: Exposure,
    /// What came of trying.
    pub outcome: Outcome,
    /// How grave it is.
    pub severity: Severity,
    /// Whether the row itself said so; otherwise the type of report did.
    pub severity_from_row: bool,
    /// What else the row said.
    pub detail: Detail,
}
