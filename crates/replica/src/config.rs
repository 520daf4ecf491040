//! What an operator sets.

use redwedding_wire::identity::derive_key;

use crate::limits;

/// The settings of one deployment at one point of presence.
#[derive(Clone)]
pub struct Config {
    /// The site whose documents are served; a prefix of every key.
    pub site: String,
    /// The name of this point of presence.
    pub pop: String,
    /// The version of the program.
    pub version: String,
    /// How old the last exchange may be before a read pulls, in ms.
    pub staleness_ms: u64,
    /// How often a page that the edge holds is looked up at the origin, in ms.
    pub poll_ms: u64,
    /// Names saves; see [`redwedding_wire::identity::EditId`].
    pub edit_key: [u8; 32],
    /// Seals session tokens.
    pub token_key: [u8; 32],
    /// Authenticates flush ids.
    pub flush_key: [u8; 32],
}

impl Config {
    /// The defaults for `site` at `pop`; every key is derived from `secret`,
    /// which all points of presence of a deployment share.
    pub fn new(site: &str, pop: &str, secret: &[u8]) -> Self {
        Self {
            site: site.to_owned(),
            pop: pop.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            staleness_ms: limits::STALENESS_MS,
            poll_ms: limits::ORIGIN_POLL_MS,
            edit_key: derive_key("edit ids", secret),
            token_key: derive_key("session tokens", secret),
            flush_key: derive_key("flush ids", secret),
        }
    }
}
