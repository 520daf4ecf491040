//! What is open of what lies below the floor, as documents and segments have it.

use std::ops::Range;
use std::sync::Arc;

use redwedding_wire::codec::DecodeError;

use super::changes::ChangesWire;
use crate::document::Change;
use crate::document::change::OpenBelow;
use crate::limits;

/// What is open of what is not kept: the changes, and of each which change says so and which of
/// what that says it is, the index of its save, where it is (start and length) in the text at the
/// floor, and what the save made of that.
pub(in crate::document) type OpenBelowWire = (ChangesWire, Vec<(u32, u32, u32, u32, u32, String)>);

pub(in crate::document) fn open_below_wire(open: &[Arc<OpenBelow>]) -> Option<OpenBelowWire> {
    let changes: Vec<Arc<Change>> = open.iter().map(|it| it.change.clone()).collect();
    let at = |at: &Range<u32>| (at.start, at.end - at.start);
    let all = open.iter().map(|it| (it.of, it.save, at(&it.at), it.text.clone()));
    let all = all
        .map(|((of, number), save, (start, length), text)| (of, number, save, start, length, text));
    let all = all.collect();
    (!open.is_empty()).then(|| (ChangesWire::of(&changes, 0), all))
}

/// The same as it was written, of what lies below a floor.
pub(in crate::document) fn open_below_from(
    wire: Option<OpenBelowWire>,
    floor: usize,
) -> Result<Vec<Arc<OpenBelow>>, DecodeError> {
    let Some((changes, all)) = wire else { return Ok(Vec::new()) };
    let changes = changes.read(0)?;
    if changes.is_empty() || changes.len() != all.len() || all.len() > limits::OPEN_BELOW {
        return Err(DecodeError::invalid("what is open below the floor is not as it is written"));
    }
    let open = changes.into_iter().zip(all).map(|(change, row)| {
        let (of, number, save, start, length, text) = row;
        let end = start.checked_add(length).filter(|_| save.max(of) < floor as u32);
        let at = start..end.ok_or_else(|| DecodeError::invalid("an open version is nowhere"))?;
        Ok(Arc::new(OpenBelow { of: (of, number), save, change, at, text }))
    });
    open.collect()
}
