//! What a site plugs into the edge: which operation a request asks for, and how
//! the outcome is shown.
//!
//! An application sees requests and outcomes, never the platform, the store or
//! the relay. It decides what a principal may do; it cannot skip the merge.

use std::sync::Arc;

use http::{Request, Response};
use redwedding_replica::LoadError;
use redwedding_replica::history::PageHistory;
use redwedding_replica::page_snapshot::PageSnapshot;
use redwedding_replica::save::{Overlapping, Save, SaveError};
use redwedding_wire::identity::{DocumentKey, keyed_digest};

/// Who asks, as far as it was proved.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Principal {
    /// The name in a valid token; `None` for an anonymous principal.
    pub user: Option<String>,
    /// The network address, to tell anonymous writers apart; empty for a reader.
    /// Never shown.
    pub address: String,
    /// Whether this principal may write.
    pub may_write: bool,
}

/// A request, read and authenticated.
pub struct Incoming {
    /// Method, address, headers, and the body, whole and within its bound.
    pub request: Request<Vec<u8>>,
    /// Who asks.
    pub principal: Principal,
    /// The edge's own address, such as `https://wiki.example`.
    pub base: String,
    /// What form tokens are made with.
    pub form_key: FormKey,
    /// When it came in, in ms since 1970.
    pub now_ms: u64,
}

impl Incoming {
    /// Proves that a form came from here; bound to the principal.
    pub fn form_token(&self) -> String {
        let user = self.principal.user.as_deref().unwrap_or_default();
        keyed_digest(&self.form_key.0, "form", &[user.as_bytes()]).to_string()
    }
}

/// The secret key of form tokens.
#[derive(Clone)]
pub struct FormKey(pub(crate) [u8; 32]);

/// What a request asks of the replica.
#[derive(Clone, Debug)]
pub enum Operation {
    /// The text that the principal is to see.
    Read(DocumentKey),
    /// That text, and where the save that was served as this version met others.
    Report(DocumentKey, u64),
    /// That text, and the text of a version.
    ReadVersion(DocumentKey, u64),
    /// The confirmed document with its history around the versions with these numbers (`None` for the
    /// present one): so many changes before and after each.
    History(DocumentKey, Vec<Option<u64>>, usize),
    /// A save.
    Save(DocumentKey, Box<Save>),
}

/// What came of an operation.
pub enum Outcome {
    /// Of a read.
    Snapshot(Arc<PageSnapshot>),
    /// Of a report.
    Report(Arc<PageSnapshot>, Vec<Overlapping>),
    /// Of reading a version; without text where it cannot be resolved.
    Version(Arc<PageSnapshot>, Option<String>),
    /// Of asking for the history.
    History(Box<PageHistory>),
    /// Of a save that was taken.
    Saved {
        /// What the principal now sees.
        snapshot: Arc<PageSnapshot>,
        /// Where it met concurrent edits.
        overlaps: Vec<Overlapping>,
        /// Whether it brought the page into being.
        created: bool,
    },
    /// The state is not to be had.
    LoadFailed(LoadError),
    /// The save was not taken.
    SaveFailed(SaveError),
}

/// What an application makes of a request; `C` is its route context.
pub enum Routed<C> {
    /// Not for this application: the origin answers.
    Elsewhere,
    /// Answered without the replica.
    Answer(Response<Vec<u8>>),
    /// To be done, then shown.
    Ask(Operation, C),
}

/// What pages load and what never changes under its address, such as a style sheet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Asset {
    /// The body.
    pub content: &'static str,
    /// Its `Content-Type`.
    pub content_type: &'static str,
    /// Its `Cache-Control`.
    pub cache_control: &'static str,
}

/// An application at the edge.
pub trait Application {
    /// What it keeps of a request until the outcome is there: the route context.
    type RouteContext;

    /// What the request asks for. Everything that can be refused without the
    /// state is refused here.
    fn route(&self, incoming: &Incoming) -> Routed<Self::RouteContext>;

    /// How the outcome is shown.
    ///
    /// An answer to a read that is marked `Cache-Control: public` says the same to
    /// everybody: it may depend on the address and the outcome, on nothing else.
    fn show(
        &self,
        context: Self::RouteContext,
        incoming: &Incoming,
        outcome: Outcome,
    ) -> Response<Vec<u8>>;

    /// The asset with this path, which begins with `/-/`; a path is all that it depends on.
    fn asset(&self, path: &str) -> Option<Asset>;
}
