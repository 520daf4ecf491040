//! Recorded editing sessions, and histories of wiki pages.
//!
//! All are read from the folder that `REDWEDDING_DATA` names. May assume that a trace is plain
//! ASCII, which is checked: so a place is the same in bytes and in characters. Must never put the
//! data, or anything made of it but numbers, anywhere.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use flate2::read::GzDecoder;
use redwedding_text::{Patch, Version};
use serde::Deserialize;

use crate::failure::Failure;

/// At a place, what goes and then what comes.
#[derive(Clone, Debug, Deserialize)]
#[serde(from = "(usize, usize, String)")]
pub struct Edit {
    pub at: usize,
    pub deleted: usize,
    pub text: String,
}

impl From<(usize, usize, String)> for Edit {
    fn from((at, deleted, text): (usize, usize, String)) -> Edit {
        Edit { at, deleted, text }
    }
}

impl Edit {
    /// The same as a patch.
    pub fn patch(&self) -> Result<Patch, Failure> {
        let narrow = |n: usize| u32::try_from(n).map_err(Failure::of);
        let builder = Patch::builder().keep(narrow(self.at)?).delete(narrow(self.deleted)?);
        builder.insert(&self.text).build().map_err(Failure::of)
    }
}

/// Edits that one writer made one after the other.
#[derive(Clone, Debug, Deserialize)]
pub struct Transaction {
    /// The transactions whose merged text the first edit was made on.
    #[serde(default)]
    pub parents: Vec<usize>,
    #[serde(default)]
    pub agent: u64,
    #[serde(rename = "patches")]
    pub edits: Vec<Edit>,
}

/// A recorded session.
#[derive(Clone, Debug)]
pub struct Trace {
    pub name: &'static str,
    pub transactions: Vec<Transaction>,
    pub end: String,
    /// Whether nothing ever happened at the same time.
    pub sequential: bool,
}

/// A trace that there is.
pub struct Listed {
    /// As asked for, and as shown.
    pub name: &'static str,
    file: &'static str,
    /// Whether all engines must come to the recorded end. Where two inserted at one place at once,
    /// each has its own order.
    pub one_end: bool,
}

const fn listed(name: &'static str, file: &'static str) -> Listed {
    Listed { name, file, one_end: true }
}

/// The traces, the sequential ones first.
pub const TRACES: [Listed; 8] = [
    listed("paper", "automerge-paper.json.gz"),
    listed("rustcode", "rustcode.json.gz"),
    listed("svelte", "sveltecomponent.json.gz"),
    listed("friends-flat", "friendsforever_flat.json.gz"),
    listed("S1", "S1.conc.json.gz"),
    listed("friends", "friendsforever.conc.json.gz"),
    listed("C1", "C1.conc.json.gz"),
    Listed { one_end: false, ..listed("A1", "A1.conc.json.gz") },
];

/// The histories of wiki pages.
pub const WIKIS: [(&str, &str); 2] =
    [("rio-grande", "rio-grande.jsonl.xz"), ("anarchism", "anarchism-2006-01-20.jsonl.xz")];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Recorded {
    #[serde(default)]
    start_content: String,
    end_content: String,
    kind: Option<String>,
    txns: Vec<Transaction>,
}

impl Listed {
    /// Reads it.
    pub fn read(&self, data: &Path) -> Result<Trace, Failure> {
        let path = data.join("traces").join(self.file);
        let said = |why: &dyn std::fmt::Display| Failure::of(format!("{}: {why}", path.display()));
        let file = File::open(&path).map_err(|error| said(&error))?;
        let mut json = String::new();
        let mut reader = BufReader::new(GzDecoder::new(file));
        reader.read_to_string(&mut json).map_err(|error| said(&error))?;
        let read: Recorded = serde_json::from_str(&json).map_err(|error| said(&error))?;
        let mut transactions = read.txns;
        if read.kind.is_none() {
            for (index, transaction) in transactions.iter_mut().enumerate() {
                transaction.parents = index.checked_sub(1).into_iter().collect();
            }
        }
        let sequential = is_sequential(&transactions);
        let trace = Trace {
            name: self.name,
            sequential,
            transactions: joined(transactions),
            end: read.end_content,
        };
        trace.check(&read.start_content).map_err(|why| said(&why))?;
        Ok(trace)
    }
}

