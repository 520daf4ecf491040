//! The adapters onto Fastly Compute: the only code that knows the platform.
//!
//! No policy here: what to do is decided in the library.

mod body;
mod cache;
mod clock;
mod origin;
mod relay;
mod store;
mod wait;

use std::time::Duration;

use fastly::http::serve::{HandlerResult, Serve};
use fastly::{Request, Response};
use redwedding::embedded_origin::EmbeddedOriginClient;
use redwedding::limits;
use redwedding::settings::{Settings, SettingsError, names};
use redwedding::surface::{Edge, Handled, Remaining, problem};
use redwedding::wiki::application::Wiki;
use redwedding_replica::ports::{Level, Ports};

/// Requests that a sandbox answers before it makes room for a fresh one.
const REQUESTS_PER_SANDBOX: usize = 1_000;
/// Memory beyond which a sandbox ends after its request; the platform gives 128.
const MEMORY_MIB: u32 = 96;
/// How long a sandbox waits for its next request.
const IDLE: Duration = Duration::from_secs(10);

/// The platform, behind the ports.
pub(crate) struct Platform {
    store: store::KvStore,
    cache: cache::CoreCache,
    relay: relay::RelayBackend,
    origin: EmbeddedOriginClient<origin::OriginBackend>,
}

impl Ports for Platform {
    type Store = store::KvStore;
    type Cache = cache::CoreCache;
    type Relay = relay::RelayBackend;
    type Origin = EmbeddedOriginClient<origin::OriginBackend>;

    fn store(&mut self) -> &mut Self::Store {
        &mut self.store
    }

    fn cache(&mut self) -> &mut Self::Cache {
        &mut self.cache
    }

    fn relay(&mut self) -> &mut Self::Relay {
        &mut self.relay
    }

    fn origin(&mut self) -> &mut Self::Origin {
        &mut self.origin
    }

    fn now_ms(&mut self) -> u64 {
        clock::now_ms()
    }

    fn monotonic_ms(&mut self) -> u64 {
        clock::monotonic_ms()
    }

    fn draw(&mut self, bytes: &mut [u8]) {
        if let Err(error) = getrandom::fill(bytes) {
            // Two replicas, or two flushes, with one id: better none.
            eprintln!("Alarm: the platform gives no entropy: {error}");
            std::process::abort();
        }
    }

    fn pause(&mut self, milliseconds: u64) {
        std::thread::sleep(Duration::from_millis(milliseconds));
    }

    fn log(&mut self, level: Level, event: &str) {
        // Standard error is what log tailing shows.
        eprintln!("{level:?}: {event}");
    }
}

fn settings() -> Result<Settings, SettingsError> {
    let config = fastly::ConfigStore::try_open(names::CONFIG_STORE).ok();
    let secrets = fastly::SecretStore::open(names::SECRET_STORE).ok();
    let pop = std::env::var("FASTLY_POP").unwrap_or_else(|_| "unknown".to_owned());
    Settings::read(
        |name| config.as_ref()?.try_get(name).ok().flatten(),
        |name| Some(secrets.as_ref()?.try_get(name).ok()??.try_plaintext().ok()?.to_vec()),
        &pop,
    )
}

fn started() -> Result<(Platform, Edge<Wiki>), String> {
    let settings = settings().map_err(|error| error.to_string())?;
    let site = settings.replica.site.clone();
    let wiki = Wiki::new("Redwedding", &site).ok_or("the wiki cannot be set up")?;
    let mut platform = Platform {
        store: store::KvStore::open(),
        cache: cache::CoreCache,
        relay: relay::RelayBackend::new(&settings),
        origin: EmbeddedOriginClient(origin::OriginBackend),
    };
    let edge = Edge::start(settings, wiki, &mut platform);
    Ok((platform, edge))
}

/// Whether the sandbox, its request answered, takes another one.
enum Next {
    Request,
    /// It has used its share of what the platform allows it.
    Spent,
}

impl HandlerResult for Next {
    type Error = &'static str;

    /// Nothing is sent here. An `Err` of the library's own kind would be, as a
    /// second answer, and a second answer ends the sandbox with a panic.
    fn send(self) -> Result<(), Self::Error> {
        match self {
            Self::Request => Ok(()),
            Self::Spent => Err("the sandbox is spent"),
        }
    }
}

