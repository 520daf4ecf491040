//! A document as a sandbox or its point of presence has it: what the log holds of
//! it, or where the log holds nothing, what the origin has.
//!
//! It holds every log entry up to its cursor, and none after. Its stored bytes are
//! the base of a cached document (`docs/wire.cddl`, rule `cached`).

use std::num::NonZeroU64;

use redwedding_document::entry::{Body, Entry, OriginPage};
use redwedding_document::{Document, Unresolved, View};
use redwedding_wire::codec;
use redwedding_wire::identity::DocumentKey;
use redwedding_wire::pieces::Pieces;
use redwedding_wire::version::{Root, VersionName, VersionRef};
use serde::Serialize;
use serde_bytes::Bytes;

use crate::client_session::ClientSession;
use crate::confirmed_document::{ConfirmedDocument, Tail};
use crate::page_snapshot::PageSnapshot;

const FORMAT: u8 = 2;

/// A document, and when it was exchanged with the relay.
#[derive(Clone)]
pub(crate) struct CachedDocument {
    state: Holder,
    /// When it was exchanged with the relay, in ms since 1970; 0 where it cannot
    /// be said that it is all that the log held then.
    exchanged_ms: u64,
}

/// Who has the document. Where the log holds nothing of it, `log` is the empty
/// document, which says up to where in the log there is nothing.
#[derive(Clone)]
enum Holder {
    /// The log does; the origin's text is in there.
    Logged(ConfirmedDocument),
    /// The origin alone.
    OriginOnly { log: ConfirmedDocument, page: OriginPage },
    /// Nobody: there is no such page.
    Absent { log: ConfirmedDocument },
}

/// Format, when it was exchanged, the document as a cache has it, the origin's page.
#[derive(Serialize)]
struct Wire<'a>(u8, u64, &'a Bytes, Option<&'a OriginPage>);

/// How many elements the array has.
const PIECES: u64 = 4;

impl CachedDocument {
    /// A document as the log has it, and the page as the origin has it, which is
    /// nobody's concern where the log holds anything.
    pub(crate) fn new(
        log: ConfirmedDocument,
        origin: Option<OriginPage>,
        exchanged_ms: u64,
    ) -> Self {
        let state = match origin {
            _ if !log.is_empty() => Holder::Logged(log),
            Some(page) => Holder::OriginOnly { log, page },
            None => Holder::Absent { log },
        };
        Self { state, exchanged_ms }
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let document = self.confirmed().encode_own();
        let document = Bytes::new(&document);
        codec::to_vec(&Wire(FORMAT, self.exchanged_ms, document, self.origin_page()))
    }

    pub(crate) fn decode(bytes: &[u8], key: &DocumentKey) -> Option<Self> {
        let mut pieces = Pieces::of_array(bytes, PIECES).ok()?;
        let (format, exchanged_ms) = (pieces.number().ok()?, pieces.number().ok()?);
        if format != u64::from(FORMAT) {
            return None;
        }
        let document = Document::decode_own(pieces.bytes().ok()?).ok()?;
        let origin = codec::from_own(pieces.rest()).ok()?;
        let ours = document.key() == key;
        let document = ConfirmedDocument::cached(document);
        ours.then(|| Self::new(document, origin, exchanged_ms))
    }

    /// Takes in the tail that was found beside the base that this is, if it belongs
    /// to it.
    #[must_use]
    pub(crate) fn with_tail(self, tail: Tail) -> Self {
        let Self { state, exchanged_ms } = self;
        let (mut log, origin) = state.into_parts();
        let tail_exchanged_ms = tail.exchanged_ms;
        let exchanged_ms = if log.extend(tail) { tail_exchanged_ms } else { exchanged_ms };
        Self::new(log, origin, exchanged_ms)
    }

    /// The confirmed document, empty where the log holds nothing of it; and the
    /// origin's page, where that is all there is.
    pub(crate) fn into_parts(self) -> (ConfirmedDocument, Option<OriginPage>) {
        self.state.into_parts()
    }

