//! The relay as a child process, so that it can be killed like one.
//!
//! It is started on a fixed address and data folder; a kill is `SIGKILL`,
//! nothing gentler. Its output goes to a log file. It ends with this value.

use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::{Child, Command};

use super::ready;

/// How long a relay may take to answer after its start: it reads its log.
const START: Duration = Duration::from_secs(30);

/// Why the relay could not be started.
#[derive(Debug, thiserror::Error)]
pub enum RelayProcessError {
    /// There is no program to start.
    #[error(
        "no relay program at {}: build it (cargo build -p redwedding-relay) or set \
         REDWEDDING_RELAY_BIN",
        .0.display()
    )]
    NoProgram(PathBuf),
    /// The system refused to start it, or its log could not be opened.
    #[error("cannot start the relay: {0}")]
    Io(#[from] std::io::Error),
    /// It ended, or did not answer in time. The log tells more.
    #[error("the relay did not get ready ({why}); its log is {}", .log.display())]
    NotReady {
        /// What happened instead.
        why: String,
        /// Where it writes to.
        log: PathBuf,
    },
}

/// How to start the relay.
#[derive(Clone, Debug)]
pub(super) struct RelaySetup {
    pub(super) program: PathBuf,
    pub(super) listen: SocketAddr,
    pub(super) data: PathBuf,
    pub(super) log: PathBuf,
    pub(super) pops: Vec<String>,
    pub(super) key: String,
    /// How long edits wait to be written to the origin together.
    pub(super) flush_interval: Duration,
}

/// Where the relay's program is: `REDWEDDING_RELAY_BIN`, else beside the
/// running program or one folder up (where cargo keeps a test's siblings).
pub(super) fn find_program() -> PathBuf {
    if let Some(named) = std::env::var_os("REDWEDDING_RELAY_BIN") {
        return named.into();
    }
    let name = format!("redwedding-relay{}", std::env::consts::EXE_SUFFIX);
    let current = std::env::current_exe().unwrap_or_default();
    let folders = current.ancestors().skip(1).take(2);
    let found = folders.map(|folder| folder.join(&name)).find(|program| program.is_file());
    found.unwrap_or_else(|| current.with_file_name(name))
}

/// A started relay.
#[derive(Debug)]
pub(super) struct RelayProcess {
    setup: RelaySetup,
    child: Option<Child>,
}

impl RelayProcess {
    /// Starts it and waits until it answers.
    pub(super) async fn start(setup: RelaySetup) -> Result<Self, RelayProcessError> {
        let mut relay = Self { setup, child: None };
        relay.run().await?;
        Ok(relay)
    }

    /// Starts it again; nothing happens when it runs.
    pub(super) async fn run(&mut self) -> Result<(), RelayProcessError> {
        if self.child.is_some() {
            return Ok(());
        }
        let setup = &self.setup;
        if !setup.program.is_file() {
            return Err(RelayProcessError::NoProgram(setup.program.clone()));
        }
        std::fs::create_dir_all(&setup.data)?;
        let log = File::options().create(true).append(true).open(&setup.log)?;
        let mut command = Command::new(&setup.program);
        command.arg("--listen").arg(setup.listen.to_string()).arg("--data").arg(&setup.data);
        command.arg("--flush-interval-ms").arg(setup.flush_interval.as_millis().to_string());
        for pop in &setup.pops {
            command.arg("--pop").arg(pop);
        }
        let child = command
            .env("REDWEDDING_RELAY_KEY", &setup.key)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true)
            .spawn()?;
        self.note_pid(child.id())?;
        let child = self.child.insert(child);
        let url = format!("http://{}/healthz", setup.listen);
        let why = tokio::select! {
            answered = ready::wait(&url, START) => match answered {
                Ok(()) => return Ok(()),
                Err(error) => error.to_string(),
            },
            ended = child.wait() => match ended {
                Ok(status) => format!("it ended with {status}"),
                Err(error) => error.to_string(),
            },
        };
        let log = setup.log.clone();
        self.kill().await?;
        Err(RelayProcessError::NotReady { why, log })
    }

    /// Kills it with `SIGKILL` and waits until it is gone.
    pub(super) async fn kill(&mut self) -> std::io::Result<()> {
        let Some(mut child) = self.child.take() else { return Ok(()) };
        child.kill().await?;
        self.note_pid(None)
    }

    /// Stops it with `SIGSTOP`: its sockets accept, and nothing comes back. With
    /// `false`, `SIGCONT` lets it go on. Nothing happens when it does not run.
    pub(super) async fn stop(&self, stop: bool) -> std::io::Result<()> {
        let Some(pid) = self.child.as_ref().and_then(Child::id) else { return Ok(()) };
        let signal = if stop { "-STOP" } else { "-CONT" };
        let sent = Command::new("kill").arg(signal).arg(pid.to_string()).status().await?;
        match sent.success() {
            true => Ok(()),
            false => Err(std::io::Error::other(format!("kill {signal} {pid}: {sent}"))),
        }
    }

    /// Leaves the process id where `scripts/stop` finds it, in case that this
    /// process is killed without being able to end its child.
    fn note_pid(&self, pid: Option<u32>) -> std::io::Result<()> {
        let file: &Path = &self.setup.log.with_extension("pid");
        match pid {
            Some(pid) => std::fs::write(file, format!("{pid}\n")),
            None => std::fs::remove_file(file),
        }
    }
}
