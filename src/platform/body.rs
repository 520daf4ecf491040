//! Reading bodies whole: bounded, and an error where one breaks off.
//!
//! The platform's own short cuts (`into_bytes` and the like) end the sandbox when
//! a body breaks off, so nothing else here may read one.

use std::io::{Error, ErrorKind, Read, Result as ReadResult};

use fastly::Body;

use super::clock::Deadline;

/// Why a body could not be read. It may have been carried out all the same.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BodyError {
    /// It broke off.
    #[error("the body broke off: {0}")]
    Incomplete(#[from] Error),
    /// Longer than it may be.
    #[error("the body has more than {0} bytes")]
    TooLong(usize),
    /// It was not there in time.
    #[error("the body did not come in time")]
    Late,
}

/// All of a body, `most` bytes at the most.
///
/// # Errors
/// [`BodyError`]; the rest of the body is lost then.
pub(crate) fn whole(body: Body, most: usize) -> Result<Vec<u8>, BodyError> {
    let mut body = body;
    let length = body.known_length();
    read(body, length, most, None)
}

/// The same of a body that does not say its own length, where something else may have.
///
/// # Errors
/// As [`whole`].
pub(crate) fn whole_of_length(
    body: Body,
    length: Option<u64>,
    most: usize,
) -> Result<Vec<u8>, BodyError> {
    read(body, length, most, None)
}

/// The same of a backend's answer, until a deadline. A single read is bounded by the
/// backend's time between bytes alone.
///
/// # Errors
/// [`BodyError`]; the rest of the body is lost then.
pub(crate) fn whole_until(
    body: Body,
    most: usize,
    deadline: Deadline,
) -> Result<Vec<u8>, BodyError> {
    let mut body = body;
    let length = body.known_length();
    read(body, length, most, Some(deadline)).map_err(|error| match error {
        BodyError::Incomplete(_) if deadline.left_ms() == 0 => BodyError::Late,
        other => other,
    })
}

/// A body that is read until a deadline.
struct Until(Body, Option<Deadline>);

impl Read for Until {
    fn read(&mut self, bytes: &mut [u8]) -> ReadResult<usize> {
        match self.1 {
            Some(deadline) if deadline.left_ms() == 0 => Err(Error::from(ErrorKind::TimedOut)),
            _ => self.0.read(bytes),
        }
    }
}

fn read(
    body: Body,
    length: Option<u64>,
    most: usize,
    deadline: Option<Deadline>,
) -> Result<Vec<u8>, BodyError> {
    let mut bytes = match length {
        Some(0) => return Ok(Vec::new()),
        Some(length) if length > most as u64 => return Err(BodyError::TooLong(most)),
        Some(length) => Vec::with_capacity(length as usize + 1),
        None => Vec::new(),
    };
    Until(body, deadline).take(most as u64 + 1).read_to_end(&mut bytes)?;
    match bytes.len() <= most {
        true => Ok(bytes),
        false => Err(BodyError::TooLong(most)),
    }
}
