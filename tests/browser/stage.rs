//! What the scenes play on: a local network, browsers, and a camera.

use std::path::PathBuf;
use std::sync::Arc;

use redwedding_devnet::Network;
use tempfile::TempDir;
use tokio::task::JoinError;

use super::webdriver::{Browser, Driver, Look, Programs};

/// How pages are photographed.
const LOOKS: [Look; 4] = [
    Look { name: "wide-light", width: 1100, height: 800, dark: false },
    Look { name: "wide-dark", width: 1100, height: 800, dark: true },
    Look { name: "narrow-light", width: 390, height: 800, dark: false },
    Look { name: "narrow-dark", width: 390, height: 800, dark: true },
];

/// A network of three PoPs and the programs that open browsers.
pub(crate) struct Stage {
    network: Network,
    driver: Driver,
    pictures: Option<PathBuf>,
    folder: TempDir,
}

impl Stage {
    pub(crate) async fn set(programs: Programs) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let network = Network::builder().pops(3).data(folder.path().join("network"));
        let network = network.ephemeral_ports().start().await.unwrap();
        let pictures = std::env::var_os("REDWEDDING_SCREENSHOTS").map(PathBuf::from);
        if let Some(pictures) = &pictures {
            std::fs::create_dir_all(pictures).unwrap();
        }
        Self { network, driver: Driver::start(programs), pictures, folder }
    }

    /// Plays something and gives the stage back, whatever came of it.
    pub(crate) async fn play<F: Future<Output = ()> + Send + 'static>(
        self,
        scene: impl FnOnce(Arc<Self>) -> F,
    ) -> (Self, Result<(), JoinError>) {
        let stage = Arc::new(self);
        let played = tokio::spawn(scene(stage.clone())).await;
        (Arc::into_inner(stage).expect("nobody is on the stage any more"), played)
    }

    /// Ends everything that was started.
    pub(crate) async fn strike(self) {
        self.driver.quit().await;
        self.network.stop().await.unwrap();
    }

    /// A person with a browser of their own.
    pub(crate) async fn person(&self, name: &str) -> Browser {
        let profile = self.folder.path().join(name);
        std::fs::create_dir(&profile).unwrap();
        self.driver.browser(&profile).await
    }

    /// An address at PoP `pop`, counted from 1.
    pub(crate) fn at(&self, pop: usize, path: &str) -> String {
        format!("{}{path}", self.network.pop_url(pop - 1))
    }

    /// The address of the origin.
    pub(crate) fn origin(&self, path: &str) -> String {
        format!("{}{path}", self.network.origin_url())
    }

    /// Keeps pictures of the page that a browser shows, if they are wanted.
    pub(crate) async fn photograph(&self, browser: &Browser, name: &str) {
        let Some(folder) = &self.pictures else { return };
        for look in LOOKS {
            let picture = browser.picture(look).await;
            std::fs::write(folder.join(format!("{name}-{}.png", look.name)), picture).unwrap();
        }
    }
}
