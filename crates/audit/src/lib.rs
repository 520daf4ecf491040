//! Reads the sources of this repository and judges their structure.
//!
//! [`repository`] reads and parses all files. [`modules`] finds out which file is which module,
//! [`imports`] which file uses which, and [`circles`] the files that use each other. [`functions`],
//! [`names`], [`limit_use`] and [`layout`] judge one thing each. [`exceptions`] lists what is let
//! through, with the reason. `scripts/audit` prints all of this; the tests of this crate fail where
//! a rule is broken.
//!
//! The crate may assume that the sources compile. It must never change a file.

pub mod circles;
pub mod exceptions;
pub mod functions;
pub mod imports;
pub mod layout;
pub mod limit_use;
pub mod modules;
pub mod names;
pub mod repository;
pub mod tokens;

use std::fmt;

use exceptions::{CIRCLES, MOD_FILES, NOT_ENFORCED};
use repository::Repository;

/// A rule, and where it is broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// What it says.
    pub name: String,
    /// Empty where it is kept.
    pub findings: Vec<Finding>,
}

/// What all rules say of a repository.
///
/// # Errors
///
/// A text for people: the file of a module is not there.
pub fn rules(repository: &Repository) -> Result<Vec<Rule>, String> {
    let circles = circles::judge(&circles::all(repository)?, CIRCLES);
    let functions = functions::judge(&functions::all(repository));
    let lines = format!("a function has at most {} lines", functions::MOST_LINES);
    let columns = format!("a line has at most {} columns", layout::COLUMNS);
    let rules = [
        (lines.as_str(), functions),
        ("files import each other only where an exception explains it", circles),
        ("each limit stands once and is enforced", limit_use::judge(repository, NOT_ENFORCED)?),
        ("each file begins with what it is for", layout::judge_headers(repository)),
        (columns.as_str(), layout::judge_columns(repository)),
        ("a module's file is named after it", layout::judge_file_names(repository, MOD_FILES)),
    ];
    let rule = |(name, findings): (&str, _)| Rule { name: name.to_owned(), findings };
    Ok(rules.into_iter().map(rule).collect())
}

/// Where a rule is broken, and how.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// The file, relative to the repository's root, and the line where there is one.
    pub place: String,
    /// What is wrong there.
    pub what: String,
}

impl Finding {
    /// A finding about a whole file.
    #[must_use]
    pub fn file(path: &str, what: impl Into<String>) -> Self {
        Self { place: path.to_owned(), what: what.into() }
    }

    /// A finding about one line, counted from 1.
    #[must_use]
    pub fn line(path: &str, line: usize, what: impl Into<String>) -> Self {
        Self { place: format!("{path}:{line}"), what: what.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)
    }
}
