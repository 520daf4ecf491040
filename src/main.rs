//! The edge function.

#[cfg(target_arch = "wasm32")]
fn main() {
    use fastly::{Request, Response};
    fastly::http::serve::Serve::new()
        .with_max_requests(100)
        .run(|_req: Request| -> Result<Response, fastly::Error> { Ok(Response::from_body("hello world\n")) })
        .into_result()
        .expect("serve");
}

/// The edge function only runs on the platform.
#[cfg(not(target_arch = "wasm32"))]
fn main() {}
