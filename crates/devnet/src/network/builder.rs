//! Configures and starts a [`Network`].
//!
//! Sockets are bound before anything runs, so that every part can be told
//! where the others will be; then origin, relay and PoPs start in this order,
//! and each is waited for.

use std::fs::{File, TryLockError};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use viceroy_lib::config::ObjectStores;

use super::kv::KvMirror;
use super::link::Link;
use super::pop::Pop;
use super::relay::{self, RelayProcess, RelaySetup};
use super::settings::{BackendAddresses, KV_STORE, Manifest, PopSettings};
use super::{Network, NetworkError, ready};
use crate::origin::OriginServer;

/// Shorter than in production, so that a person who tries it need not wait.
const FLUSH_INTERVAL: Duration = Duration::from_secs(2);

/// How long a PoP may take for its first answer.
const FIRST_ANSWER: Duration = Duration::from_secs(30);

/// Asked of each PoP before the network is ready.
const HEALTH: &str = "/-/health";

#[derive(Clone, Copy, Debug)]
struct FixedPorts {
    first_pop: u16,
    relay: u16,
    origin: u16,
}

/// Which relay a network has.
#[derive(Clone, Debug)]
enum RelayChoice {
    /// The program that `REDWEDDING_RELAY_BIN` names, or that lies beside the running one.
    Found,
    /// This program.
    Program(PathBuf),
    /// None; PoPs find nobody at its address.
    Without,
}

/// Says how a network shall be. All of it has defaults but [`Self::data`].
#[derive(Clone, Debug)]
pub struct NetworkBuilder {
    pops: usize,
    wasm: PathBuf,
    data: PathBuf,
    ports: Option<FixedPorts>,
    config: Vec<(String, String)>,
    relay: RelayChoice,
    elsewhere: Vec<String>,
    fresh: bool,
    flush_interval: Duration,
}

impl Default for NetworkBuilder {
    fn default() -> Self {
        let wasm = std::env::var_os("REDWEDDING_WASM");
        Self {
            pops: 3,
            wasm: wasm.map_or_else(|| PathBuf::from("bin/main.wasm"), PathBuf::from),
            data: PathBuf::from(".redwedding"),
            ports: None,
            config: Vec::new(),
            relay: RelayChoice::Found,
            elsewhere: Vec::new(),
            fresh: false,
            flush_interval: FLUSH_INTERVAL,
        }
    }
}

impl Network {
    /// A network to be configured: three PoPs on free ports, if nothing else
    /// is said.
    #[must_use]
    pub fn builder() -> NetworkBuilder {
        NetworkBuilder::default()
    }
}

impl NetworkBuilder {
    /// How many PoPs; 3 by default.
    #[must_use]
    pub fn pops(mut self, pops: usize) -> Self {
        self.pops = pops;
        self
    }

    /// The edge function; by default what `REDWEDDING_WASM` names, else
    /// `bin/main.wasm`.
    #[must_use]
    pub fn wasm(mut self, file: impl Into<PathBuf>) -> Self {
        self.wasm = file.into();
        self
    }

    /// The folder for data and logs; `.redwedding` by default. What an earlier
    /// network left there is taken up.
    #[must_use]
    pub fn data(mut self, folder: impl Into<PathBuf>) -> Self {
        self.data = folder.into();
        self
    }

    /// Fixed ports on 127.0.0.1: PoPs count up from `first_pop`.
    #[must_use]
    pub fn ports(mut self, first_pop: u16, relay: u16, origin: u16) -> Self {
        self.ports = Some(FixedPorts { first_pop, relay, origin });
        self
    }

    /// Free ports on 127.0.0.1, chosen by the system: the default.
    #[must_use]
    pub fn ephemeral_ports(mut self) -> Self {
        self.ports = None;
        self
    }

    /// Sets an item of every PoP's Config Store; `fastly.toml` has the others.
    #[must_use]
    pub fn config(mut self, item: impl Into<String>, value: impl Into<String>) -> Self {
        self.config.push((item.into(), value.into()));
        self
    }

    /// The relay's program; by default what `REDWEDDING_RELAY_BIN` names, else
    /// the one beside the running program.
    #[must_use]
    pub fn relay_program(mut self, file: impl Into<PathBuf>) -> Self {
        self.relay = RelayChoice::Program(file.into());
        self
    }

    /// How long the relay lets edits wait to be written to the origin together;
    /// 2 s by default.
    #[must_use]
    pub fn flush_interval(mut self, interval: Duration) -> Self {
        self.flush_interval = interval;
        self
    }

    /// No relay is started; PoPs find nobody at its address.
    #[must_use]
    pub fn without_relay(mut self) -> Self {
        self.relay = RelayChoice::Without;
        self
    }

    /// A PoP at this base URL that others serve: the relay calls it as it calls
    /// the network's own.
    #[must_use]
    pub fn pop_elsewhere(mut self, url: impl Into<String>) -> Self {
        self.elsewhere.push(url.into());
        self
    }

    /// Deletes what earlier networks left in the data folder, logs excepted.
    #[must_use]
    pub fn fresh(mut self, fresh: bool) -> Self {
        self.fresh = fresh;
        self
    }

