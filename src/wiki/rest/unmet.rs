//! The answer to a save that was to be taken on a condition only, and was not.
//!
//! It must say all that the client needs to go on: nothing of the save is kept here.

use serde::Serialize;

use super::{Latest, RestError, RestOverlap};

/// The answer to a save that is not taken since the page is not as it wants it to be: an error,
/// with both texts.
#[derive(Clone, Debug, Serialize)]
pub struct RestUnmet<'a> {
    /// What there is in the way, and what to do.
    #[serde(flatten)]
    pub error: RestError,
    /// The version that there is; `null` where there is no page.
    pub latest: Option<Latest>,
    /// Its text.
    pub source: Option<&'a str>,
    /// The text that was sent.
    pub submitted: &'a str,
    /// Where the two would meet, in the former. Left out if nowhere.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub overlaps: Vec<RestOverlap<'a>>,
}
