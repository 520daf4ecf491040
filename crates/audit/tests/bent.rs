//! Each rule is seen to fail: on small sources that break it, beside some that do not.

use redwedding_audit::exceptions::ExpectedCircle;
use redwedding_audit::repository::Repository;
use redwedding_audit::{Finding, circles, functions, layout, limit_use, names};

type Done = Result<(), String>;

/// A crate with these files.
fn sample(files: &[(&str, &str)]) -> Result<Repository, String> {
    Repository::of("src/lib.rs", files)
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
        ("src/lib.rs", &format!("//! Header.\n// {fits}\n// {long}")),
        ("src/a/mod.rs", "// No header."),
        ("src/b/mod.rs", "//! Header."),
    ])?;
    let headers = said(&layout::judge_headers(&repository));
    assert_eq!(headers, ["src/a/mod.rs:1: no module header (`//! ...`)"]);
    let columns = said(&layout::judge_columns(&repository));
    assert_eq!(columns, ["src/lib.rs:3: 101 columns", "scripts/run:2: 101 columns"]);
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
