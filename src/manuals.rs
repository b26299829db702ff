//! Manuals (機器別マニュアル): how to fix one model, or one kind of device, in few steps.
//!
//! A register: Markdown files in `content/manuals/`, built into the binary and read at start-up.
//! Which manual fits is decided by plain values, so that the portal and the desk pick alike. Owns
//! no table.

pub mod markdown;
pub mod pages;
pub mod steps;

use std::{borrow::Borrow, sync::LazyLock};

use anyhow::{Context as _, ensure};
use serde::Deserialize;
use unicode_normalization::UnicodeNormalization as _;

use crate::web::texts::Lang;
use steps::{Step, Text};

pub use crate::devices::kind::{KINDS, Kind, Support};

/// What the front matter says: for which devices a manual is.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fit {
    /// Its name in addresses.
    pub id: String,
    /// The kind of device.
    pub kind: Kind,
    /// The maker, where it is for one maker only.
    pub maker: Option<String>,
    /// The model, where it is for one model only.
    pub model: Option<String>,
    /// Weaknesses it is for; all of them when empty.
    #[serde(default)]
    pub exposures: Vec<String>,
    /// How long it takes a person who has never done it.
    pub minutes: u32,
    /// Whether the maker still mends the device.
    pub support: Support,
}

/// Manual (機器別マニュアル) with its steps in both languages.
#[derive(Clone, Debug)]
#[doc(alias = "機器別マニュアル")]
pub struct Manual {
    /// For which devices it is.
    pub fit: Fit,
    ja: Text,
    en: Text,
}

impl Manual {
    /// Reads a manual: front matter and Japanese in one file, English in another.
    pub fn parse(ja: &str, en: &str) -> anyhow::Result<Self> {
        let (_, rest) = ja.split_once("+++\n").context("no front matter")?;
        let (front, ja) = rest.split_once("\n+++\n").context("the front matter does not end")?;
        let fit: Fit = toml::from_str(front).context("the front matter is not understood")?;
        let manual = Self { ja: Text::parse(ja)?, en: Text::parse(en)?, fit };
        let shape = |text: &Text| -> Vec<(String, usize)> {
            text.steps.iter().map(|step| (step.action.clone(), step.causes.len())).collect()
        };
        let (ja, en) = (shape(&manual.ja), shape(&manual.en));
        ensure!(ja == en, "{}: the languages differ: {ja:?} and {en:?}", manual.fit.id);
        Ok(manual)
    }

    /// Its words in `lang`.
    pub fn text(&self, lang: impl Borrow<Lang>) -> &Text {
        match lang.borrow() {
            Lang::Ja => &self.ja,
            Lang::En => &self.en,
        }
    }

    /// The steps for a device that is infected, or for one that is merely weak.
    pub fn steps(&self, lang: Lang, infected: bool) -> Vec<&Step> {
        let due = |step: &&Step| step.only.is_none_or(|only| only == infected);
        self.text(lang).steps.iter().filter(due).collect()
    }
}

macro_rules! written {
    ($($name:literal)+) => {
        /// Every manual as it is written, the most general last.
        const WRITTEN: &[(&str, &str, &str)] = &[$((
            $name,
            include_str!(concat!("../content/manuals/", $name, ".ja.md")),
            include_str!(concat!("../content/manuals/", $name, ".en.md")),
        ),)+];
    };
}

written! { "router" "camera" "nas" "recorder" "vpn-router" "open-service" "ended" "unknown" }

static ALL: LazyLock<Vec<Manual>> = LazyLock::new(|| {
    let read = |(name, ja, en): &(&str, &str, &str)| {
        Manual::parse(ja, en).unwrap_or_else(|fault| panic!("manual {name}: {fault:#}"))
    };
    WRITTEN.iter().map(read).collect()
});

/// All manuals.
pub fn all() -> &'static [Manual] {
    &ALL
}

/// The manual of that name.
pub fn named(id: &str) -> Option<&'static Manual> {
    all().iter().find(|manual| manual.fit.id == id)
}

/// The device as far as it is known: what a manual is picked by.
#[derive(Clone, Copy, Debug)]
pub struct Device<'a> {
    /// The model, if known.
    pub model: Option<&'a str>,
    /// The maker, if known.
    pub maker: Option<&'a str>,
    /// The kind.
    pub kind: Kind,
    /// What is wrong, as `weakness_code`.
    pub exposure: &'a str,
}

/// The manual that fits best: by model, else maker, else kind, else exposure, else for anything.
pub fn best(device: Device<'_>) -> &'static Manual {
    best_of(all(), device)
}

fn best_of<'m>(manuals: &'m [Manual], device: Device<'_>) -> &'m Manual {
    let fitting =
        manuals.iter().filter_map(|manual| Some((closeness(&manual.fit, device)?, manual)));
    // Of equals the first written wins, hence the reversed order.
    let best = fitting.rev().max_by_key(|(closeness, _)| *closeness);
    best.map(|(_, manual)| manual).expect("the manual `unknown` fits every device")
}

/// How closely a manual fits, or nothing if it does not.
fn closeness(fit: &Fit, device: Device<'_>) -> Option<u32> {
    // What has ended is for the model it names; nobody is told to throw a device away on a guess.
    if fit.support == Support::Ended && fit.model.is_none() {
        return None;
    }
    let wanted = |own: &Option<String>, seen: Option<&str>, worth: u32| match own {
        None => Some(0),
        Some(own) => (seen.map(folded) == Some(folded(own))).then_some(worth),
    };
    let model = wanted(&fit.model, device.model, 8)?;
    let maker = wanted(&fit.maker, device.maker, 4)?;
    // A model tells its kind better than a feed or a worried person does.
    let kind = match fit.kind {
        Kind::Unknown => 0,
        kind if kind == device.kind => 2,
        _ if model > 0 => 0,
        _ => return None,
    };
    let exposure = match fit.exposures.iter().any(|code| code == device.exposure) {
        true => 1,
        false if fit.exposures.is_empty() => 0,
        false => return None,
    };
    Some(model + maker + kind + exposure)
}

/// A name as different hands write it: width, case, spaces and dashes folded.
fn folded(name: &str) -> String {
    let kept = name.nfkc().filter(|c| c.is_alphanumeric());
    kept.flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests;
