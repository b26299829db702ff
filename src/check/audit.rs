//! The audit log in the store (監査記録の点検): its leaves as one chain, its head, its checkpoints.

use std::fs;

use futures::TryStreamExt as _;

use super::{
    Findings, Kind,
    chain::{Broken, Chain, Leaf, Whole, checkpoints},
    store,
};
use crate::{
    app::App,
    audit::{checkpoint, key::Signer},
    db::Tx,
};

/// Verifies the log of the store against those of `signed`.
pub(super) async fn verify(
    view: &mut Tx,
    signed: &[checkpoints::Checkpoint],
) -> anyhow::Result<Result<Whole, Broken>> {
    let head = store::audit::head(view).await?;
    let mut chain = Chain::new(signed);
    {
        let mut rows = store::audit::leaves(view);
        while let Some(row) = rows.try_next().await? {
            if let Err(broken) = chain.add(&leaf(row)) {
                return Ok(Err(broken));
            }
        }
    }
    let whole = match chain.end() {
        Ok(whole) => whole,
        Err(broken) => return Ok(Err(broken)),
    };
    let stands = (whole.leaves.cast_signed(), whole.hash.clone());
    let (no, hash) = head.map_or((0, "0".repeat(64)), |(no, hash)| (no, super::chain::hex(&hash)));
    if stands == (no, hash) {
        return Ok(Ok(whole));
    }
    let why = format!("the head speaks of {no} leaves and another end");
    Ok(Err(Broken::at(format!("the end, behind leaf {}", stands.0), why)))
}

fn leaf(row: store::audit::Row) -> Leaf {
    let store::audit::Row { no, at, author, act, object, isp, detail, hash } = row;
    Leaf { no, at, by: author, act, on: object, isp, detail, hash: super::chain::hex(&hash) }
}

/// Verifies the log of the store, against `notes` or else against those that it wrote outside.
pub async fn whole(
    app: &App,
    notes: Option<&str>,
    keys: &[checkpoints::Key],
) -> anyhow::Result<Result<Whole, Broken>> {
    let signed = match notes {
        Some(notes) if keys.is_empty() => checkpoints::known(notes, &own(app)),
        Some(notes) => checkpoints::known(notes, keys),
        None => outside(app),
    };
    let (signed, unknown) = match signed {
        Ok(signed) => signed,
        Err(broken) => return Ok(Err(broken)),
    };
    let verified = verify(&mut app.db.snapshot().await?, &signed).await?;
    Ok(verified.map(|whole| Whole { unknown, ..whole }))
}

/// Tells of the log among the findings of the whole store.
pub(super) async fn check(app: &App, view: &mut Tx, findings: &mut Findings) -> anyhow::Result<()> {
    let signed = match outside(app) {
        Ok((signed, unknown)) => {
            if unknown > 0 {
                findings.skip(format!("{unknown} checkpoints that another key signed"));
            }
            Ok(signed)
        }
        Err(broken) => Err(broken),
    };
    let verified = match signed {
        Ok(signed) => verify(view, &signed).await?,
        Err(broken) => Err(broken),
    };
    if let Err(Broken { place, why }) = verified {
        findings.add(Kind::Audit, format!("the audit log, {place}"), why);
    }
    Ok(())
}

/// The public half of the key of this centre, where it has one.
fn own(app: &App) -> Vec<checkpoints::Key> {
    let own = Signer::of(app).ok().and_then(|signer| signer.public().parse().ok());
    own.into_iter().collect()
}

/// The checkpoints that this centre wrote outside, and how many of them its key did not sign.
fn outside(app: &App) -> Result<(Vec<checkpoints::Checkpoint>, usize), Broken> {
    match fs::read_to_string(checkpoint::file(app)) {
        Ok(notes) => checkpoints::all(&notes, &own(app)),
        // It may lie where this machine can only write, or nothing was signed yet.
        Err(_) => Ok((Vec::new(), 0)),
    }
}
