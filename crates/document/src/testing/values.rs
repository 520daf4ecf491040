//! Anything that is encoded, within its bounds.

use redwedding_text::{Patch, diff};
use redwedding_wire::identity::{Actor, Digest, DocumentKey, EditId, FlushId};
use redwedding_wire::testing::Draw;
use redwedding_wire::version::{
    Base, Cursor, ObjectId, OriginText, Place, REVISIONS, Root, TextParts, VersionRef,
};

use crate::entry::{
    Abandoned, Body, Checkpoint, Client, Committed, Delta, Edit, Entry, Import, Intent, Moved,
    Note, OriginPage, RULES,
};

/// A key.
pub fn key(draw: &mut Draw<'_>) -> DocumentKey {
    let (site, name) = (draw.text(3), draw.text(9));
    // Within the bounds by construction: the fallback is never taken.
    let fallback = || DocumentKey::new("w", "Page").unwrap_or_else(|_| unreachable!());
    DocumentKey::new(format!("w{site}"), format!("k{name}")).unwrap_or_else(|_| fallback())
}

/// A place in a log.
pub fn place(draw: &mut Draw<'_>) -> Place {
    Place { position: draw.number(), check: draw.number() as u32 }
}

/// A cursor.
pub fn cursor(draw: &mut Draw<'_>) -> Cursor {
    Cursor { epoch: draw.number(), position: draw.number(), prefix: Digest(draw.bytes()) }
}

/// A revision of the origin.
pub fn revision(draw: &mut Draw<'_>) -> u64 {
    (draw.number() % REVISIONS).max(1)
}

/// A name of a text of the origin.
pub fn origin_text(draw: &mut Draw<'_>) -> OriginText {
    OriginText { revision: revision(draw), text: Digest(draw.bytes()) }
}

/// A version with at most `most` extra dots.
pub fn version(draw: &mut Draw<'_>, most: usize) -> VersionRef {
    let root = match draw.one_in(2) {
        false => Root::Log(place(draw)),
        true => Root::Origin(origin_text(draw)),
    };
    let mut extra = draw.list(most, |draw| Actor(draw.number()));
    extra.sort_unstable();
    extra.dedup();
    let check = (!extra.is_empty() && draw.one_in(3)).then(|| draw.number() as u32);
    let hidden = check.and_then(|_| {
        let mut at = 0;
        let ranges = draw.list(3, |draw| {
            let (start, len) = (at + draw.below(9) as u32, draw.below(9) as u32 + 1);
            at = start + len + 1;
            (start, len)
        });
        TextParts::of(ranges)
    });
    let put =
        check.filter(|_| draw.one_in(3)).and_then(|_| TextParts::of(vec![(0, "put ".to_owned())]));
    VersionRef { root, extra, check, hidden, put }
}

/// An edit of some text.
pub fn patch(draw: &mut Draw<'_>) -> Patch {
    diff::between(&draw.text(20), &draw.text(20))
}

/// What is said about a change.
pub fn note(draw: &mut Draw<'_>) -> Note {
    Note { author: draw.text(4), comment: draw.text(6), minor: draw.one_in(2), action: draw.byte() }
}

/// A save.
pub fn edit(draw: &mut Draw<'_>) -> Edit {
    let base = match draw.one_in(3) {
        false => Base::Version(version(draw, 5)),
        true => Base::Object(ObjectId(draw.number())),
    };
    let mut id: [u8; 16] = draw.bytes();
    id[0] |= 1;
    let delta =
        Delta { edit: EditId(id), base, patch: patch(draw), note: note(draw), rules: RULES };
    let accepted_ms = draw.number();
    Edit {
        delta,
        accepted_ms,
        pop: draw.text(4),
        served: draw.option(|draw| version(draw, 40)),
        client: Some(client(draw)).filter(|client| *client != Client::default()).map(Box::new),
        condition: None,
        closes: None,
        after_ms: draw.option(|draw| accepted_ms.saturating_add(draw.below(9) as u64)),
    }
}

/// A client, or nothing about it.
pub fn client(draw: &mut Draw<'_>) -> Client {
    let number = if draw.one_in(3) { u64::from_le_bytes(draw.bytes()) } else { 0 };
    let earlier = if draw.one_in(3) { draw.byte() % 3 } else { 0 };
    Client { number, earlier: (0..earlier).map(|_| EditId(draw.bytes())).collect() }
}

/// A page of the origin.
pub fn page(draw: &mut Draw<'_>) -> OriginPage {
    OriginPage {
        revision: revision(draw),
        text: draw.text(40),
        time_ms: draw.number(),
        note: note(draw),
    }
}

/// A flush.
pub fn flush(draw: &mut Draw<'_>) -> FlushId {
    FlushId(draw.bytes())
}

/// What an entry says; every kind, and those of the future.
pub fn body(draw: &mut Draw<'_>) -> Body {
    match draw.below(10) {
        0 => Body::Edit(edit(draw)),
        1 => Body::Version(version(draw, 60)),
        2 => Body::Base(page(draw)),
        3 => Body::Import(Import {
            from: draw.option(origin_text),
            to: origin_text(draw),
            patch: patch(draw),
            time_ms: draw.number(),
            note: note(draw),
            rules: RULES,
            shown: Patch::empty(),
        }),
        4 => Body::Intent(Intent {
            flush: flush(draw),
            upto: place(draw),
            tip: draw.number(),
            text: Digest(draw.bytes()),
        }),
        5 => Body::Committed(Committed {
            flush: flush(draw),
            from: draw.number(),
            revision: revision(draw),
            stored: Digest(draw.bytes()),
            difference: draw.option(patch),
            time_ms: draw.number(),
        }),
        6 => Body::Checkpoint(Checkpoint { revision: revision(draw), upto: place(draw) }),
        7 => Body::Abandoned(Abandoned { flush: flush(draw) }),
        8 => Body::Moved(Moved {
            from: draw.number(),
            to: origin_text(draw),
            flush: draw.option(flush),
        }),
        _ => Body::Unknown {
            kind: [0, 22, 23, 24, 255][draw.below(5)],
            payload: draw.list(20, Draw::byte),
        },
    }
}

/// An entry.
pub fn entry(draw: &mut Draw<'_>) -> Entry {
    Entry {
        document: key(draw),
        trace: draw.number(),
        body: body(draw),
        extensions: draw.list(20, Draw::byte),
    }
}
