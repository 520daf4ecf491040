//! Names and paths in code, whatever that is: within macros as well, whose contents nobody parses.

use proc_macro2::{Group, TokenStream, TokenTree};

/// Calls for each path of two parts or more, within macros as well.
pub fn each_path(code: &TokenStream, take: &mut impl FnMut(Vec<String>)) {
    let mut path = Vec::new();
    // Colons since the last name.
    let mut colons = 0;
    for token in code.clone() {
        match &token {
            TokenTree::Punct(punct) if punct.as_char() == ':' => {
                colons += 1;
                continue;
            }
            TokenTree::Ident(name) => {
                if colons != 2 || path.is_empty() {
                    finish(&mut path, take);
                }
                path.push(name.to_string());
            }
            TokenTree::Group(group) if is_visibility(group) => {}
            TokenTree::Group(group) => {
                finish(&mut path, take);
                each_path(&group.stream(), take);
            }
            TokenTree::Punct(_) | TokenTree::Literal(_) => finish(&mut path, take),
        }
        colons = 0;
    }
    finish(&mut path, take);
}

/// Whether it is the `(in path)` of `pub(in path)`.
fn is_visibility(group: &Group) -> bool {
    let first = group.stream().into_iter().next();
    matches!(first, Some(TokenTree::Ident(name)) if name == "in")
}

fn finish(path: &mut Vec<String>, take: &mut impl FnMut(Vec<String>)) {
    let path = std::mem::take(path);
    if path.len() > 1 {
        take(path);
    }
}

/// Calls for each name in the code, within macros as well.
pub fn each_identifier(code: &TokenStream, take: &mut impl FnMut(String)) {
    for token in code.clone() {
        match token {
            TokenTree::Ident(name) => take(name.to_string()),
            TokenTree::Group(group) => each_identifier(&group.stream(), take),
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
}
