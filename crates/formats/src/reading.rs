//! How a file is to be read (読取条件): what the caller knows and the file does not say.

/// Clocks of a feed may run ahead by this much before a row counts as dated in the future.
const CLOCK_SLACK_US: i64 = 5 * 60 * 1_000_000;

/// Text encoding of a file (文字コード). A byte-order mark of UTF-8 is always taken off.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Encoding {
    /// Strict UTF-8; a row with other bytes is refused.
    #[default]
    Utf8,
    /// CP932, Microsoft's Shift_JIS with `①㈱～`; a row with other bytes is refused.
    Cp932,
    /// UTF-8 or CP932, whichever the first 64 KiB fit that are not plain ASCII. The answer holds
    /// for the whole file; a row that is no text in it is refused.
    Auto,
}

/// 読取条件: the moment of reading, the encoding, and the zone of naive times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// Now, in microseconds UTC: no row may be dated later (five minutes of slack).
    pub now: i64,
    /// The encoding the feed states.
    pub encoding: Encoding,
    /// The zone of naive times, in seconds east of UTC. Without one, naive times are refused.
    /// Shadowserver states UTC itself, so its reader does not ask.
    pub utc_offset: Option<i32>,
}

impl Reading {
    /// Strict UTF-8, naive times refused.
    pub const fn at(now: i64) -> Self {
        Self { now, encoding: Encoding::Utf8, utc_offset: None }
    }

    /// The same in another encoding.
    #[must_use]
    pub const fn encoded(self, encoding: Encoding) -> Self {
        Self { encoding, ..self }
    }

    /// The same with naive times in Japan Standard Time, UTC+9.
    #[must_use]
    pub const fn in_japan_time(self) -> Self {
        Self { utc_offset: Some(9 * 3600), ..self }
    }

    pub(crate) const fn is_future(&self, at: i64) -> bool {
        at > self.now.saturating_add(CLOCK_SLACK_US)
    }
}
