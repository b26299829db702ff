//! Letters as PDF: an address for the window of an envelope, a large number, a QR code.
//!
//! Plain values in, bytes out: no database, no network, no clock. Equal letters give equal bytes.
//! Fonts are read from the system once, by [`fonts::Fonts::find`]; a [`Press`] holds
//! them and prints any number of letters.
//!
//! | module | holds |
//! |---|---|
//! | [`letter`] | what stands on a letter |
//! | [`window`] | where the address must stand, and what must stay clear |
//! | [`fonts`] | the fonts of each language, and what is said where they are missing |
//! | [`qr`] | a QR code as a drawing |
//! | [`press`] | letters to PDF |
//!
//! ```no_run
//! use print::{Press, fonts::Fonts, letter::Letter};
//!
//! let press = Press::new(Fonts::find(&Fonts::folders())?);
//! let pdf = press.print(&[Letter { title: "お知らせ".into(), ..Letter::default() }])?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod letter;
pub mod window;
pub mod fonts;
pub mod qr;
pub mod press;

pub use press::Press;
