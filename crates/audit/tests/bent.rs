//! Each rule is seen to fail: on small sources that break it, beside some that do not.

use redwedding_audit::exceptions::ExpectedCircle;
use redwedding_audit::finding::Finding;
use redwedding_audit::repository::{Dependency, Package, Repository};
use redwedding_audit::{circles, dependencies, functions, layout, limit_use, manifest, names};

type Done = Result<(), String>;

/// A crate with these files.
fn sample(files: &[(&str, &str)]) -> Result<Repository, String> {
    Repository::of("sample", files)
}

fn said(findings: &[Finding]) -> Vec<String> {
    findings.iter().map(Finding::to_string).collect()
}

fn circles_of(files: &[(&str, &str)]) -> Result<Vec<String>, String> {
    let circles = circles::all(&sample(files)?)?;
    Ok(circles.iter().map(circles::Circle::names).collect())
}

#[test]
fn long_functions_are_found_wherever_they_stand() -> Done {
    let long = "\n".repeat(69);
    let method = format!("struct S;\nimpl S {{\n/// Says.\nfn method() {{{long}}}\n}}");
    let over = format!("{method}\nimpl S {{\nfn over() {{\n{long}}}\n}}");
    let nested = format!("call! {{ fn plain() {{}}\n fn nested(a in 1..2) -> u8 {{\n{long}}} }}");
    let repository = sample(&[("src/lib.rs", &over), ("src/calls.rs", &nested)])?;
    let all = functions::all(&repository);
    let lengths: Vec<_> = all.iter().map(|it| (it.lines, it.name.as_str())).collect();
    assert_eq!(lengths, [(71, "nested"), (71, "S::over"), (70, "S::method"), (1, "plain")]);
    let judged = said(&functions::judge(&all));
    assert_eq!(
        judged,
        ["src/calls.rs:2: nested has 71 lines", "src/lib.rs:76: S::over has 71 lines"]
    );
    assert_eq!((functions::percentile(&all, 50), functions::percentile(&all, 100)), (70, 71));
    Ok(())
}

#[test]
fn circles_are_found_through_paths_globs_macros_and_what_parents_hand_on() -> Done {
    let root = ("src/lib.rs", "mod a; mod b; mod c; pub use a::A; pub use b::B;");
    let plain = ("src/b.rs", "pub struct B;");
    let third = ("src/c.rs", "pub struct C;");
    for user in [
        "use crate::B; pub struct A(B);",
        "pub struct A(crate::B);",
        "pub struct A; fn f() { call!(super::b::B) }",
        "use super::*; pub struct A(B);",
        "use crate::b::{self as other}; pub struct A(other::B);",
        "pub struct A; fn f() { use crate::b::B; }",
        "pub struct A; const _: () = assert!(crate::b::B);",
    ] {
        let back = ("src/b.rs", "use crate::A; pub struct B(A);");
        let none = circles_of(&[root, ("src/a.rs", user), plain, third])?;
        assert_eq!(none, [""; 0], "{user}");
        let circle = circles_of(&[root, ("src/a.rs", user), back, third])?;
        assert_eq!(circle, ["src/a.rs src/b.rs"], "{user}");
    }
    let longer = circles_of(&[
        root,
        ("src/a.rs", "use crate::B; pub struct A(B);"),
        ("src/b.rs", "use crate::c::C; pub struct B(C);"),
        ("src/c.rs", "use crate::A; pub struct C(A);"),
    ])?;
    assert_eq!(longer, ["src/a.rs src/b.rs src/c.rs"]);
    Ok(())
}

#[test]
fn what_tests_import_and_parents_hand_on_makes_no_circle() -> Done {
    let child = ("src/a.rs", "use crate::Root; pub struct A(Root);");
    for root in [
        "mod a; pub use a::A; pub struct Root;",
        "mod a; pub struct Root; #[cfg(test)] mod tests { use crate::a::A; }",
        "mod a; pub struct Root; #[cfg(test)] use a::A;",
        "pub mod a; pub(in crate) struct Root;",
    ] {
        assert_eq!(circles_of(&[("src/lib.rs", root), child])?, [""; 0], "{root}");
    }
    let both = ("src/lib.rs", "mod a; pub use a::A; pub struct Root; fn f(_: A) {}");
    assert_eq!(circles_of(&[both, child])?, ["src/a.rs src/lib.rs"]);
    Ok(())
}

#[test]
fn a_circle_needs_an_exception_and_an_exception_a_circle() -> Done {
    let files = [
        ("src/lib.rs", "mod a; pub struct Root(a::A);"),
        ("src/a.rs", "use crate::Root; pub struct A(Box<Root>);"),
    ];
    let circles = circles::all(&sample(&files)?)?;
    let bare = said(&circles::judge(&circles, &[]));
    assert_eq!(bare, ["src/a.rs src/lib.rs: these files use each other"]);
    let why = "a reason";
    let fits = ExpectedCircle { files: &["src/a.rs", "src/lib.rs"], why };
    let stale = ExpectedCircle { files: &["src/a.rs", "src/b.rs"], why };
    assert!(circles::judge(&circles, &[fits]).is_empty());
    let judged = said(&circles::judge(&circles, &[stale])).join("\n");
    assert!(judged.contains("these files use each other"), "{judged}");
    assert!(judged.contains("src/a.rs src/b.rs: is listed as a circle"), "{judged}");
    Ok(())
}

