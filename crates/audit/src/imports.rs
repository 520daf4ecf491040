//! Which file of a target uses which, and for what.
//!
//! A file uses another where it imports something defined there, or names it by a path. An import
//! is followed to the file that defines the thing: what `lib.rs` or a parent hands on is not
//! theirs. `mod` declarations do not count, and neither does handing on (`pub use`) what the file
//! does not mention itself. Method calls are not seen: they name no file. Code for tests alone is
//! left out.

use std::collections::{BTreeMap, BTreeSet};

use crate::modules::{Binding, Found, Module, Modules};
use crate::tokens::each_path;

/// What a file uses of each other file: by file, the names.
pub type Uses = BTreeMap<String, BTreeSet<String>>;

/// What each file of a target uses of the others.
#[must_use]
pub fn between_files(modules: &Modules) -> BTreeMap<String, Uses> {
    let mut found = BTreeMap::<String, Uses>::new();
    for (index, module) in modules.list.iter().enumerate().filter(|(_, module)| !module.test) {
        let uses = found.entry(module.file.clone()).or_default();
        for path in all_paths(modules, index, module) {
            let (to, name) = match modules.resolve(index, &path) {
                Some(Found::Item(to, name)) => (to, name),
                Some(Found::Module(to)) => (to, "self".to_owned()),
                None => continue,
            };
            let file = &modules.list[to].file;
            if *file != module.file {
                uses.entry(file.clone()).or_default().insert(name);
            }
        }
    }
    found
}

/// All paths that a module names, and those of what `*` brings in.
fn all_paths(modules: &Modules, index: usize, module: &Module) -> BTreeSet<Vec<String>> {
    let mut paths = paths(module);
    if module.imports.iter().any(|import| import.name == "*") {
        let through = |name: &String| modules.resolve_through_globs(index, name).is_some();
        let names = module.mentioned().into_iter().filter(through);
        paths.extend(names.map(|name| Vec::from([name])));
    }
    paths
}

/// All paths that a module names, whether of this target or not.
#[must_use]
pub fn paths(module: &Module) -> BTreeSet<Vec<String>> {
    let mut paths = BTreeSet::new();
    let mentioned = module.mentioned();
    let counts = |import: &&Binding| {
        import.name != "*" && (!import.exported || mentioned.contains(&import.name))
    };
    paths.extend(module.imports.iter().filter(counts).map(|import| import.path.clone()));
    for code in [&module.code, &module.assertions] {
        each_path(code, &mut |path| {
            paths.insert(path);
        });
    }
    paths
}
