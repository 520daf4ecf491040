//! How files look: a header, lines that fit, and names of files.

use proc_macro2::{LineColumn, Span, TokenStream, TokenTree};

use crate::finding::Finding;
use crate::repository::{Repository, is_script};

/// The most characters of a line.
pub const COLUMNS: usize = 100;

/// Files that do not begin with what they are for.
#[must_use]
pub fn judge_headers(repository: &Repository) -> Vec<Finding> {
    let bare = repository.sources.iter().filter(|(_, source)| !source.text.starts_with("//! "));
    bare.map(|(path, _)| Finding::line(path, 1, "no module header (`//! ...`)")).collect()
}

/// Lines of sources and scripts that are too long. A line may be whose last column is within a text
/// that the program has in it: breaking a text does not make it clearer.
#[must_use]
pub fn judge_columns(repository: &Repository) -> Vec<Finding> {
    let mut findings = Vec::new();
    let scripts = repository.others.iter().filter(|(path, _)| is_script(path));
    for (path, text) in scripts {
        findings.extend(long_lines(path, text, &[]));
    }
    for (path, source) in &repository.sources {
        if source.text.lines().any(is_long) {
            let tokens = source.text.parse::<TokenStream>().unwrap_or_default();
            let mut texts = Vec::new();
            texts_in(tokens, &mut texts);
            findings.extend(long_lines(path, &source.text, &texts));
        }
    }
    findings
}

fn is_long(line: &str) -> bool {
    line.chars().count() > COLUMNS
}

fn long_lines(path: &str, text: &str, texts: &[Span]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (line, number) in text.lines().zip(1..).filter(|(line, _)| is_long(line)) {
        let place = LineColumn { line: number, column: COLUMNS };
        if !texts.iter().any(|text| text.start() <= place && place < text.end()) {
            let what = format!("{} columns", line.chars().count());
            findings.push(Finding::line(path, number, what));
        }
    }
    findings
}

/// Where literals are. Documentation is one for the compiler, and no text of the program.
fn texts_in(tokens: TokenStream, into: &mut Vec<Span>) {
    for token in tokens {
        match token {
            TokenTree::Literal(literal) => {
                let text = literal.span().source_text().unwrap_or_default();
                if !text.starts_with('/') {
                    into.push(literal.span());
                }
            }
            TokenTree::Group(group) => texts_in(group.stream(), into),
            TokenTree::Ident(_) | TokenTree::Punct(_) => {}
        }
    }
}

/// Files `name/mod.rs` that could be `name.rs`, and exceptions that are none.
#[must_use]
pub fn judge_file_names(repository: &Repository, exceptions: &[&str]) -> Vec<Finding> {
    let files = repository.sources.keys().filter(|path| path.ends_with("/mod.rs"));
    let fresh = files.filter(|path| !exceptions.contains(&path.as_str()));
    let finding = |path: &String| {
        let better = path.trim_end_matches("/mod.rs");
        Finding::file(path, format!("is named mod.rs: {better}.rs, please"))
    };
    let mut findings: Vec<_> = fresh.map(finding).collect();
    for path in exceptions.iter().filter(|path| !repository.sources.contains_key(**path)) {
        findings.push(Finding::file(path, "is listed as a mod.rs that stays, and is not there"));
    }
    findings
}
