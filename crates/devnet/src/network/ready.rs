//! Waiting until a part answers over HTTP.

use std::time::Duration;

use hyper::{Client, Uri};
use tokio::time::{Instant, sleep, timeout};

/// Between two attempts.
const PAUSE: Duration = Duration::from_millis(50);

/// A part did not answer in time.
#[derive(Debug, thiserror::Error)]
#[error("{url} gave no good answer within {} s: {last}", .waited.as_secs())]
pub struct NotReady {
    url: String,
    waited: Duration,
    last: String,
}

/// Asks until the answer is a success.
pub(super) async fn wait(url: &str, at_most: Duration) -> Result<(), NotReady> {
    let client = Client::new();
    let begun = Instant::now();
    let mut last = "no attempt was made".to_owned();
    let Ok(uri) = url.parse::<Uri>() else {
        return Err(NotReady { url: url.to_owned(), waited: at_most, last: "not a URL".into() });
    };
    while let Some(left) = at_most.checked_sub(begun.elapsed()) {
        last = match timeout(left, client.get(uri.clone())).await {
            Ok(Ok(response)) if response.status().is_success() => return Ok(()),
            Ok(Ok(response)) => response.status().to_string(),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "no answer".to_owned(),
        };
        sleep(PAUSE).await;
    }
    Err(NotReady { url: url.to_owned(), waited: at_most, last })
}
