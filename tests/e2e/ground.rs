//! Networks to test on: one for all who inject no fault, else one's own.
//!
//! A test with a network of its own runs alone, so that figures are its own
//! too. All run on one runtime, which outlives every network. A network must
//! end without an alarm in its logs, whatever was done to it.

use std::sync::{Arc, LazyLock, Weak};
use std::time::{Duration, Instant};

use redwedding_devnet::{Network, NetworkBuilder};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::{Mutex, RwLock};

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap()
});

/// Held for reading by those who share a network, for writing by the others.
static TURN: RwLock<()> = RwLock::const_new(());

static SHARED: Mutex<Weak<Ground>> = Mutex::const_new(Weak::new());

/// A network and its folder. Dropping it ends both.
struct Ground {
    network: Network,
    // After the network: it writes into the folder until it ends.
    folder: TempDir,
}

impl Ground {
    async fn start(configure: impl FnOnce(NetworkBuilder) -> NetworkBuilder) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let builder = Network::builder().pops(3).data(folder.path());
        let network = configure(builder).start().await;
        let network = network.unwrap_or_else(|error| {
            panic!("no network: {error}; scripts/test and scripts/measure build what it needs")
        });
        Self { network, folder }
    }

    /// What the parts wrote to their logs, by file.
    fn logs(&self) -> Vec<(String, String)> {
        let pops = (1..=self.network.pops()).map(|pop| format!("pop-{pop}/log"));
        let files = pops.chain(["relay.log".to_owned()]);
        let read = |file: String| {
            let log = std::fs::read(self.folder.path().join(&file)).unwrap_or_default();
            (file, String::from_utf8_lossy(&log).into_owned())
        };
        files.map(read).collect()
    }

    fn assert_no_alarm(&self) {
        for (file, log) in self.logs() {
            let alarm =
                log.lines().find(|line| line.contains("Alarm") || line.contains("panicked"));
            assert_eq!(alarm, None, "in {file}");
        }
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            return;
        }
        for (file, log) in self.logs() {
            let lines: Vec<_> = log.lines().collect();
            let last = &lines[lines.len().saturating_sub(25)..];
            eprintln!("--- the end of {file}\n{}", last.join("\n"));
        }
    }
}

/// Runs a test on the network that all of them share.
pub(crate) fn on_the_shared_network(test: impl AsyncFnOnce(&Network)) {
    RUNTIME.block_on(async {
        let _turn = TURN.read().await;
        let ground = {
            let mut shared = SHARED.lock().await;
            match shared.upgrade() {
                Some(ground) => ground,
                None => {
                    let ground = Arc::new(Ground::start(|builder| builder).await);
                    *shared = Arc::downgrade(&ground);
                    ground
                }
            }
        };
        test(&ground.network).await;
        ground.assert_no_alarm();
    });
}

/// Runs a test on a network of its own, alone.
pub(crate) fn on_an_own_network(
    configure: impl FnOnce(NetworkBuilder) -> NetworkBuilder,
    test: impl AsyncFnOnce(&mut Network),
) {
    RUNTIME.block_on(async {
        let _turn = TURN.write().await;
        let mut ground = Ground::start(configure).await;
        test(&mut ground.network).await;
        ground.assert_no_alarm();
    });
}

/// Asks again and again until the answer is good; how long that took is second.
/// Panics with the last answer when it does not come within `limit`.
pub(crate) async fn until<T>(
    what: &str,
    limit: Duration,
    mut ask: impl AsyncFnMut() -> Result<T, String>,
) -> (T, Duration) {
    let begun = Instant::now();
    loop {
        match ask().await {
            Ok(good) => return (good, begun.elapsed()),
            Err(why) if begun.elapsed() > limit => panic!("{what}, not within {limit:?}: {why}"),
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

/// The base addresses of all points of presence.
pub(crate) fn pop_urls(network: &Network) -> Vec<String> {
    (0..network.pops()).map(|pop| network.pop_url(pop).to_owned()).collect()
}
