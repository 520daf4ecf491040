//! Names that several things in the workspace have.
//!
//! Two types of one name are two things of which a reader has to ask which is meant. This is
//! counted, not forbidden: `Error` may be the right name twice. Tests, examples and the workspaces
//! beside this one do not count; neither do methods, which their type tells apart.

use std::collections::{BTreeMap, BTreeSet};

use crate::modules::Modules;
use crate::repository::Repository;

/// By name, where it is defined: file and line.
pub type Places = BTreeMap<String, BTreeSet<String>>;

/// What is defined more than once.
#[derive(Default)]
pub struct Shared {
    /// Structs, enums, traits and aliases.
    pub types: Places,
    /// Functions that are not methods.
    pub functions: Places,
}

/// All names that more than one type, or more than one function, has.
///
/// # Errors
///
/// A text for people: the file of a module is not there.
pub fn shared(repository: &Repository) -> Result<Shared, String> {
    let mut found = Shared::default();
    let ours = repository.packages.iter().filter(|package| package.workspace.is_empty());
    let targets = ours.flat_map(|package| &package.targets).filter(|target| target.product);
    for target in targets {
        for module in Modules::of(repository, target)?.list.iter().filter(|module| !module.test) {
            for (name, line) in &module.items {
                let Some(places) = found.of(name) else { continue };
                places.entry(name.clone()).or_default().insert(format!("{}:{line}", module.file));
            }
        }
    }
    found.types.retain(|_, places| places.len() > 1);
    // Every program has one.
    found.functions.retain(|name, places| places.len() > 1 && name != "main");
    Ok(found)
}

impl Shared {
    /// Where names of this spelling go: types are written in camel case, functions in snake case,
    /// which the compiler sees to. Constants are neither.
    fn of(&mut self, name: &str) -> Option<&mut Places> {
        let lower = name.chars().any(char::is_lowercase);
        match name.chars().next()?.is_uppercase() {
            true => lower.then_some(&mut self.types),
            false => Some(&mut self.functions),
        }
    }
}
