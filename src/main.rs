//! The edge function: one sandbox that answers requests until it is spent.
//!
//! Everything that decides is in the library; here the platform is plugged in.

#[cfg(target_arch = "wasm32")]
mod platform;

#[cfg(target_arch = "wasm32")]
fn main() {
    platform::serve();
}

/// The edge function runs on the platform alone; on a host there is nothing to do.
#[cfg(not(target_arch = "wasm32"))]
fn main() {}
