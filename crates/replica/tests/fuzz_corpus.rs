//! What the fuzz targets found worth keeping, and all that ever failed in them.
//!
//! `scripts/fuzz` looks for more.

#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use redwedding_replica::testing::fuzz::{TARGETS, Target, allocates_little};

fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(found) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<_> = found.map(|file| file.unwrap().path()).collect();
    files.sort();
    files
}

fn run_all(path: &Path, targets: &[(&str, Target)]) {
    println!("{}", path.display());
    let bytes = std::fs::read(path).unwrap();
    allocates_little(&bytes, |decode| allocation_counter::measure(decode).bytes_max);
    targets.iter().for_each(|(_, run)| run(&bytes));
}

#[test]
fn what_was_found_once_passes() {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz");
    for target in TARGETS {
        let name = target.0;
        let corpus = files(&fuzz.join("corpus").join(name));
        assert!(!corpus.is_empty(), "{name} has a corpus");
        for path in corpus.into_iter().chain(files(&fuzz.join("crashers").join(name))) {
            run_all(&path, &[target]);
        }
    }
}

#[test]
fn golden_files_pass_as_well() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    for of in ["wire", "typed", "document", "replica"] {
        let versions = files(&crates.join(of).join("tests/golden"));
        let golden: Vec<_> = versions.iter().flat_map(|version| files(version)).collect();
        assert!(!golden.is_empty());
        for path in golden {
            run_all(&path, &TARGETS);
        }
    }
}
