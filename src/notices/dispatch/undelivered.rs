//! Lists that did not arrive (未達): what was to be sent and is not there, for people to look at.
//!
//! What counts is the last delivery of a list, unless the list was fetched since. A mail server may
//! well put a stranger off for a while; one that does so again and again is told of.

use super::{Delivery, State, store};
use crate::{db::Tx, ids::IspId};

/// Tries after which a delivery that waits is told of: by the back-off of schedules the third fails
/// some minutes after the first, when a greylist has let others through.
const TRIES: i64 = 3;

/// The deliveries of a provider, or of all, that did not arrive, oldest first.
pub(in crate::notices) async fn all(
    tx: &mut Tx,
    isp: Option<IspId>,
) -> crate::db::Result<Vec<Delivery>> {
    let mut last = store::last_of_lists(tx, isp).await?;
    last.retain(|one| did_not_arrive(one.state, one.attempts));
    Ok(last)
}

/// Whether the last delivery of a list that nobody fetched since is one to be told of.
fn did_not_arrive(state: State, attempts: i64) -> bool {
    match state {
        State::Refused | State::Bounced => true,
        State::Waiting => attempts >= TRIES,
        State::Accepted | State::Withdrawn => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_off_once_or_twice_is_nothing_to_tell_of() {
        assert!(!did_not_arrive(State::Waiting, 0));
        assert!(!did_not_arrive(State::Waiting, TRIES - 1));
        assert!(did_not_arrive(State::Waiting, TRIES));
        assert!(did_not_arrive(State::Refused, 1) && did_not_arrive(State::Bounced, 1));
        assert!(!did_not_arrive(State::Accepted, 9) && !did_not_arrive(State::Withdrawn, 9));
    }
}
