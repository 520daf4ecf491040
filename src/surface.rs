//! A request's way, from bytes to bytes: authenticate, route, do, show; after
//! the answer: exchange, flush.
//!
//! The order is written down here, in one place. This module may assume ports
//! that keep their contracts. It must never touch the platform, and it knows the
//! application as a trait only.

mod admin;
mod assets;
mod principal;
mod render_cache;
mod reply;

use http::{Method, Request, Response, StatusCode};
use redwedding_replica::Replica;
use redwedding_replica::client_session::ClientSession;
use redwedding_replica::ports::Ports;
use redwedding_replica::save::{self, PersistedSave};
use redwedding_wire::identity::{DocumentKey, derive_key};

use crate::application::{
    Application, FormKey, Incoming, Operation, PageRead, PageVersion, Routed, SaveReport, SavedPage,
};
use crate::limits;
use crate::settings::Settings;

use render_cache::RenderCache;

pub use reply::problem;

/// The edge of one sandbox: its replica and the application it serves.
pub struct Edge<A> {
    replica: Replica,
    settings: Settings,
    application: A,
    form_key: FormKey,
    render_cache: RenderCache,
}

/// What is done with a request.
#[must_use = "the client waits for it"]
pub enum Handled<P: Ports> {
    /// Answered; then the rest is to be done with [`Edge::after`].
    Answered(Response<Vec<u8>>, Remaining<P>),
    /// The origin answers it, through the platform's cache.
    PassThrough(Box<Request<Vec<u8>>>),
}

/// What is left to do once the answer is on its way.
#[must_use = "without `Edge::after`, nothing is pushed or flushed"]
pub enum Remaining<P: Ports> {
    /// Nothing.
    Nothing,
    /// A page was asked for, with or without success, and nothing was written.
    Asked(DocumentKey),
    /// A save was taken.
    Saved(Box<PersistedSave<P>>),
}

impl<P: Ports> Remaining<P> {
    fn of_save(key: DocumentKey, persisted: Option<PersistedSave<P>>) -> Self {
        match persisted {
            Some(persisted) => Self::Saved(Box::new(persisted)),
            None => Self::Asked(key),
        }
    }
}

impl<A: Application> Edge<A> {
    /// The edge with these settings, its replica starting now.
    pub fn start<P: Ports>(settings: Settings, application: A, ports: &mut P) -> Self {
        let replica = Replica::start(settings.replica.clone(), ports);
        let form_key = FormKey(derive_key("forms", &settings.replica.keys.tokens));
        Self { replica, settings, application, form_key, render_cache: RenderCache::default() }
    }

    /// Whether the sandbox has used its share of backend calls and should end.
    pub fn is_spent(&self) -> bool {
        self.replica.is_spent()
    }

    /// What the sandbox runs with.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The sandbox's random id.
    pub fn replica_id(&self) -> u64 {
        self.replica.id()
    }

    /// Counts a backend call made outside the replica.
    pub fn count_call(&mut self) {
        self.replica.count_call();
    }

    /// Answers a request. `address` is the client's network address (empty for a reader);
    /// `base` is the edge's own address as the client sees it, such as `https://wiki.example`.
    ///
    /// Every failure is an answer.
    pub fn handle<P: Ports>(
        &mut self,
        ports: &mut P,
        request: Request<Vec<u8>>,
        address: &str,
        base: &str,
    ) -> Handled<P> {
        if request.body().len() > limits::BODY_BYTES {
            let detail = format!("a request body has at most {} bytes", limits::BODY_BYTES);
            let answer = problem(StatusCode::PAYLOAD_TOO_LARGE, "Request too large", &detail);
            return Handled::Answered(answer, Remaining::Nothing);
        }
        if request.uri().path().starts_with("/-/") {
            return Handled::Answered(self.reserved(ports, &request), Remaining::Nothing);
        }
        let now_ms = ports.now_ms();
        let principal = match principal::authenticate(&request, &self.settings, address, now_ms) {
            Ok(principal) => principal,
            Err(error) => return Handled::Answered(reply::denied(&error), Remaining::Nothing),
        };
        let form_key = self.form_key.clone();
        let incoming = Incoming { request, principal, base: base.to_owned(), form_key, now_ms };
        match self.application.route(&incoming) {
            Routed::Elsewhere => Handled::PassThrough(Box::new(incoming.request)),
            Routed::Answer(answer) => Handled::Answered(answer, Remaining::Nothing),
            Routed::Ask(operation) => {
                let mut presented = principal::session(&incoming.request, &self.replica, ports);
                let (answer, remaining) =
                    self.perform(ports, operation, &incoming, &mut presented.open.session);
                let written = matches!(remaining, Remaining::Saved(_));
                let answer = reply::sealed(answer, &presented, written, (&self.replica, ports));
                Handled::Answered(reply::conditional(answer, &incoming.request), remaining)
            }
        }
    }

