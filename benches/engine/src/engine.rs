//! What the bench asks of an engine: the end state of a trace, and a merge of its history.
//!
//! Each engine implements it in a file of its own and may use its fastest way. Must never hide a
//! failure in a number: what an engine cannot do, or not in time, is a [`Failure`].

use crate::clock::Deadline;
use crate::document::Documents;
use crate::failure::Failure;
use crate::replicas;
use crate::trace::Trace;

/// An engine under test, in one configuration.
pub trait Engine: Documents {
    /// How the tables call it.
    fn name(&self) -> String;

    /// The end state of a trace. Not measured.
    fn build(&self, trace: &Trace, deadline: Deadline) -> Result<Stored, Failure> {
        let document = replicas::replay(self, trace, deadline)?.encode()?;
        Ok(Stored { history: document.clone(), document })
    }

    /// Decodes the history of a trace; what is given back merges it all and reads out the text.
    /// Only that is measured.
    fn merge<'a>(&self, trace: &'a Trace, stored: Option<&'a Stored>)
    -> Result<Merge<'a>, Failure>;
}

/// A merge, ready to run.
pub type Merge<'a> = Box<dyn FnOnce(Deadline) -> Result<String, Failure> + 'a>;

/// A trace's end state, encoded.
#[derive(Clone)]
pub struct Stored {
    /// What [`Documents::load`] takes.
    pub document: Vec<u8>,
    /// Everything that ever happened, for [`Engine::merge`] and for its size.
    pub history: Vec<u8>,
}
