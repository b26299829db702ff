//! Who may do what (権限): the keys that guard inquiry IDs.
//!
//! Owns no table.

pub mod keys;
