//! A service that does nothing, with the same sandbox reuse as the edge
//! function: what the platform itself costs. `scripts/bench edge` measures it
//! beside the edge function.

#[cfg(target_arch = "wasm32")]
fn main() {
    use fastly::{Request, Response};
    fastly::http::serve::Serve::new()
        .with_max_requests(1_000)
        .with_timeout(std::time::Duration::from_secs(10))
        .run(|_request: Request| Response::from_body("hello world\n"));
}

/// It runs on the platform alone.
#[cfg(not(target_arch = "wasm32"))]
fn main() {}