fn is_sequential(transactions: &[Transaction]) -> bool {
    let one_line = |(index, transaction): (usize, &Transaction)| {
        transaction.parents.iter().eq(index.checked_sub(1).iter())
    };
    transactions.iter().enumerate().all(one_line)
}

/// The same history in fewer transactions: those that one writer made in a row, with nobody else
/// in between, are one.
fn joined(transactions: Vec<Transaction>) -> Vec<Transaction> {
    let mut children = vec![0usize; transactions.len()];
    let parents = transactions.iter().flat_map(|transaction| &transaction.parents);
    parents.for_each(|parent| children.get_mut(*parent).into_iter().for_each(|n| *n += 1));
    let mut joined: Vec<Transaction> = Vec::new();
    // Where each transaction has come to be.
    let mut places: Vec<usize> = Vec::with_capacity(transactions.len());
    for mut transaction in transactions {
        let parents = std::mem::take(&mut transaction.parents);
        let continues = parents.as_slice() == places.len().checked_sub(1).as_slice()
            && parents.iter().all(|parent| children[*parent] == 1);
        match joined.last_mut() {
            Some(last) if continues && last.agent == transaction.agent => {
                last.edits.append(&mut transaction.edits);
            }
            _ => {
                // A parent that comes later is left for the check to find.
                let place = |parent: &usize| places.get(*parent).copied().unwrap_or(usize::MAX);
                transaction.parents = parents.iter().map(place).collect();
                joined.push(transaction);
            }
        }
        places.push(joined.len() - 1);
    }
    joined
}

impl Trace {
    fn check(&self, start: &str) -> Result<(), &'static str> {
        let parents = |(index, transaction): (usize, &Transaction)| {
            transaction.parents.iter().all(|parent| *parent < index)
        };
        let ascii = |edit: &Edit| edit.text.is_ascii();
        match () {
            () if !start.is_empty() => Err("it begins with a text"),
            () if !self.transactions.iter().enumerate().all(parents) => Err("parents come later"),
            () if !self.edits().all(ascii) => Err("it is not plain ASCII"),
            () => Ok(()),
        }
    }

    /// All edits, in the recorded order.
    pub fn edits(&self) -> impl Iterator<Item = &Edit> {
        self.transactions.iter().flat_map(|transaction| &transaction.edits)
    }

    /// For each transaction what it had seen, as transactions.
    pub fn bases(&self) -> impl Iterator<Item = (&Transaction, Version)> {
        let mut versions: Vec<Version> = Vec::with_capacity(self.transactions.len());
        self.transactions.iter().zip(0u32..).map(move |(transaction, index)| {
            let mut base = Version::EMPTY;
            transaction.parents.iter().for_each(|parent| base.join(&versions[*parent]));
            let mut after = base.clone();
            after.insert(index);
            versions.push(after);
            (transaction, base)
        })
    }
}

/// What somebody made of a wiki page.
#[derive(Clone, Debug, Deserialize)]
pub struct Revision {
    pub text: String,
    /// Who.
    pub user: String,
}

/// The texts of a wiki page, oldest first.
pub fn read_wiki(data: &Path, file: &str) -> Result<Vec<String>, Failure> {
    Ok(read_revisions(data, file)?.into_iter().map(|revision| revision.text).collect())
}

/// The same, with who wrote each.
pub fn read_revisions(data: &Path, file: &str) -> Result<Vec<Revision>, Failure> {
    let path = data.join("wiki").join(file);
    let said = |why: &dyn std::fmt::Display| Failure::of(format!("{}: {why}", path.display()));
    let file = File::open(&path).map_err(|error| said(&error))?;
    let mut lines = Vec::new();
    lzma_rs::xz_decompress(&mut BufReader::new(file), &mut lines)
        .map_err(|error| said(&format!("{error:?}")))?;
    let revisions = serde_json::Deserializer::from_slice(&lines).into_iter::<Revision>();
    revisions.map(|revision| revision.map_err(|error| said(&error))).collect()
}
