//! The measures: what is run, on what, and what is checked before it counts.

use std::time::{Duration, Instant};

use serde::Serialize;

use crate::clock::Clock;
use crate::clock::Deadline;
use crate::document::{Document, READER};
use crate::engine::{Engine, Merge, Stored};
use crate::engines::Entrant;
use crate::failure::Failure;
use crate::sample::Sample;
use crate::trace::{Edit, Listed, Trace};

/// What is inserted into a cold document: 24 characters.
const WORDS: &str = "the quick brown fox runs";

/// What a save of one word inserts.
const WORD: &str = "wedding ";

/// What a cell of a table holds.
pub type Cell<T> = Result<T, Failure>;

/// What one engine did with one trace.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    pub engine: String,
    pub ours: bool,
    /// Bytes to bytes with one edit; `None` where it does not take part.
    pub cold: Option<Cell<Sample>>,
    /// The document that was loaded for it, in bytes.
    pub document: Option<Cell<usize>>,
    /// What a save of one word sends, beyond the word.
    pub update: Option<Cell<usize>>,
    /// By how much it lengthens the document, beyond the word.
    pub added: Option<Cell<usize>>,
    /// From the history in memory to the text.
    pub merge: Option<Cell<Sample>>,
    /// The whole history, in bytes.
    pub history: Option<Cell<usize>>,
    /// Whether the text is the recorded one.
    pub end: Cell<bool>,
}

/// What all engines did with one trace.
#[derive(Clone, Debug, Serialize)]
pub struct TraceResults {
    pub trace: &'static str,
    pub sequential: bool,
    pub edits: usize,
    pub transactions: usize,
    pub bytes: usize,
    pub rows: Vec<Row>,
}

/// Runs everything on one trace.
pub fn trace(
    listed: &Listed,
    trace: &Trace,
    entrants: &[Entrant],
    limit: Duration,
) -> TraceResults {
    let takes_part = |entrant: &&Entrant| entrant.history || trace.sequential;
    let row = |entrant| row(listed, trace, entrant, limit);
    TraceResults {
        trace: trace.name,
        sequential: trace.sequential,
        edits: trace.edits().count(),
        transactions: trace.transactions.len(),
        bytes: trace.end.len(),
        rows: entrants.iter().filter(takes_part).map(row).collect(),
    }
}

fn row(listed: &Listed, trace: &Trace, entrant: &Entrant, limit: Duration) -> Row {
    let engine = entrant.engine.as_ref();
    let name = engine.name();
    let said = |what: &str| eprintln!("    {}: {name}: {what}", trace.name);
    let begun = Instant::now();
    let stored = engine.build(trace, Deadline::after(limit));
    let stored = stored.and_then(|stored| checked(engine, stored, listed, trace));
    if begun.elapsed() > Duration::from_secs(2) {
        said(&format!("built in {} s", begun.elapsed().as_secs()));
    }
    if let Err(failure @ Failure::Engine(_)) = &stored {
        said(&failure.to_string());
    }
    let mut end = stored.as_ref().map(|(_, same)| *same).map_err(Clone::clone);
    let stored = stored.map(|(stored, _)| stored);
    let mut row = Row {
        engine: name.clone(),
        ours: entrant.ours,
        cold: None,
        document: None,
        update: None,
        added: None,
        merge: None,
        history: None,
        end: Err(Failure::Absent),
    };
    let of = |measure: &dyn Fn(&Stored) -> Cell<usize>| {
        Some(stored.as_ref().map_err(Clone::clone).and_then(measure))
    };
    if entrant.cold && trace.sequential {
        row.document = of(&|stored| Ok(stored.document.len()));
        row.update = of(&|stored| Ok(one_word(engine, stored, trace)?.0));
        row.added = of(&|stored| Ok(one_word(engine, stored, trace)?.1));
        let stored = stored.as_ref().map_err(Clone::clone);
        row.cold = Some(stored.and_then(|stored| cold(engine, stored, &trace.end)));
    }
    if entrant.history {
        row.history = of(&|stored| Ok(stored.history.len()));
        let begun = Instant::now();
        let mut same = true;
        let merged = merge(engine, trace, stored.as_ref().ok(), limit, |text| {
            same_end(listed, trace, text).map(|is| same &= is)
        });
        if begun.elapsed() > Duration::from_secs(2) {
            said(&format!("merged repeatedly in {} s", begun.elapsed().as_secs()));
        }
        // An engine may be able to merge what it cannot store.
        end = end.or_else(|_| merged.as_ref().map(|_| same).map_err(Clone::clone));
        row.merge = Some(merged);
    }
    row.end = end;
    row
}

/// Whether a text is the recorded one, if it may be another at all.
fn same_end(listed: &Listed, trace: &Trace, text: &str) -> Result<bool, Failure> {
    match text == trace.end {
        false if listed.one_end => Err(Failure::WrongText),
        same => Ok(same),
    }
}

fn checked(
    engine: &dyn Engine,
    stored: Stored,
    listed: &Listed,
    trace: &Trace,
) -> Result<(Stored, bool), Failure> {
    let text = engine.load(&stored.document, READER)?.text()?;
    let same = same_end(listed, trace, &text)?;
    Ok((stored, same))
}

