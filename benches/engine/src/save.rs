//! One word changed by the save of a whole page of 1 MiB, without history.

use std::time::Duration;

use serde::Serialize;

use crate::clock::Deadline;
use crate::document::{Document, READER};
use crate::engine::{Engine, Stored};
use crate::engines::Entrant;
use crate::failure::Failure;
use crate::measure::Cell;
use crate::sample::Sample;
use crate::synthetic;
use crate::trace::Trace;

/// What one engine took for it.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    pub engine: String,
    pub ours: bool,
    /// From bytes to bytes.
    pub time: Cell<Sample>,
    /// The whole update, in bytes.
    pub sent: Cell<usize>,
}

/// The page, written at once.
pub fn page() -> Trace {
    Trace { name: "1-MiB", ..synthetic::edited(1 << 20, 0) }
}

/// Measures all that take cold edits.
pub fn measured(entrants: &[Entrant], limit: Duration) -> Vec<Row> {
    let page = page();
    let row = |entrant: &Entrant| {
        let engine = entrant.engine.as_ref();
        let stored = engine.build(&page, Deadline::after(limit));
        let of = |stored: &Stored| {
            let sent = once(engine, stored, &changed(&page.end))?.0.len();
            Ok((time(engine, stored, &page.end)?, sent))
        };
        let both = stored.and_then(|stored| of(&stored));
        Row {
            engine: engine.name(),
            ours: entrant.ours,
            time: both.as_ref().map(|both| both.0).map_err(Clone::clone),
            sent: both.map(|both| both.1),
        }
    };
    entrants.iter().filter(|entrant| entrant.cold).map(row).collect()
}

/// How long it takes where the text is `end` before.
pub fn time(engine: &dyn Engine, stored: &Stored, end: &str) -> Cell<Sample> {
    let new = changed(end);
    let (_, bytes, _) = once(engine, stored, &new)?;
    if engine.load(&bytes, READER)?.text()? != new {
        return Err(Failure::WrongText);
    }
    Sample::take(|| Ok(()), |()| once(engine, stored, &new), |_| Ok(()))
}

/// What it leaves: the update, the document's bytes, and itself.
type Left = (Vec<u8>, Vec<u8>, Box<dyn Document>);

/// From bytes to bytes: loads, reads out the text, finds what is new in it, makes that edit,
/// encodes the update and the document.
fn once(engine: &dyn Engine, stored: &Stored, new: &str) -> Result<Left, Failure> {
    let mut document = engine.load(&stored.document, READER)?;
    document.save(&document.text()?, new)?;
    Ok((document.encode_update()?, document.encode()?, document))
}

/// The text with another word in the middle.
fn changed(text: &str) -> String {
    let start = text[..text.len() / 2].rfind(' ').map_or(0, |space| space + 1);
    let end = text[start..].find(' ').map_or(text.len(), |length| start + length);
    [&text[..start], "wedding", &text[end..]].concat()
}
