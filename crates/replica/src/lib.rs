//! What a replica does with a request: load, merge, persist, exchange, flush.
//!
//! Read in this order.
//! - The outside: [`ports`] (what a replica needs from its platform), [`sync`] (what it says
//!   to the relay), [`auth`], [`client_session`] and
//!   [`client_record`] (what a client has seen), [`member`].
//! - The state: [`replica`] (the one sandbox), `cached_document` and below it
//!   `confirmed_document` (a document as it lies in the cache), [`page_snapshot`] and
//!   `head` (what readers are shown).
//! - A request: [`context`] (what one carries, and where it gets its components), then the
//!   components: `relay_client`, `origin_client`, `document_cache`, `version_store`,
//!   `outbox`, `archive`.
//! - What is made of them: `log` (pull and append), `dependency`, `reconcile` (the origin's
//!   edits into the log), `handover` (what others left in the store), `load` (the tiers), `reach`
//!   (a document with its archive), `view` and `lacking` (a document with saves that are not
//!   logged).
//! - What is asked for: [`read`], [`history`], [`save`], [`status`]; [`flush`], `sweep`,
//!   [`tick`], `poll`.
//!
//! Files import in that direction alone, so no two of them need each other.
//!
//! The crate is pure: it reaches the world through [`ports`] alone.

mod archive;
pub mod auth;
mod breaker;
mod budget;
mod cached_document;
pub mod client_record;
pub mod client_session;
pub mod config;
mod confirmed_document;
pub mod context;
mod dependency;
mod document_cache;
pub mod flush;
mod handover;
mod head;
pub mod history;
mod join;
mod keys;
mod lacking;
mod let_go;
pub mod limits;
mod load;
mod log;
pub mod member;
mod merge_node;
mod origin_client;
mod outbox;
pub mod outbox_report;
pub mod overlap;
mod overlay;
pub mod page_snapshot;
mod poll;
mod polls;
pub mod ports;
mod reach;
pub mod read;
mod reconcile;
mod relay_client;
pub mod replica;
mod salvage;
pub mod save;
pub mod status;
mod summary;
mod sweep;
pub mod sync;
#[cfg(feature = "testing")]
pub mod testing;
pub mod tick;
mod version_store;
mod view;
mod waiting;

pub use config::{Config, Joining, SiteKeys};
pub use context::{ClientRequest, Context};
pub use load::LoadError;
pub use replica::Replica;
