//! The embedded implementation of both ports: one `redb` file.
//!
//! May assume that the file is this process's alone (the database locks it) and
//! that the file system keeps what it was told to sync. Must never acknowledge
//! before the commit that holds the records has returned.
//!
//! Modules: `tables` (what is in the file), `database` (the open file), `log` (group commit),
//! `store` (snapshots, segments, refused entries).

mod database;
mod log;
mod store;
mod tables;

pub use database::{Commit, CommitObserver, Embedded};
pub use tables::OpenError;
