//! What a site plugs into the edge: which operation a request asks for, and how
//! the outcome is shown.
//!
//! An application sees requests and outcomes, never the platform, the store or
//! the relay. It decides what a principal may do; it cannot skip the merge.

use std::sync::Arc;

use http::{Request, Response};
use redwedding_replica::LoadError;
use redwedding_replica::history::PageHistory;
use redwedding_replica::overlap::Overlapping;
use redwedding_replica::page_snapshot::PageSnapshot;
use redwedding_replica::save::{Preview, Save, SaveError};
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

/// What a request asks of the replica, with the application's route context: what it keeps of
/// the request until the outcome is there.
///
/// Each kind of operation has a context type of its own and a method of [`Application`] that
/// takes it with the outcome. So an outcome cannot meet the context of another operation.
pub enum Operation<A: Application> {
    /// The text that the principal is to see.
    Read {
        /// The page.
        key: DocumentKey,
        /// For [`Application::show_read`].
        context: A::ReadContext,
    },
    /// That text, and where a save met others.
    Report {
        /// The page.
        key: DocumentKey,
        /// The version as which the save was served.
        id: u64,
        /// For [`Application::show_report`].
        context: A::ReportContext,
    },
    /// That text, and the text of a version.
    ReadVersion {
        /// The page.
        key: DocumentKey,
        /// The version.
        id: u64,
        /// For [`Application::show_version`].
        context: A::VersionContext,
    },
    /// The confirmed document with a part of its history.
    History {
        /// The page.
        key: DocumentKey,
        /// The versions around which the history is asked for; `None` is the present one.
        around: Vec<Option<u64>>,
        /// How many changes before and after each of them.
        rows: usize,
        /// For [`Application::show_history`].
        context: A::HistoryContext,
    },
    /// What a save would give.
    Preview {
        /// The page.
        key: DocumentKey,
        /// What would be saved.
        save: Box<Save>,
        /// For [`Application::show_preview`].
        context: A::PreviewContext,
    },
    /// A save.
    Save {
        /// The page.
        key: DocumentKey,
        /// What is saved.
        save: Box<Save>,
        /// For [`Application::show_save`].
        context: A::SaveContext,
    },
}

/// What came of [`Operation::Read`].
pub struct PageRead {
    /// What the principal is to see.
    pub snapshot: Arc<PageSnapshot>,
    /// Where saves of the principal's met concurrent edits, as far as their answers did not say
    /// what was decided.
    pub overlaps: Vec<Overlapping>,
    /// In how many passages the page shows another version than the principal's own.
    pub not_shown: usize,
}

/// What came of [`Operation::Report`].
pub struct SaveReport {
    /// What the principal is to see.
    pub snapshot: Arc<PageSnapshot>,
    /// Where the save met concurrent edits.
    pub overlaps: Vec<Overlapping>,
}

/// What came of [`Operation::ReadVersion`].
pub struct PageVersion {
    /// What the principal is to see.
    pub snapshot: Arc<PageSnapshot>,
    /// The version that was asked for.
    pub id: u64,
    /// Its text; `None` where it cannot be resolved.
    pub text: Option<String>,
}

/// What came of a save that was taken.
pub struct SavedPage {
    /// What the principal now sees.
    pub snapshot: Arc<PageSnapshot>,
    /// For [`Operation::Report`] of it; `None` where there was nothing to save.
    pub id: Option<u64>,
    /// Where the save met concurrent edits.
    pub overlaps: Vec<Overlapping>,
    /// Whether it brought the page into being.
    pub created: bool,
}

/// What an application makes of a request.
pub enum Routed<A: Application> {
    /// Not for this application: the origin answers.
    Elsewhere,
    /// Answered without the replica.
    Answer(Response<Vec<u8>>),
    /// To be done, then shown.
    Ask(Operation<A>),
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
///
/// A `show` method turns the outcome of one kind of operation into an answer, failures too.
pub trait Application: Sized {
    /// The route context of [`Operation::Read`].
    type ReadContext;
    /// The route context of [`Operation::Report`].
    type ReportContext;
    /// The route context of [`Operation::ReadVersion`].
    type VersionContext;
    /// The route context of [`Operation::History`].
    type HistoryContext;
    /// The route context of [`Operation::Preview`].
    type PreviewContext;
    /// The route context of [`Operation::Save`].
    type SaveContext;

    /// What the request asks for. Everything that can be refused without the
    /// state is refused here.
    fn route(&self, incoming: &Incoming) -> Routed<Self>;

    /// Shows what came of [`Operation::Read`].
    ///
    /// An answer that is marked `Cache-Control: public` says the same to everybody: it may
    /// depend on the address and the outcome, on nothing else.
    fn show_read(
        &self,
        context: Self::ReadContext,
        incoming: &Incoming,
        outcome: Result<PageRead, LoadError>,
    ) -> Response<Vec<u8>>;

    /// Shows what came of [`Operation::Report`].
    fn show_report(
        &self,
        context: Self::ReportContext,
        incoming: &Incoming,
        outcome: Result<SaveReport, LoadError>,
    ) -> Response<Vec<u8>>;

    /// Shows what came of [`Operation::ReadVersion`].
    fn show_version(
        &self,
        context: Self::VersionContext,
        incoming: &Incoming,
        outcome: Result<PageVersion, LoadError>,
    ) -> Response<Vec<u8>>;

    /// Shows what came of [`Operation::History`].
    fn show_history(
        &self,
        context: Self::HistoryContext,
        incoming: &Incoming,
        outcome: Result<PageHistory, LoadError>,
    ) -> Response<Vec<u8>>;

    /// Shows what came of [`Operation::Preview`].
    fn show_preview(
        &self,
        context: Self::PreviewContext,
        incoming: &Incoming,
        outcome: Result<Preview, SaveError>,
    ) -> Response<Vec<u8>>;

    /// Shows what came of [`Operation::Save`].
    fn show_save(
        &self,
        context: Self::SaveContext,
        incoming: &Incoming,
        outcome: Result<SavedPage, SaveError>,
    ) -> Response<Vec<u8>>;

    /// The asset with this path, which begins with `/-/`; a path is all that it depends on.
    fn asset(&self, path: &str) -> Option<Asset>;
}
