//! All functions and their lengths.
//!
//! A function is as long as the lines from `fn` to its last brace, both included: documentation
//! and attributes do not count, comments within do. Functions within macros (`proptest!`) are found
//! as well, closures are part of the function around them.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::ToTokens;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Block, ImplItemFn, ItemFn, ItemImpl, ItemTrait, Macro, Signature, TraitItemFn};

use crate::finding::Finding;
use crate::repository::Repository;

/// The most lines that a function may have.
pub const MOST_LINES: usize = 70;

/// One function.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Function {
    /// Lines from `fn` to its last brace.
    pub lines: usize,
    /// Its file.
    pub file: String,
    /// The line of `fn`, counted from 1.
    pub line: usize,
    /// Its name, after the name of its type if it is a method.
    pub name: String,
}

/// All functions that have a body, the longest first.
#[must_use]
pub fn all(repository: &Repository) -> Vec<Function> {
    let mut found = Vec::new();
    for (path, source) in &repository.sources {
        let mut finder = Finder { file: path, owner: String::new(), found: &mut found };
        finder.visit_file(&source.syntax);
    }
    found.sort_by(|one, other| other.lines.cmp(&one.lines).then_with(|| one.cmp(other)));
    found
}

/// Functions that are too long.
#[must_use]
pub fn judge(functions: &[Function]) -> Vec<Finding> {
    let long = functions.iter().filter(|function| function.lines > MOST_LINES);
    let finding = |function: &Function| {
        let what = format!("{} has {} lines", function.name, function.lines);
        Finding::line(&function.file, function.line, what)
    };
    long.map(finding).collect()
}

/// The length that so many percent of all functions do not exceed; 0 where there are none.
#[must_use]
pub fn percentile(functions: &[Function], percent: usize) -> usize {
    let mut lines: Vec<usize> = functions.iter().map(|function| function.lines).collect();
    lines.sort_unstable();
    let place = (lines.len() * percent).div_ceil(100).saturating_sub(1);
    lines.get(place).copied().unwrap_or_default()
}

struct Finder<'a> {
    file: &'a str,
    /// The type or trait whose methods are being looked at.
    owner: String,
    found: &'a mut Vec<Function>,
}

impl Finder<'_> {
    fn take(&mut self, signature: &Signature, block: &Block) {
        let first = signature.fn_token.span.start().line;
        let last = block.brace_token.span.close().end().line;
        self.push(signature.ident.to_string(), first, last);
    }

    fn push(&mut self, name: String, line: usize, last: usize) {
        let name = if self.owner.is_empty() { name } else { format!("{}::{name}", self.owner) };
        let lines = last - line + 1;
        self.found.push(Function { lines, file: self.file.to_owned(), line, name });
    }

    fn within(&mut self, owner: String, visit: impl FnOnce(&mut Self)) {
        let before = std::mem::replace(&mut self.owner, owner);
        visit(self);
        self.owner = before;
    }

    /// Functions in code that is not parsed: `fn`, a name, and the next braces.
    fn take_tokens(&mut self, tokens: &TokenStream) {
        let mut begun = None;
        let mut after_fn = None;
        for token in tokens.clone() {
            match token {
                TokenTree::Ident(name) if name == "fn" => after_fn = Some(name.span().start().line),
                TokenTree::Ident(name) => {
                    if let Some(line) = after_fn.take() {
                        begun = Some((name.to_string(), line));
                    }
                }
                TokenTree::Group(group) => {
                    self.take_tokens(&group.stream());
                    if group.delimiter() == Delimiter::Brace
                        && let Some((name, line)) = begun.take()
                    {
                        self.push(name, line, group.span_close().end().line);
                    }
                    after_fn = None;
                }
                TokenTree::Punct(_) | TokenTree::Literal(_) => after_fn = None,
            }
        }
    }
}

impl<'ast> Visit<'ast> for Finder<'_> {
    fn visit_item_fn(&mut self, item: &'ast ItemFn) {
        self.take(&item.sig, &item.block);
        self.within(String::new(), |this| visit::visit_item_fn(this, item));
    }

    fn visit_impl_item_fn(&mut self, item: &'ast ImplItemFn) {
        self.take(&item.sig, &item.block);
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast TraitItemFn) {
        if let Some(block) = &item.default {
            self.take(&item.sig, block);
        }
        visit::visit_trait_item_fn(self, item);
    }

    fn visit_item_impl(&mut self, item: &'ast ItemImpl) {
        let owner = item.self_ty.span().source_text();
        let owner = owner.unwrap_or_else(|| item.self_ty.to_token_stream().to_string());
        self.within(owner, |this| visit::visit_item_impl(this, item));
    }

    fn visit_item_trait(&mut self, item: &'ast ItemTrait) {
        self.within(item.ident.to_string(), |this| visit::visit_item_trait(this, item));
    }

    fn visit_macro(&mut self, item: &'ast Macro) {
        self.within(String::new(), |this| this.take_tokens(&item.tokens));
    }
}
