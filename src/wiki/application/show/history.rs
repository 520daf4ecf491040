//! A document's history as the pages and the REST API show it: rows, newest first.
//!
//! Changes that the log holds have a row, and saves of the client's own that it does not hold
//! yet: those of others have no id that lasts.

use redwedding_document::ChangeKind;
use redwedding_replica::history::PageHistory;

use super::alternatives::open_saves;
use super::author::author;
use crate::wiki::application::context::Window;
use crate::wiki::time::Moment;
use crate::wiki::title::Title;
use crate::wiki::view::{HistoryPage, HistoryRow, RowKind};

/// A part of the history, newest first.
pub(super) struct HistoryRows<'a> {
    rows: Vec<HistoryRow<'a>>,
    /// How many passages of the page have another version.
    alternatives: usize,
    older: bool,
    newer: bool,
}

impl<'a> HistoryRows<'a> {
    /// The page that shows these rows of `history`.
    pub(super) fn page(&'a self, title: &'a Title, history: &PageHistory) -> HistoryPage<'a> {
        HistoryPage {
            title,
            rows: &self.rows,
            latest: history.id(history.len().wrapping_sub(1)).unwrap_or(0),
            older: self.older,
            newer: self.newer,
            alternatives: self.alternatives,
        }
    }
}

/// The row of the entry whose last change is `index`; `None` where it is not at hand, or no row
/// ends there. `open` are the saves of which a part may still be chosen.
pub(super) fn row<'a>(
    history: &'a PageHistory,
    index: usize,
    open: &[usize],
) -> Option<HistoryRow<'a>> {
    if !history.is_last_of_entry(index) {
        return None;
    }
    let bytes = history.change(index)?.bytes;
    let first = history.first_of_entry(index);
    let change = history.change(first).filter(|change| !change.is_merge_node())?;
    let before = first.checked_sub(1).and_then(|before| history.change(before));
    Some(HistoryRow {
        id: history.id(index)?,
        parent: first.checked_sub(1).and_then(|before| history.id(before)),
        at: Moment(change.time_ms),
        author: author(change),
        comment: &change.note.comment,
        minor: change.note.minor,
        bytes: u64::from(bytes),
        bytes_delta: Some(i64::from(bytes) - before.map_or(0, |before| i64::from(before.bytes))),
        overlapped: !change.overlaps.is_empty(),
        hidden: !change.hidden.is_empty(),
        open: open.contains(&first),
        at_origin: history.origin().revision_with(index as u32),
        kind: match change.kind {
            kind if kind == ChangeKind::Base as u8 => RowKind::Base,
            kind if kind == ChangeKind::Suppress as u8 => RowKind::Suppress,
            kind if kind == ChangeKind::Release as u8 => RowKind::Release,
            kind if kind == ChangeKind::Erase as u8 => RowKind::Erase,
            _ if change.is_ours() => RowKind::Edit,
            _ => RowKind::Import,
        },
    })
}

/// At most `most` rows within a window; `None` where it names no version.
pub(super) fn rows(history: &PageHistory, window: Window, most: usize) -> Option<HistoryRows<'_>> {
    let all = history.len();
    let (from, to) = match window {
        Window::Before(before) => {
            let end = history.index_of(before)?;
            (end.saturating_sub(most), end)
        }
        Window::After(after) => {
            let start = history.index_of(after)? + 1;
            (start, (start + most).min(all))
        }
        Window::Newest => (all.saturating_sub(most), all),
    };
    let open: Vec<_> = open_saves(history).into_iter().map(|(save, _)| save).collect();
    let rows = (from..to).rev().filter_map(|index| row(history, index, &open)).collect();
    Some(HistoryRows { rows, alternatives: open.len(), older: from > 0, newer: to < all })
}
