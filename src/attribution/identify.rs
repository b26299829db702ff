//! Identification (機種判定): which device a sighting shows, by the register of devices.
//!
//! Asked only for the sighting that opens a case: whatever shows the device again changes nothing,
//! and so costs nothing. Feeds repeat a few thousand banners a million times, so what was asked
//! once is remembered. Reads `devices` and the packed detail of sightings; owns no table.

use std::{
    collections::HashMap,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use crate::{
    db::packed::{self, Broken},
    devices::{self, Evidence, FEED, Place, fingerprints::Fingerprints, kind::Kind},
    sightings::{Sighting, kept},
};

/// Answers that are remembered; then all are forgotten at once.
const REMEMBERED: usize = 10_000;

/// What a case says of its device (機器の記載).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[doc(alias = "機器の記載")]
pub struct Named {
    /// The maker: its name in the catalogue, else as the feed spells it.
    pub maker: Option<String>,
    /// The model.
    pub model: Option<String>,
    /// The kind: a word of the product where a rule knows it, else the feed's own.
    pub kind: Option<String>,
    /// How sure, from 0 to 100; nothing where nothing is known.
    pub confidence: Option<u8>,
    /// Which rule says so.
    pub rule: Option<String>,
}

/// The register of devices, ready to be asked about many sightings.
#[derive(Debug, Default)]
pub struct Identifier {
    fingerprints: Fingerprints,
    remembered: Mutex<HashMap<Vec<u8>, Arc<Named>>>,
}

impl Identifier {
    /// With the databases of the data folder; warns of what is not understood there.
    pub fn load(data: &Path) -> anyhow::Result<Self> {
        let fingerprints = Fingerprints::load(data)?;
        for refused in &fingerprints.refused {
            tracing::warn!("recog/{refused}");
        }
        Ok(Self { fingerprints, ..Self::default() })
    }

    /// What a sighting shows.
    pub(crate) fn of(&self, sighting: &Sighting<'_>) -> Result<Arc<Named>, Broken> {
        let evidence = evidence(sighting.detail)?;
        let asked = key(&evidence);
        // Nobody panics while holding it, and a half-written answer cannot be in it.
        let mut remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = remembered.get(&asked) {
            return Ok(Arc::clone(known));
        }
        if remembered.len() >= REMEMBERED {
            remembered.clear();
        }
        let named = Arc::new(named(&evidence, &self.fingerprints));
        remembered.insert(asked, Arc::clone(&named));
        Ok(named)
    }
}

fn named(evidence: &Evidence<'_>, fingerprints: &Fingerprints) -> Named {
    let own = evidence.kind.map(str::to_owned);
    let Some(found) = devices::identify_with(evidence, fingerprints) else {
        return Named { kind: own, ..Named::default() };
    };
    // A feed's own word says more than the kind it falls under.
    let known = Some(found.kind).filter(|kind| *kind != Kind::Unknown);
    let known = known.map(|kind| kind.word().to_owned());
    let kind = if found.rule == FEED { own.or(known) } else { known.or(own) };
    Named {
        maker: found.maker,
        model: found.model,
        kind,
        confidence: Some(found.confidence),
        rule: Some(found.rule),
    }
}

/// What a packed detail holds that may tell a device.
fn evidence(detail: &[u8]) -> Result<Evidence<'_>, Broken> {
    let mut evidence = Evidence::default();
    kept::each_text(detail, |name, text| match name {
        "device_vendor" => evidence.maker = Some(text),
        "device_model" => evidence.model = Some(text),
        "device_type" => evidence.kind = Some(text),
        other => evidence.texts.extend(place(other).map(|place| (place, text))),
    })?;
    Ok(evidence)
}

