//! The pages: from a view model to a whole HTML document.
//!
//! Documents hold no script and no inline style; serve them with
//! [`CONTENT_SECURITY_POLICY`] as `text/html; charset=utf-8`. They link one
//! style sheet, [`super::style::STYLE_CSS`] under [`super::style::href`].

pub use super::alternatives::alternatives;
pub use super::article::{missing, read};
pub use super::edit::edit;
pub use super::history::{diff, history};
pub use super::notice::problem;

/// The `Content-Security-Policy` that every page works under.
///
/// Images may come from anywhere over HTTP, as pages may name them; nothing
/// else is loaded, run, framed or posted elsewhere.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; \
     img-src 'self' https: http:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

#[cfg(test)]
#[path = "html_tests.rs"]
mod tests;
