//! 乱入力試験: one libFuzzer binary for every parser; `TODOKE_FUZZ_TARGET` names the one to feed.
//!
//! `cargo xtask fuzz` builds and runs it. A target is one line in [`TARGETS`] and one function
//! from bytes to nothing: it may refuse what it gets, and may neither panic nor take long.
#![no_main]

mod own_formats;
mod containers;
mod feeds;
mod words;
#[cfg(feature = "product")]
mod product;

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;

/// 上限: what is allocated at one time; reaching it ends the process, which is a finding.
const MEMORY_BYTES_MAX: usize = 512 << 20;

#[global_allocator]
static MEMORY: cap::Cap<std::alloc::System> = cap::Cap::new(std::alloc::System, MEMORY_BYTES_MAX);

type Target = (&'static str, fn(&[u8]));

/// Every target.
const TARGETS: &[Target] = &[
    ("shadowserver", own_formats::shadowserver),
    ("scan_list", own_formats::scan_list),
    ("coverage", own_formats::coverage),
    ("report_back", own_formats::report_back),
    ("intelmq", feeds::intelmq),
    ("n6", feeds::n6),
    ("mapped_csv", feeds::mapped_csv),
    ("xarf", feeds::xarf),
    ("stix", feeds::stix),
    ("misp", feeds::misp),
    ("recog", feeds::recog),
    ("unfold", containers::unfold),
    ("mail", containers::mail),
    ("address", words::address),
    ("prefix", words::prefix),
    ("stamp", words::stamp),
    #[cfg(feature = "product")]
    ("inquiry_id", product::inquiry_id),
    #[cfg(feature = "product")]
    ("register", product::register),
    #[cfg(feature = "product")]
    ("networks", product::networks),
    #[cfg(feature = "product")]
    ("hits", product::hits),
    #[cfg(feature = "product")]
    ("audit", product::audit),
    #[cfg(feature = "product")]
    ("checkpoints", product::checkpoints),
];

static TARGET: LazyLock<fn(&[u8])> = LazyLock::new(|| {
    let wanted = std::env::var("TODOKE_FUZZ_TARGET").unwrap_or_default();
    if let Some((_, target)) = TARGETS.iter().find(|(name, _)| *name == wanted) {
        return *target;
    }
    // Without a target the names are told, one a line: that is how `xtask` knows them.
    TARGETS.iter().for_each(|(name, _)| println!("{name}"));
    std::process::exit(i32::from(!wanted.is_empty()));
});

fuzz_target!(init: { LazyLock::force(&TARGET); }, |data: &[u8]| TARGET(data));
