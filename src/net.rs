//! The network (通信): which servers the centre speaks to, and what went wrong there.
//!
//! Whoever names a server, be it a source or a provider, must not make the centre speak to what
//! lies inside its own network: `dial` looks at each address when it is dialled, and that very
//! address is dialled; `outgoing` sends requests to the named servers alone and follows nobody
//! elsewhere. Knows no stage. Owns no table.

pub mod dial;
pub mod outgoing;

use std::time::Duration;

/// What went wrong with a server, in one sentence (通信障害), and how long it asks to wait.
#[derive(Debug, thiserror::Error)]
#[error("{sentence}")]
#[doc(alias = "通信障害")]
pub struct Trouble {
    /// The sentence.
    pub sentence: String,
    /// The least wait before the next try.
    pub wait: Option<Duration>,
}

impl Trouble {
    /// Trouble after which nothing but the usual wait is asked for.
    pub(crate) fn new(sentence: impl Into<String>) -> Self {
        Self { sentence: sentence.into(), wait: None }
    }
}

impl From<anyhow::Error> for Trouble {
    fn from(fault: anyhow::Error) -> Self {
        Self::new(format!("{fault:#}"))
    }
}
