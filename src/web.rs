//! The web (画面の土台): what every page stands on, public or staff.

pub mod chart;
