//! What a device is (機器の種類), and whether its maker still mends it (サポート状況).

use serde::{Deserialize, Serialize};

/// A kind of device (機器の種類), as far as a person can tell it by looking.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
#[doc(alias = "機器の種類")]
pub enum Kind {
    /// Home router, home gateway, access point.
    Router,
    /// Network camera.
    Camera,
    /// Storage on the network.
    Nas,
    /// Recorder for cameras.
    Recorder,
    /// VPN router or security gateway of an office.
    VpnRouter,
    /// Nobody knows.
    #[default]
    Unknown,
}

/// The kinds with their words, the commonest in inquiries first.
pub const KINDS: [(Kind, &str); 6] = [
    (Kind::Router, "router"),
    (Kind::Camera, "camera"),
    (Kind::Nas, "nas"),
    (Kind::Recorder, "recorder"),
    (Kind::VpnRouter, "vpn-router"),
    (Kind::Unknown, "unknown"),
];

impl Kind {
    /// The word for addresses, keys of texts and drawings.
    pub fn word(self) -> &'static str {
        KINDS.iter().find(|(kind, _)| *kind == self).map_or("unknown", |(_, word)| word)
    }

    /// The kind a feed means by its own word, such as `IP camera` or `VPN router`.
    pub fn of_feed_word(word: &str) -> Self {
        // The order matters: a VPN router is a router too, a video recorder shows camera pictures.
        const CALLED: [(Kind, &[&str]); 5] = [
            (Kind::VpnRouter, &["vpn", "firewall", "utm"]),
            (Kind::Recorder, &["dvr", "nvr", "recorder", "レコーダ"]),
            (Kind::Camera, &["camera", "ipcam", "カメラ"]),
            (Kind::Nas, &["nas", "storage"]),
            (Kind::Router, &["router", "gateway", "modem", "access", "cpe", "ルータ"]),
        ];
        let word = word.to_lowercase();
        let names = |names: &&[&str]| names.iter().any(|name| word.contains(name));
        CALLED.iter().find(|(_, called)| names(called)).map_or(Self::Unknown, |(kind, _)| *kind)
    }
}

/// Whether the maker still mends the device (サポート状況).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
#[doc(alias = "サポート状況")]
pub enum Support {
    /// Updates come.
    Supported,
    /// No updates any more: to replace it is the whole answer.
    Ended,
}
