//! What is open of what lies below the floor, as documents and segments have it.

use std::ops::Range;
use std::sync::Arc;

use redwedding_wire::array_with_optional_last;
use redwedding_wire::codec::DecodeError;

use super::changes::ChangesWire;
use crate::document::Change;
use crate::document::change::OpenBelow;
use crate::limits;

/// What is open of what is not kept: the changes, and of each which change says so and which of
/// what that says it is, the index of its save, where it is (start and length) in the text at the
/// floor, and what the save made of that.
pub(in crate::document) struct OpenBelowWire {
    changes: ChangesWire,
    open: Vec<(u32, u32, u32, u32, u32, String)>,
    /// The other places of those that are of moves: which of them, start and length; `None` for
    /// nothing.
    elsewhere: Option<Vec<(u32, u32, u32)>>,
}

array_with_optional_last!(OpenBelowWire { changes, open; elsewhere });

pub(in crate::document) fn open_below_wire(open: &[Arc<OpenBelow>]) -> Option<OpenBelowWire> {
    let changes: Vec<Arc<Change>> = open.iter().map(|it| it.change.clone()).collect();
    let at = |at: &Range<u32>| (at.start, at.end - at.start);
    let all = open.iter().map(|it| (it.of, it.save, at(&it.at), it.text.clone()));
    let all = all
        .map(|((of, number), save, (start, length), text)| (of, number, save, start, length, text));
    let elsewhere =
        (0..).zip(open).filter_map(|(index, it)| Some((index, at(it.elsewhere.as_ref()?))));
    let elsewhere: Vec<_> = elsewhere.map(|(index, at)| (index, at.0, at.1)).collect();
    let elsewhere = (!elsewhere.is_empty()).then_some(elsewhere);
    let wire =
        || OpenBelowWire { changes: ChangesWire::of(&changes, 0), open: all.collect(), elsewhere };
    (!open.is_empty()).then(wire)
}

/// The same as it was written, of what lies below a floor.
pub(in crate::document) fn open_below_from(
    wire: Option<OpenBelowWire>,
    floor: usize,
) -> Result<Vec<Arc<OpenBelow>>, DecodeError> {
    let Some(OpenBelowWire { changes, open: all, elsewhere }) = wire else { return Ok(Vec::new()) };
    if elsewhere.as_ref().is_some_and(Vec::is_empty) {
        return Err(DecodeError::NotCanonical);
    }
    let mut elsewhere = elsewhere.into_iter().flatten().peekable();
    let changes = changes.read(0)?;
    if changes.is_empty() || changes.len() != all.len() || all.len() > limits::OPEN_BELOW {
        return Err(DecodeError::invalid("what is open below the floor is not as it is written"));
    }
    let nowhere = || DecodeError::invalid("an open version is nowhere");
    let range = |start: u32, length| Some(start..start.checked_add(length)?);
    let open = changes.into_iter().zip(all).zip(0..).map(|((change, row), index)| {
        let (of, number, save, start, length, text) = row;
        let at =
            range(start, length).filter(|_| save.max(of) < floor as u32).ok_or_else(nowhere)?;
        let other = elsewhere.next_if(|it| it.0 == index);
        let other = other.map(|(_, start, length)| range(start, length).ok_or_else(nowhere));
        let elsewhere = other.transpose()?;
        Ok(Arc::new(OpenBelow { of: (of, number), save, change, at, text, elsewhere }))
    });
    let open = open.collect::<Result<_, DecodeError>>()?;
    match elsewhere.next() {
        Some(_) => Err(nowhere()),
        None => Ok(open),
    }
}
