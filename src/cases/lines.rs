//! Lines (回線): cases that carry the same line token are followed as one, whatever the address.
//!
//! The token is made by the ISP under its own key and says nothing here. The earliest case of a
//! line speaks for it; joining is a link, so that a wrong token can be taken back. Tokens of
//! different epochs are never compared.

use anyhow::ensure;

use super::{CaseRef, store};
use crate::{db::Tx, time::Moment};

/// A line token (回線トークン) with the epoch of the key it was made under.
#[derive(Clone, Debug)]
#[doc(alias = "回線トークン")]
pub struct LineToken<'a> {
    /// Which key of the ISP; tokens of different epochs never match.
    pub epoch: &'a str,
    /// HMAC-SHA-256 of the line under that key.
    pub token: [u8; 32],
}

/// Binds `token` to `case` and joins the cases of that line; a token bound before changes nothing.
pub(crate) async fn bind(
    tx: &mut Tx,
    case: CaseRef,
    token: &LineToken<'_>,
    at: Moment,
    author: &str,
) -> anyhow::Result<bool> {
    ensure!(!token.epoch.is_empty(), "a line token without an epoch cannot be compared");
    if !store::insert_token(tx, case, (token.epoch, &token.token), at, author).await? {
        return Ok(false);
    }
    let line = store::of_token(tx, case.isp, token.epoch, &token.token).await?;
    let Some((speaker, _, _)) = line.first().copied() else { return Ok(true) };
    for (id, line_of, _) in line {
        let wanted = (id != speaker).then_some(speaker);
        if line_of == wanted {
            continue;
        }
        let member = CaseRef { isp: case.isp, id };
        store::set_line_of(tx, member, wanted).await?;
        let (kind, detail) = match wanted {
            Some(speaker) => ("joined", speaker.to_string()),
            None => ("parted", "speaks for its line".to_owned()),
        };
        store::write_event(tx, member, store::Event { at, kind, author, detail: Some(&detail) })
            .await?;
    }
    Ok(true)
}
