//! The integration suite: sentences of the domain, told through the public faces on both engines.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on may say so")]

#[path = "../support/actors.rs"]
mod actors;
#[path = "../support/builders.rs"]
mod builders;
#[path = "../support/centre.rs"]
mod centre;
#[path = "../support/data_folder.rs"]
mod data_folder;
#[path = "../support/gnupg.rs"]
mod gnupg;
#[path = "../support/hook.rs"]
mod hook;
#[path = "../support/loopback.rs"]
mod loopback;
#[path = "../support/peers.rs"]
mod peers;
#[path = "../support/proxy.rs"]
mod proxy;
#[path = "../support/reports_api.rs"]
mod reports_api;
#[path = "../support/room.rs"]
mod room;
#[path = "../support/smtp.rs"]
mod smtp;
#[path = "../support/stored.rs"]
mod stored;
#[path = "../support/template.rs"]
mod template;
#[path = "../support/visitor.rs"]
mod visitor;

mod addresses;
mod apartments;
mod approvals;
mod attribution;
mod audit;
mod bad_input;
mod broken_wire;
mod campaign_languages;
mod campaigns;
mod cases;
mod check;
mod cli;
mod devices;
mod dispatch;
mod editions;
mod every_format;
mod exactly_once;
mod feed_files;
mod feeds;
mod hand_overs;
mod interruptions;
mod jobs;
mod life_of_a_detection;
mod lines;
mod machines;
mod mappings;
mod notice_kit;
mod notices;
mod office;
mod one_story;
mod prepared_by_schedule;
mod quarantine;
mod register;
mod reminders;
mod report_back;
mod reports_once;
mod row_security;
mod run_hits;
mod same_device;
mod samples;
mod second_thoughts;
mod self_service;
mod state;
mod tiers;
mod unattributed;
mod verification;
mod ways;
mod withdrawal;
mod wordings;
