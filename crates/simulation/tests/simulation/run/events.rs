//! What sandboxes tell of the requests that they answer.
//!
//! Must never be acted upon by a sandbox: whoever drives the run hears it.

use std::sync::{Arc, Mutex, PoisonError};

use redwedding_replica::save::{Save, SaveError};
use redwedding_replica::testing::Waits;
use redwedding_replica::{LoadError, Replica};
use redwedding_wire::identity::EditId;

use crate::invariants::Word;

#[derive(Clone)]
pub(super) struct Form {
    pub(super) id: Option<u64>,
    pub(super) text: String,
}

#[derive(Clone, Debug)]
pub(super) struct Attempt {
    pub(super) page: usize,
    pub(super) edit: EditId,
    pub(super) save: Save,
    pub(super) word: Option<Word>,
    pub(super) deleted: Vec<Word>,
    pub(super) tries: usize,
}

pub(super) enum Event {
    Read {
        client: usize,
        request: u64,
        page: usize,
        token: String,
        snapshot: Answered,
    },
    /// Where an answer said that its page has other versions, these were looked for: those of which
    /// the log has decided nothing, each behind what is shown there, and all else that there is to
    /// read.
    Looked {
        client: usize,
        request: u64,
        undecided: Vec<[String; 2]>,
        shown: Vec<String>,
        /// Whether no part of the page is archived.
        whole: bool,
    },
    /// The answer that comes next says that its page has other versions beside this text.
    Others {
        client: usize,
        request: u64,
        page: usize,
        text: String,
    },
    Saved {
        client: usize,
        request: u64,
        attempt: Box<Attempt>,
        token: String,
        snapshot: Taken,
        /// Whether something was written, and not only shown again.
        written: bool,
    },
    History {
        client: usize,
        request: u64,
        page: usize,
        token: String,
        texts: Result<Option<Vec<String>>, LoadError>,
    },
    /// A sandbox has done its work and is free again.
    Free {
        pop: usize,
        replica: Box<Replica>,
    },
    Calls {
        what: &'static str,
        calls: usize,
        most: usize,
    },
    Waited {
        what: &'static str,
        waits: Waits,
        most: Waits,
    },
}

pub(super) type Answered = Result<(u64, String), LoadError>;
pub(super) type Taken = Result<(u64, String), SaveError>;

pub(super) type Events = Arc<Mutex<Vec<Event>>>;

pub(super) fn tell(events: &Events, event: Event) {
    events.lock().unwrap_or_else(PoisonError::into_inner).push(event);
}
