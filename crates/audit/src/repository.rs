//! All source files of the repository, parsed, and the packages and targets they belong to.
//!
//! Packages come from `cargo metadata`, so that nothing here has to know how Cargo finds targets.
//! The module may assume that it runs in a checkout of this repository. It must never use the
//! network: `cargo metadata` is run with `--offline --no-deps`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// The folders with a workspace, relative to the root: the product, and two that stand apart.
pub const WORKSPACES: [&str; 3] = ["", "fuzz", "benches/engine"];

/// Folders in which no source of ours is.
const SKIPPED: [&str; 4] = ["target", "bin", "pkg", "node_modules"];

/// The sources and packages of a repository.
pub struct Repository {
    /// Rust sources by their path relative to the root, with `/` between its parts.
    pub sources: BTreeMap<String, Source>,
    /// Scripts, lock files and the Fastly manifest: path and text.
    pub others: BTreeMap<String, String>,
    /// Packages of all workspaces.
    pub packages: Vec<Package>,
}

/// A Rust source file.
pub struct Source {
    /// What stands in it.
    pub text: String,
    /// The same, parsed.
    pub syntax: syn::File,
}

/// A package and what it is made of.
#[derive(Clone, Debug)]
pub struct Package {
    /// As Cargo calls it.
    pub name: String,
    /// Which of [`WORKSPACES`] it belongs to.
    pub workspace: String,
    /// What Cargo compiles of it.
    pub targets: Vec<Target>,
    /// What it depends on.
    pub dependencies: Vec<Dependency>,
}

/// One thing that Cargo compiles of a package.
#[derive(Clone, Debug)]
pub struct Target {
    /// The path of its first file, relative to the root.
    pub file: String,
    /// Whether it is part of the product: a library or a program, neither a test nor an example.
    pub product: bool,
}

/// What a package depends on.
#[derive(Clone, Debug)]
pub struct Dependency {
    /// The package's name.
    pub name: String,
    /// Whether only tests and examples need it.
    pub dev: bool,
    /// Whether a feature has to ask for it.
    pub optional: bool,
    /// The condition under which it is there, as in `[target.'cfg(...)'.dependencies]`.
    pub target: Option<String>,
}

impl Package {
    /// What it depends on in every build, tests apart.
    pub fn needed(&self) -> impl Iterator<Item = &Dependency> {
        self.dependencies.iter().filter(|dependency| !dependency.dev && !dependency.optional)
    }
}

/// The root of the checkout in which this crate was compiled.
#[must_use]
pub fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here)
}

impl Repository {
    /// Reads everything below a root.
    ///
    /// # Errors
    ///
    /// A text for people: a file cannot be read or parsed, or `cargo metadata` fails.
    pub fn read(root: &Path) -> Result<Self, String> {
        let mut packages = Vec::new();
        for workspace in WORKSPACES {
            packages.extend(packages_of(root, workspace)?);
        }
        let mut this = Self { sources: BTreeMap::new(), others: BTreeMap::new(), packages };
        this.read_folder(root, root)?;
        Ok(this)
    }

    /// A repository of one package whose library is `src/lib.rs`, for tests of the rules.
    ///
    /// # Errors
    ///
    /// A text for people: a file cannot be parsed.
    pub fn of(package: &str, files: &[(&str, &str)]) -> Result<Self, String> {
        let targets = Vec::from([Target { file: "src/lib.rs".to_owned(), product: true }]);
        let (name, workspace) = (package.to_owned(), String::new());
        let package = Package { name, workspace, targets, dependencies: Vec::new() };
        let packages = Vec::from([package]);
        let mut this = Self { sources: BTreeMap::new(), others: BTreeMap::new(), packages };
        for (path, text) in files {
            this.take(path, (*text).to_owned())?;
        }
        Ok(this)
    }

    fn read_folder(&mut self, root: &Path, folder: &Path) -> Result<(), String> {
        for path in entries(folder)? {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let hidden = name.starts_with('.') && name != ".ci";
            if path.is_symlink() || hidden || SKIPPED.contains(&name) {
                continue;
            }
            if path.is_dir() {
                self.read_folder(root, &path)?;
                continue;
            }
            let relative = relative(root, &path);
            if relative.ends_with(".rs") || is_other(&relative) {
                self.take(&relative, read(&path)?)?;
            }
        }
        Ok(())
    }

    fn take(&mut self, path: &str, text: String) -> Result<(), String> {
        if is_other(path) {
            self.others.insert(path.to_owned(), text);
            return Ok(());
        }
        let syntax = syn::parse_file(&text).map_err(|error| {
            let at = error.span().start();
            format!("{path}:{}:{}: {error}", at.line, at.column)
        })?;
        self.sources.insert(path.to_owned(), Source { text, syntax });
        Ok(())
    }
}

/// Whether a file that is no Rust source is read as well.
fn is_other(path: &str) -> bool {
    is_script(path) || path == "fastly.toml" || path.ends_with("Cargo.lock")
}

/// Whether people or continuous integration run it.
#[must_use]
pub fn is_script(path: &str) -> bool {
    path.starts_with("scripts/") || path.starts_with(".ci/")
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let failed = |error| format!("{}: {error}", folder.display());
    let entries = std::fs::read_dir(folder).map_err(failed)?;
    let mut paths = Vec::new();
    for entry in entries {
        paths.push(entry.map_err(failed)?.path());
    }
    paths.sort();
    Ok(paths)
}

fn read(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

fn relative(root: &Path, path: &Path) -> String {
    let path = path.strip_prefix(root).unwrap_or(path);
    path.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/")
}

fn packages_of(root: &Path, workspace: &str) -> Result<Vec<Package>, String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version=1", "--no-deps", "--offline", "--manifest-path"])
        .arg(root.join(workspace).join("Cargo.toml"))
        .output()
        .map_err(|error| format!("cargo metadata: {error}"))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let metadata: Value = serde_json::from_slice(&output.stdout).map_err(|e| e.to_string())?;
    let package = |found: &Value| Package {
        name: text(&found["name"]),
        workspace: workspace.to_owned(),
        targets: list(&found["targets"]).map(|found| target_of(root, found)).collect(),
        dependencies: list(&found["dependencies"]).map(dependency_of).collect(),
    };
    Ok(list(&metadata["packages"]).map(package).collect())
}

fn target_of(root: &Path, found: &Value) -> Target {
    let file = relative(root, Path::new(&text(&found["src_path"])));
    let product = list(&found["kind"]).any(|kind| kind == "lib" || kind == "bin");
    Target { file, product }
}

fn dependency_of(found: &Value) -> Dependency {
    Dependency {
        name: text(&found["name"]),
        dev: found["kind"] == "dev",
        optional: found["optional"] == true,
        target: found["target"].as_str().map(str::to_owned),
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
