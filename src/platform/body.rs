//! Reading bodies whole: bounded, and an error where one breaks off.
//!
//! The platform's own short cuts (`into_bytes` and the like) end the sandbox when
//! a body breaks off, so nothing else here may read one.

use std::io::Read;

use fastly::Body;

/// Why a body could not be read. It may have been carried out all the same.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BodyError {
    /// It broke off.
    #[error("the body broke off: {0}")]
    Incomplete(#[from] std::io::Error),
    /// Longer than it may be.
    #[error("the body has more than {0} bytes")]
    TooLong(usize),
}

/// All of a body, `most` bytes at the most.
///
/// # Errors
/// [`BodyError`]; the rest of the body is lost then.
pub(crate) fn whole(body: Body, most: usize) -> Result<Vec<u8>, BodyError> {
    let mut body = body;
    let mut bytes = match body.known_length() {
        Some(0) => return Ok(Vec::new()),
        Some(length) if length > most as u64 => return Err(BodyError::TooLong(most)),
        Some(length) => Vec::with_capacity(length as usize + 1),
        None => Vec::new(),
    };
    body.take(most as u64 + 1).read_to_end(&mut bytes)?;
    match bytes.len() <= most {
        true => Ok(bytes),
        false => Err(BodyError::TooLong(most)),
    }
}
