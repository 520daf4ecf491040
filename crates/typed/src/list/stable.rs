//! What the floor does to a list.
//!
//! Whoever inserts from now on has seen every stable element, and every removal at the floor
//! or before. So a stable element needs no neighbours: nobody who is still to come asks how
//! it came to its place. Of one that is not stable it is enough to know of a stable neighbour
//! whether it is the nearest one, which those who are still to come have for theirs, or lies
//! beyond. And a trace that is past goes, but for one thing: where an element that is not
//! stable comes right after it, it is the boundary that those to come stop at.
//!
//! Must come to the same in one step and in several, and change no place.

use redwedding_wire::version::Position;

use super::element::{Element, Neighbour};
use super::elements::List;
use super::order::{self, END, FAR};

pub(super) fn stabilise(list: &mut List, floor: Position) {
    order::arrange(list, floor);
    if list.placed.iter().any(|it| !it.is_stable()) {
        pass(&mut list.placed, floor);
    }
    list.elements_mut().for_each(|it| it.stabilise(floor));
    forget(&mut list.placed, floor);
}

/// Makes elements stable, and says of the rest which of its neighbours are.
fn pass(placed: &mut [Element], floor: Position) {
    let names = order::names(placed.iter());
    let (before, after) = order::nearest(placed);
    let resolve = |it: Neighbour, near: u32, bound: u32| match it {
        Neighbour::Near => near,
        Neighbour::Far => FAR,
        // What is gone was the next stable element.
        Neighbour::Dot(id) => order::named(&names, id).map_or(bound, |at| at as u32),
    };
    let beside: Vec<Option<(u32, u32)>> = (0..placed.len())
        .map(|at| {
            let origin = placed[at].origin.as_ref()?;
            let left = resolve(origin.left, before[at], FAR);
            Some((left, resolve(origin.right, after[at], after[at])))
        })
        .collect();
    for element in placed.iter_mut().filter(|it| it.id.is_within(floor)) {
        element.origin = None;
    }
    let (before, after) = order::nearest(placed);
    for (at, beside) in beside.into_iter().enumerate() {
        let Some((left, right)) = beside else { continue };
        let left = told(placed, left, before[at]);
        let right = told(placed, right, after[at]);
        if let Some(origin) = &mut placed[at].origin {
            (origin.left, origin.right) = (left, right);
        }
    }
}

/// What is to be known of a neighbour where `near` is the nearest stable one.
fn told(placed: &[Element], neighbour: u32, near: u32) -> Neighbour {
    match neighbour {
        FAR => Neighbour::Far,
        it if it == near => Neighbour::Near,
        END => Neighbour::Far,
        it if placed[it as usize].is_stable() => Neighbour::Far,
        it => Neighbour::Dot(placed[it as usize].id),
    }
}

/// Drops the traces that nobody can ask for.
fn forget(placed: &mut Vec<Element>, floor: Position) {
    let mut stable = true;
    let mut drops: Vec<bool> = placed
        .iter()
        .rev()
        .map(|it| {
            let drops = stable && it.is_stable() && it.is_past(floor);
            stable = it.is_stable();
            drops
        })
        .collect();
    placed.retain(|_| !drops.pop().unwrap_or(false));
}
