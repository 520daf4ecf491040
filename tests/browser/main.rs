//! The wiki in a real browser: written, read, merged and compared by people
//! at different points of presence, with script switched off.
//!
//! It starts a local network of its own on free ports and drives headless
//! Chromium. Where there is none it says so and passes, unless CI=true.
//! REDWEDDING_SCREENSHOTS=FOLDER keeps pictures of every page it comes by: wide
//! and narrow, light and dark.

#![allow(clippy::unwrap_used)]

mod scenes;
mod stage;
mod webdriver;

use stage::Stage;
use webdriver::Programs;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_wiki_works_in_a_browser() {
    let programs = match Programs::find() {
        Ok(programs) => programs,
        Err(missing) if std::env::var("CI").is_ok_and(|ci| ci == "true") => panic!("{missing}"),
        Err(missing) => return eprintln!("SKIPPED: {missing}; scripts/test installs it"),
    };
    let stage = Stage::set(programs).await;
    // As a task of its own, so that a failure still ends the browsers.
    let (stage, played) = stage.play(scenes::all).await;
    stage.strike().await;
    if let Err(failure) = played {
        std::panic::resume_unwind(failure.into_panic());
    }
}
