//! The parameters of a request's address.

use crate::application::Incoming;

/// The parameters, in their order. Of two with one name the first counts.
pub(super) struct Query(Vec<(String, String)>);

/// A parameter that has to be a number is none. The client's fault.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("The parameter {0} has to be a number.")]
pub(super) struct NotANumber(&'static str);

impl Query {
    /// The parameters of a request.
    pub(super) fn of(incoming: &Incoming) -> Self {
        let query = incoming.request.uri().query().unwrap_or_default();
        Self(form_urlencoded::parse(query.as_bytes()).into_owned().collect())
    }

    /// A parameter; `None` where it is not there.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|pair| pair.0 == name).map(|pair| pair.1.as_str())
    }

    /// A parameter that is a number; `None` where it is not there.
    ///
    /// # Errors
    /// [`NotANumber`] where it is none.
    pub(super) fn number(&self, name: &'static str) -> Result<Option<u64>, NotANumber> {
        self.text(name).map(|text| text.parse().map_err(|_| NotANumber(name))).transpose()
    }
}
