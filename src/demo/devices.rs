//! The devices (機器) of the demo country: twenty models of invented makers.
//!
//! Routers are about half, cameras a tenth, as in the published figures of 2025. Four models are
//! out of support. Owns no table.

use formats::{Severity, scan_list::CredentialClass};
use rand::RngExt as _;
use rand_chacha::ChaCha20Rng;

use super::chance::weighted;

/// A way in (入口): the service that answers, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Door {
    /// `telnet`, `ssh` or `http`.
    pub application: &'static str,
    /// The TCP port.
    pub port: u16,
}

const TELNET: Door = Door { application: "telnet", port: 23 };
const TELNET_HIGH: Door = Door { application: "telnet", port: 2323 };
const SSH: Door = Door { application: "ssh", port: 22 };
const HTTP: Door = Door { application: "http", port: 80 };
const HTTP_HIGH: Door = Door { application: "http", port: 8080 };

/// The ports that a NOTICE scan tries.
pub const PORTS: [u16; 5] = [22, 23, 80, 2323, 8080];

/// A model (機種) of an invented maker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(alias = "機種")]
pub struct Model {
    /// Who built it.
    pub maker: &'static str,
    /// Its name.
    pub name: &'static str,
    /// `router`, `camera`, `nas`, `dvr` or `vpn_router`.
    pub kind: &'static str,
    /// Whether its maker still mends it.
    pub supported: bool,
    /// The services it may leave open.
    pub doors: &'static [Door],
    share: u32,
}

const fn model(
    [maker, name, kind]: [&'static str; 3],
    doors: &'static [Door],
    share: u32,
) -> Model {
    Model { maker, name, kind, supported: true, doors, share }
}

const fn ended(model: Model) -> Model {
    Model { supported: false, ..model }
}

/// Every model (機種一覧).
pub static MODELS: [Model; 20] = [
    model(["メーカーA", "A-R100", "router"], &[HTTP, TELNET], 9),
    model(["メーカーA", "A-R200", "router"], &[HTTP_HIGH], 8),
    ended(model(["メーカーA", "A-R050", "router"], &[TELNET], 6)),
    model(["メーカーB", "B-RT1", "router"], &[HTTP], 8),
    model(["メーカーB", "B-RT2", "router"], &[HTTP, SSH], 6),
    ended(model(["メーカーB", "B-RT0", "router"], &[TELNET, TELNET_HIGH], 4)),
    model(["メーカーC", "C-WiFi5", "router"], &[HTTP_HIGH], 5),
    model(["メーカーC", "C-WiFi6", "router"], &[HTTP], 4),
    model(["メーカーD", "D-CAM10", "camera"], &[HTTP, TELNET], 4),
    model(["メーカーD", "D-CAM20", "camera"], &[HTTP_HIGH], 3),
    ended(model(["メーカーE", "E-CAM1", "camera"], &[TELNET], 3)),
    model(["メーカーE", "E-CAM2", "camera"], &[HTTP], 2),
    model(["メーカーF", "F-DVR4", "dvr"], &[TELNET, TELNET_HIGH], 6),
    model(["メーカーF", "F-DVR8", "dvr"], &[TELNET], 5),
    ended(model(["メーカーG", "G-REC1", "dvr"], &[TELNET_HIGH], 4)),
    model(["メーカーH", "H-NAS2", "nas"], &[SSH, HTTP_HIGH], 6),
    model(["メーカーH", "H-NAS4", "nas"], &[HTTP_HIGH], 5),
    model(["メーカーJ", "J-STORE", "nas"], &[SSH], 4),
    model(["メーカーK", "K-VPN10", "vpn_router"], &[SSH], 4),
    model(["メーカーK", "K-VPN20", "vpn_router"], &[HTTP, SSH], 3),
];

/// A device (機器) at one line.
#[derive(Clone, Debug)]
pub(super) struct Device {
    pub(super) model: &'static Model,
    pub(super) door: Door,
    pub(super) credential: CredentialClass,
    pub(super) firmware: &'static str,
    /// SHA-256 of its SSH host key, in hex: the weaker way to follow a device.
    pub(super) hostkey: Option<String>,
    /// Whether the scan must know the longer list of passwords to find it.
    pub(super) needs_new_method: bool,
}

/// Share of devices that only the later method finds, a break in the series.
const NEW_METHOD_SHARE: f64 = 0.06;

impl Device {
    /// Any device, each model as often as its share says.
    pub(super) fn draw(rng: &mut ChaCha20Rng) -> Self {
        let model = &MODELS[weighted(rng, MODELS.iter().map(|model| model.share))];
        let door = model.doors[rng.random_range(0..model.doors.len())];
        let classes = [70, 20, 6, 4].into_iter();
        let credential = CredentialClass::ALL[weighted(rng, classes)];
        let firmware = ["1.00", "1.02", "1.10", "2.01"][rng.random_range(0..4)];
        let key: [u128; 2] = [rng.random(), rng.random()];
        let hostkey = (door == SSH).then(|| format!("{:032x}{:032x}", key[0], key[1]));
        let needs_new_method = rng.random_bool(NEW_METHOD_SHARE);
        Self { model, door, credential, firmware, hostkey, needs_new_method }
    }

    /// How grave its exposure is. A VPN router leads into an office, so it is never held back.
    pub(super) fn severity(&self) -> Severity {
        match self.model.kind {
            "vpn_router" => Severity::Critical,
            "router" | "dvr" => Severity::High,
            _ => Severity::Medium,
        }
    }
}
