//! Files that use each other, directly or through others.
//!
//! Such files can only be understood together. They are the strongly connected components of the
//! graph of imports, found as Tarjan does ("Depth-first search and linear graph algorithms", SIAM
//! J. Comput. 1972). See [`crate::imports`] for what counts as use.

use std::collections::{BTreeMap, BTreeSet};

use crate::exceptions::ExpectedCircle;
use crate::finding::Finding;
use crate::imports::{Uses, between_files};
use crate::modules::Modules;
use crate::repository::Repository;

/// Files each of which uses all others, directly or through others.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Circle {
    /// At least two, in the order of their paths.
    pub files: BTreeSet<String>,
    /// User, used, and the names that the one uses of the other.
    pub uses: Vec<(String, String, Vec<String>)>,
}

/// All circles of the repository, each once.
///
/// # Errors
///
/// A text for people: the file of a module is not there.
pub fn all(repository: &Repository) -> Result<BTreeSet<Circle>, String> {
    let mut found = BTreeSet::new();
    for target in repository.packages.iter().flat_map(|package| &package.targets) {
        let uses = between_files(&Modules::of(repository, target)?);
        found.extend(Search::of(&uses).into_iter().map(|files| Circle::of(files, &uses)));
    }
    Ok(found)
}

/// Circles that no exception explains, and exceptions that explain nothing.
#[must_use]
pub fn judge(circles: &BTreeSet<Circle>, exceptions: &[ExpectedCircle]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for circle in circles.iter().filter(|circle| circle.explained(exceptions).is_none()) {
        findings.push(Finding::file(&circle.names(), "these files use each other"));
    }
    for exception in exceptions {
        let used = |circle: &Circle| circle.within(exception);
        if !circles.iter().any(used) {
            let what = "is listed as a circle of imports, and is none";
            findings.push(Finding::file(&exception.files.join(" "), what));
        }
    }
    findings
}

impl Circle {
    fn of(files: BTreeSet<String>, uses: &BTreeMap<String, Uses>) -> Self {
        let mut inside = Vec::new();
        for (from, uses) in uses.iter().filter(|(from, _)| files.contains(*from)) {
            for (to, names) in uses.iter().filter(|(to, _)| files.contains(*to)) {
                inside.push((from.clone(), to.clone(), names.iter().cloned().collect()));
            }
        }
        Self { files, uses: inside }
    }

    /// The reason why it may be, if there is one.
    #[must_use]
    pub fn explained(&self, exceptions: &[ExpectedCircle]) -> Option<&'static str> {
        exceptions.iter().find(|exception| self.within(exception)).map(|found| found.why)
    }

    fn within(&self, exception: &ExpectedCircle) -> bool {
        self.files.iter().all(|file| exception.files.contains(&file.as_str()))
    }

    /// The paths of its files.
    #[must_use]
    pub fn names(&self) -> String {
        self.files.iter().map(String::as_str).collect::<Vec<_>>().join(" ")
    }
}

/// Tarjan's search. Recursion is as deep as the longest way through the graph.
struct Search<'a> {
    uses: &'a BTreeMap<String, Uses>,
    /// When each file was first seen.
    seen: BTreeMap<&'a str, usize>,
    /// The earliest seen file that each one leads back to.
    lowest: BTreeMap<&'a str, usize>,
    /// Files seen whose component is not complete.
    open: Vec<&'a str>,
    found: Vec<BTreeSet<String>>,
}

impl<'a> Search<'a> {
    fn of(uses: &'a BTreeMap<String, Uses>) -> Vec<BTreeSet<String>> {
        let (seen, lowest) = (BTreeMap::new(), BTreeMap::new());
        let mut this = Self { uses, seen, lowest, open: Vec::new(), found: Vec::new() };
        for file in uses.keys() {
            this.visit(file);
        }
        this.found
    }

    /// Gives the earliest seen file that this one leads back to.
    fn visit(&mut self, file: &'a str) -> Option<usize> {
        if self.seen.contains_key(file) {
            return self.open.contains(&file).then(|| self.seen[file]);
        }
        let number = self.seen.len();
        self.seen.insert(file, number);
        self.lowest.insert(file, number);
        self.open.push(file);
        for used in self.uses.get(file).into_iter().flat_map(BTreeMap::keys) {
            self.visit(used);
            if self.open.contains(&used.as_str()) {
                let lowest = self.lowest[used.as_str()].min(self.lowest[file]);
                self.lowest.insert(file, lowest);
            }
        }
        if self.lowest[file] == number {
            let from = self.open.iter().position(|open| *open == file).unwrap_or_default();
            let component: BTreeSet<String> = self.open.drain(from..).map(str::to_owned).collect();
            if component.len() > 1 {
                self.found.push(component);
            }
        }
        Some(number)
    }
}
