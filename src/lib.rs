//! Todoke (届け): from the detection of a weak device to its verified fix.
//!
//! The modules below stand in the order of a detection's life. A stage pulls what earlier stages
//! wrote and knows no later one; `ARCHITECTURE.md` tells the same story in prose.

// Base: what every stage stands on.
pub mod time;
pub mod ids;
pub mod db;
pub mod web;
pub mod access;
pub mod config;
pub mod app;

// Registers: what is known before anything is detected.
pub mod manuals;
pub mod site;

// The life of a detection.
pub mod sightings;
pub mod cases;
pub mod portal;

// Top: what sees everything.
pub mod router;