#[test]
fn limits_have_to_be_used_by_code_that_runs() -> Done {
    let limits = ("src/limits.rs", "pub const A: u8 = 1; const _: () = assert!(A > 0);");
    for (code, enforced) in [
        ("fn f(n: u8) -> bool { n < limits::A }", true),
        ("use limits::A; fn f() { call!(A) }", true),
        ("use limits::A;", false),
        ("const _: () = assert!(limits::A > 0);", false),
        ("#[cfg(test)] mod tests { fn f() -> u8 { limits::A } }", false),
        ("/// See A.\nfn f() {}", false),
    ] {
        let repository = sample(&[("src/lib.rs", &format!("mod limits; {code}")), limits])?;
        let judged = said(&limit_use::judge(&repository, &[])?);
        let excepted = said(&limit_use::judge(&repository, &[("A", "later")])?);
        let (nowhere, listed) = match enforced {
            true => (None, Some("src/limits.rs:1: A is listed as not enforced, and it is")),
            false => (Some("src/limits.rs:1: A is enforced nowhere"), None),
        };
        assert_eq!(judged, Vec::from_iter(nowhere), "{code}");
        assert_eq!(excepted, Vec::from_iter(listed), "{code}");
    }
    Ok(())
}

#[test]
fn limits_stand_once_and_exceptions_name_limits() -> Done {
    let repository = sample(&[
        ("src/lib.rs", "mod limits; mod other; fn f() -> u8 { limits::A }"),
        ("src/limits.rs", "pub const A: u8 = 1;"),
        ("src/other/limits.rs", "pub const A: u8 = 1;"),
        ("src/other.rs", "mod limits;"),
    ])?;
    let judged = said(&limit_use::judge(&repository, &[("B", "later")])?);
    assert_eq!(
        judged,
        [
            "src/other/limits.rs:1: A stands in another file, too",
            "B: is listed as not enforced, and is no limit",
        ]
    );
    Ok(())
}

#[test]
fn names_of_types_and_of_functions_are_counted() -> Done {
    let repository = sample(&[
        ("src/lib.rs", "mod a; mod b;"),
        ("src/a.rs", "struct Twice; struct Once; fn twice() {} impl Once { fn once() {} }"),
        ("src/b.rs", "enum Twice {} fn twice() {} fn once() {} #[cfg(test)] struct Once;"),
    ])?;
    let shared = names::shared(&repository)?;
    assert_eq!(Vec::from_iter(shared.types.keys()), ["Twice"]);
    assert_eq!(Vec::from_iter(&shared.types["Twice"]), ["src/a.rs:1", "src/b.rs:1"]);
    assert_eq!(Vec::from_iter(shared.functions.keys()), ["twice"]);
    Ok(())
}

#[test]
fn files_look_as_they_should() -> Done {
    let (fits, long) = ("x".repeat(97), "ü".repeat(98));
    let repository = sample(&[
        ("scripts/run", &format!("# {fits}x\n# {long}y")),
        ("src/lib.rs", &format!("//! Header.\n// {fits}\n// {long}\n/// {fits}\nfn f() {{}}")),
        ("src/text.rs", &format!("//! Header.\nconst A: &str = \"{long}\";\nfn f{long}() {{}}")),
        ("src/a/mod.rs", "// No header."),
        ("src/b/mod.rs", "//! Header."),
    ])?;
    let headers = said(&layout::judge_headers(&repository));
    assert_eq!(headers, ["src/a/mod.rs:1: no module header (`//! ...`)"]);
    let columns = said(&layout::judge_columns(&repository));
    assert_eq!(
        columns,
        [
            "scripts/run:2: 101 columns",
            "src/lib.rs:3: 101 columns",
            "src/lib.rs:4: 101 columns",
            "src/text.rs:3: 107 columns",
        ]
    );
    let exceptions = ["src/b/mod.rs", "src/c/mod.rs"];
    let names = said(&layout::judge_file_names(&repository, &exceptions));
    assert_eq!(
        names,
        [
            "src/a/mod.rs: is named mod.rs: src/a.rs, please",
            "src/c/mod.rs: is listed as a mod.rs that stays, and is not there",
        ]
    );
    Ok(())
}

/// A package that depends on others, given as name and target.
fn package(name: &str, dependencies: &[(&str, Option<&str>)]) -> Package {
    let dependency = |(name, target): &(&str, Option<&str>)| Dependency {
        name: (*name).to_owned(),
        dev: false,
        optional: false,
        target: target.map(str::to_owned),
    };
    Package {
        name: name.to_owned(),
        workspace: String::new(),
        targets: Vec::new(),
        dependencies: dependencies.iter().map(dependency).collect(),
    }
}

