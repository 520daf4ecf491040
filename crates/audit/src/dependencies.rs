//! Who may depend on whom: packages, the platform, clocks and I/O, and lock files.
//!
//! The pure crates know no platform, clock, randomness or I/O: times, identities and keys are
//! arguments, the rest is behind ports. Optional dependencies and those of tests are free, since
//! they serve tests alone.

use std::collections::BTreeSet;

use crate::finding::Finding;
use crate::imports::paths;
use crate::modules::{Module, Modules};
use crate::repository::{Package, Repository, WORKSPACES};

/// Which of our packages each one may depend on.
pub const ALLOWED: &[(&str, &[&str])] = &[
    ("redwedding-text", &[]),
    ("redwedding-wire", &[]),
    ("redwedding-typed", &["redwedding-wire"]),
    ("redwedding-document", &["redwedding-text", "redwedding-wire"]),
    ("redwedding-replica", &["redwedding-text", "redwedding-wire", "redwedding-document"]),
    ("redwedding-fold", &["redwedding-wire", "redwedding-document", "redwedding-replica"]),
    ("redwedding-relay", &["redwedding-wire", "redwedding-replica", "redwedding-fold"]),
    (
        "redwedding-simulation",
        &["redwedding-wire", "redwedding-document", "redwedding-replica", "redwedding-fold"],
    ),
    ("redwedding", &["redwedding-wire", "redwedding-document", "redwedding-replica"]),
    ("redwedding-devnet", &[]),
    ("redwedding-audit", &[]),
];

/// Packages that know no platform, clock, randomness or I/O.
const PURE: [&str; 6] = [
    "redwedding-text",
    "redwedding-wire",
    "redwedding-typed",
    "redwedding-document",
    "redwedding-replica",
    "redwedding-fold",
];

/// Packages that the pure ones never depend on.
const IMPURE_PACKAGES: [&str; 7] =
    ["axum", "fastly", "getrandom", "hyper", "rand", "reqwest", "tokio"];

/// Names that only code outside the pure packages mentions.
const IMPURE_NAMES: [&str; 2] = ["Instant", "SystemTime"];

/// Modules of the standard library that only code outside the pure packages uses.
const IMPURE_MODULES: [&str; 5] = ["env", "fs", "net", "process", "thread"];

/// The package that runs on the platform, and the only folder of it that names the platform.
const EDGE: (&str, &str) = ("redwedding", "src/platform");

/// Where the platform is.
const PLATFORM_TARGET: &str = r#"cfg(target_arch = "wasm32")"#;

/// Packages that depend on what they may not.
#[must_use]
pub fn judge_packages(packages: &[Package], allowed: &[(&str, &[&str])]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in packages.iter().filter(|package| package.workspace.is_empty()) {
        let name = package.name.as_str();
        let Some((_, may)) = allowed.iter().find(|(of, _)| *of == name) else {
            findings.push(Finding::file(name, "nothing says what it may depend on"));
            continue;
        };
        for dependency in package.needed() {
            let ours = packages.iter().any(|package| package.name == dependency.name);
            let impure = PURE.contains(&name) && IMPURE_PACKAGES.contains(&&*dependency.name);
            if impure || (ours && !may.contains(&&*dependency.name)) {
                findings.push(Finding::file(name, format!("depends on {}", dependency.name)));
            }
            let platform = dependency.name.starts_with("fastly");
            let here = name == EDGE.0 && dependency.target.as_deref() == Some(PLATFORM_TARGET);
            if platform && !here {
                let what = format!("depends on {} outside {PLATFORM_TARGET}", dependency.name);
                findings.push(Finding::file(name, what));
            }
        }
    }
    findings
}

/// Code that names the platform outside its adapters, or a clock or I/O in a pure package.
///
/// # Errors
///
/// A text for people: the file of a module is not there.
pub fn judge_code(repository: &Repository) -> Result<Vec<Finding>, String> {
    let mut findings = BTreeSet::new();
    let ours = repository.packages.iter().filter(|package| package.workspace.is_empty());
    for package in ours {
        let pure = PURE.contains(&package.name.as_str());
        for target in package.targets.iter().filter(|target| target.product) {
            let modules = Modules::of(repository, target)?;
            let code = modules.list.iter().filter(|module| !module.test);
            findings.extend(code.filter(|module| in_sources(module)).flat_map(|module| {
                let mut named = platform_in(module);
                if pure {
                    named.extend(impure_in(module));
                }
                named.into_iter().map(|name| Finding::file(&module.file, format!("names {name}")))
            }));
        }
    }
    Ok(findings.into_iter().collect())
}

/// Whether it is not a program that only measures.
fn in_sources(module: &Module) -> bool {
    !module.file.starts_with("benches/")
}

fn platform_in(module: &Module) -> Vec<String> {
    let adapter =
        module.file.starts_with(&format!("{}/", EDGE.1)) || module.file == format!("{}.rs", EDGE.1);
    let fastly = |path: &Vec<String>| path[0] == "fastly";
    let named = !adapter && paths(module).iter().any(fastly);
    Vec::from_iter(named.then(|| "fastly".to_owned()))
}

fn impure_in(module: &Module) -> BTreeSet<String> {
    let mut named = module.mentioned();
    named.retain(|name| IMPURE_NAMES.contains(&name.as_str()));
    for path in paths(module) {
        if let [first, second, ..] = path.as_slice()
            && first == "std"
            && IMPURE_MODULES.contains(&second.as_str())
        {
            named.insert(path.join("::"));
        }
        named.extend(path.into_iter().filter(|name| IMPURE_NAMES.contains(&name.as_str())));
    }
    named
}

/// Lock files of the workspaces beside this one that lack what ours depends on by now.
///
/// Nothing here builds those workspaces, and `--locked` would only fail once somebody does.
#[must_use]
pub fn judge_lock_files(repository: &Repository) -> Vec<Finding> {
    let mut findings = Vec::new();
    for workspace in WORKSPACES.iter().filter(|workspace| !workspace.is_empty()) {
        let path = format!("{workspace}/Cargo.lock");
        let Some(lock) = repository.others.get(&path) else {
            findings.push(Finding::file(&path, "is not there"));
            continue;
        };
        for package in &repository.packages {
            let named = format!("\nname = \"{}\"\n", package.name);
            let Some((_, entry)) = lock.split_once(&named) else { continue };
            let entry = entry.split("[[package]]").next().unwrap_or_default();
            for name in package.needed().map(|dependency| dependency.name.as_str()) {
                let known = [format!("\"{name}\""), format!("\"{name} ")];
                if !known.iter().any(|known| entry.contains(known)) {
                    let what = format!("lacks {name} of {}: build there once", package.name);
                    findings.push(Finding::file(&path, what));
                }
            }
        }
    }
    findings
}
