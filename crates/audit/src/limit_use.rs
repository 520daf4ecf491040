//! Whether each limit is enforced somewhere.
//!
//! A limit is a constant in a file named `limits.rs`. It is enforced where code names it that is
//! neither in such a file, nor an assertion at compile time (`const _`), nor for tests alone.

use std::collections::{BTreeMap, BTreeSet};

use syn::Item;

use crate::finding::Finding;
use crate::modules::{Module, Modules};
use crate::repository::Repository;
use crate::tokens::each_identifier;

/// Limits that are enforced nowhere or stand twice, and exceptions that are none.
///
/// # Errors
///
/// A text for people: the file of a module is not there.
pub fn judge(
    repository: &Repository,
    not_enforced: &[(&str, &str)],
) -> Result<Vec<Finding>, String> {
    let enforced = enforced(repository)?;
    let mut findings = Vec::new();
    let limits = all(repository);
    for (name, places) in &limits {
        let (path, line) = &places[0];
        if let Some((path, line)) = places.get(1) {
            findings.push(Finding::line(
                path,
                *line,
                format!("{name} stands in another file, too"),
            ));
        }
        let excepted = not_enforced.iter().any(|(excepted, _)| excepted == name);
        match (enforced.contains(name), excepted) {
            (false, false) => {
                findings.push(Finding::line(path, *line, format!("{name} is enforced nowhere")));
            }
            (true, true) => {
                let what = format!("{name} is listed as not enforced, and it is");
                findings.push(Finding::line(path, *line, what));
            }
            (true, false) | (false, true) => {}
        }
    }
    for (name, _) in not_enforced.iter().filter(|(name, _)| !limits.contains_key(*name)) {
        findings.push(Finding::file(name, "is listed as not enforced, and is no limit"));
    }
    Ok(findings)
}

/// All limits: by name, the files and lines where they stand.
#[must_use]
pub fn all(repository: &Repository) -> BTreeMap<String, Vec<(String, usize)>> {
    let mut found = BTreeMap::<String, Vec<_>>::new();
    for (path, source) in repository.sources.iter().filter(|(path, _)| has_limits(path)) {
        for item in &source.syntax.items {
            let Item::Const(item) = item else { continue };
            if item.ident != "_" {
                let place = (path.clone(), item.ident.span().start().line);
                found.entry(item.ident.to_string()).or_default().push(place);
            }
        }
    }
    found
}

/// Names in all code of the product that could enforce a limit.
fn enforced(repository: &Repository) -> Result<BTreeSet<String>, String> {
    let mut names = BTreeSet::new();
    let targets = repository.packages.iter().flat_map(|package| &package.targets);
    for target in targets.filter(|target| target.product) {
        let modules = Modules::of(repository, target)?.list;
        let may = |module: &&Module| !module.test && !has_limits(&module.file);
        for module in modules.iter().filter(may) {
            each_identifier(&module.code, &mut |name| {
                names.insert(name);
            });
        }
    }
    Ok(names)
}

fn has_limits(path: &str) -> bool {
    path.rsplit('/').next() == Some("limits.rs")
}
