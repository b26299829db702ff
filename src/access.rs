//! Who may do what (権限): keys that guard inquiry IDs, accounts of people, tokens of machines.
//!
//! A person is invited by a one-time link, chooses a password and a second factor, and works under
//! one [role](roles::Role), of the centre or within one provider. Each route of the site names its
//! [door](doors::Door). A machine shows a token that is good for one thing. Owns `accounts`,
//! `account_events`, `account_links`, `account_sessions`, `account_passwords`, `account_factors`,
//! `account_recovery_codes`, `account_outside_ids`, `account_outings`, `sign_in_failures`,
//! `api_tokens`, `sent_forms`.

pub mod accounts;
pub mod doors;
pub mod factors;
pub mod keys;
pub mod locks;
pub mod oidc;
pub mod outside_ids;
pub mod pages;
pub mod passkeys;
pub mod passwords;
pub mod roles;
pub mod seal;
pub mod sent_forms;
pub mod sessions;
mod store;
pub mod tenancy;
pub mod tokens;
