//! Who may know whom, held against what is there.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use redwedding::settings::names;
use serde_json::Value;

const OURS: &str = "redwedding";
/// Crates that know no platform, clock, randomness or I/O.
const PURE: [&str; 5] = ["text", "wire", "typed", "document", "replica"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What a package depends on.
struct Dependency {
    name: String,
    target: Option<String>,
    optional: bool,
}

/// One of our packages and what it depends on, tests apart.
struct Package {
    name: String,
    dependencies: Vec<Dependency>,
}

impl Package {
    fn ours(&self) -> BTreeSet<&str> {
        // What is optional is for tests alone.
        let always = self.dependencies.iter().filter(|dependency| !dependency.optional);
        let names = always.map(|dependency| dependency.name.as_str());
        names.filter(|name| name.starts_with(OURS)).collect()
    }

    fn has(&self, name: &str) -> bool {
        self.dependencies.iter().any(|dependency| dependency.name == name)
    }
}

fn packages() -> Vec<Package> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let asked = Command::new(cargo)
        .args(["metadata", "--format-version=1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(asked.status.success(), "{}", String::from_utf8_lossy(&asked.stderr));
    let metadata: Value = serde_json::from_slice(&asked.stdout).unwrap();
    let dependency = |found: &Value| {
        (found["kind"] != "dev").then(|| Dependency {
            name: found["name"].as_str().unwrap().to_owned(),
            target: found["target"].as_str().map(str::to_owned),
            optional: found["optional"] == true,
        })
    };
    let package = |found: &Value| Package {
        name: found["name"].as_str().unwrap().to_owned(),
        dependencies: found["dependencies"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(dependency)
            .collect(),
    };
    metadata["packages"].as_array().unwrap().iter().map(package).collect()
}

#[test]
fn packages_know_only_whom_they_may() {
    let packages = packages();
    let package = |name: &str| packages.iter().find(|package| package.name == name).unwrap();
    for (name, known) in [
        ("redwedding-text", &[][..]),
        ("redwedding-wire", &[]),
        ("redwedding-typed", &["redwedding-wire"]),
        ("redwedding-document", &["redwedding-text", "redwedding-wire"]),
        ("redwedding-replica", &["redwedding-text", "redwedding-wire", "redwedding-document"]),
        ("redwedding-relay", &["redwedding-wire", "redwedding-document", "redwedding-replica"]),
        ("redwedding", &["redwedding-wire", "redwedding-document", "redwedding-replica"]),
    ] {
        let may: BTreeSet<_> = known.iter().copied().collect();
        let knows = package(name).ours();
        assert!(knows.is_subset(&may), "{name} knows {knows:?}");
    }
    for name in PURE.map(|name| format!("{OURS}-{name}")) {
        for outside in ["tokio", "fastly", "getrandom", "rand", "hyper", "reqwest", "axum"] {
            assert!(!package(&name).has(outside), "{name} knows {outside}");
        }
    }
}

/// The fuzz targets and the bench are workspaces of their own, which nothing here builds.
#[test]
fn lock_files_beside_the_workspace_have_what_it_depends_on() {
    let packages = packages();
    for of in ["fuzz", "benches/engine"] {
        let lock = std::fs::read_to_string(root().join(of).join("Cargo.lock")).unwrap();
        for package in &packages {
            let named = format!("\nname = \"{}\"\n", package.name);
            let Some((_, entry)) = lock.split_once(&named) else { continue };
            let entry = entry.split("[[package]]").next().unwrap();
            let known = |name: &str| {
                entry.contains(&format!("\"{name}\"")) || entry.contains(&format!("\"{name} "))
            };
            for dependency in package.dependencies.iter().filter(|found| !found.optional) {
                let lacks = format!("{} of {}: build it there once", dependency.name, package.name);
                assert!(known(&dependency.name), "{of}/Cargo.lock lacks {lacks}");
            }
        }
    }
}

#[test]
fn the_platform_is_there_for_its_target_alone() {
    for package in packages() {
        for Dependency { name: dependency, target, .. } in &package.dependencies {
            if !dependency.starts_with("fastly") {
                continue;
            }
            assert_eq!(package.name, OURS, "{} knows {dependency}", package.name);
            let target = target.as_deref().unwrap_or_default();
            assert_eq!(target, r#"cfg(target_arch = "wasm32")"#, "{dependency}");
        }
    }
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(sources(&path)),
            false if path.extension().is_some_and(|kind| kind == "rs") => found.push(path),
            false => {}
        }
    }
    found
}

#[test]
fn only_the_adapters_name_the_platform() {
    let mut folders = vec![root().join("src")];
    let crates = PURE.iter().chain(&["relay"]);
    folders.extend(crates.map(|name| root().join("crates").join(name).join("src")));
    for file in folders.iter().flat_map(|folder| sources(folder)) {
        if file.starts_with(root().join("src/platform")) {
            continue;
        }
        let text = std::fs::read_to_string(&file).unwrap();
        for (number, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            let named = code.contains("fastly::") || code.contains("use fastly");
            assert!(!named, "{}:{}: {line}", file.display(), number + 1);
        }
    }
}

/// Purity: time and randomness are arguments there.
#[test]
fn the_pure_parts_neither_look_at_clocks_nor_do_anything() {
    for name in PURE {
        for file in sources(&root().join("crates").join(name).join("src")) {
            if file.components().any(|part| part.as_os_str() == "testing") {
                continue;
            }
            let text = std::fs::read_to_string(&file).unwrap();
            for impure in ["SystemTime", "Instant::now", "std::net", "std::fs", "std::thread"] {
                assert!(!text.contains(impure), "{} has {impure}", file.display());
            }
        }
    }
}

#[test]
fn all_that_is_opened_is_declared() {
    let manifest = std::fs::read_to_string(root().join("fastly.toml")).unwrap();
    let manifest: toml::Table = manifest.parse().unwrap();
    let setup = manifest["setup"].as_table().unwrap();
    let local = manifest["local_server"].as_table().unwrap();
    for backend in [names::RELAY, names::ORIGIN] {
        for part in [setup, local] {
            assert!(part["backends"].get(backend).is_some(), "no backend {backend} in {part}");
        }
    }
    for (kind, name) in [
        ("kv_stores", names::KV_STORE),
        ("config_stores", names::CONFIG_STORE),
        ("secret_stores", names::SECRET_STORE),
    ] {
        for part in [setup, local] {
            assert!(part[kind].get(name).is_some(), "no {kind} {name} in {part}");
        }
    }
    for secret in [names::SESSION_KEY, names::RELAY_KEY] {
        let entries = &setup["secret_stores"][names::SECRET_STORE]["entries"];
        assert!(entries.get(secret).is_some(), "no secret {secret} in {entries}");
        let given = local["secret_stores"][names::SECRET_STORE].as_array().unwrap();
        let has = given.iter().any(|entry| entry["key"].as_str() == Some(secret));
        assert!(has, "no secret {secret} in {given:?}");
    }
    let opened = include_str!("../../src/settings.rs");
    let (_, opened) = opened.split_once("pub mod names {").unwrap();
    let opened = opened.split_once("\n}").unwrap().0.matches("pub const").count();
    assert_eq!(opened, 7, "a resource that this test does not know");
}
