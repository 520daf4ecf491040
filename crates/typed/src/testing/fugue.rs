//! The reference for the order of a list: FugueMax, as its paper has it, a tree of all
//! elements that were ever inserted anywhere, none of which is ever forgotten.

use std::collections::BTreeSet;

use redwedding_wire::identity::Actor;

/// An element by its number in the history.
type Element = usize;

#[derive(Clone, Debug)]
struct Node {
    element: Element,
    actor: Actor,
    left: Option<Element>,
    right: Option<Element>,
    lefts: Vec<Element>,
    rights: Vec<Element>,
}

/// All elements of one list.
#[derive(Clone, Default, Debug)]
pub struct Tree {
    nodes: Vec<Node>,
    /// Children on the right of the start of the list.
    rights: Vec<Element>,
}

impl Tree {
    fn node(&self, element: Element) -> Option<&Node> {
        self.nodes.iter().find(|node| node.element == element)
    }

    /// All elements in order.
    fn order(&self) -> Vec<Element> {
        let mut order = Vec::new();
        self.rights.iter().for_each(|child| self.walk(*child, &mut order));
        order
    }

    fn walk(&self, element: Element, order: &mut Vec<Element>) {
        let Some(node) = self.node(element) else { return };
        node.lefts.iter().for_each(|child| self.walk(*child, order));
        order.push(element);
        node.rights.iter().for_each(|child| self.walk(*child, order));
    }

    /// Those of `known` whose neighbours are known, and so on, in order.
    pub fn placed(&self, known: &BTreeSet<Element>) -> Vec<Element> {
        let mut placed = BTreeSet::new();
        // Neighbours have lower numbers.
        for node in &self.nodes {
            let neighbours = [node.left, node.right].into_iter().flatten();
            if known.contains(&node.element) && { neighbours }.all(|it| placed.contains(&it)) {
                placed.insert(node.element);
            }
        }
        self.order().into_iter().filter(|it| placed.contains(it)).collect()
    }

    /// Inserts by who knows these, after one of them that is `left`, or at the start.
    pub fn insert(
        &mut self,
        element: Element,
        actor: Actor,
        known: &BTreeSet<Element>,
        left: Option<Element>,
    ) {
        let placed = self.placed(known);
        let after = left.map_or(0, |left| 1 + place(&placed, left));
        let right = placed.get(after).copied();
        let order = self.order();
        let below = right.is_some_and(|right| self.is_right_of(right, left));
        let node = Node { element, actor, left, right, lefts: vec![], rights: vec![] };
        let last = |right: Option<Element>| right.map_or(order.len(), |it| place(&order, it));
        let siblings = match (below, right, left) {
            (true, Some(right), _) => self.node(right).map(|node| &node.lefts),
            (_, _, Some(left)) => self.node(left).map(|node| &node.rights),
            _ => Some(&self.rights),
        };
        let comes_before = |other: &Element| {
            let Some(other) = self.node(*other) else { return false };
            let further = last(other.right).cmp(&last(right)).reverse();
            let further = if below { std::cmp::Ordering::Equal } else { further };
            further.then(other.actor.cmp(&actor)).is_lt()
        };
        let at = siblings.map_or(0, |all| all.iter().take_while(|it| comes_before(it)).count());
        let siblings = match (below, right, left) {
            (true, Some(right), _) => self.children(right, |node| &mut node.lefts),
            (_, _, Some(left)) => self.children(left, |node| &mut node.rights),
            _ => Some(&mut self.rights),
        };
        siblings.into_iter().for_each(|all| all.insert(at, element));
        self.nodes.push(node);
    }

    fn children(
        &mut self,
        of: Element,
        which: impl Fn(&mut Node) -> &mut Vec<Element>,
    ) -> Option<&mut Vec<Element>> {
        self.nodes.iter_mut().find(|node| node.element == of).map(which)
    }

    /// Whether `element` is below `of` on its right side.
    fn is_right_of(&self, element: Element, of: Option<Element>) -> bool {
        let mut below = Vec::new();
        let rights = match of {
            Some(of) => self.node(of).map_or(&[][..], |node| &node.rights),
            None => &self.rights,
        };
        rights.iter().for_each(|child| self.walk(*child, &mut below));
        below.contains(&element)
    }
}

fn place(order: &[Element], element: Element) -> usize {
    order.iter().position(|it| *it == element).unwrap_or(order.len())
}