    /// Does what nobody waits for, after the answer was sent: pushes, exchanges, flushes.
    pub fn after<P: Ports>(&mut self, ports: &mut P, remaining: Remaining<P>) {
        match remaining {
            Remaining::Nothing => {}
            Remaining::Asked(key) => self.replica.context(ports).after_read(&key),
            Remaining::Saved(persisted) => self.replica.context(ports).finish_save(*persisted),
        }
    }

    /// Does what is asked and has the application show what came of it.
    fn perform<P: Ports>(
        &mut self,
        ports: &mut P,
        operation: Operation<A>,
        incoming: &Incoming,
        session: &mut ClientSession,
    ) -> (Response<Vec<u8>>, Remaining<P>) {
        let Self { replica, application, render_cache, .. } = self;
        let mut request = replica.request(ports, session);
        match operation {
            Operation::Read { key, context } => {
                let show = |outcome| application.show_read(context, incoming, outcome);
                match request.read_told(&key) {
                    Ok((snapshot, overlaps)) => {
                        let name = incoming.principal.user.as_deref().unwrap_or_default();
                        let not_shown = snapshot.not_shown_of(request.author(name));
                        // What one client is told is for it alone.
                        let for_all = overlaps.is_empty() && not_shown == 0;
                        let show = |snapshot| show(Ok(PageRead { snapshot, overlaps, not_shown }));
                        let answer = match for_all {
                            true => render_cache.or_show(incoming, snapshot, show),
                            false => show(snapshot),
                        };
                        (answer, Remaining::Asked(key))
                    }
                    Err(error) => (show(Err(error)), Remaining::Asked(key)),
                }
            }
            Operation::Report { key, id, context } => {
                let outcome = request.read(&key).map(|snapshot| {
                    let overlaps = request.report(&key, id);
                    SaveReport { snapshot, overlaps }
                });
                (application.show_report(context, incoming, outcome), Remaining::Asked(key))
            }
            Operation::ReadVersion { key, id, context } => {
                let outcome = request.read_version(&key, id).map(|(snapshot, text)| PageVersion {
                    snapshot,
                    id,
                    text,
                });
                (application.show_version(context, incoming, outcome), Remaining::Asked(key))
            }
            Operation::History { key, around, rows, context } => {
                let outcome = request.history(&key, &around, rows);
                (application.show_history(context, incoming, outcome), Remaining::Asked(key))
            }
            Operation::Preview { key, save, context } => {
                let outcome = request.preview(&key, &save);
                (application.show_preview(context, incoming, outcome), Remaining::Asked(key))
            }
            Operation::Save { key, save, context } => {
                let (outcome, persisted) = match request.save(&key, &save) {
                    Ok(save::Saved { snapshot, id, overlaps, created, after }) => {
                        (Ok(SavedPage { snapshot, id, overlaps, created }), after)
                    }
                    Err(error) => (Err(error), None),
                };
                let remaining = Remaining::of_save(key, persisted);
                (application.show_save(context, incoming, outcome), remaining)
            }
        }
    }

    /// What is below `/-/` is the edge's own: the admin endpoints, then the application's assets.
    fn reserved<P: Ports>(
        &mut self,
        ports: &mut P,
        request: &Request<Vec<u8>>,
    ) -> Response<Vec<u8>> {
        match (request.method(), request.uri().path()) {
            (&Method::GET | &Method::HEAD, "/-/health") => admin::health(),
            (&Method::GET | &Method::HEAD, "/-/status") => {
                admin::status(&mut self.replica, ports, request)
            }
            (&Method::POST, "/-/tick") => {
                admin::tick(&mut self.replica, ports, request, &self.settings)
            }
            (_, "/-/health" | "/-/status" | "/-/tick") => reply::wrong_method(),
            (method, path) => match self.application.asset(path) {
                Some(asset) => assets::answer(&asset, method),
                None => problem(StatusCode::NOT_FOUND, "Not found", "there is no such operation"),
            },
        }
    }
}
