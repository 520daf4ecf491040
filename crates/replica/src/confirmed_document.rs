//! A confirmed document, and what of it lies in the point of presence's cache:
//! a whole *base*, seldom written, and the *tail* of entries since.
//!
//! Who has news writes the tail alone, so that what a save costs does not grow
//! with the document's history. A tail names its base, and one that does not begin just
//! where the base that is found ends is left aside.

use std::ops::Deref;
use std::sync::Arc;

use redwedding_document::entry::Entry;
use redwedding_document::{Document, RestoreFault, Segment, Verdict};
use redwedding_wire::codec::{self, Decode, DecodeError, Encode};
use redwedding_wire::version::{Cursor, Place, Position};
use serde_tuple::{Deserialize_tuple, Serialize_tuple};

use crate::limits;
use crate::sync::Record;

/// Of tails. Those of the first may hold entries that do not decode.
const FORMAT: u8 = 2;
const EXTENT_FORMAT: u8 = 1;

/// A confirmed document, with the entries that its cached base lacks.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct ConfirmedDocument {
    document: Document,
    /// Where the cached base ends; `None` where there is none to go on from.
    base: Option<BaseEnd>,
    since: Vec<Arc<Record>>,
    bytes: usize,
}

/// Where a cached base ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize_tuple, Deserialize_tuple)]
pub(crate) struct BaseEnd {
    /// Up to where in the log.
    cursor: Cursor,
    /// The document's own last entry in it.
    place: Place,
}

impl Deref for ConfirmedDocument {
    type Target = Document;

    fn deref(&self) -> &Document {
        &self.document
    }
}

impl ConfirmedDocument {
    /// A document that the cache does not hold.
    pub(crate) fn new(document: Document) -> Self {
        Self { document, base: None, since: Vec::new(), bytes: 0 }
    }

    /// A document that is the cached base.
    pub(crate) fn cached(document: Document) -> Self {
        let mut cached = Self::new(document);
        cached.rebase();
        cached
    }

    /// Counts the cached base as written just now.
    pub(crate) fn rebase(&mut self) {
        let (cursor, place) = (self.document.cursor(), self.document.place());
        self.base = Some(BaseEnd { cursor, place });
        self.since.clear();
        self.bytes = 0;
    }

    /// Goes on from the base that somebody else has written meanwhile, if that is an earlier state
    /// of this. `false` where that cannot be told, and nothing changed.
    pub(crate) fn rebase_on(&mut self, other: BaseEnd) -> bool {
        let Some(base) = self.base else { return false };
        let upto = |record: &Arc<Record>| record.position <= other.place.position;
        let within = self.since.partition_point(upto);
        let last = match within.checked_sub(1) {
            Some(last) => Place::new(self.since[last].position, self.since[last].prefix),
            None => base.place,
        };
        let next = self
            .since
            .get(within)
            .map_or(self.document.cursor().position + 1, |next| next.position);
        let same_log = base.cursor.epoch == other.cursor.epoch;
        if !same_log || last != other.place || next <= other.cursor.position {
            return false;
        }
        self.bytes -= self.since.drain(..within).map(|record| record.entry.len()).sum::<usize>();
        self.base = Some(other);
        true
    }

    /// Folds in the document's next entry. `false` where it was made on what is not kept here: only
    /// the relay can say what comes of it. Nothing changed then.
    pub(crate) fn fold(&mut self, record: Arc<Record>) -> bool {
        self.fold_decoded(record, Entry::decode)
    }

    fn fold_decoded(
        &mut self,
        record: Arc<Record>,
        decode: fn(&[u8]) -> Result<Entry, DecodeError>,
    ) -> bool {
        let document = &mut self.document;
        let epoch = document.cursor().epoch;
        let cursor = Cursor { epoch, position: record.position, prefix: record.prefix };
        if cursor.position <= document.cursor().position {
            return true;
        }
        match decode(&record.entry) {
            Ok(entry) => {
                let verdict = document.apply(cursor, record.logged_ms, &entry);
                if matches!(verdict, Verdict::Below { .. }) {
                    return false;
                }
            }
            Err(error) => {
                document.carry(cursor, error.to_string());
                // Whoever reads a tail need not look whether this is how its entries are written.
                self.base = None;
            }
        }
        self.bytes += record.entry.len();
        if self.since.len() == limits::TAIL_ENTRIES || self.bytes > limits::TAIL_BYTES {
            self.base = None;
        }
        match self.base {
            Some(_) => self.since.push(record),
            None => {
                self.since.clear();
                self.bytes = 0;
            }
        }
        true
    }