/// Where a feed's column was read, if it is one that may tell a device.
fn place(column: &str) -> Option<Place> {
    match column {
        "printer_make_and_model" | "modelshort" | "model" => Some(Place::Model),
        "banner" | "serverid_raw" | "www_authenticate" | "wwwauthenticate" => Some(Place::Banner),
        "title" | "http_title" | "html_title" => Some(Place::Title),
        "server" | "http_server" | "server_type" => Some(Place::Server),
        "sysdesc" | "sysdescr" => Some(Place::Sysdescr),
        "subject_common_name" | "subject_organization_name" => Some(Place::Subject),
        "issuer_common_name" | "issuer_organization_name" => Some(Place::Issuer),
        _ => None,
    }
}

/// Evidence as bytes: what differs in anything has other bytes.
fn key(evidence: &Evidence<'_>) -> Vec<u8> {
    let Evidence { maker, model, kind, texts } = evidence;
    let mut key = Vec::with_capacity(64);
    for word in [maker, model, kind] {
        packed::put_bytes(&mut key, word.unwrap_or_default().as_bytes());
    }
    for (place, text) in texts {
        packed::put_number(&mut key, *place as i64);
        packed::put_bytes(&mut key, text.as_bytes());
    }
    key
}

#[cfg(test)]
mod tests {
    use formats::Detail;

    use super::*;

    fn told(words: [&str; 3], columns: &[(&str, &str)]) -> Named {
        let word = |text: &str| (!text.is_empty()).then(|| text.into());
        let [maker, kind, model] = words;
        let detail = Detail {
            device_vendor: word(maker),
            device_type: word(kind),
            device_model: word(model),
            extra: columns.iter().map(|(name, text)| ((*name).into(), (*text).into())).collect(),
            ..Detail::default()
        };
        let mut packed = Vec::new();
        kept::put_detail(&mut packed, &detail);
        named(&evidence(&packed).unwrap(), &Fingerprints::default())
    }

    #[test]
    fn each_column_that_may_tell_a_device_is_evidence_of_its_own_kind() {
        for (column, text, rule) in [
            ("banner", "Basic realm=\"TS-WRLP\"", "iodata/qwatch-model"),
            ("serverid_raw", "SSH-2.0-Cisco-1.25", "cisco/ssh"),
            ("http_title", "Archer C7", "tp-link/archer-model"),
            ("server", "uc-httpd 1.0.0", "xiongmai/uc-httpd"),
            ("sysdesc", "RTX1200 Rev.10.01.78", "yamaha/rtx-model"),
            ("issuer_organization_name", "Fortinet", "fortinet/name"),
            ("printer_make_and_model", "Brother HL-L2375DW", "brother/printer-model"),
        ] {
            assert_eq!(told(["", "", ""], &[(column, text)]).rule.as_deref(), Some(rule), "{text}");
        }
        assert_eq!(told(["", "", ""], &[("dns_version", "RTX1200")]), Named::default());
    }

    #[test]
    fn the_kind_is_the_products_word_where_a_rule_knows_it_and_else_the_feeds_own() {
        let kind = |words, columns| told(words, columns).kind;
        assert_eq!(kind(["", "dvr", ""], &[]).as_deref(), Some("dvr"));
        assert_eq!(kind(["メーカーF", "dvr", "F-DVR4"], &[]).as_deref(), Some("dvr"));
        assert_eq!(kind(["", "smart-plug", ""], &[]).as_deref(), Some("smart-plug"));
        let camera = kind(["", "ip-camera", "TS-WRLP"], &[]);
        assert_eq!(camera.as_deref(), Some("camera"));
        let printer = kind(["Brother", "printer", "HL-L2375DW"], &[]);
        assert_eq!(printer.as_deref(), Some("printer"));
    }

    #[test]
    fn what_differs_in_anything_is_asked_anew() {
        let detail = |maker: &str, model: &str| {
            let mut packed = Vec::new();
            let (device_vendor, device_model) = (Some(maker.into()), Some(model.into()));
            let detail = Detail { device_vendor, device_model, ..Detail::default() };
            kept::put_detail(&mut packed, &detail);
            packed
        };
        let (one, two) = (detail("ab", "c"), detail("a", "bc"));
        assert_ne!(key(&evidence(&one).unwrap()), key(&evidence(&two).unwrap()));
    }
}
