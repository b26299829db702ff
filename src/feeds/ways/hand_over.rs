//! Handing over (引渡し): the one place where whatever a way fetched enters the feed.

use std::{io::ErrorKind, path::Path};

use formats::FileRefused;

use crate::{
    app::App,
    feeds::{
        Feed,
        deliver::{self, Piece},
        files::Holds,
        format, receive, refusals,
    },
};

/// What became of a file that was handed over (引渡し結果).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Handed {
    /// It is durable, and will be taken in.
    New,
    /// Its content was there already.
    Known,
    /// It is durable, and nothing of it can be read.
    Refused(String),
}

impl Handed {
    /// Why nothing of it can be read, if so.
    pub(super) fn refusal(&self) -> Option<&str> {
        match self {
            Self::Refused(why) => Some(why),
            Self::New | Self::Known => None,
        }
    }
}

/// Makes what lies at `path` durable and enters each file of it once by content, under the name it
/// bears there. When this returns, the source may forget it; when it fails, or the process dies
/// within, the same may be handed over again and changes nothing.
///
/// A mail or an archive counts as new if one of its files is, and as refused if all of them are.
pub(super) async fn hand_over(app: &App, feed: &Feed, path: &Path) -> anyhow::Result<Handed> {
    let delivery = deliver::accept(app, feed, Holds::Hits, path).await?;
    let (mut is_new, mut refusals, all) = (false, Vec::new(), delivery.pieces.len());
    for piece in &delivery.pieces {
        is_new |= piece.is_new;
        if let Some(why) = refused(app, feed, piece).await? {
            refusals.push(why);
        }
    }
    Ok(match refusals {
        refusals if refusals.len() == all => Handed::Refused(refusals.join("; ")),
        _ if is_new => Handed::New,
        _ => Handed::Known,
    })
}

/// Why nothing of a file can be read, if so; it is closed as such.
async fn refused(app: &App, feed: &Feed, piece: &Piece) -> anyhow::Result<Option<String>> {
    let file = &piece.file;
    if file.rows_done > 0 || file.completed_at.is_some() {
        return Ok(file.refused.clone().filter(|_| file.rows_done == 0));
    }
    let Err(why) = format::open_rows(feed, &file.name, &piece.path, app.now()) else {
        return Ok(None);
    };
    if let FileRefused::Io(fault) = &why
        && !matches!(fault.kind(), ErrorKind::InvalidData | ErrorKind::UnexpectedEof)
    {
        // This machine failed, and not the file: it is handed over again.
        return Err(anyhow::Error::new(why));
    }
    let why = refusals::whole(&why);
    receive::close(app, file, Some(&why), &[]).await?;
    Ok(Some(why))
}
