//! The site (公開サイト): the front door and the pages that prove who we are.
//!
//! A register: words that hold for everybody, whatever their case. Owns no table.

pub mod pages;
