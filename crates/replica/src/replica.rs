//! One running sandbox: what it keeps in memory between requests.
//!
//! All of it may be lost at any time. Nothing here is needed to be right, only
//! to be quick. It does nothing by itself: what a request does is in
//! [`crate::context`] and above.

use crate::config::Config;
use crate::document_cache::SandboxMemory;
use crate::limits;
use crate::member::{Members, Membership};
use crate::polls::Polls;
use crate::ports::Ports;

/// A replica: one sandbox, with a random id drawn at its start.
pub struct Replica {
    pub(crate) config: Config,
    pub(crate) membership: Membership,
    pub(crate) memory: SandboxMemory,
    pub(crate) polls: Polls,
    /// When it last asked whether a bucket is to be swept, in ms since 1970.
    pub(crate) asked_to_sweep_ms: u64,
    /// Calls to backends (relay and origin) since the start; the platform ends a sandbox
    /// that makes too many.
    pub(crate) calls: u32,
}

impl Replica {
    /// A sandbox that starts now.
    pub fn start<P: Ports>(config: Config, ports: &mut P) -> Self {
        let mut id = [0; 8];
        ports.draw(&mut id);
        Self {
            config,
            membership: Membership::new(u64::from_le_bytes(id)),
            memory: SandboxMemory::default(),
            polls: Polls::default(),
            asked_to_sweep_ms: 0,
            calls: 0,
        }
    }

    /// Its random id.
    pub fn id(&self) -> u64 {
        self.membership.replica()
    }

    /// The settings that it runs with.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The members that it knows.
    pub fn members(&self) -> &Members {
        self.membership.members()
    }

    /// Whether it has used its share of backend calls and should end.
    pub fn is_spent(&self) -> bool {
        self.calls >= limits::BACKEND_CALLS_PER_SANDBOX
    }

    /// Counts a call to a backend, as far as the caller makes one by itself.
    pub fn count_call(&mut self) {
        self.calls += 1;
    }
}
