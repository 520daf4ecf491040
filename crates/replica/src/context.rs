//! What one request carries: the sandbox, the ports, and a budget; for a client's
//! request its session, too.
//!
//! Everything that a replica does starts from one of the two, made anew for each
//! request. They hand out the components, each of which borrows what it needs:
//! [`RelayClient`], [`OriginClient`], [`DocumentCache`], [`VersionStore`],
//! [`Outbox`], [`Archive`]. What needs several of them is a method of [`Context`]
//! or [`ClientRequest`], in the file of its name.

use crate::archive::Archive;
use crate::budget::Budget;
use crate::client_session::ClientSession;
use crate::document_cache::DocumentCache;
use crate::origin_client::OriginClient;
use crate::outbox::Outbox;
use crate::ports::{Cache, Lookup, Ports};
use crate::relay_client::{Reach, RelayClient};
use crate::replica::Replica;
use crate::version_store::VersionStore;

/// What the platform's cache gives.
type CacheLookup<P> = Lookup<<<P as Ports>::Cache as Cache>::Revalidation>;

/// Work of a sandbox that no client waits for, or the part of a client's request
/// that does not depend on what the client has seen.
pub struct Context<'a, P: Ports> {
    pub(crate) replica: &'a mut Replica,
    pub(crate) ports: &'a mut P,
    /// What may still be used of others.
    pub(crate) budget: Budget,
    /// What was found out of the relay.
    reach: Reach,
    /// When the request began, in ms since 1970.
    pub(crate) began_ms: u64,
}

/// A client's request. What the client is served must hold what its session says
/// that it has seen.
pub struct ClientRequest<'a, P: Ports> {
    pub(crate) context: Context<'a, P>,
    pub(crate) session: &'a mut ClientSession,
}

impl Replica {
    /// Begins work that no client waits for.
    pub fn context<'a, P: Ports>(&'a mut self, ports: &'a mut P) -> Context<'a, P> {
        let budget = Budget::of_background(self.calls);
        let began_ms = ports.now_ms();
        Context { replica: self, ports, budget, reach: Reach::default(), began_ms }
    }

    /// Begins a request of the client with this session, which takes in what the
    /// client is served.
    pub fn request<'a, P: Ports>(
        &'a mut self,
        ports: &'a mut P,
        session: &'a mut ClientSession,
    ) -> ClientRequest<'a, P> {
        let budget = Budget::of_request(self.calls);
        ClientRequest { context: Context { budget, ..self.context(ports) }, session }
    }
}

impl<P: Ports> Context<'_, P> {
    /// The way to the relay.
    pub(crate) fn relay_client(&mut self) -> RelayClient<'_, P> {
        let Self { replica, ports, budget, reach, .. } = self;
        RelayClient::new(replica, ports, budget, reach)
    }

    /// The way to the origin.
    pub(crate) fn origin_client(&mut self) -> OriginClient<'_, P> {
        OriginClient::new(&mut self.replica.calls, &mut self.budget, self.ports)
    }

    /// The documents that the sandbox and its point of presence have.
    pub(crate) fn document_cache(&mut self) -> DocumentCache<'_, P> {
        let Replica { config, memory, .. } = &mut *self.replica;
        DocumentCache::new(memory, self.ports, config.staleness_ms)
    }

    /// The version objects and detached bases in the store.
    pub(crate) fn version_store(&mut self) -> VersionStore<'_, P> {
        VersionStore::new(self.ports)
    }

    /// The acknowledged saves that the log may not hold.
    pub(crate) fn outbox(&mut self) -> Outbox<'_, P> {
        Outbox::new(self.ports)
    }

    /// What documents do not keep any more.
    pub(crate) fn archive(&mut self) -> Archive<'_, P> {
        Archive::new(self.relay_client())
    }

    /// Looks a value up in the point of presence's cache. Who waits there for somebody
    /// else's revalidation waits for the relay.
    pub(crate) fn look_up(&mut self, key: &str) -> CacheLookup<P> {
        self.budget.relay.spend(self.ports, |ports, left_ms| ports.cache().lookup(key, left_ms))
    }

    /// Lets a short while pass, for another's work to arrive. It counts as time that the
    /// relay is waited for; `false` where there is none left.
    #[must_use]
    pub(crate) fn pause(&mut self, milliseconds: u64) -> bool {
        self.budget.relay.spend(self.ports, |ports, left_ms| {
            ports.pause(milliseconds.min(left_ms));
        });
        !self.budget.relay.is_spent()
    }
}
