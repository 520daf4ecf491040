//! What the rules let through, each with the reason. This is the only place for it.
//!
//! An exception that is not needed any more fails the tests as well, so that this list stays short.

/// Files that may use each other.
pub struct ExpectedCircle {
    /// Their paths.
    pub files: &'static [&'static str],
    /// Why they belong together.
    pub why: &'static str,
}

/// Circles of imports that stay.
pub const CIRCLES: &[ExpectedCircle] = &[ExpectedCircle {
    files: &["crates/typed/src/map.rs", "crates/typed/src/value.rs"],
    why: "a map's fields have values of any type, and a map is one of the types",
}];

/// Limits that no code enforces yet: the name, and what is to come.
pub const NOT_ENFORCED: &[(&str, &str)] = &[];

/// Files named `mod.rs` that stay: Cargo would take `tests/support.rs` for a test of its own.
pub const MOD_FILES: &[&str] = &["crates/relay/tests/support/mod.rs"];
