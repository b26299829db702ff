//! Weighing (計量): a file that is in, against its feed and against each provider.
//!
//! Stands here since it takes what `feeds` counted, what `isps` says and what `attribution` knows.

use crate::{
    app::App,
    attribution::Attributor,
    feeds::{
        Feed,
        gate::{self, Excess, OfIsp},
        receive::FeedFile,
    },
    isps,
};

/// In which ways a file is out of measure.
pub(super) async fn weigh(
    app: &App,
    feed: &Feed,
    file: &FeedFile,
    attributor: &Attributor,
) -> anyhow::Result<Vec<Excess>> {
    let (hits, before, named) = gate::measures(&app.db, feed.id, file).await?;
    if hits <= gate::FLOOR {
        return Ok(Vec::new());
    }
    let mut of_isps = Vec::new();
    if !named.is_empty() {
        let isps = isps::all(&app.db).await?;
        let all = attributor.addresses(file.received_at);
        for (id, addresses) in named {
            let Some(isp) = isps.iter().find(|isp| isp.id == id) else { continue };
            let of = isp.lines.or(all.get(&id).copied()).unwrap_or_default();
            of_isps.push(OfIsp { isp: isp.code.clone(), addresses, of });
        }
        of_isps.sort_by(|a, b| a.isp.cmp(&b.isp));
    }
    Ok(gate::weigh(hits, &before, &of_isps))
}

/// Weighs a file again that grew after it was closed, and waits since [`gate::hold_while_read`].
pub(crate) async fn weigh_again(
    app: &App,
    feed: &Feed,
    file: &FeedFile,
    attributor: &Attributor,
) -> anyhow::Result<()> {
    let excess = weigh(app, feed, file, attributor).await?;
    gate::settle(app, file.id, &excess).await
}
