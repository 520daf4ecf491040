//! The summary of a revision that a flush makes at the origin: its id, then who
//! wrote what. The id is read back when the revision is met again.

use redwedding_document::Document;
use redwedding_wire::identity::FlushId;

use crate::limits;

/// What leads the summary of a revision of ours.
const MARK: &str = "[rw ";

/// The summary for a flush of what is pending of a document, at most
/// [`limits::SUMMARY_BYTES`] and the count of edits.
pub(crate) fn summary(flush: FlushId, document: &Document) -> String {
    let mut summary = format!("{MARK}{flush}]");
    let mut edits = 0;
    for change in document.pending().filter(|change| change.is_ours()) {
        edits += 1;
        let author = match change.note.author.as_str() {
            "" => "anonymous",
            name => name,
        };
        let comment = change.note.comment.replace(['\r', '\n'], " ");
        let part = match comment.is_empty() {
            true => format!(" {author};"),
            false => format!(" {author}: {comment};"),
        };
        if summary.len() + part.len() <= limits::SUMMARY_BYTES {
            summary.push_str(&part);
        }
    }
    summary.push_str(&format!(" {edits} edit{}", if edits == 1 { "" } else { "s" }));
    summary
}

/// The flush id that leads a summary. Anybody can write one: it has yet to be
/// authenticated.
pub(crate) fn flush_id(summary: &str) -> Option<FlushId> {
    let (id, _) = summary.strip_prefix(MARK)?.split_once(']')?;
    FlushId::parse(id)
}

#[cfg(test)]
mod tests {
    use redwedding_wire::identity::DocumentKey;

    use super::*;

    #[test]
    fn a_flush_id_is_read_back_from_its_summary() {
        let key = DocumentKey::new("wiki", "A").expect("key");
        let flush = FlushId::new(&[1; 32], &key, [3; 8]);
        let document = Document::new(key, Default::default());
        assert_eq!(flush_id(&summary(flush, &document)), Some(flush));
        for other in ["", "[rw ", "[rw xyz] a", "fixed [rw typo]"] {
            assert_eq!(flush_id(other), None);
        }
    }
}
