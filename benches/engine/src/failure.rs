//! Why a cell of a table has no number.

use std::time::Duration;

use serde::{Serialize, Serializer};

/// Why there is no number.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Failure {
    /// The engine has no such thing.
    #[error("n/a")]
    Absent,
    /// It was ended.
    #[error("> {} s", .0.as_secs())]
    TooLong(Duration),
    /// It came to another text.
    #[error("wrong text")]
    WrongText,
    /// It reported an error.
    #[error("error: {0}")]
    Engine(String),
}

impl Failure {
    /// An engine's own error.
    pub fn of(error: impl std::fmt::Display) -> Failure {
        Failure::Engine(error.to_string())
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Failure {
        Failure::of(error)
    }
}

impl Serialize for Failure {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
