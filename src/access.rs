//! Who may do what (権限): today the keys that guard inquiry IDs; accounts follow with the ISP office.
//!
//! Owns no table.

pub mod keys;
