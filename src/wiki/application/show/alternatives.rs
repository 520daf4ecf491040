//! The other versions of a page's passages, as pages and the REST API show them.

use std::num::NonZeroU64;
use std::ops::Range;

use http::{Response, StatusCode};
use redwedding_document::{Alternative as Found, State};
use redwedding_replica::history::PageHistory;

use super::author::author;
use super::overlap::{characters, excerpt};
use crate::application::Incoming;
use crate::wiki::application::answer::{page, private};
use crate::wiki::html;
use crate::wiki::time::Moment;
use crate::wiki::title::Title;
use crate::wiki::view::{Alternative, AlternativesPage, Elsewhere, Site};

/// The page for people to choose from. It holds a token of its reader, so it may not be shared.
pub(super) fn choices(
    site: &Site<'_>,
    title: &Title,
    incoming: &Incoming,
    history: &PageHistory,
) -> Response<Vec<u8>> {
    let confirmed: &State = history;
    let waiting = history.shown().unwrap_or_default();
    let shown = AlternativesPage {
        title,
        text: confirmed.text(),
        id: id(confirmed),
        alternatives: &open(confirmed),
        undecided: &undecided(waiting, history),
        started: &Moment(incoming.now_ms).digits(),
        edit_token: &incoming.form_token(),
    };
    private(page(StatusCode::OK, html::alternatives(site, &shown)))
}

/// The number of the text that the places of alternatives are in: the log's, without what waits
/// for it.
pub(super) fn id(state: &State) -> u64 {
    let last = state.changes().len().checked_sub(1);
    last.and_then(|last| state.version_id(last)).map_or(0, NonZeroU64::get)
}

/// What may still be chosen, oldest first.
pub(super) fn open(state: &State) -> Vec<Alternative<'_>> {
    open_saves(state).into_iter().map(|(_, alternative)| alternative).collect()
}

/// The same, each with the index of the save that it is from.
pub(super) fn open_saves(state: &State) -> Vec<(usize, Alternative<'_>)> {
    let mut open = Vec::new();
    for found in state.alternatives() {
        let id = state.version_id(found.save).map(NonZeroU64::get);
        let shown = alternative(state.text(), id, &found);
        open.push((found.save, Alternative { name: found.name, ..shown }));
    }
    open
}

/// Of which passages it is not decided yet which version stays, in the text that is shown.
pub(super) fn undecided<'a>(shown: &'a str, history: &'a PageHistory) -> Vec<Alternative<'a>> {
    history.undecided().iter().map(|it| alternative(shown, None, it)).collect()
}

/// What is shown of an alternative.
fn alternative<'a>(text: &'a str, id: Option<u64>, of: &Found<'a>) -> Alternative<'a> {
    let change = of.change;
    let bytes = |at: &Range<u32>| at.start as usize..at.end as usize;
    let at = bytes(&of.at);
    let shown = excerpt(text, &at);
    let elsewhere = of.elsewhere.as_ref().filter(|at| !at.is_empty()).map(bytes);
    let elsewhere = elsewhere.map(|at| Elsewhere {
        start: characters(text, at.start),
        end: characters(text, at.end),
        bytes: at,
    });
    Alternative {
        name: None,
        id,
        author: author(change),
        at: Moment(change.time_ms),
        comment: &change.note.comment,
        start: characters(text, at.start),
        end: characters(text, at.end),
        bytes: at,
        shown,
        text: of.text,
        elsewhere,
    }
}

#[cfg(test)]
mod tests {
    use redwedding_document::entry::Note;
    use redwedding_document::{Change, ChangeKind};
    use redwedding_wire::identity::{Actor, EditId};
    use redwedding_wire::version::Place;

    use super::*;
    use crate::wiki::view::{Author, Excerpt};

    fn change(author: &str, comment: &str) -> Change {
        let (author, comment) = (author.to_owned(), comment.to_owned());
        Change {
            client: None,
            settles: Vec::new(),
            actor: Actor::of("test", &[]),
            place: Place::START,
            kind: ChangeKind::Edit as u8,
            edit: EditId([1; 16]),
            note: Note { author, comment, ..Note::default() },
            time_ms: 7,
            logged_ms: 7,
            about: 0,
            bytes: 0,
            overlaps: Vec::new(),
            hidden: Vec::new(),
        }
    }

    #[test]
    fn an_alternative_is_told_with_its_save_and_its_place_in_characters() {
        let (text, change) = ("Rosé wore white.\n", change("", "silk"));
        let of = Found {
            name: None,
            save: 0,
            change: &change,
            at: 11..16,
            text: "green",
            elsewhere: Some(1..5),
        };
        let found = alternative(text, Some(5), &of);
        assert_eq!(found.elsewhere, Some(Elsewhere { bytes: 1..5, start: 1, end: 4 }));
        assert_eq!((found.id, found.at, found.comment), (Some(5), Moment(7), "silk"));
        assert_eq!(found.author, Author::Anonymous);
        assert_eq!((found.bytes, found.start, found.end), (11..16, 10, 15));
        let shown = Excerpt { before: "Rosé wore ", marked: "white", after: ".\n" };
        assert_eq!((found.shown, found.text), (shown, "green"));
    }
}
