//! The rules of this repository, held against its sources.

use redwedding_audit::repository::{Repository, root};
use redwedding_audit::rules::{self, Rule};

type Done = Result<(), String>;

/// Nothing may be found.
fn kept(rules: &[Rule]) -> Done {
    let broken = rules.iter().filter(|rule| !rule.findings.is_empty());
    let said = broken.map(|rule| {
        let findings = rule.findings.iter().map(|finding| format!("\n  {finding}"));
        format!("\n{}, but:{}", rule.name, findings.collect::<String>())
    });
    let said: String = said.collect();
    assert!(said.is_empty(), "{said}\n\nscripts/audit says more");
    Ok(())
}

#[test]
fn everything_depends_only_on_what_it_may() -> Done {
    kept(&rules::dependency_rules(&Repository::read(root())?)?)
}

#[test]
fn code_is_divided_as_it_should_be() -> Done {
    kept(&rules::structure_rules(&Repository::read(root())?)?)
}

#[test]
fn files_look_as_they_should() -> Done {
    kept(&rules::layout_rules(&Repository::read(root())?))
}
