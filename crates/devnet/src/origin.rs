//! The embedded origin: a small wiki that holds the record.
//!
//! It is what the edge writes to in the end. It offers real compare-and-swap
//! (`ETag`, `If-Match`), idempotent writes (`Idempotency-Key`) and durable
//! revisions, says when a page changed last (`Last-Modified`), and can be told to
//! misbehave ([`Faults`]).
//!
//! It may assume to be alone on its data folder. It never merges texts and
//! never knows that an edge exists.

mod faults;
mod http;
mod input;
mod limits;
mod problem;
mod store;
mod wiki;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::watch;
use tokio::task::JoinHandle;

pub use faults::{AfterCommit, Faults};
pub use limits::{MAX_KEY_BYTES, MAX_LISTED, MAX_PAGE_BYTES, MAX_SUMMARY_BYTES, MAX_TITLE_BYTES};
pub use store::{PageStoreError, StoredRevision};

use store::PageStore;
use wiki::WikiState;

/// Why an origin could not start or be stopped.
#[derive(Debug, thiserror::Error)]
pub enum OriginServerError {
    /// The data could not be opened. Nothing was changed.
    #[error("the origin's data: {0}")]
    Store(#[from] PageStoreError),
    /// The address could not be listened on, or serving ended early.
    #[error("the origin's address: {0}")]
    Io(#[from] std::io::Error),
}

/// A running origin. Dropping it stops it without waiting; [`OriginServer::stop`]
/// waits. Its file can be opened again afterwards, once no request is under way.
///
/// ```no_run
/// # async fn example() -> Result<(), redwedding_devnet::OriginServerError> {
/// use redwedding_devnet::OriginServer;
///
/// let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
/// let mut origin = OriginServer::start(listener, std::path::Path::new("data/origin.redb")).await?;
/// println!("{}/pages/Red_Wedding", origin.url());
/// origin.stop().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct OriginServer {
    wiki: Arc<WikiState>,
    address: SocketAddr,
    stop: watch::Sender<bool>,
    /// `None` once it was waited for.
    served: Option<JoinHandle<std::io::Result<()>>>,
}

impl Drop for OriginServer {
    fn drop(&mut self) {
        self.wiki.close();
    }
}

impl OriginServer {
    /// Serves the wiki in `file` (created when missing) on `listener`.
    ///
    /// # Errors
    ///
    /// When the file cannot be opened, among others because another origin has
    /// it open, or the listener cannot be used.
    pub async fn start(
        listener: std::net::TcpListener,
        file: &Path,
    ) -> Result<Self, OriginServerError> {
        let wiki = Arc::new(WikiState::new(PageStore::open(file)?));
        listener.set_nonblocking(true)?;
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let address = listener.local_addr()?;
        let (stop, mut stopped) = watch::channel(false);
        let router = http::router(wiki.clone());
        let served = tokio::spawn(async move {
            let server = axum::serve(listener, router);
            tokio::select! {
                outcome = server => outcome,
                _ = stopped.wait_for(|stop| *stop) => Ok(()),
            }
        });
        Ok(Self { wiki, address, stop, served: Some(served) })
    }

    /// The base URL, without a slash at its end.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The faults that can be switched on here.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.wiki.faults
    }

    /// How many revisions this run has written.
    #[must_use]
    pub fn revisions_written(&self) -> u64 {
        self.wiki.revisions_written.load(Ordering::Relaxed)
    }

    /// Stops listening and closes the data. Requests under way are not waited
    /// for: whoever sent one must find out whether it was committed, as with
    /// any origin.
    ///
    /// # Errors
    ///
    /// When serving had already failed.
    pub async fn stop(&mut self) -> Result<(), OriginServerError> {
        self.stop.send_replace(true);
        self.wiki.close();
        let Some(served) = self.served.take() else { return Ok(()) };
        match served.await {
            Ok(outcome) => Ok(outcome?),
            Err(_) => Ok(()),
        }
    }
}
