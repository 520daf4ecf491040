//! Answers to readers, given again while the text is the same.
//!
//! A page that many read at once is rendered once per sandbox and version. Only
//! what the application marks as public is kept: such an answer says the same to
//! everybody.

use std::sync::Arc;

use http::header::CACHE_CONTROL;
use http::{Method, Response, StatusCode};
use redwedding_replica::head::Head;

use crate::application::{Incoming, Outcome};

/// Answers that a sandbox keeps.
const ANSWERS: usize = 8;
/// Bytes that they have together, with the texts that they show.
const BYTES: usize = 8 << 20;

/// The answers that a sandbox gave last.
#[derive(Default)]
pub(super) struct Kept(Vec<Answer>);

struct Answer {
    /// Path and query.
    target: String,
    base: String,
    head: Arc<Head>,
    answer: Response<Vec<u8>>,
}

fn target(incoming: &Incoming) -> &str {
    incoming.request.uri().path_and_query().map_or("/", |target| target.as_str())
}

/// What a reader is to see, if that is all that the answer depends on.
fn read<'a>(incoming: &Incoming, outcome: &'a Outcome) -> Option<&'a Arc<Head>> {
    match outcome {
        Outcome::Head(head) if matches!(*incoming.request.method(), Method::GET | Method::HEAD) => {
            Some(head)
        }
        _ => None,
    }
}

impl Kept {
    /// The answer to this request, if it was given before for the same text;
    /// else the one that `show` makes.
    pub(super) fn or_show(
        &mut self,
        incoming: &Incoming,
        outcome: Outcome,
        show: impl FnOnce(Outcome) -> Response<Vec<u8>>,
    ) -> Response<Vec<u8>> {
        let Some(head) = read(incoming, &outcome).cloned() else { return show(outcome) };
        let target = target(incoming);
        let same = |kept: &&Answer| kept.target == target && kept.base == incoming.base;
        match self.0.iter().find(same) {
            Some(kept) if kept.head.shows_same(&head) => kept.answer.clone(),
            _ => {
                let answer = show(outcome);
                self.keep(target, &incoming.base, head, &answer);
                answer
            }
        }
    }

    fn keep(&mut self, target: &str, base: &str, head: Arc<Head>, answer: &Response<Vec<u8>>) {
        self.0.retain(|kept| kept.target != target || kept.base != base);
        let caching = answer.headers().get(CACHE_CONTROL).map(|value| value.as_bytes());
        let public = caching.is_some_and(|value| value.starts_with(b"public"));
        if !public || answer.status() != StatusCode::OK || answer.body().len() > BYTES {
            return;
        }
        let (target, base, answer) = (target.to_owned(), base.to_owned(), answer.clone());
        self.0.insert(0, Answer { target, base, head, answer });
        let mut bytes = 0;
        self.0.truncate(ANSWERS);
        self.0.retain(|kept| {
            bytes += kept.answer.body().len() + kept.head.text.len();
            bytes <= BYTES
        });
    }
}
