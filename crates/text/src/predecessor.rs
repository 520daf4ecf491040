//! An index from places to numbers that finds the last place at or before another.
//!
//! Places are dense where they are at all: characters that were typed one by one. Between them may
//! lie megabytes that somebody pasted, of which no place is ever asked. So it is an array in pages,
//! of which only those exist that have something, and a bit set of three levels over it. May assume
//! nothing. Must never cost more memory than a page for each place, and a pointer for each page up
//! to the last.

/// Places of a page: 64 words of a bit set, over which one more says which have any bit.
const PAGE: u32 = 64 * 64;

/// Numbers by place.
#[derive(Clone, Debug, Default)]
pub(crate) struct Predecessor {
    pages: Vec<Option<Box<Page>>>,
    /// Which pages there are, a bit each.
    kept: Vec<u64>,
}

#[derive(Clone, Debug)]
struct Page {
    numbers: [u32; PAGE as usize],
    /// Which places have a number, a bit each.
    places: [u64; 64],
    /// Which words of that have any bit.
    words: u64,
}

impl Predecessor {
    /// Gives a place a number, in place of the one that it may have. O(1).
    pub(crate) fn insert(&mut self, place: u32, number: u32) {
        let (page, at) = split(place);
        if page >= self.pages.len() {
            self.pages.resize_with(page + 1, || None);
            self.kept.resize(page / 64 + 1, 0);
        }
        self.kept[page / 64] |= 1 << (page % 64);
        self.pages[page].get_or_insert_with(Box::default).insert(at, number);
    }

    /// The number of a place. O(1).
    pub(crate) fn get(&self, place: u32) -> Option<u32> {
        let (page, at) = split(place);
        self.pages.get(page)?.as_ref()?.get(at)
    }

    /// The number of the last place at or before one. O(1) but for pages without any.
    pub(crate) fn upto(&self, place: u32) -> Option<u32> {
        let (page, at) = split(place);
        let here = self.pages.get(page).and_then(Option::as_ref).and_then(|page| page.upto(at));
        here.or_else(|| self.pages[self.page_before(page)?].as_ref()?.upto(PAGE as usize - 1))
    }

    /// The last page before one.
    fn page_before(&self, page: usize) -> Option<usize> {
        let last = page.min(self.pages.len()).checked_sub(1)?;
        let near = upto(self.kept[last / 64], last % 64).map(|bit| last / 64 * 64 + bit);
        near.or_else(|| {
            let word = self.kept[..last / 64].iter().rposition(|bits| *bits != 0)?;
            Some(word * 64 + upto(self.kept[word], 63)?)
        })
    }
}

impl Default for Page {
    fn default() -> Self {
        Self { numbers: [0; PAGE as usize], places: [0; 64], words: 0 }
    }
}

impl Page {
    fn insert(&mut self, at: usize, number: u32) {
        self.numbers[at] = number;
        self.places[at / 64] |= 1 << (at % 64);
        self.words |= 1 << (at / 64);
    }

    fn get(&self, at: usize) -> Option<u32> {
        (self.places[at / 64] & (1 << (at % 64)) != 0).then(|| self.numbers[at])
    }

    fn upto(&self, at: usize) -> Option<u32> {
        let word = at / 64;
        let near = upto(self.places[word], at % 64).map(|bit| word * 64 + bit);
        let found = near.or_else(|| {
            let word = upto(self.words, word.checked_sub(1)?)?;
            Some(word * 64 + upto(self.places[word], 63)?)
        });
        found.map(|at| self.numbers[at])
    }
}

/// The page of a place, and where it is there.
fn split(place: u32) -> (usize, usize) {
    ((place / PAGE) as usize, (place % PAGE) as usize)
}

/// The last bit that is set, at or before one.
fn upto(bits: u64, bit: usize) -> Option<usize> {
    let bits = bits & (u64::MAX >> (63 - bit));
    (bits != 0).then(|| 63 - bits.leading_zeros() as usize)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::{PAGE, Predecessor};

    fn place() -> impl Strategy<Value = u32> {
        // Beside each other, at the ends of words and pages, and far apart.
        prop_oneof![
            0..200u32,
            (0..300u32, 0..3u32).prop_map(|(page, by)| (page * PAGE + by).saturating_sub(1)),
            0..PAGE * 300,
        ]
    }

    proptest! {
        #[test]
        fn finds_what_a_sorted_map_finds(
            places in prop::collection::vec((place(), any::<u32>()), 0..40),
            asked in prop::collection::vec(place(), 40),
        ) {
            let (mut index, mut map) = (Predecessor::default(), BTreeMap::new());
            for (place, number) in &places {
                index.insert(*place, *number);
                map.insert(*place, *number);
            }
            for place in asked.iter().chain(places.iter().map(|(place, _)| place)) {
                prop_assert_eq!(index.get(*place), map.get(place).copied());
                let upto = map.range(..=place).next_back().map(|(_, number)| *number);
                prop_assert_eq!(index.upto(*place), upto);
            }
        }
    }

    #[test]
    fn costs_as_much_as_it_has_places() {
        let mut index = Predecessor::default();
        (0..100).for_each(|paste| index.insert(paste << 20, paste));
        assert_eq!(index.pages.iter().flatten().count(), 100);
        assert_eq!(index.upto(50 << 20 | 0xf_ffff), Some(50));
    }
}
