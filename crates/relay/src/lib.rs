//! The relay: keeps the ordered logs of entries that points of presence push,
//! folds them into documents, and tells everyone what is new.
//!
//! Read in this order: [`log`] and [`store`] (the ports), [`embedded`] (both on
//! one database file), [`fold`] (which entries are appended, and what they come
//! to), [`due`] (what waits for the origin), [`service`] (exchanges), [`http`] (the
//! server), [`ticker`] (wakes the points of presence), [`metrics`].
//!
//! May assume that its clock is roughly right and its disk keeps what was synced.
//! Must never acknowledge an entry that a crash could take back.

pub mod due;
pub mod embedded;
pub mod fold;
pub mod http;
pub mod limits;
pub mod log;
pub mod metrics;
pub mod service;
pub mod store;
pub mod ticker;
