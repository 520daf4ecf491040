//! Escaping: the one way in which an author's words get into HTML.

use std::fmt::Write as _;

use maud::Escaper;

/// Appends text, escaped for content and for double-quoted attributes alike.
///
/// The escaper looks at each byte; what has none of the four to be escaped goes
/// out in one piece.
pub(super) fn escape(out: &mut String, text: &str) {
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|byte| matches!(byte, b'&' | b'<' | b'>' | b'"')) {
        let (plain, special) = rest.split_at(at);
        let (special, after) = special.split_at(1);
        out.push_str(plain);
        // Writing to a string cannot fail.
        let _ = Escaper::new(out).write_str(special);
        rest = after;
    }
    out.push_str(rest);
}
