//! A slow sequence CRDT that is right by inspection: FugueMax as a tree of single characters.
//!
//! After Weidner and Kleppmann, "The Art of the Fugue": a character hangs to the right of the one
//! before it, or to the left of the one after it; children on the right stand in reverse order of
//! what was to their right when they were inserted, then by id. May assume that changes come after
//! all they had seen and fit their base. Must never share a line with the engine under test.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use redwedding_text::Patch;

/// Ids of the changes in a version.
pub(crate) type Seen = BTreeSet<u64>;

struct Node {
    change: u64,
    /// Which of its change's edits inserted it.
    edit: usize,
    c: char,
    left_children: Vec<usize>,
    right_children: Vec<usize>,
    /// What stood to the right when it was inserted.
    right_origin: Option<usize>,
    /// By which change, and which of its edits.
    deleted_by: BTreeMap<u64, usize>,
}

/// What takes out a change, or one of its edits, or puts that back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Suppressed {
    pub(crate) target: u64,
    pub(crate) edit: Option<usize>,
    pub(crate) suppressed: bool,
}

/// All characters ever inserted, as a tree below a root that is none.
pub(crate) struct Reference {
    nodes: Vec<Node>,
    /// Changes that took others out or put them back, or one edit of them.
    suppressions: Vec<(u64, Suppressed)>,
}

const ROOT: usize = 0;
const ROOT_CHANGE: u64 = u64::MAX;

impl Reference {
    /// A document that begins with a text.
    pub(crate) fn new(text: &str) -> Reference {
        let nodes = vec![Node::new((ROOT_CHANGE, 0), '\0', None)];
        let mut reference = Reference { nodes, suppressions: Vec::new() };
        for c in text.chars() {
            let last = reference.nodes.len() - 1;
            reference.nodes.push(Node::new((ROOT_CHANGE, 0), c, None));
            reference.nodes[last].right_children.push(last + 1);
        }
        reference
    }

    /// The text of a version.
    pub(crate) fn text(&self, seen: &Seen) -> String {
        self.visible(seen).into_iter().map(|node| self.nodes[node].c).collect()
    }

    /// Who inserted each byte of a version's text; nobody what stood there at first.
    pub(crate) fn writers(&self, seen: &Seen) -> Vec<Option<u64>> {
        let visible = self.visible(seen).into_iter().map(|node| &self.nodes[node]);
        let writer = |node: &Node| Some(node.change).filter(|change| *change != ROOT_CHANGE);
        visible.flat_map(|node| vec![writer(node); node.c.len_utf8()]).collect()
    }

    /// Takes a change out, or puts it back.
    pub(crate) fn suppress(&mut self, id: u64, what: Suppressed) {
        self.suppressions.push((id, what));
    }

    /// Applies a change that was made to the text of `base`.
    pub(crate) fn apply(&mut self, id: u64, base: &Seen, patch: &Patch) {
        let mut seen = base.clone();
        seen.insert(id);
        let text = self.text(&seen);
        let chars = |byte: u32| text[..byte as usize].chars().count();
        let mut shift = 0isize;
        for (edit, (start, deleted, inserted)) in patch.edits().enumerate() {
            let at = chars(start).strict_add_signed(shift);
            for _ in 0..chars(start + deleted) - chars(start) {
                let node = self.visible(&seen)[at];
                self.nodes[node].deleted_by.insert(id, edit);
                shift -= 1;
            }
            for (offset, c) in inserted.chars().enumerate() {
                self.insert((id, edit), &seen, at + offset, c);
                shift += 1;
            }
        }
    }

    fn insert(&mut self, by: (u64, usize), seen: &Seen, at: usize, c: char) {
        let left = at.checked_sub(1).map_or(ROOT, |before| self.visible(seen)[before]);
        let existing: Vec<usize> =
            self.order().into_iter().filter(|&node| self.exists(node, seen)).collect();
        let place = existing.iter().position(|&node| node == left);
        let right = existing.get(place.map_or(0, |place| place + 1)).copied();
        let node = self.nodes.len();
        self.nodes.push(Node::new(by, c, right));
        let taken = self.nodes[left].right_children.iter().any(|&n| self.exists(n, seen));
        match right {
            Some(right) if taken => self.hang_left(right, node),
            _ => self.hang_right(left, node),
        }
    }

    fn hang_left(&mut self, parent: usize, node: usize) {
        let change = self.nodes[node].change;
        let siblings = &self.nodes[parent].left_children;
        let at = siblings.iter().take_while(|&&other| self.nodes[other].change < change).count();
        self.nodes[parent].left_children.insert(at, node);
    }

    fn hang_right(&mut self, parent: usize, node: usize) {
        let order = self.order();
        let key = |node: usize| {
            let origin = self.nodes[node].right_origin;
            let place = origin.and_then(|origin| order.iter().position(|&other| other == origin));
            (std::cmp::Reverse(place.unwrap_or(usize::MAX)), self.nodes[node].change)
        };
        let siblings = &self.nodes[parent].right_children;
        let before = |&&other: &&usize| key(other).cmp(&key(node)) == Ordering::Less;
        let at = siblings.iter().take_while(before).count();
        self.nodes[parent].right_children.insert(at, node);
    }

    fn exists(&self, node: usize, seen: &Seen) -> bool {
        let change = self.nodes[node].change;
        change == ROOT_CHANGE || seen.contains(&change)
    }

    fn visible(&self, seen: &Seen) -> Vec<usize> {
        let suppressed = |change: u64, edit: usize| {
            let about = |event: &&(u64, Suppressed)| {
                let (id, what) = event;
                let part = what.edit.is_none_or(|only| only == edit);
                what.target == change && part && seen.contains(id)
            };
            self.suppressions.iter().rfind(about).is_some_and(|event| event.1.suppressed)
        };
        let shown = |&node: &usize| {
            let Node { change, edit, deleted_by, .. } = &self.nodes[node];
            let deletes = |(change, edit): (&u64, &usize)| {
                seen.contains(change) && !suppressed(*change, *edit)
            };
            node != ROOT
                && self.exists(node, seen)
                && !suppressed(*change, *edit)
                && !deleted_by.iter().any(deletes)
        };
        self.order().into_iter().filter(shown).collect()
    }

    /// All characters in document order, the root among them.
    fn order(&self) -> Vec<usize> {
        let mut order = Vec::with_capacity(self.nodes.len());
        // A node is expanded once: then its left children, itself and its right children stand
        // there.
        let mut stack = vec![(ROOT, false)];
        while let Some((node, expanded)) = stack.pop() {
            if expanded {
                order.push(node);
                continue;
            }
            stack.extend(self.nodes[node].right_children.iter().rev().map(|&n| (n, false)));
            stack.push((node, true));
            stack.extend(self.nodes[node].left_children.iter().rev().map(|&n| (n, false)));
        }
        order
    }
}

impl Node {
    fn new((change, edit): (u64, usize), c: char, right_origin: Option<usize>) -> Node {
        Node {
            change,
            edit,
            c,
            left_children: Vec::new(),
            right_children: Vec::new(),
            right_origin,
            deleted_by: BTreeMap::new(),
        }
    }
}