    /// Takes back the newest segment of the archive: for one request, never to be kept.
    pub(crate) fn restore(&mut self, segment: &Segment) -> Result<(), RestoreFault> {
        self.document.restore(segment)
    }

    /// Counts the log as folded in up to `cursor`.
    pub(crate) fn advance(&mut self, cursor: Cursor) {
        self.document.advance(cursor);
    }

    /// What the cache lacks beside its base, and how far that goes; `None` where the base is to be
    /// written.
    pub(crate) fn tail(&self, exchanged_ms: u64) -> Option<(Tail, Extent)> {
        let (base, upto) = (self.base?, self.document.cursor());
        let (format, since) = (FORMAT, self.since.clone());
        let tail = Tail { format, base: base.cursor, upto, exchanged_ms, since };
        Some((tail, Extent { format: EXTENT_FORMAT, base, upto: upto.position }))
    }

    /// The encoded entries that its cached base lacks, as far as they are kept.
    pub(crate) fn tail_entries(&self) -> impl Iterator<Item = &[u8]> {
        self.since.iter().map(|record| record.entry.as_slice())
    }

    /// Where the cached base ends that it goes on from.
    pub(crate) fn base(&self) -> Option<Cursor> {
        self.base.map(|base| base.cursor)
    }

    /// Takes in the tail of the base that this goes on from. `false` where it belongs
    /// to another base, or does not go on where this ends; nothing changed then.
    pub(crate) fn extend(&mut self, tail: Tail) -> bool {
        let position = self.document.cursor().position;
        let next = tail.since.get(self.since.len());
        let fits = self.base() == Some(tail.base)
            && position <= tail.upto.position
            && next.is_none_or(|next| position < next.position)
            && match self.since.last() {
                Some(last) => tail.since.get(self.since.len() - 1) == Some(last),
                None => self.document.place().position <= tail.base.position,
            };
        if fits {
            let upto = tail.upto;
            let news = tail.since.into_iter().skip(self.since.len());
            // Short of the tail's end it is as good as an older tail.
            let fold = |record| self.fold_decoded(record, Entry::decode_own);
            if news.collect::<Vec<_>>().into_iter().all(fold) {
                self.advance(upto);
            }
        }
        fits
    }
}

/// The entries after a cached base, as they lie in the cache.
#[derive(Clone, PartialEq, Debug, Serialize_tuple, Deserialize_tuple)]
pub(crate) struct Tail {
    format: u8,
    base: Cursor,
    upto: Cursor,
    /// When the state was exchanged with the relay, in ms since 1970.
    pub(crate) exchanged_ms: u64,
    since: Vec<Arc<Record>>,
}

impl Tail {
    /// Where the base ends that it follows.
    pub(crate) fn base(&self) -> Cursor {
        self.base
    }

    /// Whether base and tail hold any entry of the document.
    pub(crate) fn is_logged(&self, extent: &Extent) -> bool {
        extent.base.place != Place::START || !self.since.is_empty()
    }

    /// Whether base and tail hold this entry of the document; `None` if it is older than the base,
    /// which does not tell.
    pub(crate) fn holds(&self, place: Place, extent: &Extent) -> Option<bool> {
        let base = extent.base.place;
        let is = |record: &Arc<Record>| Place::new(record.position, record.prefix) == place;
        (place.position >= base.position).then(|| place == base || self.since.iter().any(is))
    }
}

impl Encode for Tail {
    fn encode(&self) -> Vec<u8> {
        codec::to_vec(self)
    }
}

