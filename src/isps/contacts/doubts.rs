//! Doubts (疑い): a mail that came back makes a contact doubtful, at whichever provider.
//!
//! Owns no table of its own.

use super::{facts, mail_tag, store};
use crate::{
    app::App,
    audit::{self, Deed},
    db::{Tx, retry},
};

/// Marks the contacts with that mail address as doubtful, at whichever provider; gives how many. A
/// mail that came back calls it.
pub async fn doubt(app: &App, mail: &str, (by, why): (&str, &str)) -> anyhow::Result<u64> {
    let tag = mail_tag(&app.keys, mail);
    retry::looking_again(|| async {
        let mut tx = app.db.begin().await?;
        let doubted = doubt_tagged(app, &mut tx, &tag, (by, why)).await?;
        tx.commit().await?;
        Ok(doubted)
    })
    .await
}

/// The same in the transaction that says why.
pub(crate) async fn doubt_in(
    app: &App,
    tx: &mut Tx,
    mail: &str,
    said: (&str, &str),
) -> anyhow::Result<u64> {
    doubt_tagged(app, tx, &mail_tag(&app.keys, mail), said).await
}

async fn doubt_tagged(
    app: &App,
    tx: &mut Tx,
    tag: &[u8],
    (by, why): (&str, &str),
) -> anyhow::Result<u64> {
    let meant = store::tagged(tx, tag).await?;
    if meant.is_empty() {
        return Ok(0);
    }
    // Of this address alone: whoever waits for this transaction waits for nobody else's contacts.
    let versions = store::versions_tagged(tx, tag).await?;
    let events = store::events_tagged(tx, tag).await?;
    let mut doubted = 0;
    for ((isp, id), one) in facts(versions, events)? {
        let stands = |(of, which, version, _): &&(_, _, _, _)| {
            (*of, *which, *version) == (isp, id, one.version)
        };
        let Some((.., code)) = meant.iter().find(stands) else { continue };
        if one.doubted.is_some_and(|(at, _)| at >= one.confirmed_at) {
            continue;
        }
        let event = store::NewEvent {
            isp_id: isp,
            contact_id: id,
            no: one.events + 1,
            version: one.version,
            at: app.now(),
            kind: "doubted",
            author: by,
            reason: Some(why),
        };
        store::insert_event(tx, &event).await?;
        let on = id.to_string();
        let deed = Deed::new("contact.doubt", &on);
        let deed = code.as_ref().map_or(deed, |code| deed.of_isp(code));
        audit::note_deed(app, tx, deed).await?;
        doubted += 1;
    }
    Ok(doubted)
}
