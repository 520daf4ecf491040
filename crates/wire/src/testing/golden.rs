//! Golden files: values as they were first encoded, kept for ever.
//!
//! What lies in the folder of a format never changes again: logs, stores and caches are full of it.
//! The encoder gives these very bytes, and they decode to the value. A new format gets a folder of
//! its own, and the older one goes on decoding. With `GOLDEN=write` in the environment, files that
//! are not there yet are written; a file that is there has to be removed by hand.

use std::fmt::Debug;
use std::path::{Path, PathBuf};

use crate::codec::{Decode, Encode};

/// Golden files of one crate.
#[derive(Clone, Copy, Debug)]
pub struct Golden(&'static str);

impl Golden {
    /// Those of the crate whose `CARGO_MANIFEST_DIR` is `manifest`.
    #[must_use]
    pub const fn of(manifest: &'static str) -> Self {
        Self(manifest)
    }

    /// Where `name` lies in format `version`.
    #[must_use]
    pub fn path(self, version: u8, name: &str) -> PathBuf {
        Path::new(self.0).join(format!("tests/golden/v{version}/{name}.cbor"))
    }

    /// The bytes of `name`, which `encoded` gives where there are none yet and they are asked for.
    ///
    /// # Panics
    /// Where the file cannot be read or written.
    pub fn bytes_or(self, version: u8, name: &str, encoded: impl FnOnce() -> Vec<u8>) -> Vec<u8> {
        let path = self.path(version, name);
        if std::env::var_os("GOLDEN").is_some() && !path.exists() {
            let written = std::fs::write(&path, encoded());
            written.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        }
        std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// Checks that `value` is written as it was, in format `version`, and read as it was.
    ///
    /// # Panics
    /// Where it is not.
    pub fn holds<T>(self, version: u8, name: &str, value: &T)
    where
        T: Encode + Decode + PartialEq + Debug,
    {
        let bytes = self.bytes_or(version, name, || value.encode());
        assert_eq!(value.encode(), bytes, "{name} is written as it was");
        assert_eq!(T::decode(&bytes).as_ref(), Ok(value), "{name} is read as it was");
    }

    /// Checks that `value` is read as it was, in a format that is not written any more.
    ///
    /// # Panics
    /// Where it is not.
    pub fn decodes<T>(self, version: u8, name: &str, value: &T)
    where
        T: Decode + PartialEq + Debug,
    {
        let path = self.path(version, name);
        let bytes = std::fs::read(&path);
        let bytes = bytes.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert_eq!(T::decode(&bytes).as_ref(), Ok(value), "{name} is read as it was");
    }
}
