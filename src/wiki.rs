//! How the built-in wiki looks from outside: titles, Markdown, HTML pages and
//! MediaWiki's REST bodies.
//!
//! Everything here is a function from values to text. A caller loads, merges
//! and authorises; then it fills a view model of [`view`] and gets a document
//! from [`html`] or a body from [`rest`]. Nothing here may do I/O, read a clock
//! or trust what it is given: titles, texts, comments and names come from
//! anybody, and leave only escaped or checked.

// A test may fail by panicking.
#![cfg_attr(test, allow(clippy::unwrap_used))]

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
