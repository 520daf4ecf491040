//! Waiting for a backend with a deadline.
//!
//! The platform's library has no timed wait for an answer, so one that is under way is polled,
//! with naps in between. Dropping it gives it up: the backend may carry it out all the same.

use std::thread::sleep;
use std::time::Duration;

use fastly::Response;
use fastly::http::request::{PendingRequest, PollResult, SendError};

use super::clock::Deadline;

/// The first nap. Naps double: an answer that comes soon is not delayed by much.
const FIRST_NAP: Duration = Duration::from_micros(250);
/// The longest nap.
const LAST_NAP: Duration = Duration::from_millis(4);

/// The head of the answer, if it comes in time.
pub(crate) fn answer(
    pending: PendingRequest,
    deadline: Deadline,
) -> Option<Result<Response, SendError>> {
    let (mut pending, mut nap) = (pending, FIRST_NAP);
    loop {
        match pending.poll() {
            PollResult::Done(answer) => return Some(answer),
            PollResult::Pending(still) => pending = still,
        }
        let left = Duration::from_millis(deadline.left_ms());
        if left.is_zero() {
            return None;
        }
        sleep(nap.min(left));
        nap = (nap * 2).min(LAST_NAP);
    }
}