/// Answers requests until the sandbox is spent.
pub(crate) fn serve() {
    let mut started = started();
    let serving = Serve::new()
        .with_max_requests(REQUESTS_PER_SANDBOX)
        .with_max_memory(MEMORY_MIB)
        .with_timeout(IDLE);
    serving.run(|request: Request| match &mut started {
        Ok((platform, edge)) => {
            answer(platform, edge, request);
            if edge.is_spent() { Next::Spent } else { Next::Request }
        }
        Err(why) => {
            eprintln!("Alarm: the edge is not set up: {why}");
            let detail = "the edge is not set up; its log says what is missing";
            let status = http::StatusCode::SERVICE_UNAVAILABLE;
            sent(problem(status, "Not set up", detail), false);
            Next::Request
        }
    });
    // The sandbox ends, and its memory with it: nothing in there need be given back.
    std::mem::forget(started);
}

fn answer(platform: &mut Platform, edge: &mut Edge<Wiki>, request: Request) {
    let base = base(&request);
    let head = request.get_method() == http::Method::HEAD;
    // Readers are asked nothing: each question to the platform takes its time.
    let reads = head || request.get_method() == http::Method::GET;
    let address = if reads { None } else { request.get_client_ip_addr() };
    let address = address.map(|ip| ip.to_string()).unwrap_or_default();
    let request = match read(request) {
        Ok(request) => request,
        Err(refusal) => return sent(refusal, head),
    };
    let remaining = match edge.handle(platform, request, &address, &base) {
        Handled::Answered(mut answer, remaining) => {
            if edge.settings().timing {
                time(&mut answer, edge.replica_id());
            }
            sent(answer, head);
            remaining
        }
        Handled::PassThrough(request) => {
            edge.count_call();
            passed(*request).send_to_client();
            Remaining::Nothing
        }
    };
    edge.after(platform, remaining);
}

/// Says how much CPU time the sandbox has used since its start, in whole ms.
fn time(answer: &mut http::Response<Vec<u8>>, replica: u64) {
    let used = fastly::compute_runtime::elapsed_vcpu_ms().unwrap_or(0);
    let timing = format!("sandbox;dur={used};desc=\"{replica:016x}\"");
    if let Ok(timing) = http::HeaderValue::try_from(timing) {
        answer.headers_mut().insert("server-timing", timing);
    }
}

/// The edge's own address, as the client sees it.
fn base(request: &Request) -> String {
    let url = request.get_url();
    let host = request.get_header_str("host").or(url.host_str()).unwrap_or_default();
    format!("{}://{host}", url.scheme())
}

/// The whole request, its body within the bound.
fn read(request: Request) -> Result<http::Request<Vec<u8>>, http::Response<Vec<u8>>> {
    let mut request = request;
    let body = match body::whole(request.take_body(), limits::BODY_BYTES) {
        Ok(body) => body,
        Err(body::BodyError::TooLong(most)) => {
            let detail = format!("a request body has at most {most} bytes");
            let status = http::StatusCode::PAYLOAD_TOO_LARGE;
            return Err(problem(status, "Request too large", &detail));
        }
        Err(body::BodyError::Incomplete(_) | body::BodyError::Late) => {
            let status = http::StatusCode::BAD_REQUEST;
            return Err(problem(status, "Incomplete request", "the body did not arrive whole"));
        }
    };
    let request: http::Request<fastly::Body> = request.into();
    Ok(request.map(|_| body))
}

fn sent(answer: http::Response<Vec<u8>>, head: bool) {
    let answer = answer.map(|body| if head { Vec::new() } else { body });
    let answer: http::Response<fastly::Body> = answer.map(fastly::Body::from);
    Response::from(answer).send_to_client();
}

/// What the origin answers, through the platform's own HTTP cache.
fn passed(request: http::Request<Vec<u8>>) -> Response {
    let request: http::Request<fastly::Body> = request.map(fastly::Body::from);
    match Request::from(request).send(names::ORIGIN) {
        Ok(answer) => answer,
        Err(error) => {
            eprintln!("Warning: the origin: {error}");
            let detail = "the site behind this edge cannot be reached";
            let refusal = problem(http::StatusCode::BAD_GATEWAY, "Origin unreachable", detail);
            let refusal: http::Response<fastly::Body> = refusal.map(fastly::Body::from);
            Response::from(refusal)
        }
    }
}
