//! Viceroy, as this network uses it: compile a program, get a context.
//!
//! A context is a compiled program with its own cache and settings; a KV store
//! handle can be shared by several. Compiling blocks for seconds and so runs
//! off the async threads.

use std::collections::HashSet;
use std::io::Write;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use viceroy_lib::config::{
    Backends, Dictionaries, ObjectStores, SecretStores, UnknownImportBehavior,
};
use viceroy_lib::{ExecuteCtx, ProfilingConfig, WasmFeatures};

/// Why a program could not be compiled.
#[derive(Debug, thiserror::Error)]
#[error("cannot run {}: {reason}", .program.display())]
pub struct ProgramError {
    /// The program's file.
    program: PathBuf,
    /// What Viceroy says.
    reason: String,
}

/// A program and everything it may open.
pub(super) struct Program {
    pub(super) file: PathBuf,
    pub(super) stores: ObjectStores,
    pub(super) backends: Backends,
    pub(super) dictionaries: Dictionaries,
    pub(super) secrets: SecretStores,
    pub(super) log: Arc<Mutex<dyn Write + Send>>,
}

impl Program {
    /// A program that has a KV store and nothing else.
    pub(super) fn plain(file: PathBuf, stores: ObjectStores) -> Self {
        Self {
            file,
            stores,
            backends: Backends::default(),
            dictionaries: Dictionaries::default(),
            secrets: SecretStores::default(),
            log: Arc::new(Mutex::new(std::io::sink())),
        }
    }

    fn build(self) -> Result<Arc<ExecuteCtx>, viceroy_lib::Error> {
        let context = ExecuteCtx::build(
            &self.file,
            ProfilingConfig::None,
            HashSet::new(),
            UnknownImportBehavior::LinkError,
            false,
            WasmFeatures::default(),
        )?;
        context
            .with_object_stores(self.stores)
            .with_backends(self.backends)
            .with_dictionaries(self.dictionaries)
            .with_secret_stores(self.secrets)
            // Standard output of this process is not the programs'.
            .with_capture_logs(self.log)
            .with_log_stdout(true)
            .with_log_stderr(true)
            .finish()
    }
}

/// Compiles a program, off the async threads.
pub(super) async fn compile(program: Program) -> Result<Arc<ExecuteCtx>, ProgramError> {
    // Other crates of the same build may bring a second provider; without a
    // choice, rustls would refuse to make one. One that is installed stays.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let file = program.file.clone();
    let reason = match tokio::task::spawn_blocking(move || program.build()).await {
        Ok(Ok(context)) => return Ok(context),
        Ok(Err(error)) => error.to_string(),
        Err(error) => error.to_string(),
    };
    Err(ProgramError { program: file, reason })
}
