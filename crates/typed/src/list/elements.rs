//! What a list is made of: elements that have a place, and elements that wait for one.
//!
//! What has which place is for [`super::order`] and [`super::stable`] to say.

use super::element::Element;

/// A list of byte strings. In canonical form: what has a place in the order of the list;
/// what has none yet by dot.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct List {
    /// In order, traces of what was removed among them. Those without an origin are stable.
    pub(super) placed: Vec<Element>,
    /// What waits for a neighbour, or for the element that it sets.
    pub(super) loose: Vec<Element>,
}

impl List {
    pub(super) fn elements(&self) -> impl Iterator<Item = &Element> {
        self.placed.iter().chain(&self.loose)
    }

    pub(super) fn elements_mut(&mut self) -> impl Iterator<Item = &mut Element> {
        self.placed.iter_mut().chain(&mut self.loose)
    }

    pub(super) fn sort_loose(&mut self) {
        self.loose.sort_unstable_by_key(|it| it.id);
    }
}
