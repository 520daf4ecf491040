//! A network of points of presence, a relay and an origin, with faults.
//!
//! Each PoP is the edge function on a Viceroy context of its own (own cache,
//! own Config Store, own links), and all share one KV store, as on the
//! platform. The relay is a child process; the origin runs in this one.
//!
//! It may assume to be alone on its data folder and ports. It never touches
//! the parts' data: a fault is done to processes, sockets and stores, from
//! outside.

mod builder;
mod kv;
mod link;
mod pop;
mod ready;
mod relay;
mod settings;
mod viceroy;

use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::task::JoinHandle;

pub use builder::NetworkBuilder;
pub use kv::KvError;
pub use link::{Link, LinkFault};
pub use pop::PopError;
pub use ready::NotReady;
pub use relay::RelayProcessError;
pub use settings::ManifestError;
pub use viceroy::ProgramError;

use crate::origin::{OriginServer, OriginServerError};
use kv::KvMirror;
use pop::Pop;
use relay::RelayProcess;

/// Why the network could not be started or changed. After a failed start
/// nothing is left running; after a failed change the network goes on.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// A port is taken, or cannot be listened on.
    #[error("{what} cannot listen on {address}: {source}")]
    Port {
        /// Which part wanted it.
        what: String,
        /// Where.
        address: SocketAddr,
        /// What the system says.
        source: std::io::Error,
    },
    /// Another network runs on this data folder. Nothing was changed.
    #[error("another local network uses {}", .0.display())]
    InUse(PathBuf),
    /// The data folder or a socket failed.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// `fastly.toml` cannot be used.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The origin failed.
    #[error(transparent)]
    Origin(#[from] OriginServerError),
    /// The relay failed.
    #[error(transparent)]
    Relay(#[from] RelayProcessError),
    /// A point of presence failed.
    #[error(transparent)]
    Pop(#[from] PopError),
    /// A part does not answer.
    #[error(transparent)]
    NotReady(#[from] NotReady),
    /// The KV store could not be loaded or saved.
    #[error(transparent)]
    Kv(#[from] KvError),
    /// The network was built without this part.
    #[error("this network has no {0}")]
    Without(String),
}

/// Which of a PoP's links is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum To {
    /// The one to the relay.
    Relay,
    /// The one to the origin.
    Origin,
}

/// A running network. Stop it with [`Network::stop`], which keeps the KV
/// store's content; dropping it ends everything at once, like a power cut.
///
/// ```no_run
/// # async fn example() -> Result<(), redwedding_devnet::NetworkError> {
/// use redwedding_devnet::Network;
///
/// let mut network =
///     Network::builder().pops(3).wasm("bin/main.wasm").data("/tmp/network").start().await?;
/// println!("{}/wiki/Red_Wedding", network.pop_url(0));
/// network.relay_kill().await?;
/// // ... writes are still taken ...
/// network.relay_start().await?;
/// network.stop().await?;
/// # Ok(())
/// # }
/// ```
pub struct Network {
    pops: Vec<Pop>,
    relay: Option<RelayProcess>,
    relay_url: String,
    origin: OriginServer,
    origin_url: String,
    kv: Arc<KvMirror>,
    saving: JoinHandle<()>,
    data: PathBuf,
    _lock: File,
    pop_urls: Vec<String>,
}

impl Drop for Network {
    fn drop(&mut self) {
        self.saving.abort();
    }
}

impl Network {
    /// How many PoPs there are.
    #[must_use]
    pub fn pops(&self) -> usize {
        self.pops.len()
    }

    /// The base URL of PoP `index` (from 0), without a slash at its end.
    ///
    /// # Panics
    ///
    /// When there is no such PoP.
    #[must_use]
    pub fn pop_url(&self, index: usize) -> &str {
        &self.pop_urls[index]
    }

    /// The relay's own base URL, not one of the PoPs' links to it.
    #[must_use]
    pub fn relay_url(&self) -> &str {
        &self.relay_url
    }

    /// The origin's own base URL, not one of the PoPs' links to it.
    #[must_use]
    pub fn origin_url(&self) -> &str {
        &self.origin_url
    }

    /// The origin, for its faults and counters.
    #[must_use]
    pub fn origin(&self) -> &OriginServer {
        &self.origin
    }

    /// The folder that holds all data and logs.
    #[must_use]
    pub fn data(&self) -> &Path {
        &self.data
    }

    fn pop(&mut self, index: usize) -> Result<&mut Pop, NetworkError> {
        let none = || NetworkError::Without(format!("PoP number {index}"));
        self.pops.get_mut(index).ok_or_else(none)
    }

    /// The link from PoP `index` to another part, to slow it down or cut it.
    ///
    /// # Panics
    ///
    /// When there is no such PoP.
    #[must_use]
    pub fn link(&self, index: usize, to: To) -> &Link {
        let pop = &self.pops[index];
        match to {
            To::Relay => &pop.relay_link,
            To::Origin => &pop.origin_link,
        }
    }

    /// Puts the links of all PoPs to one part into a fault, or out of it.
    pub fn set_links(&self, to: To, fault: LinkFault) {
        for index in 0..self.pops.len() {
            self.link(index, to).set_fault(fault);
        }
    }

    /// Makes the relay unreachable for every PoP, or reachable again. It goes
    /// on running; see [`Network::relay_kill`].
    pub fn relay_down(&self, down: bool) {
        self.set_links(To::Relay, refused(down));
    }

    /// Makes the origin unreachable for every PoP, and refuse everybody else
    /// with 503; or puts it right again.
    pub fn origin_down(&self, down: bool) {
        self.set_links(To::Origin, refused(down));
        self.origin.faults().set_down(down);
    }

    /// Takes the KV store away from new requests at all PoPs, or gives it
    /// back with its content. Opening it fails meanwhile. The first call
    /// compiles the edge function once more for each PoP.
    ///
    /// # Errors
    ///
    /// When compiling fails; the PoPs before the failing one are changed.
    pub async fn kv_down(&mut self, down: bool) -> Result<(), NetworkError> {
        for pop in &mut self.pops {
            pop.set_kv_down(down).await?;
        }
        Ok(())
    }

    /// Restarts PoP `index` with an empty cache; every sandbox ends at
    /// whatever instruction it is. Port, settings and KV store stay.
    ///
    /// # Errors
    ///
    /// When there is no such PoP, or compiling fails; it then runs on.
    pub async fn drop_pop_memory(&mut self, index: usize) -> Result<(), NetworkError> {
        Ok(self.pop(index)?.drop_memory().await?)
    }

    /// Ends every sandbox of PoP `index` at whatever instruction it is; its
    /// cache stays. Quick, unlike [`Network::drop_pop_memory`].
    ///
    /// # Errors
    ///
    /// When there is no such PoP.
    pub async fn kill_sandboxes(&mut self, index: usize) -> Result<(), NetworkError> {
        Ok(self.pop(index)?.kill_sandboxes().await?)
    }

    /// Sets an item of PoP `index`'s Config Store; `None` removes it. The edge
    /// function sees it when it next opens the store.
    ///
    /// # Errors
    ///
    /// When there is no such PoP or its file cannot be written.
    pub fn set_config(
        &mut self,
        index: usize,
        item: &str,
        value: Option<&str>,
    ) -> Result<(), NetworkError> {
        let settings = &mut self.pop(index)?.settings;
        match value {
            Some(value) => settings.config.insert(item.to_owned(), value.to_owned()),
            None => settings.config.remove(item),
        };
        Ok(settings.save()?)
    }

    fn relay(&mut self) -> Result<&mut RelayProcess, NetworkError> {
        self.relay.as_mut().ok_or_else(|| NetworkError::Without("relay".to_owned()))
    }

    /// Kills the relay process with `SIGKILL`.
    ///
    /// # Errors
    ///
    /// When the network was built without one, or the system refuses.
    pub async fn relay_kill(&mut self) -> Result<(), NetworkError> {
        Ok(self.relay()?.kill().await?)
    }

    /// Stops the relay process with `SIGSTOP`, so that it hangs, or lets it go
    /// on. Nothing happens when it does not run.
    ///
    /// # Errors
    ///
    /// When the network was built without one, or the system refuses.
    pub async fn relay_stop(&mut self, stop: bool) -> Result<(), NetworkError> {
        Ok(self.relay()?.stop(stop).await?)
    }

    /// Starts the relay again, on the same address and data, and waits until
    /// it answers. Nothing happens when it runs.
    ///
    /// # Errors
    ///
    /// When the network was built without one, or it does not get ready.
    pub async fn relay_start(&mut self) -> Result<(), NetworkError> {
        Ok(self.relay()?.run().await?)
    }

    /// Saves the KV store's content; returns how many keys it has.
    ///
    /// # Errors
    ///
    /// When its file cannot be written; what was saved before stays.
    pub async fn save_kv(&self) -> Result<usize, NetworkError> {
        Ok(self.kv.save().await?)
    }

    /// Stops everything: PoPs first, then the KV store is saved, then relay
    /// and origin. All is tried, whatever fails.
    ///
    /// # Errors
    ///
    /// The first failure.
    pub async fn stop(mut self) -> Result<(), NetworkError> {
        self.saving.abort();
        for pop in &mut self.pops {
            pop.end().await;
        }
        let saved = self.kv.save().await;
        let killed = match &mut self.relay {
            Some(relay) => relay.kill().await,
            None => Ok(()),
        };
        let stopped = self.origin.stop().await;
        saved?;
        killed?;
        Ok(stopped?)
    }
}

fn refused(down: bool) -> LinkFault {
    if down { LinkFault::Refuse } else { LinkFault::None }
}