impl Decode for Tail {
    fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        codec::bounded(bytes, limits::TAIL_BYTES * 2)?;
        let tail: Self = codec::from_own(bytes)?;
        if tail.format != FORMAT {
            return Err(DecodeError::Format(tail.format, FORMAT));
        }
        let positions = tail.since.iter().map(|record| record.position);
        let positions: Vec<_> = std::iter::once(tail.base.position).chain(positions).collect();
        let ordered = positions.windows(2).all(|pair| pair[0] < pair[1]);
        let ends = positions.last().is_some_and(|last| *last <= tail.upto.position);
        match ordered && ends && tail.since.len() <= limits::TAIL_ENTRIES {
            true => Ok(tail),
            false => Err(DecodeError::invalid("a tail's entries are not in order")),
        }
    }
}

/// How far what lies in the cache goes: metadata of the tail.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize_tuple, Deserialize_tuple)]
pub(crate) struct Extent {
    format: u8,
    /// Where the base ends.
    pub(crate) base: BaseEnd,
    /// Where the tail does.
    upto: Position,
}

impl Extent {
    /// Whether it goes further in the log than a document does.
    pub(crate) fn is_beyond(&self, document: &Document) -> bool {
        let cursor = document.cursor();
        self.base.cursor.epoch == cursor.epoch && self.upto > cursor.position
    }
}

impl Encode for Extent {
    fn encode(&self) -> Vec<u8> {
        codec::to_vec(self)
    }
}

impl Decode for Extent {
    fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let extent: Self = codec::from_slice(bytes)?;
        codec::known_format(extent.format, EXTENT_FORMAT)?;
        match extent.upto >= extent.base.cursor.position {
            true => Ok(extent),
            false => Err(DecodeError::invalid("a tail ends before its base")),
        }
    }
}

#[cfg(test)]
mod tests {
    use redwedding_document::entry::{Body, Delta, Edit, Note, RULES};
    use redwedding_text::diff;
    use redwedding_wire::identity::{DocumentKey, EditId};
    use redwedding_wire::version::{Base, VersionRef};
    use serde_bytes::ByteBuf;

    use super::*;

    /// As many as a tail has.
    const MOST: u8 = limits::TAIL_ENTRIES as u8;

    /// A document after `count` saves, and the log that made it.
    fn written(count: u8) -> (Document, Vec<Arc<Record>>) {
        let key = DocumentKey::new("wiki", "Red_Wedding").expect("a key");
        let mut confirmed = ConfirmedDocument::new(Document::new(key.clone(), Cursor::start(7)));
        let mut log = Vec::new();
        for number in 1..=count {
            let text = format!("{number} {}", confirmed.text());
            let delta = Delta {
                edit: EditId([number; 16]),
                base: Base::Version(VersionRef::log(confirmed.place())),
                patch: diff::between(confirmed.text(), &text),
                note: Note::default(),
                rules: RULES,
            };
            let pop = "AMS".to_owned();
            let edit = Edit::new(delta, 1, pop);
            let entry = Entry::new(key.clone(), Body::Edit(edit)).encode();
            let cursor = confirmed.cursor().after(&entry);
            let (position, prefix) = (cursor.position, cursor.prefix);
            let entry = ByteBuf::from(entry);
            let record = Arc::new(Record { position, prefix, logged_ms: 1, entry });
            assert!(confirmed.fold(record.clone()));
            assert_eq!(confirmed.text(), text);
            log.push(record);
        }
        (confirmed.document, log)
    }

    fn upto(log: &[Arc<Record>], count: usize) -> ConfirmedDocument {
        let (document, _) = written(0);
        let mut confirmed = ConfirmedDocument::new(document);
        log[..count].iter().for_each(|record| assert!(confirmed.fold(record.clone())));
        confirmed.rebase();
        confirmed
    }

    fn tail(confirmed: &ConfirmedDocument) -> Tail {
        confirmed.tail(5).expect("a tail").0
    }

    fn end(confirmed: &ConfirmedDocument) -> BaseEnd {
        confirmed.base.expect("a base")
    }

    #[test]
    fn base_and_tail_are_the_document() {
        let (document, log) = written(MOST);
        for based in 0..=usize::from(MOST) {
            let mut there = upto(&log, based);
            let mut here = there.clone();
            log[based..].iter().for_each(|record| assert!(there.fold(record.clone())));
            let further = Cursor { position: 99, ..document.cursor() };
            there.advance(further);
            let tail = Tail::decode(&tail(&there).encode());
            assert!(here.extend(tail.expect("it is read back")));
            assert_eq!(here.state_hash(), document.state_hash());
            assert_eq!(here, there);
        }
    }

