//! A local edge network for development and for tests from outside.
//!
//! [`network`] runs points of presence on Viceroy, a relay process and the
//! [`origin`] wiki, with faults that can be switched on between them.
//!
//! What is here stands in for a platform and for other people's servers. It may
//! assume one machine and friendly users; it never holds logic of the service
//! itself, and the service never depends on it.

pub mod network;
pub mod origin;

pub use network::{Network, NetworkBuilder, NetworkError};
pub use origin::{OriginServer, OriginServerError};
