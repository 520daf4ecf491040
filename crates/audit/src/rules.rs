//! All rules of this repository, in one list.

use crate::dependencies::{self, ALLOWED};
use crate::exceptions::{CIRCLES, MOD_FILES, NOT_ENFORCED};
use crate::finding::Finding;
use crate::repository::Repository;
use crate::{circles, functions, layout, limit_use, manifest};

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
/// A text for people: the file of a module, the manifest, or the names of resources are not there.
pub fn all(repository: &Repository) -> Result<Vec<Rule>, String> {
    let mut rules = dependency_rules(repository)?;
    rules.extend(structure_rules(repository)?);
    rules.extend(layout_rules(repository));
    Ok(rules)
}

/// Which package and which code may depend on what.
///
/// # Errors
///
/// As [`all`].
pub fn dependency_rules(repository: &Repository) -> Result<Vec<Rule>, String> {
    let packages = dependencies::judge_packages(&repository.packages, ALLOWED);
    let code = dependencies::judge_code(repository)?;
    let locks = dependencies::judge_lock_files(repository);
    Ok(Vec::from([
        Rule::of("packages depend only on what they may", packages),
        Rule::of("only adapters name the platform, and pure crates no clock or I/O", code),
        Rule::of("lock files beside the workspace are complete", locks),
        Rule::of("the Fastly manifest declares what is opened", manifest::judge(repository)?),
    ]))
}

/// How code is divided.
///
/// # Errors
///
/// As [`all`].
pub fn structure_rules(repository: &Repository) -> Result<Vec<Rule>, String> {
    let functions = functions::judge(&functions::all(repository));
    let lines = format!("a function has at most {} lines", functions::MOST_LINES);
    let circles = circles::judge(&circles::all(repository)?, CIRCLES);
    let limits = limit_use::judge(repository, NOT_ENFORCED)?;
    Ok(Vec::from([
        Rule::of(&lines, functions),
        Rule::of("files import each other only where an exception explains it", circles),
        Rule::of("each limit stands once and is enforced", limits),
    ]))
}

/// How files look.
#[must_use]
pub fn layout_rules(repository: &Repository) -> Vec<Rule> {
    let columns = format!("a line has at most {} columns", layout::COLUMNS);
    let names = layout::judge_file_names(repository, MOD_FILES);
    Vec::from([
        Rule::of("each file begins with what it is for", layout::judge_headers(repository)),
        Rule::of(&columns, layout::judge_columns(repository)),
        Rule::of("a module's file is named after it", names),
    ])
}

impl Rule {
    fn of(name: &str, findings: Vec<Finding>) -> Self {
        Self { name: name.to_owned(), findings }
    }
}
