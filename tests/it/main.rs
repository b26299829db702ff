//! The integration suite: sentences of the domain, told through the public faces on both engines.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on may say so")]

#[path = "../support/centre.rs"]
mod centre;

mod feeds;
