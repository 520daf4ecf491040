//! One point of presence.
//!
//! A PoP has a runtime of its own, on which all its sandboxes run: ending the
//! runtime ends every sandbox at whatever instruction it is, as the platform
//! may. Its listening socket outlives that, so a restart keeps the port.
//! Its cache belongs to the compiled program and goes with it.

use std::convert::Infallible;
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use hyper::server::conn::AddrStream;
use hyper::service::{make_service_fn, service_fn};
use tokio::runtime::Runtime;
use viceroy_lib::ExecuteCtx;
use viceroy_lib::config::ObjectStores;

use super::link::Link;
use super::settings::{BackendAddresses, PopSettings};
use super::viceroy::{self, ProgramError};

/// How long a sandbox may take to notice that its runtime has ended.
const SANDBOX_END: Duration = Duration::from_secs(5);

/// The program that new requests go to; swapped when a fault says so.
type CurrentProgram = Arc<RwLock<Arc<ExecuteCtx>>>;

/// Why a point of presence could not be started or changed.
#[derive(Debug, thiserror::Error)]
pub enum PopError {
    /// The edge function could not be compiled.
    #[error(transparent)]
    Program(#[from] ProgramError),
    /// Its settings, log or socket failed.
    #[error("point of presence: {0}")]
    Io(#[from] std::io::Error),
}

/// A running point of presence.
pub(super) struct Pop {
    pub(super) settings: PopSettings,
    pub(super) relay_link: Link,
    pub(super) origin_link: Link,
    listener: TcpListener,
    stores: ObjectStores,
    current: CurrentProgram,
    with_kv: Arc<ExecuteCtx>,
    /// Made when the KV store is first taken away.
    without_kv: Option<Arc<ExecuteCtx>>,
    kv_down: bool,
    /// Said before the runtime is ended.
    ending: Arc<AtomicBool>,
    runtime: Option<Runtime>,
}

impl Drop for Pop {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Pop {
    pub(super) async fn start(
        settings: PopSettings,
        listener: TcpListener,
        stores: ObjectStores,
        relay_link: Link,
        origin_link: Link,
    ) -> Result<Self, PopError> {
        listener.set_nonblocking(true)?;
        settings.save()?;
        let backends = backends(&relay_link, &origin_link);
        let with_kv = viceroy::compile(settings.program(stores.clone(), backends)?).await?;
        let current = Arc::new(RwLock::new(with_kv.clone()));
        let mut pop = Self {
            settings,
            relay_link,
            origin_link,
            listener,
            stores,
            current,
            with_kv,
            without_kv: None,
            kv_down: false,
            ending: Arc::default(),
            runtime: None,
        };
        pop.serve()?;
        Ok(pop)
    }

    pub(super) fn address(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    async fn compile(&self, stores: ObjectStores) -> Result<Arc<ExecuteCtx>, PopError> {
        let backends = backends(&self.relay_link, &self.origin_link);
        Ok(viceroy::compile(self.settings.program(stores, backends)?).await?)
    }

    /// Takes the KV store away from new requests, or gives it back. Without
    /// it they run on a cache of their own, which starts empty.
    pub(super) async fn set_kv_down(&mut self, down: bool) -> Result<(), PopError> {
        if down && self.without_kv.is_none() {
            self.without_kv = Some(self.compile(ObjectStores::new()).await?);
        }
        self.kv_down = down;
        self.choose();
        Ok(())
    }

    fn choose(&self) {
        let context = match &self.without_kv {
            Some(without) if self.kv_down => without,
            _ => &self.with_kv,
        };
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = context.clone();
    }

    /// Ends every sandbox at once; the cache stays.
    pub(super) async fn kill_sandboxes(&mut self) -> Result<(), PopError> {
        self.end().await;
        self.serve()
    }

    /// Ends every sandbox at once and empties the cache.
    pub(super) async fn drop_memory(&mut self) -> Result<(), PopError> {
        let fresh = self.compile(self.stores.clone()).await?;
        self.end().await;
        self.with_kv = fresh;
        self.without_kv = None;
        if self.kv_down {
            self.without_kv = Some(self.compile(ObjectStores::new()).await?);
        }
        self.choose();
        self.serve()
    }

    /// Ends the runtime and with it every sandbox and connection.
    pub(super) async fn end(&mut self) {
        let Some(runtime) = self.runtime.take() else { return };
        self.ending.store(true, Ordering::SeqCst);
        let ended = tokio::task::spawn_blocking(move || runtime.shutdown_timeout(SANDBOX_END));
        if ended.await.is_err() {
            tracing::warn!(pop = self.settings.name, "a sandbox did not end");
        }
    }

    fn serve(&mut self) -> Result<(), PopError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name(&self.settings.name)
            .enable_all()
            .build()?;
        self.ending = Arc::default();
        let listener = self.listener.try_clone()?;
        runtime.spawn(accept(listener, self.current.clone(), self.ending.clone()));
        self.runtime = Some(runtime);
        Ok(())
    }
}

/// A PoP reaches the other parts through its links alone.
fn backends(relay: &Link, origin: &Link) -> BackendAddresses {
    BackendAddresses { relay: relay.address(), origin: origin.address() }
}

async fn accept(listener: TcpListener, current: CurrentProgram, ending: Arc<AtomicBool>) {
    let make = make_service_fn(move |stream: &AddrStream| {
        let (local, remote) = (stream.local_addr(), stream.remote_addr());
        let (current, ending) = (current.clone(), ending.clone());
        async move {
            Ok::<_, Infallible>(service_fn(move |request| {
                let context = current.read().unwrap_or_else(PoisonError::into_inner).clone();
                // A task of its own: who hangs up does not end a sandbox.
                let answering = tokio::spawn(async move {
                    let answered = context.handle_request(request, local, remote).await;
                    answered.map(|(response, _)| response)
                });
                let ending = ending.clone();
                async move {
                    match answering.await {
                        // Viceroy answers 200 for a sandbox that ended before it did.
                        _ if ending.load(Ordering::SeqCst) => {
                            Err(std::io::Error::other("the point of presence ended"))
                        }
                        Ok(answered) => answered.map_err(std::io::Error::other),
                        Err(ended) => Err(std::io::Error::other(ended)),
                    }
                }
            }))
        }
    });
    let served = match hyper::Server::from_tcp(listener) {
        Ok(server) => server.tcp_nodelay(true).serve(make).await,
        Err(error) => Err(error),
    };
    if let Err(error) = served {
        tracing::error!(%error, "a point of presence stopped serving");
    }
}
