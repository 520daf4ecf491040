//! The order of a list: a tree of elements, walked from the right.
//!
//! Stable elements stand in the order that they have. Between two of them stand elements
//! that are not stable: each right of its left neighbour, as a child on that side; or, where
//! its right neighbour has the same left one, as a child left of that (the two are then as
//! Fugue's tree has them). Children on the left stand by id. Of children on the right those
//! come first whose right neighbour is furthest to the right: that is FugueMax, and since who
//! knows more has nearer neighbours, it does not depend on how stable elements once came to
//! where they are. Whose left neighbour is far stands behind all of that, where it stood.
//!
//! Walked from the right, whatever lies right of an element has its place before the element's
//! children are put in order. It takes n log n steps, whatever the list is.
//!
//! May assume that everything placed was placed by it, or checked with [`is_arranged`]. What
//! has no place must never change the order of what has one.

use redwedding_wire::version::Position;

use super::element::{Element, Neighbour};
use super::elements::List;
use crate::dot::Dot;

/// The end of the list, on either side.
pub(super) const END: u32 = u32::MAX;
/// Some stable element that is not the nearest.
pub(super) const FAR: u32 = u32::MAX - 1;
const MISSING: u32 = u32::MAX - 2;
/// It was made at the floor or before, and is not there any more.
const GONE: u32 = u32::MAX - 3;

/// Where elements are, by their ids.
pub(super) type Names = Vec<(Dot, u32)>;

pub(super) fn names<'a>(elements: impl Iterator<Item = &'a Element>) -> Names {
    let mut names: Names = elements.zip(0..).map(|(it, at)| (it.id, at)).collect();
    names.sort_unstable();
    names
}

pub(super) fn named(names: &Names, id: Dot) -> Option<usize> {
    let at = names.binary_search_by_key(&id, |(id, _)| *id).ok()?;
    Some(names[at].1 as usize)
}

/// Gives a place to what waits for none of its neighbours. A right neighbour that is gone and
/// was made at `floor` or before is taken for the next stable element.
pub(super) fn arrange(list: &mut List, floor: Position) {
    list.sort_loose();
    if !list.loose.iter().any(|it| it.origin.is_some()) {
        return;
    }
    let placed = list.placed.len();
    let mut all = std::mem::take(&mut list.placed);
    all.append(&mut list.loose);
    let order = Tree::of(&all, placed, floor).walked();
    let mut all: Vec<Option<Element>> = all.into_iter().map(Some).collect();
    list.placed = order.into_iter().rev().filter_map(|at| all[at as usize].take()).collect();
    list.loose = all.into_iter().flatten().collect();
}

/// Whether everything has the place that it has to have.
pub(super) fn is_arranged(list: &List) -> bool {
    if list.elements().all(Element::is_stable) {
        return true;
    }
    let all: Vec<Element> = list.elements().cloned().collect();
    let order = Tree::of(&all, list.placed.len(), 0).walked();
    order.len() == list.placed.len() && order.into_iter().rev().eq(0..list.placed.len() as u32)
}

/// The nearest stable element before each of these, and after it.
pub(super) fn nearest(placed: &[Element]) -> (Vec<u32>, Vec<u32>) {
    let (mut before, mut after) = (vec![END; placed.len()], vec![END; placed.len()]);
    let mut near = END;
    for (at, element) in placed.iter().enumerate() {
        before[at] = near;
        near = if element.is_stable() { at as u32 } else { near };
    }
    near = END;
    for (at, element) in placed.iter().enumerate().rev() {
        after[at] = near;
        near = if element.is_stable() { at as u32 } else { near };
    }
    (before, after)
}

/// Elements with their neighbours and children.
struct Tree<'a> {
    all: &'a [Element],
    /// How many of them have a place; the rest comes by dot.
    placed: usize,
    before: Vec<u32>,
    /// The first stable element.
    first: u32,
    left: Vec<u32>,
    right: Vec<u32>,
    /// Parents, or ends, with their children; by parent.
    lefts: Vec<(u32, u32)>,
    rights: Vec<(u32, u32)>,
    /// Stable elements, or the start, and whom they are followed by that stays in its place.
    fixed: Vec<(u32, u32)>,
}

impl<'a> Tree<'a> {
    fn of(all: &'a [Element], placed: usize, floor: Position) -> Self {
        let names = names(all.iter());
        let (before, after) = nearest(&all[..placed]);
        let (mut left, mut right) = (vec![MISSING; all.len()], vec![MISSING; all.len()]);
        for (at, element) in all.iter().enumerate() {
            let Some(origin) = &element.origin else { continue };
            let resolve = |it: Neighbour, near: &[u32]| match it {
                Neighbour::Near => near.get(at).copied().unwrap_or(END),
                Neighbour::Far => FAR,
                Neighbour::Dot(id) => named(&names, id).map_or(MISSING, |at| at as u32),
            };
            left[at] = resolve(origin.left, &before);
            right[at] = resolve(origin.right, &after);
        }
        let first = all[..placed].iter().position(Element::is_stable);
        let first = first.map_or(END, |at| at as u32);
        let (lefts, rights, fixed) = (Vec::new(), Vec::new(), Vec::new());
        let mut tree = Self { all, placed, before, first, left, right, lefts, rights, fixed };
        (0..placed as u32).for_each(|at| tree.attach(at));
        tree.attach_loose(&after, floor);
        tree.lefts.sort_unstable();
        tree.rights.sort_unstable();
        tree.fixed.sort_unstable();
        tree
    }