    /// The confirmed document, empty where the log holds nothing of it.
    pub(crate) fn confirmed(&self) -> &ConfirmedDocument {
        match &self.state {
            Holder::Logged(log) | Holder::OriginOnly { log, .. } | Holder::Absent { log } => log,
        }
    }

    /// The same, for what changes no content: bookkeeping of the cache, and taking
    /// segments back.
    pub(crate) fn confirmed_mut(&mut self) -> &mut ConfirmedDocument {
        match &mut self.state {
            Holder::Logged(log) | Holder::OriginOnly { log, .. } | Holder::Absent { log } => log,
        }
    }

    /// The origin's page, where the log holds nothing of the document.
    pub(crate) fn origin_page(&self) -> Option<&OriginPage> {
        match &self.state {
            Holder::OriginOnly { page, .. } => Some(page),
            Holder::Logged(_) | Holder::Absent { .. } => None,
        }
    }

    /// Whether the log holds anything of the document.
    pub(crate) fn is_logged(&self) -> bool {
        matches!(self.state, Holder::Logged(_))
    }

    /// Its name.
    pub(crate) fn key(&self) -> &DocumentKey {
        self.confirmed().key()
    }

    /// When it was exchanged with the relay, in ms since 1970.
    pub(crate) fn exchanged_ms(&self) -> u64 {
        self.exchanged_ms
    }

    /// Whether it holds what a client has seen.
    pub(crate) fn satisfies(&self, session: &ClientSession) -> bool {
        session.is_satisfied_by(self.key(), self.confirmed().cursor(), self.revision())
    }

    /// The newest revision of the origin that is in it; 0 for none.
    pub(crate) fn revision(&self) -> u64 {
        match &self.state {
            Holder::OriginOnly { page, .. } => page.revision,
            Holder::Logged(log) | Holder::Absent { log } => log.origin().revision(),
        }
    }

    /// Whether the log holds the document, and a version stands on a text of the origin that it
    /// does not hold.
    pub(crate) fn lacks_root(&self, version: &VersionRef) -> bool {
        let revision = self.confirmed().origin().revision();
        let lacks = matches!(version.root, Root::Origin(text) if revision < text.revision);
        self.is_logged() && lacks
    }

    /// The number that names what is shown of it; 0 while there is no page.
    pub(crate) fn id(&self) -> u64 {
        match &self.state {
            Holder::OriginOnly { page, .. } => page.revision,
            Holder::Logged(log) | Holder::Absent { log } => log.id().map_or(0, NonZeroU64::get),
        }
    }

    /// The full form of the version that a client names.
    pub(crate) fn named(&self, name: VersionName) -> Result<VersionRef, Unresolved> {
        match &self.state {
            Holder::OriginOnly { .. } => self.view().named(name),
            Holder::Logged(log) | Holder::Absent { log } => log.named(name),
        }
    }

    /// What is shown of it, no overlay added.
    pub(crate) fn snapshot(&self) -> PageSnapshot {
        match &self.state {
            Holder::OriginOnly { log, page } => {
                PageSnapshot::of_origin(page, log.cursor(), self.exchanged_ms)
            }
            Holder::Logged(log) | Holder::Absent { log } => {
                PageSnapshot::of_document(log, self.exchanged_ms)
            }
        }
    }

    /// The entry that brings the origin's text into the log, where it is needed.
    pub(crate) fn base_entry(&self) -> Option<Entry> {
        let page = self.origin_page()?;
        Some(Entry::new(self.key().clone(), Body::Base(page.clone())))
    }

    /// A view of the document, standing on the origin's text where the log
    /// holds nothing.
    pub(crate) fn view(&self) -> View {
        let mut view = View::of(self.confirmed());
        if let Some(base) = self.base_entry() {
            // A base has no parents and nothing is there: it counts.
            let added = view.add(&base);
            debug_assert!(added.is_ok());
        }
        view
    }
}

impl Holder {
    fn into_parts(self) -> (ConfirmedDocument, Option<OriginPage>) {
        match self {
            Self::Logged(log) | Self::Absent { log } => (log, None),
            Self::OriginOnly { log, page } => (log, Some(page)),
        }
    }
}
