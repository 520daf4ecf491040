//! What a point of presence says of the outbox: how much it found waiting there.
//!
//! It rides in an exchange's extensions, so that relays that do not know it leave it unread. The
//! outbox is shared by all points of presence: what one says of a bucket stands until somebody
//! says something newer.

use redwedding_wire::codec::{self, DecodeError};
use serde_tuple::{Deserialize_tuple, Serialize_tuple};

use crate::limits;

/// What a sweep found in a bucket and could not settle.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct BucketReport {
    /// Which bucket.
    pub bucket: u16,
    /// Saves that the log does not hold.
    pub waiting: u32,
    /// When the oldest of them was accepted, in ms since 1970; 0 for none.
    pub oldest_ms: u64,
}

/// The reports as an exchange carries them; nothing for none.
pub(crate) fn encode(reports: &[BucketReport]) -> Vec<u8> {
    if reports.is_empty() { Vec::new() } else { codec::to_vec(&reports) }
}

/// The reports that an exchange's extensions hold.
///
/// # Errors
/// They are something else, or too many.
pub(crate) fn decode(bytes: &[u8]) -> Result<Vec<BucketReport>, DecodeError> {
    if bytes.is_empty() {
        return Ok(Vec::new());
    }
    codec::bounded(bytes, usize::from(limits::OUTBOX_BUCKETS) * 32)?;
    codec::from_slice(bytes)
}