    #[test]
    fn a_tail_of_another_base_is_left_aside() {
        let (_, log) = written(20);
        let mut there = upto(&log, 10);
        log[10..].iter().for_each(|record| assert!(there.fold(record.clone())));
        let tail = tail(&there);
        for based in (0..=20).filter(|based| *based != 10) {
            let mut here = upto(&log, based);
            let before = here.clone();
            assert!(!here.extend(tail.clone()));
            assert_eq!(here, before);
        }
        let mut other = tail.clone();
        other.base.prefix.0[0] ^= 1;
        assert!(!upto(&log, 10).extend(other), "a log that lost its tail and went on");
    }

    #[test]
    fn who_goes_further_goes_on_from_the_base_of_somebody_else() {
        let (document, log) = written(MOST);
        let all = || 0..=usize::from(MOST);
        for (based, other) in all().flat_map(|based| all().map(move |it| (based, it))) {
            let mut here = upto(&log, based);
            log[based..].iter().for_each(|record| assert!(here.fold(record.clone())));
            let there = upto(&log, other);
            assert_eq!(here.rebase_on(end(&there)), based <= other, "{based} and {other}");
            if based <= other {
                let mut started = there.clone();
                assert!(started.extend(tail(&here)));
                assert_eq!(started, here);
                assert_eq!(started.state_hash(), document.state_hash());
            }
        }
        // One that has heard of the log for longer, and nothing of the document since.
        let mut further = upto(&log, 8);
        further.advance(Cursor { position: 30, ..further.cursor() });
        further.rebase();
        let mut here = upto(&log, 8);
        assert!(!here.rebase_on(end(&further)), "nobody goes back");
        here.advance(Cursor { position: 31, ..here.cursor() });
        assert!(!here.rebase_on(BaseEnd { place: Place::START, ..end(&further) }));
        assert!(here.rebase_on(end(&further)));
        assert_eq!(here.base(), Some(further.cursor()));
        // What is held, and what is of a log that lost its tail and went on.
        let mut there = upto(&log, 4);
        log[4..].iter().for_each(|record| assert!(there.fold(record.clone())));
        let (tail, extent) = there.tail(5).expect("a tail");
        for known in all() {
            let place = upto(&log, known).place();
            assert_eq!(tail.holds(place, &extent), (known >= 4).then_some(true), "{known}");
            let other = Place { check: place.check ^ 1, ..place };
            assert_eq!(tail.holds(other, &extent), (known >= 4).then_some(false), "{known}");
        }
        let mut lost = end(&upto(&log, 8));
        lost.place.check ^= 1;
        let mut here = upto(&log, 4);
        log[4..].iter().for_each(|record| assert!(here.fold(record.clone())));
        let before = here.clone();
        assert!(!here.rebase_on(lost));
        assert_eq!(here, before);
    }

    #[test]
    fn what_does_not_decode_is_in_no_tail() {
        let (_, log) = written(4);
        let mut confirmed = upto(&log, 2);
        let other = Record { entry: ByteBuf::from([0x80]), ..Record::clone(&log[2]) };
        assert!(confirmed.fold(Arc::new(other)));
        assert_eq!(confirmed.quarantined().len(), 1);
        assert!(confirmed.tail(5).is_none(), "a base is written, which says so");
    }

    #[test]
    fn a_long_tail_gives_way_to_a_new_base() {
        let (_, log) = written(200);
        let mut confirmed = upto(&log, 0);
        let mut bases = 0;
        for record in &log {
            assert!(confirmed.fold(record.clone()));
            match confirmed.tail(5) {
                Some((tail, _)) => assert!(tail.since.len() <= limits::TAIL_ENTRIES),
                None => {
                    bases += 1;
                    confirmed.rebase();
                }
            }
        }
        assert_eq!(bases, 200 / (limits::TAIL_ENTRIES + 1));
        assert!(
            ConfirmedDocument::new(confirmed.document).tail(5).is_none(),
            "nothing to go on from"
        );
    }
}