    /// Starts everything and waits until all answer.
    ///
    /// # Errors
    ///
    /// When a port is taken, a file is missing or a part does not get ready.
    /// Nothing is left running then.
    pub async fn start(self) -> Result<Network, NetworkError> {
        let mut manifest = Manifest::read()?;
        manifest.config.extend(self.config.iter().cloned());
        std::fs::create_dir_all(&self.data)?;
        let data = self.data.canonicalize()?;
        let lock = lock(&data)?;
        if self.fresh {
            delete_data(&data)?;
        }
        let sockets = Sockets::bind(self.pops, self.ports)?;
        let origin = OriginServer::start(sockets.origin, &data.join("origin.redb")).await?;
        let program = match &self.relay {
            RelayChoice::Found => Some(relay::find_program()),
            RelayChoice::Program(program) => Some(program.clone()),
            RelayChoice::Without => None,
        };
        let relay = match program {
            Some(program) => Some(
                self.start_relay(program, &manifest, &data, sockets.relay, &sockets.pops).await?,
            ),
            None => None,
        };
        let stores = manifest.object_stores();
        let kv = Arc::new(KvMirror::open(&data.join("kv"), stores.clone(), KV_STORE).await?);
        let parts = BackendAddresses { relay: sockets.relay, origin: sockets.origin_address };
        let pops = self.start_pops(&manifest, &data, stores, sockets.pops, parts).await?;
        let mut pop_urls = Vec::new();
        for pop in &pops {
            pop_urls.push(format!("http://{}", pop.address()?));
        }
        for url in &pop_urls {
            ready::wait(&format!("{url}{HEALTH}"), FIRST_ANSWER).await?;
        }
        let mirror = kv.clone();
        let saving = tokio::spawn(async move { mirror.save_repeatedly().await });
        Ok(Network {
            pops,
            relay,
            relay_url: format!("http://{}", sockets.relay),
            origin_url: origin.url(),
            origin,
            kv,
            saving,
            data,
            _lock: lock,
            pop_urls,
        })
    }

    async fn start_relay(
        &self,
        program: PathBuf,
        manifest: &Manifest,
        data: &Path,
        listen: SocketAddr,
        pops: &[TcpListener],
    ) -> Result<RelayProcess, NetworkError> {
        let mut urls = self.elsewhere.clone();
        for pop in pops {
            urls.push(format!("http://{}", pop.local_addr()?));
        }
        let setup = RelaySetup {
            program,
            listen,
            data: data.join("relay"),
            log: data.join("relay.log"),
            pops: urls,
            key: manifest.relay_key.clone(),
            flush_interval: self.flush_interval,
        };
        Ok(RelayProcess::start(setup).await?)
    }

    /// Starts all PoPs; each compiles the edge function for itself.
    async fn start_pops(
        &self,
        manifest: &Manifest,
        data: &Path,
        stores: ObjectStores,
        listeners: Vec<TcpListener>,
        parts: BackendAddresses,
    ) -> Result<Vec<Pop>, NetworkError> {
        let mut starting = Vec::new();
        for (index, listener) in listeners.into_iter().enumerate() {
            let settings = PopSettings::new(index, manifest, self.wasm.clone(), data.to_path_buf());
            let (relay, origin) = (Link::open(parts.relay).await?, Link::open(parts.origin).await?);
            let pop = Pop::start(settings, listener, stores.clone(), relay, origin);
            starting.push(tokio::spawn(pop));
        }
        let mut pops = Vec::new();
        for pop in starting {
            pops.push(pop.await.map_err(std::io::Error::other)??);
        }
        Ok(pops)
    }
}

/// Takes the data folder for as long as the file is open.
fn lock(data: &Path) -> Result<File, NetworkError> {
    let file = File::options().create(true).append(true).open(data.join("lock"))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(NetworkError::InUse(data.to_path_buf())),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

/// Deletes the parts of the data folder; other files in it are left alone.
fn delete_data(data: &Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(data)? {
        let entry = entry?;
        match entry.file_name().to_str() {
            Some("origin.redb") => std::fs::remove_file(entry.path())?,
            Some("kv" | "relay") => std::fs::remove_dir_all(entry.path())?,
            _ => {}
        }
    }
    Ok(())
}

/// Every address of the network, taken before anything starts.
struct Sockets {
    pops: Vec<TcpListener>,
    origin: TcpListener,
    origin_address: SocketAddr,
    relay: SocketAddr,
}

impl Sockets {
    fn bind(pops: usize, ports: Option<FixedPorts>) -> Result<Self, NetworkError> {
        let origin = bind("the origin", ports.map_or(0, |ports| ports.origin))?;
        let relay = relay_address(ports.map(|ports| ports.relay))?;
        let mut listeners = Vec::new();
        for index in 0..pops {
            let offset = u16::try_from(index).unwrap_or(u16::MAX);
            let port = ports.map_or(0, |ports| ports.first_pop.saturating_add(offset));
            listeners.push(bind(&format!("PoP {}", index + 1), port)?);
        }
        Ok(Self { pops: listeners, origin_address: origin.local_addr()?, origin, relay })
    }
}

/// An address that the relay can bind, now and again after it was killed.
///
/// A free one is looked for below the range that the system gives to outgoing
/// connections (from 32768 on Linux), or one of those could take it meanwhile.
fn relay_address(port: Option<u16>) -> Result<SocketAddr, NetworkError> {
    const FREE: std::ops::Range<u16> = 20_000..32_000;
    if let Some(port) = port {
        return Ok(bind("the relay", port)?.local_addr()?);
    }
    let width = u32::from(FREE.end - FREE.start);
    let start = std::process::id().wrapping_mul(97) % width;
    for step in 0..width {
        let offset = u16::try_from((start + step) % width).unwrap_or_default();
        if let Ok(listener) = bind("the relay", FREE.start + offset) {
            return Ok(listener.local_addr()?);
        }
    }
    Ok(bind("the relay", 0)?.local_addr()?)
}

fn bind(what: &str, port: u16) -> Result<TcpListener, NetworkError> {
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    TcpListener::bind(address).map_err(|source| NetworkError::Port {
        what: what.to_owned(),
        address,
        source,
    })
}