    fn is_stable(&self, at: u32) -> bool {
        (at as usize) < self.placed && self.all[at as usize].is_stable()
    }

    /// Makes it a child of one of its neighbours, if those are known.
    fn attach(&mut self, at: u32) {
        let (left, right) = (self.left[at as usize], self.right[at as usize]);
        if self.is_stable(at) || left == MISSING || right == MISSING {
            return;
        }
        if left == FAR {
            self.fixed.push((self.before.get(at as usize).copied().unwrap_or(END), at));
        } else if (right as usize) < self.all.len()
            && !self.is_stable(right)
            && self.left[right as usize] == left
        {
            self.lefts.push((right, at));
        } else {
            self.rights.push((left, at));
        }
    }

    /// Attaches those without a place whose neighbours have one, or get one before them.
    fn attach_loose(&mut self, after: &[u32], floor: Position) {
        let count = self.all.len() - self.placed;
        let mut waits = vec![0u8; count];
        let mut followers: Vec<(u32, u32)> = Vec::new();
        // Behind a right neighbour that is gone the next stable element stands.
        let mut bounds = vec![END; count];
        let mut ready = Vec::new();
        for at in self.placed..self.all.len() {
            let Some(origin) = &self.all[at].origin else { continue };
            let gone = |it| matches!(it, Neighbour::Dot(dot) if dot.is_within(floor));
            if self.right[at] == MISSING && gone(origin.right) {
                self.right[at] = GONE;
            }
            if self.left[at] == MISSING || self.right[at] == MISSING {
                continue;
            }
            for it in [self.left[at], self.right[at]] {
                if (it as usize) < self.all.len() && it as usize >= self.placed {
                    waits[at - self.placed] += 1;
                    followers.push((it, at as u32));
                }
            }
            if waits[at - self.placed] == 0 {
                ready.push(at as u32);
            }
        }
        followers.sort_unstable();
        while let Some(at) = ready.pop() {
            let own = at as usize - self.placed;
            bounds[own] = self.bound(self.left[at as usize], after, &bounds);
            if self.right[at as usize] == GONE {
                self.right[at as usize] = bounds[own];
            }
            self.attach(at);
            for (_, follower) in children(&followers, at) {
                let waits = &mut waits[*follower as usize - self.placed];
                *waits -= 1;
                if *waits == 0 {
                    ready.push(*follower);
                }
            }
        }
    }

    /// The next stable element after `left`.
    fn bound(&self, left: u32, after: &[u32], bounds: &[u32]) -> u32 {
        match left as usize {
            at if at < self.placed => after[at],
            at if at < self.all.len() => bounds[at - self.placed],
            _ => self.first,
        }
    }

    /// What has a place, from the last to the first.
    fn walked(&self) -> Vec<u32> {
        let mut walk = Walk { tree: self, ranks: vec![END; self.all.len()], order: Vec::new() };
        let stable = (0..self.placed as u32).rev().filter(|at| self.is_stable(*at));
        for owner in stable.chain([END]) {
            for (_, fixed) in children(&self.fixed, owner).iter().rev() {
                walk.visit(*fixed);
            }
            for child in walk.sorted(owner).into_iter().rev() {
                walk.visit(child);
            }
            if owner != END {
                walk.take(owner);
            }
        }
        walk.order
    }

    fn tie(&self, at: u32) -> (u64, u32) {
        let element = &self.all[at as usize];
        let (Dot::Logged { sequence, .. } | Dot::Open { sequence, .. }) = element.id;
        (element.origin.as_ref().map_or(0, |origin| origin.actor.0), sequence)
    }
}

fn children(of: &[(u32, u32)], parent: u32) -> &[(u32, u32)] {
    let from = of.partition_point(|(it, _)| *it < parent);
    let count = of[from..].partition_point(|(it, _)| *it == parent);
    &of[from..from + count]
}

enum Step {
    Visit(u32),
    Take(u32),
}

struct Walk<'a> {
    tree: &'a Tree<'a>,
    /// How many were taken before it.
    ranks: Vec<u32>,
    order: Vec<u32>,
}

impl Walk<'_> {
    fn take(&mut self, at: u32) {
        self.ranks[at as usize] = self.order.len() as u32;
        self.order.push(at);
    }

    /// Takes it with all below it, without recursion: a row of a writer is a branch.
    fn visit(&mut self, at: u32) {
        let mut steps = vec![Step::Visit(at)];
        while let Some(step) = steps.pop() {
            match step {
                Step::Take(at) => self.take(at),
                Step::Visit(at) => {
                    let lefts = children(&self.tree.lefts, at).iter().map(|(_, child)| *child);
                    let mut lefts: Vec<u32> = lefts.collect();
                    lefts.sort_unstable_by_key(|child| self.tree.tie(*child));
                    steps.extend(lefts.into_iter().map(Step::Visit));
                    steps.push(Step::Take(at));
                    steps.extend(self.sorted(at).into_iter().map(Step::Visit));
                }
            }
        }
    }

    /// Children on the right, once all beyond them is taken.
    fn sorted(&self, parent: u32) -> Vec<u32> {
        let children = children(&self.tree.rights, parent);
        let mut sorted: Vec<u32> = children.iter().map(|(_, child)| *child).collect();
        sorted.sort_unstable_by_key(|child| {
            let distance = match self.tree.right[*child as usize] {
                FAR => 0,
                END => 1,
                right => u64::from(self.ranks[right as usize]) + 2,
            };
            // Those with far neighbours stay in the order that they have.
            let place = if distance == 0 { *child } else { 0 };
            (distance, place, self.tree.tie(*child))
        });
        sorted
    }
}
