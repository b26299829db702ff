//! Reminders by mail (督促メール): what such a mail is about is there, and was noted once it went.
//!
//! What a mail is about stands in its row as JSON, which is read here as anybody's JSON.

use std::collections::HashSet;

use futures::TryStreamExt as _;
use serde_json::Value;
use uuid::Uuid;

use super::{Findings, Kind, store::reminders as store};
use crate::db::Tx;

/// Checks all mails that remind.
pub(super) async fn check(tx: &mut Tx, findings: &mut Findings) -> anyhow::Result<()> {
    let (mut due, mut noted, mut steps) = (HashSet::new(), HashSet::new(), HashSet::new());
    let mut rows = store::reminders(tx);
    while let Some((isp, id, list, state, way)) = rows.try_next().await? {
        match (state.as_str(), way.as_deref()) {
            ("due", _) => drop(due.insert((isp, id, list))),
            ("noted", Some("mail")) => drop(noted.insert((isp, list))),
            _ => {}
        }
    }
    drop(rows);
    let mut rows = store::steps(tx);
    while let Some(step) = rows.try_next().await? {
        steps.insert(step);
    }
    drop(rows);
    let mut rows = store::mails(tx);
    while let Some((isp, id, topic, body, state)) = rows.try_next().await? {
        let mut wrong = |what: &str| {
            let id = Uuid::from_slice(&id).unwrap_or_default();
            findings.add(Kind::Reminder, format!("reminder mail {id}"), what);
        };
        let body: Value = serde_json::from_str(&body).unwrap_or_default();
        let Some(about) = body[&topic].as_array().filter(|about| !about.is_empty()) else {
            wrong("it is about nothing");
            continue;
        };
        for one in about {
            if topic == "contacts" {
                let step = one["step"].as_str().unwrap_or_default().to_owned();
                if !steps.contains(&(isp.clone(), key(&one["contact"]), step)) {
                    wrong("that its provider was asked to confirm a contact is not kept");
                }
                continue;
            }
            let (reminder, list) = (key(&one["reminder"]), key(&one["notice"]));
            if !due.contains(&(isp.clone(), reminder, list.clone())) {
                wrong("it has no reminder of that list");
            }
            if state == "accepted" && !noted.contains(&(isp.clone(), list)) {
                wrong("it was taken, and that the provider was reminded is not noted");
            }
        }
    }
    Ok(())
}

/// The bytes of a key that stands in JSON; none where none stands there.
fn key(value: &Value) -> Vec<u8> {
    let key = value.as_str().and_then(|text| text.parse::<Uuid>().ok());
    key.map(|key| key.as_bytes().to_vec()).unwrap_or_default()
}
