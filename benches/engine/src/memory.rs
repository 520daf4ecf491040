//! The most memory that a cold edit takes, of synthetic pages without history.
//!
//! Each is made in a process of its own, which is this program again, called with [`CHILD`], an
//! entrant's place in the list, the file with its document, and the place of the edit. Its peak is
//! what Linux says in `/proc`, less what it had when the document was still to be loaded: its bytes
//! read, and most of the engine's code in memory since an edit of an empty document. The code that
//! comes later counts, which shows in a short page.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde::Serialize;

use crate::clock::Deadline;
use crate::engines::Entrant;
use crate::failure::Failure;
use crate::measure::{self, Cell};
use crate::synthetic;

/// The argument that makes a child of this program.
pub const CHILD: &str = "--one-edit";

/// Text lengths in bytes.
const SIZES: [usize; 2] = [20 << 10, 1 << 20];

/// Peaks over the page's length.
#[derive(Clone, Debug, Serialize)]
pub struct Memory {
    /// In bytes of text.
    pub at: Vec<usize>,
    pub rows: Vec<Row>,
}

/// One engine's.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    pub engine: String,
    pub ours: bool,
    /// In bytes, for each length.
    pub peaks: Vec<Cell<usize>>,
}

/// Measures all that take cold edits; `folder` is for a file that is taken away again.
pub fn measured(entrants: &[Entrant], folder: &Path, limit: Duration) -> Memory {
    let cold = entrants.iter().enumerate().filter(|(_, entrant)| entrant.cold);
    let row = |(index, entrant): (usize, &Entrant)| Row {
        engine: entrant.engine.name(),
        ours: entrant.ours,
        peaks: SIZES.map(|bytes| peak(index, entrant, bytes, folder, limit)).to_vec(),
    };
    Memory { at: SIZES.to_vec(), rows: cold.map(row).collect() }
}

fn peak(
    index: usize,
    entrant: &Entrant,
    bytes: usize,
    folder: &Path,
    limit: Duration,
) -> Cell<usize> {
    let trace = synthetic::edited(bytes, 0);
    let stored = entrant.engine.build(&trace, Deadline::after(limit))?;
    let file = folder.join("document");
    fs::create_dir_all(folder).and_then(|()| fs::write(&file, &stored.document))?;
    let mut command = Command::new(std::env::current_exe()?);
    command.arg(CHILD).arg(index.to_string()).arg(&file).arg((trace.end.len() / 2).to_string());
    let output = command.stderr(Stdio::inherit()).output();
    fs::remove_file(&file)?;
    String::from_utf8_lossy(&output?.stdout).trim().parse().map_err(Failure::of)
}

/// What the child does: its peak, in bytes.
pub fn of_one_edit(
    entrants: &[Entrant],
    mut arguments: impl Iterator<Item = String>,
) -> Cell<usize> {
    let mut next = || arguments.next().ok_or(Failure::of("it is ENTRANT FILE PLACE"));
    let index: usize = next()?.parse().map_err(Failure::of)?;
    let engine = entrants.get(index).ok_or(Failure::Absent)?.engine.as_ref();
    let document = fs::read(next()?)?;
    let at = next()?.parse().map_err(Failure::of)?;
    let empty = engine.empty(1)?.encode()?;
    drop(measure::once(engine, &empty, &measure::insert(0))?);
    let edits = measure::insert(at);
    // Takes the peak down to what there is now: see proc_pid_clear_refs(5).
    fs::write("/proc/self/clear_refs", "5")?;
    let before = most_resident()?;
    let held = measure::once(engine, &document, &edits)?;
    let most = most_resident()?;
    drop(held);
    Ok(most.saturating_sub(before))
}

/// The most memory that this process has had at once, in bytes.
fn most_resident() -> Cell<usize> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB")).ok_or(Failure::Absent)?;
    kib.parse::<usize>().map(|kib| kib << 10).map_err(Failure::of)
}
