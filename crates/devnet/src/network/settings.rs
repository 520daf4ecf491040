//! Settings of the edge function, from the project's `fastly.toml`.
//!
//! The local network opens the same stores with the same values as
//! `fastly compute serve` would, plus what differs per PoP: its name and its
//! links. They are never written down a second time.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hyper::Uri;
use viceroy_lib::config::{
    Backend, BackendHealth, Backends, Dictionaries, Dictionary, FastlyConfig, ObjectStores,
    SecretStores,
};

use super::viceroy::Program;

const MANIFEST: &str = include_str!("../../../../fastly.toml");

/// The KV store of the edge function.
pub(super) const KV_STORE: &str = "redwedding";

const CONFIG_STORE: &str = "redwedding_config";
const SECRET_STORE: &str = "redwedding_secrets";

/// Why `fastly.toml` cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// It is not a manifest that Viceroy can read.
    #[error("fastly.toml: {0}")]
    Unreadable(String),
    /// It lacks something that the edge function opens.
    #[error("fastly.toml has no {0}")]
    Missing(&'static str),
}

/// The manifest's local values.
#[derive(Clone)]
pub(super) struct Manifest {
    pub(super) config: BTreeMap<String, String>,
    pub(super) relay_key: String,
    secrets: SecretStores,
    parsed: FastlyConfig,
}

impl Manifest {
    pub(super) fn read() -> Result<Self, ManifestError> {
        let parsed: FastlyConfig =
            MANIFEST.parse().map_err(|error| ManifestError::Unreadable(format!("{error}")))?;
        let config = parsed
            .dictionaries()
            .get(CONFIG_STORE)
            .and_then(|store| store.load().ok())
            .ok_or(ManifestError::Missing("[local_server.config_stores.redwedding_config]"))?;
        let secrets = parsed.secret_stores().clone();
        let relay_key = secrets
            .get_store(SECRET_STORE)
            .and_then(|store| store.get_secret("relay_key"))
            .and_then(|secret| String::from_utf8(secret.plaintext().to_vec()).ok())
            .ok_or(ManifestError::Missing("secret relay_key"))?;
        let config = HashMap::clone(&config.contents).into_iter().collect();
        Ok(Self { config, relay_key, secrets, parsed })
    }

    /// A KV store handle as the manifest defines it, to be shared by all PoPs.
    pub(super) fn object_stores(&self) -> ObjectStores {
        self.parsed.object_stores().clone()
    }
}

/// Where a PoP finds the other parts.
#[derive(Clone, Copy)]
pub(super) struct BackendAddresses {
    pub(super) relay: SocketAddr,
    pub(super) origin: SocketAddr,
}

/// One PoP's settings and files.
#[derive(Clone)]
pub(super) struct PopSettings {
    /// `pop-1`, `pop-2`, ...
    pub(super) name: String,
    /// Its Config Store's items.
    pub(super) config: BTreeMap<String, String>,
    pub(super) wasm: PathBuf,
    folder: PathBuf,
    secrets: SecretStores,
}

impl PopSettings {
    pub(super) fn new(index: usize, manifest: &Manifest, wasm: PathBuf, data: PathBuf) -> Self {
        let name = format!("pop-{}", index + 1);
        let mut config = manifest.config.clone();
        config.insert("pop".to_owned(), name.clone());
        let folder = data.join(&name);
        Self { name, config, wasm, folder, secrets: manifest.secrets.clone() }
    }

    fn config_file(&self) -> PathBuf {
        self.folder.join("config.json")
    }

    /// Writes the Config Store's file, which the PoP reads anew at each open.
    pub(super) fn save(&self) -> std::io::Result<()> {
        std::fs::create_dir_all(&self.folder)?;
        let fresh = self.folder.join("config.json.new");
        std::fs::write(&fresh, serde_json::to_vec_pretty(&self.config)?)?;
        std::fs::rename(fresh, self.config_file())
    }

    /// The edge function with everything it opens.
    pub(super) fn program(
        &self,
        stores: ObjectStores,
        backends: BackendAddresses,
    ) -> std::io::Result<Program> {
        let config = Dictionary::Json { file: self.config_file() };
        let log = File::options().create(true).append(true).open(self.folder.join("log"))?;
        Ok(Program {
            file: self.wasm.clone(),
            stores,
            backends: Backends::from([
                ("relay".to_owned(), backend(backends.relay, RELAY_BETWEEN_BYTES)?),
                ("origin".to_owned(), backend(backends.origin, ORIGIN_BETWEEN_BYTES)?),
            ]),
            dictionaries: Dictionaries::from([(CONFIG_STORE.to_owned(), config)]),
            secrets: self.secrets.clone(),
            log: Arc::new(Mutex::new(log)),
        })
    }
}

/// What docs/operations.md has an operator set: the function can give up an answer that does
/// not begin, and only the platform one that does not go on.
const RELAY_BETWEEN_BYTES: Duration = Duration::from_millis(300);
const ORIGIN_BETWEEN_BYTES: Duration = Duration::from_secs(1);

fn backend(address: SocketAddr, between_bytes: Duration) -> std::io::Result<Arc<Backend>> {
    let uri: Uri = format!("http://{address}").parse().map_err(std::io::Error::other)?;
    Ok(Arc::new(Backend {
        uri,
        override_host: None,
        cert_host: None,
        use_sni: true,
        grpc: false,
        // As in production; Viceroy by itself would wait for ever.
        first_byte_timeout: Some(Duration::from_secs(5)),
        between_bytes_timeout: Some(between_bytes),
        client_cert: None,
        ca_certs: Vec::new(),
        health: BackendHealth::Unknown,
    }))
}
