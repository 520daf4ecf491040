//! The relay as a program: flags, key, clock, signals.
//!
//! Must never start without a key, and never end before what it took is in the
//! log.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::{Parser, ValueEnum};
use redwedding_fold::{FloorPolicy, RelayNode};
use redwedding_relay::clock::Clock;
use redwedding_relay::embedded::Embedded;
use redwedding_relay::http::{ServerState, router, serve};
use redwedding_relay::limits;
use redwedding_relay::metrics::Metrics;
use redwedding_relay::service::RelayService;
use redwedding_relay::ticker::{TickTarget, Ticker};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// Entries after which snapshots are written, whatever the time.
const SNAPSHOT_ENTRIES: u64 = 20_000;
const SHORTEST_KEY: usize = 16;
const NO_KEY: &str = "set REDWEDDING_RELAY_KEY or give --key-file: without a key nobody could be \
    told from anybody";
const EXAMPLES: &str = "Examples:
  # A relay for a local network with two points of presence
  REDWEDDING_RELAY_KEY=$(openssl rand -hex 32) redwedding-relay --data ./data \\
      --pop http://127.0.0.1:7676 --pop http://127.0.0.1:7677

  # A relay behind a TLS terminator
  redwedding-relay --listen 0.0.0.0:7700 --data /var/lib/redwedding \\
      --key-file /etc/redwedding/relay.key --pop https://wiki.example.org

The key signs every exchange and tick; points of presence need the same one.
RUST_LOG sets what is logged (default: info).";

/// Keeps the ordered logs of a Redwedding service and tells its points of
/// presence what is new.
#[derive(Parser)]
#[command(name = "redwedding-relay", version, after_help = EXAMPLES)]
struct Flags {
    /// Address and port to serve on.
    #[arg(long, default_value = "127.0.0.1:7700")]
    listen: String,
    /// Folder for the database; made if it is not there.
    #[arg(long)]
    data: PathBuf,
    /// A point of presence to wake regularly (repeatable).
    #[arg(long = "pop", value_name = "URL")]
    pops: Vec<String>,
    /// File with the key, instead of the environment's REDWEDDING_RELAY_KEY.
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// How long edits wait to be written to the origin together.
    #[arg(long, default_value_t = limits::FLUSH_INTERVAL_MS)]
    flush_interval_ms: u64,
    /// How long a page's edits are kept at hand; older ones lie in its archive.
    #[arg(long, default_value_t = limits::FLOOR_MS / 3_600_000)]
    floor_hours: u64,
    /// How often one of the points of presence is woken; 0 for never.
    #[arg(long, default_value_t = 500)]
    tick_ms: u64,
    /// How often snapshots are written.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..))]
    snapshot_seconds: u64,
    /// What the logs stand on.
    #[arg(long, value_enum, default_value_t = LogKind::Embedded)]
    relay_log: LogKind,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum LogKind {
    /// One database file in the data folder.
    Embedded,
}

fn main() -> ExitCode {
    let flags = Flags::parse();
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "info".into()),
        )
        .init();
    match run(&flags) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("redwedding-relay: {why}");
            ExitCode::FAILURE
        }
    }
}

fn run(flags: &Flags) -> Result<(), String> {
    let key = read_key(flags)?;
    let targets = flags.pops.iter().map(|url| TickTarget::new(url)).collect::<Result<Vec<_>, _>>();
    let targets = targets.map_err(|error| error.to_string())?;
    let clock: Clock = Arc::new(now_ms);
    let metrics = Arc::new(Metrics::default());
    let log = Arc::new(open(flags, &metrics)?);
    let node = RelayNode::new(
        Arc::clone(&log) as _,
        log,
        Arc::clone(&metrics) as _,
        flags.flush_interval_ms,
    );
    let age_ms = flags.floor_hours.saturating_mul(3_600_000);
    let floors = FloorPolicy { age_ms, ..FloorPolicy::default() };
    let service = RelayService::start(node, floors, Arc::clone(&clock), Arc::clone(&metrics));
    let service = service.map_err(|error| error.to_string())?;
    let ticker = Ticker::new(targets, key.clone(), clock, metrics);
    let ticker = ticker.map_err(|error| format!("TLS cannot be used: {error}"))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| format!("no runtime: {error}"))?;
    let result = runtime.block_on(serve_until_told(flags, Arc::clone(&service), key, ticker));
    // Exchanges that are still waiting get their answer before the end.
    service.stop();
    tracing::info!("stopped");
    result
}

/// The key, from the file or the environment; there is no default.
fn read_key(flags: &Flags) -> Result<Vec<u8>, String> {
    let key = match &flags.key_file {
        Some(path) => std::fs::read_to_string(path)
            .map_err(|error| format!("the key file {} cannot be read: {error}", path.display()))?,
        None => std::env::var("REDWEDDING_RELAY_KEY").map_err(|_| NO_KEY.to_owned())?,
    };
    let key = key.trim().as_bytes().to_vec();
    match key.len() >= SHORTEST_KEY {
        true => Ok(key),
        false => {
            Err(format!("the key has {} bytes; at least {SHORTEST_KEY} are needed", key.len()))
        }
    }
}

fn open(flags: &Flags, metrics: &Arc<Metrics>) -> Result<Embedded, String> {
    let LogKind::Embedded = flags.relay_log;
    std::fs::create_dir_all(&flags.data)
        .map_err(|error| format!("{} cannot be made: {error}", flags.data.display()))?;
    let epoch = getrandom::u64().map_err(|error| format!("no randomness: {error}"))?;
    let metrics = Arc::clone(metrics);
    let observe = move |commit: redwedding_relay::embedded::Commit| {
        metrics.commit_seconds.observe(commit.took.as_secs_f64());
    };
    let path = flags.data.join("relay.redb");
    Embedded::open(&path, limits::SHARDS, epoch, Box::new(observe))
        .map_err(|error| format!("{}: {error}", path.display()))
}

async fn serve_until_told(
    flags: &Flags,
    service: Arc<RelayService>,
    key: Vec<u8>,
    ticker: Ticker,
) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("{}: {error}", flags.listen);
    let listener = TcpListener::bind(&flags.listen).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    tracing::info!(%address, epoch = format!("{:016x}", service.relay.node.log.epoch()), "serving");
    let ticking = tokio::spawn(ticker.run(flags.tick_ms));
    let upkeep = tokio::spawn(keep_up(Arc::clone(&service), flags.snapshot_seconds));
    let stop = async {
        tokio::select! {
            _ = terminate.recv() => tracing::info!("told to terminate"),
            _ = interrupt.recv() => tracing::info!("interrupted"),
        }
    };
    serve(listener, router(ServerState::new(service, key)), stop).await;
    ticking.abort();
    upkeep.abort();
    Ok(())
}

/// Moves floors every second. Writes snapshots every `seconds`, and sooner when much was appended.
async fn keep_up(service: Arc<RelayService>, seconds: u64) {
    let mut waited = 0;
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        waited += 1;
        let moving = Arc::clone(&service);
        if tokio::task::spawn_blocking(move || moving.move_floors()).await.is_err() {
            tracing::error!("moving floors ended in a panic");
        }
        if waited < seconds && service.relay.node.appended() < SNAPSHOT_ENTRIES {
            continue;
        }
        waited = 0;
        let writing = Arc::clone(&service);
        let write = tokio::task::spawn_blocking(move || writing.relay.write_snapshots());
        if write.await.is_err() {
            tracing::error!("writing snapshots ended in a panic");
        }
    }
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
