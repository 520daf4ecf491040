//! Route contexts: what the wiki keeps of a request until its outcome is there.
//!
//! One type for each kind of operation; a variant for each audience where both ask for it.

use redwedding_document::entry::AlternativeName;
use redwedding_replica::save::OnlyIf;
use redwedding_wire::identity::DocumentKey;

use crate::application::{Application, Operation};
use crate::wiki::form::Submission;
use crate::wiki::rest::HISTORY_ROWS;
use crate::wiki::title::Title;

/// Rows of a history page for people.
pub(super) const PAGE_ROWS: usize = 50;

/// Of a read.
pub enum ReadContext {
    /// For people.
    People {
        /// The page.
        title: Title,
        /// What of it is shown.
        view: ReadView,
    },
    /// For programs.
    Programs {
        /// The page.
        title: Title,
        /// In which shape it is given.
        resource: Resource,
    },
}

/// What people are shown of a page.
pub enum ReadView {
    /// The page.
    Article,
    /// The raw text.
    Raw,
    /// The form.
    Form {
        /// The one section that it is for.
        section: Option<u32>,
        /// The alternatives that a save of it decides about.
        closes: Vec<AlternativeName>,
    },
}

/// In which shape programs are given a page.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Resource {
    /// With its source.
    Source,
    /// With the address of its HTML.
    Bare,
    /// Its HTML.
    Html,
}

/// Of a report: the page right after the reader's save, for people.
pub struct ReportContext {
    /// The page.
    pub title: Title,
}

/// Of reading a version, for people.
pub struct VersionContext {
    /// The page.
    pub title: Title,
    /// What of the version is shown.
    pub view: VersionView,
}

/// What people are shown of a version.
pub enum VersionView {
    /// The page as it was.
    Article,
    /// The raw text.
    Raw,
    /// The form, with the version's text.
    Form,
}

/// Of asking for the history.
pub enum HistoryContext {
    /// For people.
    People {
        /// The page.
        title: Title,
        /// What of its history is shown.
        view: HistoryView,
    },
    /// For programs.
    Programs {
        /// The page.
        title: Title,
        /// What of its history is given.
        resource: HistoryResource,
    },
}

/// What people are shown of a history.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HistoryView {
    /// Its rows.
    Rows(Window),
    /// Two versions compared.
    Comparison {
        /// The version on the left.
        from: u64,
        /// The version on the right.
        to: u64,
    },
    /// Passages of which there is another version.
    Alternatives,
}

/// What programs are given of a history.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HistoryResource {
    /// Its rows.
    Rows(Window),
    /// Passages of which there is another version.
    Alternatives,
}

/// Which part of a history is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Window {
    /// The newest changes.
    Newest,
    /// The changes before a version.
    Before(u64),
    /// The changes after a version.
    After(u64),
}

/// Of a preview, for people: the form, with what its button asked for.
pub struct PreviewContext {
    /// The page.
    pub title: Title,
    /// The form.
    pub form: Box<Submission>,
}

/// Of a save.
pub enum SaveContext {
    /// By the form.
    People {
        /// The page.
        title: Title,
        /// The form.
        form: Box<Submission>,
    },
    /// By a program.
    Programs {
        /// The page.
        title: Title,
        /// The version that the program names; `None` to create.
        base: Option<u64>,
        /// What it wants to be so.
        only_if: Option<OnlyIf>,
    },
}

impl HistoryContext {
    /// Asks for what is shown of the history of `key`, and no more.
    pub(super) fn operation<A>(self, key: DocumentKey) -> Operation<A>
    where
        A: Application<HistoryContext = Self>,
    {
        let (around, rows) = match &self {
            Self::People { view: HistoryView::Rows(window), .. } => {
                (vec![window.version()], PAGE_ROWS)
            }
            Self::People { view: HistoryView::Comparison { from, to }, .. } => {
                (vec![Some(*from), Some(*to)], 0)
            }
            Self::Programs { resource: HistoryResource::Rows(window), .. } => {
                (vec![window.version()], HISTORY_ROWS)
            }
            // The log tells them, without what is archived.
            Self::People { view: HistoryView::Alternatives, .. }
            | Self::Programs { resource: HistoryResource::Alternatives, .. } => (Vec::new(), 0),
        };
        Operation::History { key, around, rows, context: self }
    }
}

impl Window {
    /// The window that two parameters name; `before` counts where both are there.
    pub(super) fn of(before: Option<u64>, after: Option<u64>) -> Self {
        match (before, after) {
            (Some(before), _) => Self::Before(before),
            (None, Some(after)) => Self::After(after),
            (None, None) => Self::Newest,
        }
    }

    /// The version that it begins or ends at; `None` is the present one.
    pub(super) fn version(self) -> Option<u64> {
        match self {
            Self::Newest => None,
            Self::Before(version) | Self::After(version) => Some(version),
        }
    }
}
