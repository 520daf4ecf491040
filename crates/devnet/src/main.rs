//! `redwedding-devnet`: the local edge network as a program.
//!
//! It starts everything, prints where it is and one line `ready`, and runs
//! until Ctrl-C or SIGTERM. `scripts/serve` builds and starts it.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use redwedding_devnet::{Network, NetworkError};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

const FIRST_POP_PORT: u16 = 7676;
const RELAY_PORT: u16 = 7700;
const ORIGIN_PORT: u16 = 7800;

/// A local edge network: points of presence, the relay and a wiki.
#[derive(Debug, Parser)]
#[command(version, after_help = "example: redwedding-devnet --pops 3 --fresh")]
struct Arguments {
    /// How many points of presence, 0 to 16
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(0..=16))]
    pops: u8,
    /// A point of presence that another server gives, such as the Fastly CLI's:
    /// the relay calls it too; can be given more than once
    #[arg(long, value_name = "URL")]
    pop_elsewhere: Vec<String>,
    /// Take ports that are free, instead of the usual ones, and print them
    #[arg(long)]
    free_ports: bool,
    /// What the relay keeps its logs in
    #[arg(long, value_enum, default_value_t = RelayKind::Embedded)]
    relay: RelayKind,
    /// Which wiki holds the record
    #[arg(long, value_enum, default_value_t = OriginKind::Embedded)]
    origin: OriginKind,
    /// Delete what earlier runs left in the data folder
    #[arg(long)]
    fresh: bool,
    /// Where data and logs live
    #[arg(long, default_value = ".redwedding")]
    data: PathBuf,
    /// The edge function
    #[arg(long, env = "REDWEDDING_WASM", default_value = "bin/main.wasm")]
    wasm: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum RelayKind {
    /// its own log files
    Embedded,
    /// NATS JetStream (not available yet)
    Jetstream,
    /// RabbitMQ streams (not available yet)
    Rabbitmq,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum OriginKind {
    /// the wiki that comes with this program
    Embedded,
    /// MediaWiki (not available yet)
    Mediawiki,
}

impl Arguments {
    fn refuse_what_is_missing(&self) -> Result<(), String> {
        if self.relay != RelayKind::Embedded {
            return Err("this version has no such relay; only --relay embedded works".into());
        }
        if self.origin != OriginKind::Embedded {
            return Err("this version has no such origin; only --origin embedded works".into());
        }
        if !self.wasm.is_file() {
            let wasm = self.wasm.display();
            return Err(format!("no edge function at {wasm}; scripts/build makes it"));
        }
        Ok(())
    }
}

async fn run(arguments: &Arguments) -> Result<(), NetworkError> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut stop = async || {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    let builder = Network::builder()
        .pops(arguments.pops.into())
        .wasm(&arguments.wasm)
        .data(&arguments.data)
        .fresh(arguments.fresh);
    let builder =
        arguments.pop_elsewhere.iter().fold(builder, |builder, url| builder.pop_elsewhere(url));
    let builder = match arguments.free_ports {
        true => builder.ephemeral_ports(),
        false => builder.ports(FIRST_POP_PORT, RELAY_PORT, ORIGIN_PORT),
    };
    let network = tokio::select! {
        network = builder.start() => network?,
        () = stop() => return Ok(()),
    };
    announce(&network);
    stop().await;
    eprintln!("stopping");
    network.stop().await
}

fn announce(network: &Network) {
    for index in 0..network.pops() {
        println!("pop-{}   {}/wiki/Main_Page", index + 1, network.pop_url(index));
    }
    println!("relay   {}", network.relay_url());
    println!("origin  {}", network.origin_url());
    println!("data    {}", network.data().display());
    println!("ready");
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    tracing_subscriber::fmt()
        .with_env_filter(
            EnvFilter::try_from_default_env()
                .unwrap_or_else(|_| EnvFilter::new("warn,viceroy_lib=error")),
        )
        .with_writer(std::io::stderr)
        .init();
    if let Err(missing) = arguments.refuse_what_is_missing() {
        eprintln!("error: {missing}");
        return ExitCode::from(2);
    }
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(run(&arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
