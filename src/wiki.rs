//! The built-in wiki: titles, Markdown, HTML pages and MediaWiki's REST bodies.
//!
//! [`application`] plugs it into the edge: it routes requests and fills in what is
//! shown. Everything else here is a function from values to text: the pages take a
//! view model of [`view`] and give a document ([`html`]), the REST API takes the same
//! and gives a body ([`rest`]).
//!
//! Nothing here may do I/O, read a clock or trust what it is given: titles, texts,
//! comments and names come from anybody, and leave only escaped or checked.

// A test may fail by panicking.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod alternatives;
pub mod application;
mod article;
mod chrome;
pub mod diff;
mod edit;
pub mod form;
mod history;
pub mod html;
pub mod link;
pub mod markdown;
mod notice;
pub mod outline;
pub mod rest;
#[cfg(test)]
mod samples;
pub mod style;
pub mod target;
pub mod time;
pub mod title;
pub mod view;
