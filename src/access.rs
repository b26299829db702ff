//! Who may do what (権限): keys that guard inquiry IDs, people of the centre, tokens of machines.
//!
//! A person enters by a one-time link and works under one [role](roles::Role); a machine shows a
//! token that is good for one thing. Owns `staff`, `staff_links`, `staff_sessions`, `api_tokens`.

pub mod keys;
pub mod pages;
pub mod roles;
pub mod staff;
mod store;
pub mod tenancy;
pub mod tokens;