#[test]
fn packages_depend_on_what_the_table_says() {
    let wasm = Some("cfg(target_arch = \"wasm32\")");
    let mut packages = Vec::from([
        package("redwedding-text", &[("redwedding-wire", None), ("tokio", None)]),
        package("redwedding-wire", &[("serde", None)]),
        package("redwedding", &[("redwedding-wire", None), ("fastly", wasm)]),
        package("other", &[]),
    ]);
    let allowed: &[(&str, &[&str])] =
        &[("redwedding-text", &[]), ("redwedding-wire", &[]), ("redwedding", &["redwedding-wire"])];
    let judged = said(&dependencies::judge_packages(&packages, allowed));
    assert_eq!(
        judged,
        [
            "redwedding-text: depends on redwedding-wire",
            "redwedding-text: depends on tokio",
            "other: nothing says what it may depend on",
        ]
    );
    for dependency in packages.iter_mut().flat_map(|package| &mut package.dependencies) {
        (dependency.dev, dependency.target) = (dependency.name != "fastly", None);
    }
    let judged = said(&dependencies::judge_packages(&packages[..3], allowed));
    let only = "redwedding: depends on fastly outside cfg(target_arch = \"wasm32\")";
    assert_eq!(judged, [only]);
}

#[test]
fn pure_packages_know_no_clock_and_no_platform() -> Done {
    for (package, code, named) in [
        ("redwedding-text", "use std::time::Instant;", "Instant"),
        ("redwedding-text", "fn f() { std::time::SystemTime::now(); }", "SystemTime"),
        ("redwedding-text", "use std::fs;", "std::fs"),
        ("redwedding-text", "fn f() { call!(std::thread::sleep(1)) }", "std::thread::sleep"),
        ("redwedding-text", "use fastly::Body;", "fastly"),
        ("redwedding", "fn f() { fastly::init() }", "fastly"),
        ("redwedding", "use std::time::Instant;", ""),
        ("redwedding-text", "#[cfg(test)] mod tests { use std::fs; }", ""),
        ("redwedding-text", "/// No `std::fs`, no fastly.\nfn f() {}", ""),
    ] {
        let repository = Repository::of(package, &[("src/lib.rs", code)])?;
        let judged = said(&dependencies::judge_code(&repository)?);
        let named = (!named.is_empty()).then(|| format!("src/lib.rs: names {named}"));
        assert_eq!(judged, Vec::from_iter(named), "{code}");
    }
    let adapter = [("src/lib.rs", "mod platform;"), ("src/platform.rs", "use fastly::Body;")];
    assert!(dependencies::judge_code(&Repository::of("redwedding", &adapter)?)?.is_empty());
    Ok(())
}

#[test]
fn lock_files_have_what_packages_depend_on() -> Done {
    let entry = |uses: &str| format!("\nname = \"text\"\ndependencies = [{uses}]\n[[package]]");
    let mut repository = sample(&[
        ("fuzz/Cargo.lock", &entry("\"one\", \"two 2.0\"")),
        ("benches/engine/Cargo.lock", &entry("\"one\"")),
    ])?;
    repository.packages = Vec::from([package("text", &[("one", None), ("two", None)])]);
    let judged = said(&dependencies::judge_lock_files(&repository));
    assert_eq!(judged, ["benches/engine/Cargo.lock: lacks two of text: build there once"]);
    Ok(())
}

#[test]
fn the_manifest_declares_every_kind_of_resource() -> Done {
    let settings = "pub mod names { pub const KV_STORE: &str = \"kv\";
        pub const SECRET_STORE: &str = \"secrets\"; pub const A_KEY: &str = \"a\";
        pub const RELAY: &str = \"relay\"; }";
    let setup = "[setup.kv_stores.kv]\n[setup.secret_stores.secrets.entries.a]\n\
        [setup.backends.relay]\n";
    let local = "[local_server]\nkv_stores = { kv = [] }\nbackends = { relay = {} }\n\
        secret_stores = { secrets = [{ key = \"a\" }] }\n";
    let judged = |setup: &str, local: &str| {
        let files = [("src/settings.rs", settings), ("fastly.toml", &format!("{setup}{local}"))];
        Ok::<_, String>(said(&manifest::judge(&sample(&files)?)?))
    };
    assert_eq!(judged(setup, local)?, [""; 0]);
    for (whole, other, lacks) in [
        ("kv_stores.kv]", "kv_stores.x]", "[setup] does not declare kv (names::KV_STORE)"),
        ("entries.a]", "entries.b]", "[setup] does not declare a (names::A_KEY)"),
        ("backends.relay", "backends.x", "[setup] does not declare relay (names::RELAY)"),
        ("key = \"a\"", "key = \"b\"", "[local_server] does not declare a (names::A_KEY)"),
    ] {
        let bent = judged(&setup.replace(whole, other), &local.replace(whole, other))?;
        assert_eq!(bent, [format!("fastly.toml: {lacks}")]);
    }
    Ok(())
}