/// The edit that is made on cold documents.
pub fn insert(at: usize) -> [Edit; 1] {
    [Edit { at, deleted: 0, text: WORDS.to_owned() }]
}

/// What a cold edit leaves: the update, the document's bytes, its text, and itself.
type Left = (Vec<u8>, Vec<u8>, String, Box<dyn Document>);

/// From bytes to bytes: loads, edits, encodes the update and the document, reads out the text.
pub fn once(engine: &dyn Engine, bytes: &[u8], edits: &[Edit]) -> Result<Left, Failure> {
    let mut document = engine.load(bytes, READER)?;
    document.edit(edits)?;
    Ok((document.encode_update()?, document.encode()?, document.text()?, document))
}

/// How long that takes with an edit in the middle of the text, which is `end`.
pub fn cold(engine: &dyn Engine, stored: &Stored, end: &str) -> Cell<Sample> {
    let edits = insert(end.len() / 2);
    let run = |()| once(engine, &stored.document, &edits);
    let (update, bytes, text, _) = run(())?;
    let (before, behind) = end.split_at(end.len() / 2);
    let expected = [before, WORDS, behind].concat();
    let mut other = engine.load(&stored.document, READER)?;
    let sent = other.receive(&[&update]).and_then(|()| other.text());
    let sent = sent.or_else(|failure| match failure {
        Failure::Absent => Ok(expected.clone()),
        failure => Err(failure),
    });
    if text != expected || sent? != expected || engine.load(&bytes, READER)?.text()? != expected {
        return Err(Failure::WrongText);
    }
    Sample::take(|| Ok(()), run, |_| Ok(()))
}

/// What it sends and what it adds, beyond the word.
fn one_word(engine: &dyn Engine, stored: &Stored, trace: &Trace) -> Cell<(usize, usize)> {
    let mut document = engine.load(&stored.document, READER)?;
    let before = document.encode()?.len();
    document.edit(&[Edit { at: trace.end.len() / 2, deleted: 0, text: WORD.to_owned() }])?;
    let sent = document.encode_update()?.len();
    let after = document.encode()?.len();
    Ok((sent.saturating_sub(WORD.len()), after.saturating_sub(before + WORD.len())))
}

/// From the history in memory to the text, which `checked` sees.
pub fn merge(
    engine: &dyn Engine,
    trace: &Trace,
    stored: Option<&Stored>,
    limit: Duration,
    mut checked: impl FnMut(&str) -> Result<(), Failure>,
) -> Cell<Sample> {
    Sample::take(
        || engine.merge(trace, stored),
        |merge: Merge<'_>| merge(Deadline::after(limit)),
        |text| checked(text),
    )
}

/// What one engine did with the history of one wiki page.
#[derive(Clone, Debug, Serialize)]
pub struct WikiRow {
    pub engine: String,
    pub ours: bool,
    /// One save: the diff to the page before, taking it in, and encoding what it did.
    pub save: Cell<Sample>,
    /// All saves together, on average of the rounds.
    pub all_ns: Cell<u64>,
    /// The document after all of them, in bytes.
    pub document: Cell<usize>,
}

/// What all engines did with the history of one wiki page.
#[derive(Clone, Debug, Serialize)]
pub struct WikiResults {
    pub page: &'static str,
    pub saves: usize,
    pub bytes: usize,
    pub rows: Vec<WikiRow>,
}

/// How often each history is saved from its beginning.
const ROUNDS: usize = 3;

/// Saves each revision of a page as a whole page.
pub fn wiki(page: &'static str, texts: &[String], entrants: &[Entrant]) -> WikiResults {
    let rows = entrants.iter().filter(|entrant| entrant.wiki).map(|entrant| {
        let saved = saves(entrant.engine.as_ref(), texts);
        WikiRow {
            engine: entrant.engine.name(),
            ours: entrant.ours,
            save: saved.as_ref().map(|saved| saved.0).map_err(Clone::clone),
            all_ns: saved.as_ref().map(|saved| saved.1).map_err(Clone::clone),
            document: saved.map(|saved| saved.2),
        }
    });
    WikiResults {
        page,
        saves: texts.len(),
        bytes: texts.last().map_or(0, String::len),
        rows: rows.collect(),
    }
}

fn saves(engine: &dyn Engine, texts: &[String]) -> Result<(Sample, u64, usize), Failure> {
    let mut times = Vec::with_capacity(texts.len() * ROUNDS);
    let mut bytes = 0;
    for _ in 0..ROUNDS {
        let mut document = engine.empty(1)?;
        let mut before = "";
        for text in texts {
            let begun = Clock::now();
            document.save(before, text)?;
            let update = document.encode_update()?;
            times.push(begun.elapsed());
            drop(update);
            before = text;
        }
        if document.text()? != before {
            return Err(Failure::WrongText);
        }
        bytes = document.encode()?.len();
    }
    let all = times.iter().sum::<Duration>() / ROUNDS as u32;
    let all_ns = u64::try_from(all.as_nanos()).map_err(Failure::of)?;
    Ok((Sample::of(times).ok_or(Failure::Absent)?, all_ns, bytes))
}
