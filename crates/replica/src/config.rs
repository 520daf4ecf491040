//! What an operator sets.

use redwedding_document::entry::RULES;
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
    /// By which rules saves are merged ([`redwedding_document::entry::RULES`]), at least 2.
    pub rules: u8,
    /// When waiting saves are joined.
    pub joining: Joining,
    /// Names saves; see [`redwedding_wire::identity::EditId`]. A save that is retried has to get
    /// the same name, so while keys are exchanged it is the one of before.
    pub edit_key: [u8; 32],
    /// What else is made with a key is made with these.
    pub keys: SiteKeys,
    /// What was made with these is accepted as well: those of before, or those to come.
    pub accepted_keys: Vec<SiteKeys>,
}

/// When waiting saves of a document are joined under one key, and what a sandbox knows of them is
/// kept for those that start. The defaults are what is deployed: no setting of a site changes them,
/// but who simulates a site has few saves join already.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Joining {
    /// From how many on that wait under keys of their own.
    pub at: usize,
    /// From how many on that are not in what the cache keeps of them what is known is kept anew.
    pub news: usize,
    /// How often one sandbox of a point of presence does so, in ms.
    pub every_ms: u64,
}

impl Default for Joining {
    fn default() -> Self {
        Self { at: limits::JOIN_AT, news: limits::OVERLAY_NEWS, every_ms: limits::JOIN_MS }
    }
}

/// The keys that follow from one secret, which all points of presence of a deployment share.
#[derive(Clone)]
pub struct SiteKeys {
    /// Seals session tokens.
    pub tokens: [u8; 32],
    /// Authenticates flush ids.
    pub flushes: [u8; 32],
}

impl SiteKeys {
    /// The keys that follow from `secret`.
    pub fn derive(secret: &[u8]) -> Self {
        Self {
            tokens: derive_key("session tokens", secret),
            flushes: derive_key("flush ids", secret),
        }
    }
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
            rules: RULES,
            joining: Joining::default(),
            edit_key: edit_key(secret),
            keys: SiteKeys::derive(secret),
            accepted_keys: Vec::new(),
        }
    }

    /// The same before keys are exchanged: what is made with those of `secret` is accepted.
    #[must_use]
    pub fn before_exchange_with(mut self, secret: &[u8]) -> Self {
        self.accepted_keys.push(SiteKeys::derive(secret));
        self
    }

    /// The same after keys were exchanged: what was made with those of `secret` is accepted, and
    /// saves are still named with its key.
    #[must_use]
    pub fn after_exchange_of(mut self, secret: &[u8]) -> Self {
        self.edit_key = edit_key(secret);
        self.accepted_keys.push(SiteKeys::derive(secret));
        self
    }

    /// All keys that are accepted, those that things are made with first.
    pub fn all_keys(&self) -> impl Iterator<Item = &SiteKeys> {
        std::iter::once(&self.keys).chain(&self.accepted_keys)
    }
}

fn edit_key(secret: &[u8]) -> [u8; 32] {
    derive_key("edit ids", secret)
}
