//! What a replica does with a request: load, merge, persist, exchange, flush.
//!
//! Read in this order: [`ports`] (what a replica needs from its platform),
//! [`sync`] (what it says to the relay), [`auth`], [`client_session`] (what a client has
//! seen), [`member`]; then the life of a request: [`replica`] (the one sandbox),
//! [`read`], [`history`], [`save`], [`flush`], [`tick`], and below them `load` (the tiers),
//! `confirmed_document` (a document as it lies in the cache), `relay_client` (the exchange), `outbox`
//! and `archive` (what is not kept).
//!
//! The crate is pure: it reaches the world through [`ports`] alone.

mod archive;
pub mod auth;
pub mod client_session;
pub mod config;
mod confirmed_document;
pub mod flush;
pub mod history;
mod keys;
pub mod limits;
mod load;
pub mod member;
mod outbox;
pub mod page_snapshot;
pub mod ports;
pub mod read;
mod relay_client;
pub mod replica;
pub mod save;
pub mod status;
pub mod sync;
#[cfg(feature = "testing")]
pub mod testing;
pub mod tick;

pub use config::Config;
pub use load::LoadError;
pub use replica::Replica;
