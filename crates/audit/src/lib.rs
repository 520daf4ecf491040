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
