//! Todoke (届け): from the detection of a weak device to its verified fix.
//!
//! The modules below stand in the order of a detection's life. A stage pulls what earlier stages
//! wrote and knows no later one; `ARCHITECTURE.md` tells the same story in prose.

// Base: what every stage stands on.
pub mod net;
pub mod time;
pub mod language;
pub mod ids;
pub mod db;
pub mod audit;
pub mod web;
pub mod mail;
pub mod access;
pub mod config;
pub mod app;
pub mod jobs;

// Registers.
pub mod isps;
pub mod devices;
pub mod manuals;
pub mod site;

// The life of a detection.
pub mod feeds;
pub mod sightings;
pub mod attribution;
pub mod cases;
pub mod campaigns;
pub mod notices;
pub mod portal;
pub mod verification;
pub mod effects;

// Top.
pub mod intake;
pub mod check;
pub mod router;
pub mod demo;
pub mod cli;
