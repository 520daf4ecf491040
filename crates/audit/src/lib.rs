//! Reads the sources of this repository and judges their structure.
//!
//! [`repository`] reads and parses all files. [`modules`] finds out which file is which module,
//! [`imports`] which file uses which, and [`circles`] the files that use each other. [`functions`],
//! [`names`], [`limit_use`], [`layout`], [`dependencies`] and [`manifest`] judge one thing each.
//! [`rules`] is the list of all rules, [`exceptions`] of what they let through, with the reason.
//! `scripts/audit` prints all of this; the tests of this crate fail where a rule is broken.
//!
//! The crate may assume that the sources compile. It must never change a file.

pub mod circles;
pub mod dependencies;
pub mod exceptions;
pub mod finding;
pub mod functions;
pub mod imports;
pub mod layout;
pub mod limit_use;
pub mod manifest;
pub mod modules;
pub mod names;
pub mod repository;
pub mod rules;
pub mod tokens;
