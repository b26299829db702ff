//! `cargo xtask tidy`: the rules of the house that no compiler knows.

use std::str::FromStr as _;

use anyhow::{Result, anyhow};
use proc_macro2::TokenStream;

/// Reads the sources. True when no rule is broken.
pub(crate) fn run() -> Result<bool> {
    let source = std::fs::read_to_string("src/lib.rs")?;
    TokenStream::from_str(&source).map_err(|fault| anyhow!("src/lib.rs: {fault}"))?;
    Ok(true)
}
