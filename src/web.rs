//! The web (画面の土台): what every page stands on, public or staff.
//!
//! Texts in two languages, the page around each page, forms that keep what was typed, errors that
//! still carry the phone number, headers, the session cookie, and the accept loop. Owns no table.

pub mod assets;
pub mod chart;
pub mod error;
pub mod form;
pub mod guard;
pub mod health;
pub mod listen;
pub mod menu;
pub mod page;
pub mod peer;
pub mod problem;
pub mod qr;
pub mod routes;
pub mod session;
pub mod texts;
pub(crate) mod unread;

pub use listen::serve;
