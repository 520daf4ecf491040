//! The save that a request asks for, whoever sends it.
//!
//! Two requests are one save exactly where their idempotency inputs are the same, so
//! nothing may get into these that a retry sends differently.

use redwedding_document::entry::{Action, AlternativeName, Note};
use redwedding_replica::save::{OnlyIf, Save, Submitted};

use crate::application::Incoming;
use crate::wiki::form::Submission;
use crate::wiki::outline;
use crate::wiki::rest::{Base, UpdateRequest};

/// What a client sends to tell saves apart that are the same in all else.
enum Attempt<'a> {
    /// Of a form: when it was opened.
    Form { started: &'a str },
    /// Of a program: its `Idempotency-Key`, else its token, or nothing.
    Program { token: &'a str },
}

/// By which a program names a save, so that a retry is known from wherever it comes.
pub(super) const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// The save that a form asks for.
pub(super) fn of_form(incoming: &Incoming, form: &Submission) -> Save {
    let base = (form.base_id != 0).then_some(Base { id: form.base_id, check: form.base_check });
    let (submitted, action) = match form.section {
        None => (Submitted::Whole(form.text.clone()), Action::Edit),
        Some(number) => {
            let replace = outline::replace_section;
            (Submitted::Part { text: form.text.clone(), number, replace }, Action::Section)
        }
    };
    let note = Note {
        author: author(incoming),
        comment: form.comment.clone(),
        minor: form.minor,
        action: action as u8,
    };
    let save = save(incoming, base, submitted, note, Attempt::Form { started: &form.started });
    closing(save, form.closes.clone())
}

/// The same that decides about alternatives: another save than one that does not.
fn closing(mut save: Save, closes: Vec<AlternativeName>) -> Save {
    let names = closes.iter().map(|name| name.to_string().into_bytes());
    save.idempotency_inputs.extend(names);
    Save { closes, ..save }
}

/// The save that a program asks for, on a condition.
///
/// Its key makes it itself together with what it says: the same key with another text is another
/// save.
pub(super) fn of_program(
    incoming: &Incoming,
    update: UpdateRequest<'_>,
    only_if: Option<OnlyIf>,
) -> Save {
    let UpdateRequest { source, comment, base, token, closes, policy: _ } = update;
    let note = Note {
        author: author(incoming),
        comment: comment.into_owned(),
        minor: false,
        action: Action::Edit as u8,
    };
    let named = incoming.request.headers().get(IDEMPOTENCY_KEY);
    let named = named.map(|key| String::from_utf8_lossy(key.as_bytes()));
    let named = named.or(token).unwrap_or_default();
    let attempt = Attempt::Program { token: &named };
    let save = save(incoming, base, Submitted::Whole(source.into_owned()), note, attempt);
    closing(Save { only_if, ..save }, closes)
}

fn author(incoming: &Incoming) -> String {
    incoming.principal.user.clone().unwrap_or_default()
}

/// A save, with the idempotency inputs that make it itself: user (or address), base,
/// section, text, comment, start time and token. Their order is a format: it must not change,
/// or a retry that is on its way becomes a second save.
fn save(
    incoming: &Incoming,
    base: Option<Base>,
    submitted: Submitted,
    note: Note,
    attempt: Attempt<'_>,
) -> Save {
    let (started, token) = match attempt {
        Attempt::Form { started } => (started, ""),
        Attempt::Program { token } => ("", token),
    };
    // A program that sends a token may retry from another address.
    let who = match &incoming.principal.user {
        Some(user) => format!("user {user}"),
        None if token.is_empty() => format!("address {}", incoming.principal.address),
        None => String::new(),
    };
    let (text, section) = match &submitted {
        Submitted::Whole(text) => (text.as_str(), String::new()),
        Submitted::Part { text, number, .. } => (text.as_str(), number.to_string()),
    };
    let base_as_sent = base.map_or(String::new(), |base| base.id.to_string());
    let inputs = [&who, &base_as_sent, &section, text, &note.comment, started, token];
    let idempotency_inputs = inputs.map(|input| input.as_bytes().to_vec()).to_vec();
    Save {
        base: base.map(|base| base.id),
        base_check: base.and_then(|base| base.check),
        submitted,
        note,
        idempotency_inputs,
        trace: incoming.now_ms,
        only_if: None,
        closes: Vec::new(),
    }
}
