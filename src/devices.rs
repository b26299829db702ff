//! Devices (機器): makers and models seen in Japan, and what tells them from a banner.
//!
//! A register: TOML files in `content/devices/`, built into the binary. A maker has aliases, which
//! make one word of the many that feeds use, and rules, each a pattern with a confidence. Beside
//! it stand the Recog databases of the data folder, where there are any ([`fingerprints`]). What
//! was seen of a device comes in as plain [`Evidence`]; the surest finding wins, of equals the one
//! written first. Owns no table.

pub mod catalogue;
pub mod fingerprints;
pub mod kind;
mod findings;
mod names;

use serde::Serialize;

use fingerprints::Fingerprints;
use kind::{Kind, Support};

pub use catalogue::{Maker, Rule, makers};
pub use names::{folded, maker_called};

/// Where a text about a device was read (証拠の種類).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    /// The feed's own word for the model.
    Model,
    /// What a service says first, and the realm that asks for a password.
    Banner,
    /// The title of a page.
    Title,
    /// The header `Server` of HTTP, RTSP or UPnP.
    Server,
    /// The description that SNMP gives.
    Sysdescr,
    /// Whom a certificate names.
    Subject,
    /// Who issued it.
    Issuer,
}

/// What was seen of a device (機器の証拠): the feed's own words, and texts by where they stood.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[doc(alias = "機器の証拠")]
pub struct Evidence<'a> {
    /// The maker in the feed's words.
    pub maker: Option<&'a str>,
    /// The model in the feed's words.
    pub model: Option<&'a str>,
    /// The kind in the feed's words.
    pub kind: Option<&'a str>,
    /// Other texts.
    pub texts: Vec<(Place, &'a str)>,
}

/// What a device is held to be (機器の判定), how surely, and by which rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[doc(alias = "機器の判定")]
pub struct Identified {
    /// The maker: its name in the catalogue, else as the feed spells it.
    pub maker: Option<String>,
    /// The model.
    pub model: Option<String>,
    /// The kind.
    pub kind: Kind,
    /// How sure, from 0 to 100.
    pub confidence: u8,
    /// Which rule says so: `buffalo/airstation-model`, `recog/ssh.banner: …`, `feed`.
    pub rule: String,
    /// Whether the maker still mends the model, where that is known.
    pub support: Option<Support>,
}

/// The rule that stands for the feed's own words.
pub const FEED: &str = "feed";

/// What `evidence` shows by the catalogue alone.
pub fn identify(evidence: &Evidence<'_>) -> Option<Identified> {
    identify_with(evidence, &Fingerprints::default())
}

/// What `evidence` shows by the catalogue and by `fingerprints`.
pub fn identify_with(evidence: &Evidence<'_>, fingerprints: &Fingerprints) -> Option<Identified> {
    let named = evidence.maker.and_then(maker_called);
    let own = findings::of_feed(evidence, named);
    let found = own.clone().into_iter();
    let found = found.chain(findings::of_rules(evidence, named));
    let found = found.chain(fingerprints.findings(evidence));
    // Of equals the first wins, hence the comparison that does not move on for the same.
    let best =
        found.reduce(|best, next| if next.confidence > best.confidence { next } else { best })?;
    Some(completed(best, own))
}

/// Adds what the feed says of the same maker where the surest finding is silent.
fn completed(mut best: Identified, own: Option<Identified>) -> Identified {
    if let Some(own) = own.filter(|own| own.maker.is_none() || own.maker == best.maker) {
        if best.model.is_none() {
            best.model = own.model;
        }
        if best.kind == Kind::Unknown {
            best.kind = own.kind;
        }
    }
    best.support = catalogue::support(best.maker.as_deref(), best.model.as_deref());
    best
}

#[cfg(test)]
mod tests;
