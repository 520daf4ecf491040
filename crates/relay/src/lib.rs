//! The relay's server: keeps the ordered logs of entries that points of presence push,
//! folds them into documents, and tells everyone what is new.
//!
//! What it does is in [`redwedding_fold`]; here are threads, disk, clock and network. Read in this
//! order: [`embedded`] (log and store on one database file), [`workers`] (the threads that write
//! shards), [`service`] (exchanges), [`http`] (the server), [`ticker`] (wakes the points of
//! presence), [`metrics`], `observer` (what the fold tells, counted and written down).
//!
//! May assume that its clock is roughly right and its disk keeps what was synced.
//! Must never acknowledge an entry that a crash could take back.

pub mod clock;
pub mod embedded;
pub mod http;
pub mod limits;
pub mod metrics;
mod observer;
pub mod service;
pub mod ticker;
pub mod workers;
