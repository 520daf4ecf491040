//! Two edits of one text, merged as the people meant them who made them.
//!
//! The frame is diff3's (Khanna, Kunal and Pierce, "A Formal Investigation of Diff3", 2007): what
//! one of two edits changes and the other one keeps is changed. Where both touch the same passage
//! the rules are ours; each branch of `decide` names its own. They go by the two edits and the text
//! alone, so whoever has these decides alike.
//!
//! May assume that both edits fit the text. Must never show a passage that nobody wrote: what is
//! not shown of the second edit is handed back as an alternative, whole.

mod again;
mod astray;
mod belonging;
mod delimiters;
mod edit;
mod entangled;
mod lines;
mod moves;
mod outcome;
mod passage;
mod refined;
mod repeated;
mod seams;
mod slid;
mod two_places;
mod versions;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ops::Range;

use crate::diff;
use crate::patch::{Patch, PatchBuilder};
use crate::words;
pub use again::PutAgain;
use astray::{Astray, with_astray};
use belonging::belong;
use delimiters::half_delimited;
use edit::{Edit, Kind, are_signs, edits, with_own_lines};
use moves::{Carried, Links};
use outcome::Decided;
pub use outcome::{Met, Outcome, Own, OwnPart, ThreeWay};
use passage::{Part, Passage};
use refined::{Making, refined};
use repeated::{half_moved, miscounted, repeated, shows_again};
use seams::{glued, is_one_word};
use slid::slid;
use versions::{holds, repeat};

/// Passages of which another version is shown that one edit may leave, at most.
pub const HIDDEN: usize = 64;

/// An edit beside which another one is merged, and what is known of its making.
#[derive(Clone, Debug)]
pub struct Beside<'a> {
    /// What it changes.
    pub patch: &'a Patch,
    /// Hunks of it that nobody wrote, but that took away or put what the author of the other edit
    /// had before them with that there: who saw both decides. Those that were decided together
    /// yield together.
    pub yields: Vec<BTreeSet<u32>>,
    /// Hunks of it that the author of the other edit alone made, of the same text: what came later
    /// stands, where the two conflict or are mostly the same.
    pub own: BTreeMap<u32, Own>,
    /// Hunks of it of which that author made a part.
    pub own_parts: BTreeMap<u32, OwnPart>,
    /// Hunks of it by which several put something in one place, and what of it each put, in bytes
    /// of what the hunk puts.
    pub parts: BTreeMap<u32, Vec<Range<usize>>>,
    /// Hunks of it by which others' text stands where it was decided that it should.
    pub decided: BTreeSet<u32>,
    /// Hunks of it by which another version shows of what the author of the other edit had before
    /// them there.
    pub hides: BTreeSet<u32>,
    /// Hunks of the other edit, deletions among them, that somebody made just so on the way to it,
    /// whatever has become of them.
    pub made: BTreeSet<u32>,
    /// Hunks of the other edit in place of which its author has put something else since, whatever
    /// became of that: they are not made.
    pub withdrawn: BTreeSet<u32>,
    /// Whether the other edit shows where the two conflict.
    pub gives_way: bool,
    /// Whether there was no text yet: two that each put one there made the same page.
    pub creates: bool,
    /// Whether of what it put somebody had seen something go that it took away: what is there again
    /// may be what it was then.
    pub puts_back: bool,
    /// Hunks of it of which that is known not to be so, and what came in them is no version of what
    /// went: several did the one and the other. Behind how much of what came that stood, in bytes.
    pub apart: BTreeMap<u32, usize>,
    /// What of the text it took away at one place and put at another, where that is known: it is
    /// the same text, and what the other edit changes in it goes along.
    pub again: Vec<PutAgain>,
    /// Hunks of the other edit by which a merge by characters is known to put whole lines into a
    /// line of what the first one puts.
    pub torn: BTreeSet<u32>,
}

impl<'a> From<&'a Patch> for Beside<'a> {
    fn from(patch: &'a Patch) -> Self {
        Self {
            patch,
            yields: Vec::new(),
            own: BTreeMap::new(),
            own_parts: BTreeMap::new(),
            parts: BTreeMap::new(),
            decided: BTreeSet::new(),
            hides: BTreeSet::new(),
            made: BTreeSet::new(),
            withdrawn: BTreeSet::new(),
            gives_way: false,
            creates: true,
            puts_back: true,
            apart: BTreeMap::new(),
            again: Vec::new(),
            torn: BTreeSet::new(),
        }
    }
}

/// How often what is hidden is looked at again for what belongs to it.
const ROUNDS: usize = 8;

/// Bytes between two changes from which on no word and no line joins them.
const FAR: u32 = 1_024;

/// Whether two edits of one text come near each other somewhere. Where they do not, merging them
/// character by character is what [`merge`] gives, too. O(hunks of both).
#[must_use]
pub fn meet(first: &Patch, second: &Patch) -> bool {
    let mut firsts = first.edits().peekable();
    second.edits().any(|(at, deleted, _)| {
        let before = |first: &(u32, u32, &str)| first.0 + first.1 + FAR < at;
        while firsts.next_if(before).is_some() {}
        firsts.peek().is_some_and(|first| first.0 <= at + deleted + FAR)
    })
}

/// Merges `second` beside `first`, two edits of `base`. O(base + edits), and what comparing those
/// passages takes that both touch.
#[must_use]
pub fn merge<'a>(base: &str, first: impl Into<Beside<'a>>, second: &Patch) -> ThreeWay {
    let beside = first.into();
    let made = merge_beside(base, &beside, second);
    let replaces = |met: &Met| matches!(met.outcome, Outcome::Replaced(_));
    if !made.met.iter().any(replaces) || !shows_again(base, [beside.patch, second], &made) {
        return made;
    }
    // What the second one had left as it was, the first one has elsewhere.
    merge_beside(base, &Beside { gives_way: false, ..beside }, second)
}

fn merge_beside(base: &str, beside: &Beside<'_>, second: &Patch) -> ThreeWay {
    let Beside { patch: first, yields, hides, made, withdrawn, gives_way, again, .. } = beside;
    let creates = beside.creates && base.is_empty();
    let (mut seconds, puts_back, apart) = (edits(second), beside.puts_back, &beside.apart);
    let finer = refined(base, first, &seconds, Making { again, puts_back, apart });
    // Where all is as it was, by a revert, what was made and taken back is made again.
    let made = if finer.is_empty() {
        BTreeSet::new()
    } else {
        known_of(&moves::places(base, &seconds), &seconds, made)
    };
    let kinds = [(&made, Kind::Known), (withdrawn, Kind::Withdrawn)];
    for (hunks, kind) in kinds {
        let these = seconds.iter_mut().filter(|edit| hunks.contains(&edit.index));
        these.for_each(|edit| edit.kind = kind);
    }
    let raw = as_made(beside);
    let firsts = with_own_lines(base, as_their(&raw, edits(&finer)));
    let firsts = moves::told(base, firsts);
    let seconds = with_own_lines(base, slid(base, &firsts, seconds));
    let seconds = moves::told(base, seconds);
    let links = moves::places(base, &seconds);
    let elsewhere = moves::known(base, &firsts, again);
    let elsewhere: Vec<(Range<usize>, u32)> =
        elsewhere.into_iter().map(|it| (it.from, it.to.index)).collect();
    let (mut astray, parts) =
        astray::astray(base, first, again::divided(base, &seconds, again), again);
    let sides = Sides {
        raw: &raw,
        firsts: &firsts,
        seconds: if astray.is_empty() { &seconds } else { &parts },
        yields,
        hides,
        gives_way: *gives_way,
        creates,
        elsewhere: &elsewhere,
        torn: &beside.torn,
    };
    let edited = Edited { patches: [first, second], again, links: &links };
    let made = merge_parts(base, &sides, &edited, &parts, &astray);
    // What would be back untold is told, in place of being done where the text was; and what stands
    // elsewhere against a deletion beside that.
    let patches = [first, second];
    let elsewhere = astray::deleted_elsewhere(base, patches, (&firsts, &parts), &made);
    let untold = astray::untold(base, patches, (&parts, again), &made);
    let told = |made| {
        let made = astray::as_written(base, [first, second], made);
        two_places::told(base, (first, &seconds), &links, made)
    };
    if untold.is_empty() && elsewhere.is_empty() {
        return told(with_astray(made, astray));
    }
    let is_done = |part: &&Edit<'_>| !untold.iter().any(|it| it.is(part));
    let done: Vec<Edit<'_>> = parts.iter().filter(is_done).cloned().collect();
    astray.extend(untold.into_iter().chain(elsewhere));
    let sides = Sides { seconds: &done, ..sides };
    told(with_astray(merge_parts(base, &sides, &edited, &done, &astray), astray))
}

/// Both edits, and what is known of text that they take elsewhere.
struct Edited<'a> {
    patches: [&'a Patch; 2],
    /// What the first one put in again,
    again: &'a [PutAgain],
    /// and by which hunks the second one takes lines elsewhere.
    links: &'a Links,
}

/// The same, with the second edit in parts, but for what is told of its hunks beside that. What
/// either changed in text that the other one moved goes along.
fn merge_parts(
    base: &str,
    sides: &Sides<'_>,
    edited: &Edited<'_>,
    parts: &[Edit<'_>],
    told: &[Astray<'_>],
) -> ThreeWay {
    let Sides { raw, firsts, hides, .. } = *sides;
    let Edited { patches, again, links } = *edited;
    let known = moves::known(base, firsts, again);
    let (carried, others) = match moves::carry(base, firsts, parts, known) {
        (carried, _) if moves::overlap(&carried) => (Vec::new(), parts.to_vec()),
        apart => apart,
    };
    let texts = moves::with_carried(firsts, &carried);
    let mut moved = with_texts(firsts, &texts);
    let (mut along, _) = moves::carry(base, &others, &moved, Vec::new());
    let hiding = || raw.iter().filter(|edit| hides.contains(&edit.index));
    if moves::overlap(&along) || along.iter().any(|it| hiding().any(|edit| it.is_within(edit))) {
        // By what another version shows of it than the second edit had, that one is not changed.
        along.clear();
    }
    let hunks = || told.iter().map(|it| it.index);
    if !carried.is_empty() || !along.is_empty() {
        let gone: BTreeSet<u32> = along.iter().map(|edit| edit.index).collect();
        let gone = moved.iter_mut().filter(|edit| gone.contains(&edit.index));
        gone.for_each(|edit| edit.kind = Kind::Along);
        let texts = moves::with_carried(&others, &along);
        let taken: BTreeSet<u32> = along.iter().map(|edit| edit.mover).collect();
        let others = with_texts(&others, &texts);
        let sides = Sides { firsts: &moved, seconds: &others, ..*sides };
        let hunks = carried.iter().map(|edit| edit.index).chain(hunks()).collect();
        let made = merge_with(base, &sides, links, &taken, hunks);
        if let Some(made) = made.filter(|made| is_of_either(base, patches, &carried, made)) {
            return made;
        }
    }
    merge_with(base, sides, links, &BTreeSet::new(), hunks().collect()).unwrap_or_default()
}

/// The first edit's hunks, and what is special about each.
fn as_made<'a>(beside: &Beside<'a>) -> Vec<Edit<'a>> {
    let Beside { patch, yields, own, own_parts, parts, decided, hides, apart, .. } = beside;
    let mut made = edits(patch);
    for edit in &mut made {
        edit.apart = apart.get(&edit.index).copied();
        edit.own_part = own_parts.get(&edit.index).cloned();
        edit.parts = parts.get(&edit.index).cloned().unwrap_or_default();
        edit.kind = own.get(&edit.index).map_or(edit.kind, |when| Kind::Own(*when));
        if yields.iter().any(|of| of.contains(&edit.index)) {
            edit.kind = Kind::Yields(edit.index);
        }
        edit.is_decided = decided.contains(&edit.index);
        edit.hides = hides.contains(&edit.index);
    }
    made
}

/// Which hunks of an edit stand already, of those that somebody else made just so: all, where that
/// is all of it. Else what both delete is gone, or is there again; but what both took from one
/// place to another is where it came to, whatever has become of it there.
fn known_of(links: &Links, seconds: &[Edit<'_>], made: &BTreeSet<u32>) -> BTreeSet<u32> {
    if seconds.iter().all(|edit| made.contains(&edit.index)) {
        return made.clone();
    }
    let made_so = |edit: &&Edit<'_>| made.contains(&edit.index);
    let puts = seconds.iter().filter(made_so).filter(|edit| !edit.text.is_empty());
    let mut known: BTreeSet<u32> = puts.map(|edit| edit.index).collect();
    let moves = links.keys().filter(|(from, to)| made.contains(from) && known.contains(to));
    let gone: Vec<u32> = moves.map(|(from, _)| *from).collect();
    known.extend(gone);
    known
}

/// Two edits of one text, hunk by hunk.
struct Sides<'a> {
    /// The first one as it was made,
    raw: &'a [Edit<'a>],
    /// and as it is understood;
    firsts: &'a [Edit<'a>],
    seconds: &'a [Edit<'a>],
    /// Hunks of the first one that yield, those together that do so together.
    yields: &'a [BTreeSet<u32>],
    /// Hunks of the first one by which another version shows than that of the second one's author.
    hides: &'a BTreeSet<u32>,
    /// Whether the second one shows in a conflict.
    gives_way: bool,
    /// Whether both made the page.
    creates: bool,
    /// What of the base the first one has at another place, and in which of its hunks.
    elsewhere: &'a [(Range<usize>, u32)],
    /// Hunks of the second one that came into a line of the first one.
    torn: &'a BTreeSet<u32>,
}

/// Edits, each with another text.
fn with_texts<'a>(edits: &[Edit<'a>], texts: &'a [String]) -> Vec<Edit<'a>> {
    let with = edits.iter().zip(texts);
    with.map(|(edit, text)| Edit { text, ..edit.clone() }).collect()
}

/// What is not shown of an edit, as outcomes have it that are `made` so, is beyond some passages
/// told as one, with what lies between.
fn together(
    base: &str,
    edits: &[Edit<'_>],
    made: fn(String) -> Outcome,
    mut met: Vec<Met>,
) -> Vec<Met> {
    let kind = std::mem::discriminant(&made(String::new()));
    let is_hidden = |met: &Met| std::mem::discriminant(&met.outcome) == kind;
    let mut hidden = met.iter().enumerate().filter(|(_, met)| is_hidden(met)).map(|(at, _)| at);
    let Some(from) = hidden.nth(HIDDEN - 1) else { return met };
    let Some(last) = hidden.next_back() else { return met };
    let hull = met[from].base.start..met[last].base.end;
    let (start, end) = (hull.start as usize, hull.end as usize);
    let (mut text, mut at) = (String::new(), start);
    for edit in edits.iter().filter(|edit| start <= edit.range.start && edit.range.end <= end) {
        text.push_str(&base[at..edit.range.start]);
        text.push_str(edit.text);
        at = edit.range.end;
    }
    text.push_str(&base[at..end]);
    let range = met[from].range.start..met[last].range.end;
    met[from] = Met { base: hull, range, outcome: made(text), elsewhere: None };
    let mut index = 0;
    met.retain(|it| {
        index += 1;
        index <= from + 1 || !is_hidden(it)
    });
    met
}

/// What yields only in part does not: of hunks that were decided together each must be among the
/// passages of which the second edit takes something away. Who only adds has not chosen.
fn yield_together(passages: &mut [Passage<'_>], yields: &[BTreeSet<u32>]) {
    let hunk = |edit: &Edit<'_>| match edit.kind {
        Kind::Yields(hunk) => Some(hunk),
        _ => None,
    };
    let changed = |passage: &Passage<'_>| {
        let chooses = passage.seconds.iter().any(|edit| !edit.is_insertion());
        chooses && passage.firsts.iter().all(|edit| hunk(edit).is_some())
    };
    let stay = passages.iter().filter(|passage| !changed(passage));
    let mut stay: BTreeSet<u32> = stay.flat_map(|it| it.firsts.iter().filter_map(hunk)).collect();
    loop {
        let before = stay.len();
        let in_part = yields.iter().filter(|of| !of.is_disjoint(&stay));
        let in_part: Vec<u32> = in_part.flatten().copied().collect();
        stay.extend(in_part);
        if stay.len() == before {
            break;
        }
    }
    for edit in passages.iter_mut().flat_map(|passage| &mut passage.firsts) {
        if hunk(edit).is_some_and(|hunk| stay.contains(&hunk)) {
            edit.kind = Kind::Plain;
        }
    }
}

/// The first edit's hunks, made finer, each of the kind of the one that it is of.
fn as_their<'a>(raw: &[Edit<'_>], mut finer: Vec<Edit<'a>>) -> Vec<Edit<'a>> {
    let mut raw = raw.iter().peekable();
    for edit in &mut finer {
        while raw.next_if(|raw| raw.range.end < edit.range.end).is_some() {}
        let Some(of) = raw.peek() else { break };
        (edit.kind, edit.is_decided, edit.hides) = (of.kind, of.is_decided, of.hides);
        let is_whole = edit.range == of.range && edit.text == of.text;
        if is_whole {
            (edit.own_part, edit.parts) = (of.own_part.clone(), of.parts.clone());
            edit.apart = of.apart;
        }
    }
    finer
}

/// The passages of two edits, and what becomes of each. Each pair of `links` takes lines from one
/// place to another.
fn settled<'a>(
    base: &str,
    sides: &Sides<'a>,
    links: &Links,
) -> (Vec<Passage<'a>>, Vec<Option<Decided>>) {
    let passages = slid::alike(base, passages(base, sides.firsts, sides.seconds));
    let hides = sides.raw.iter().filter(|edit| sides.hides.contains(&edit.index));
    let mut passages = entangled::join(base, passages, &hides.collect::<Vec<_>>());
    yield_together(&mut passages, sides.yields);
    let decide = |passage: &Passage<'_>| decide(base, passage, sides);
    let mut decided: Vec<Option<Decided>> = passages.iter().map(decide).collect();
    if !sides.creates {
        in_order(base, &passages, &mut decided);
    }
    for round in 0.. {
        spread(base, &mut passages, &mut decided);
        let mut more = moved_alone(base, &passages, &decided, links);
        let wrong = [repeated, half_moved, miscounted, half_delimited, glued].into_iter();
        for wrong in wrong.skip(if round < ROUNDS { 0 } else { 4 }) {
            if more.is_empty() {
                more = wrong(base, &passages, &decided);
            }
        }
        if more.is_empty() {
            break;
        }
        for which in more.into_iter().rev() {
            hide(base, &mut passages, &mut decided, which);
        }
    }
    (passages, decided)
}

/// The same. Of the second edit these hunks are among what the first one did, and those take along
/// what the first one changed; `None` where one of these would not be shown, and with it nothing of
/// what it takes along.
fn merge_with(
    base: &str,
    sides: &Sides<'_>,
    links: &Links,
    taken: &BTreeSet<u32>,
    mut hunks: Vec<u32>,
) -> Option<ThreeWay> {
    let (passages, decided) = settled(base, sides, links);
    let apart = misplaced(base, sides);
    let (mut made, mut instead) = (Made::default(), Made::default());
    let mut by_chance = hunks.is_empty();
    let mut plains = Vec::with_capacity(passages.len());
    for (passage, decided) in passages.iter().zip(&decided) {
        let both = decided.as_ref().is_none_or(|it| it.outcome == Outcome::Both);
        let own = || passage.seconds.iter().map(|edit| edit.index);
        let goes = passage.firsts.iter().any(|edit| edit.kind == Kind::Along);
        let takes = own().any(|hunk| taken.contains(&hunk));
        let outcome = decided.as_ref().map(|it| &it.outcome);
        let hides = matches!(outcome, Some(Outcome::Hidden(_)));
        if takes && (hides || matches!(outcome, Some(Outcome::Same))) || goes && hides {
            return None;
        }
        let both = both && !goes && !takes;
        by_chance &= both;
        // Where a hunk of the first is of several, a merge by characters may put it in between.
        let several = || passage.firsts.iter().any(|edit| edit.is_decided);
        let plain = both && decided.as_ref().is_none_or(|it| !it.ordered && !several());
        let plain = plain && !own().any(|hunk| apart.contains(&hunk));
        hunks.extend(own().filter(|_| !plain));
        plains.push(plain);
    }
    all_of_hunks(&passages, &mut plains, &mut hunks);
    for ((passage, decided), plain) in passages.iter().zip(&decided).zip(plains) {
        made.add(base, passage, decided.as_ref());
        match plain {
            true => instead.leave(base, passage),
            false => instead.add(base, passage, decided.as_ref()),
        }
    }
    let [patch, instead_patch] =
        [made.patch, instead.patch].map(|it| it.build().unwrap_or_default());
    let met = together(base, sides.seconds, Outcome::Hidden, made.met);
    let met = together(base, sides.firsts, Outcome::Replaced, met);
    Some(ThreeWay { patch, met, decided: hunks, instead: instead_patch, by_chance })
}

/// Of a hunk that is decided in part, all is: these hunks, sorted, and with them all in the same
/// passages. O(passages and hunks), for each time that one brings along another.
fn all_of_hunks(passages: &[Passage<'_>], plains: &mut [bool], hunks: &mut Vec<u32>) {
    let mut decided: BTreeSet<u32> = hunks.iter().copied().collect();
    loop {
        let before = decided.len();
        for (passage, plain) in passages.iter().zip(&mut *plains) {
            let mut own = passage.seconds.iter().map(|edit| edit.index);
            if *plain && own.any(|hunk| decided.contains(&hunk)) {
                *plain = false;
                decided.extend(passage.seconds.iter().map(|edit| edit.index));
            }
        }
        if decided.len() == before {
            break;
        }
    }
    *hunks = decided.into_iter().collect();
}

/// Whether the second edit's version of a passage is not shown.
fn is_hidden(decided: &Option<Decided>) -> bool {
    decided.as_ref().is_some_and(|it| matches!(it.outcome, Outcome::Hidden(_)))
}

/// Whether each word of what comes of two edits, and of what is not shown, is one of the texts that
/// were edited, and none is there twice that is in each of them once at most; nor is one back that
/// the second edit takes away where the first one has moved it, nor one lost that the second edit
/// put, or both kept.
fn is_of_either(base: &str, edited: [&Patch; 2], carried: &[Carried<'_>], made: &ThreeWay) -> bool {
    let texts = edited.map(|patch| patch.apply(base).map(|made| made.text).unwrap_or_default());
    let Ok(page) = made.patch.apply(&texts[0]) else { return false };
    let known =
        texts.iter().map(String::as_str).chain([base]).map(words::times).collect::<Vec<_>>();
    let hidden = made.met.iter().filter_map(|met| match &met.outcome {
        Outcome::Hidden(text) => Some(text.as_str()),
        _ => None,
    });
    let hidden: Vec<&str> = hidden.collect();
    let is_known = |word: &str| known.iter().any(|of| of.contains_key(word));
    let times_of = |word: &str| [0, 1, 2].map(|at| known[at].get(word).copied().unwrap_or(0));
    // Two may each have put the same word.
    let twice = |(word, times): (&&str, &usize)| {
        let of = times_of(word);
        *times > 1 && of.iter().all(|times| *times < 2) && of != [1, 1, 0]
    };
    let here = words::times(&page.text);
    let is_back = |word: &str| {
        let [first, second, then] = times_of(word);
        let now = here.get(word).copied().unwrap_or(0);
        second == 0 && now > first.saturating_sub(then)
    };
    let told: HashSet<&str> = hidden.iter().flat_map(|text| words::words(text)).collect();
    let is_lost = |word: &str| {
        let [first, _, then] = times_of(word);
        (first > 0 || then == 0) && !here.contains_key(word) && !told.contains(word)
    };
    let mut gone = carried.iter().flat_map(|it| words::bare(&base[it.of.clone()]));
    let all = hidden.iter().copied().chain([page.text.as_str()]);
    let all_known = all.flat_map(words::bare).all(is_known);
    let lost = words::bare(&texts[1]).any(is_lost);
    all_known && !here.iter().any(twice) && !lost && !gone.any(is_back)
}

/// The hunks of the second edit that a merge by characters may put elsewhere, though nobody
/// disagrees. They touch something which the first one took away and put back: to a merge by
/// characters that is not what it was. Or each puts something there, and one in place of something:
/// a merge by characters has them in the order of their names, whatever stood first. Or it is known
/// that it did.
fn misplaced(base: &str, sides: &Sides<'_>) -> BTreeSet<u32> {
    let Sides { raw, firsts, seconds, torn, .. } = *sides;
    let is_back = |edit: &&Edit<'_>| {
        let place = firsts.binary_search_by_key(&edit.place(), Edit::place);
        !place.is_ok_and(|at| firsts[at].was == edit.text)
    };
    let (put_back, all): (Vec<_>, Vec<_>) =
        (raw.iter().filter(is_back).collect(), raw.iter().collect());
    let touches = |edit: &Edit<'_>, second: &Edit<'_>| match edit.place() <= second.place() {
        true => touch(base, edit, second),
        false => touch(base, second, edit),
    };
    // Of two insertions it makes no difference, but where one is of lines below the other one's.
    let below = |edit: &Edit<'_>| edit.text.starts_with('\n');
    let both_put = |edit: &Edit<'_>, second: &Edit<'_>| {
        let alike = edit.is_insertion() && second.is_insertion() && below(edit) == below(second);
        let meet = second.range.start <= edit.range.end;
        meet && !edit.text.is_empty() && !second.text.is_empty() && !alike
    };
    // Where the one is understood as it was not made, all behind it stands elsewhere.
    let mut to = [shifts(raw, |edit| edit.text), shifts(firsts, |edit| edit.was)];
    let is_misplaced = |second: &&Edit<'_>| {
        let [one, two] = to.each_mut().map(|shift| shift(second.range.start));
        one != two
            || torn.contains(&second.index)
            || up_to(&put_back, second).any(|edit| touches(edit, second))
            || up_to(&all, second).any(|edit| both_put(edit, second))
    };
    seconds.iter().filter(is_misplaced).map(|second| second.index).collect()
}

/// By how much edits shift places of the base; asked in order.
fn shifts<'a>(
    edits: &'a [Edit<'a>],
    to: fn(&'a Edit<'a>) -> &'a str,
) -> impl FnMut(usize) -> isize {
    let (mut edits, mut shift) = (edits.iter().peekable(), 0);
    move |place| {
        while let Some(edit) = edits.next_if(|edit| edit.range.end <= place) {
            shift += to(edit).len() as isize - edit.range.len() as isize;
        }
        shift
    }
}

/// What the second edit takes from one place to another is one change. Passages to be hidden, since
/// the other place is, or since the first edit took the same away from there, with whatever stands
/// around it: it would stand twice.
/// O(passages and links).
fn moved_alone(
    base: &str,
    passages: &[Passage<'_>],
    decided: &[Option<Decided>],
    links: &Links,
) -> Vec<Range<usize>> {
    let hunks = |(at, it): (usize, &Passage<'_>)| -> Vec<(u32, usize)> {
        it.seconds.iter().map(|edit| (edit.index, at)).collect()
    };
    let of: BTreeMap<u32, usize> = passages.iter().enumerate().flat_map(hunks).collect();
    let outcome = |at: usize| decided[at].as_ref().map(|it| &it.outcome);
    let is_hidden = |at: usize| matches!(outcome(at), Some(Outcome::Hidden(_)));
    let is_same = |at: usize| matches!(outcome(at), Some(Outcome::Same));
    let mut beside: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    let mut gone = Vec::new();
    let takes = |at: usize, lines: &[Range<usize>]| {
        let inside = |edit: &Edit<'_>, line: &Range<usize>| {
            edit.text.is_empty() && edit.range.start <= line.start && line.end <= edit.range.end
        };
        lines.iter().any(|line| passages[at].firsts.iter().any(|edit| inside(edit, line)))
    };
    let stands_for = |at: usize, lines: &[Range<usize>]| {
        let put = |line: &Range<usize>| {
            passages[at].firsts.iter().any(|edit| edit.text.contains(&base[line.clone()]))
        };
        matches!(outcome(at), Some(Outcome::Larger)) && lines.iter().all(put)
    };
    for ((from, to), lines) in links {
        let Some((&from, &to)) = of.get(from).zip(of.get(to)) else { continue };
        // What both put there stands there, or what the second edit put in place of that.
        if is_same(to) || from == to || stands_for(to, lines) {
            continue;
        }
        beside.entry(from).or_default().push(to);
        beside.entry(to).or_default().push(from);
        gone.extend([from, to].into_iter().filter(|at| is_hidden(*at)));
        gone.extend((is_same(from) || takes(from, lines)).then_some(to));
    }
    let mut found = BTreeSet::new();
    while let Some(at) = gone.pop() {
        if !is_same(at) && found.insert(at) {
            gone.extend(beside.get(&at).into_iter().flatten());
        }
    }
    found.into_iter().filter(|at| !is_hidden(*at)).map(|at| at..at + 1).collect()
}

/// Of some edits in order those that reach another one, and the one before.
fn up_to<'a>(edits: &'a [&'a Edit<'a>], other: &'a Edit<'_>) -> impl Iterator<Item = &'a Edit<'a>> {
    let from = edits.partition_point(|edit| edit.range.end < other.range.start);
    let near = edits[from.saturating_sub(1)..].iter().copied();
    near.take_while(|edit| edit.range.start <= other.range.end)
}

/// The edits of both, those that touch each other together, in order.
fn passages<'a>(base: &str, firsts: &[Edit<'a>], seconds: &[Edit<'a>]) -> Vec<Passage<'a>> {
    let mut all: Vec<(bool, &Edit<'a>)> = firsts.iter().map(|edit| (false, edit)).collect();
    all.extend(seconds.iter().map(|edit| (true, edit)));
    all.sort_by_key(|(second, edit)| (edit.place(), *second));
    let mut found: Vec<Passage<'a>> = Vec::new();
    for (second, edit) in all {
        // Edits of one side stand apart, so only the last one of the other side can reach here.
        let open = found.last_mut().filter(|open| {
            let other = if second { open.firsts.last() } else { open.seconds.last() };
            other.is_some_and(|other| touch(base, other, edit))
        });
        match open {
            Some(open) => open.add(second, edit.clone()),
            None => found.push(Passage::of(second, edit.clone())),
        }
    }
    found
}

/// Whether one of two edits, in order and apart, puts another line in place of the one in which the
/// other one writes, and kept the signs that stand between them.
fn are_of_other_line(base: &str, one: &Edit<'_>, two: &Edit<'_>) -> bool {
    let between = one.range.end..two.range.start;
    let holds = |edit: &Edit<'_>| {
        let lines = edit.other_lines(base);
        lines.is_some_and(|lines| lines.start <= between.start && between.end <= lines.end)
    };
    are_signs(base, &between) && (holds(one) || holds(two))
}

/// Whether one of two edits, in order, joins two lines where the other one puts a line in between,
/// told as words of one of the two.
fn joins_own_line(base: &str, one: &Edit<'_>, two: &Edit<'_>) -> bool {
    // Who takes whole lines away joins none.
    let joins_next = base[one.range.clone()].ends_with('\n') && !one.text.ends_with('\n');
    let joins_next =
        joins_next && !(one.text.is_empty() && lines::begins_line(base, one.range.start));
    let joins_last = base[two.range.clone()].starts_with('\n') && !two.text.starts_with('\n');
    let joins_last = joins_last && !(two.text.is_empty() && lines::ends_line(base, two.range.end));
    let joins = joins_next && two.begins_own || one.ends_own && joins_last;
    joins && are_signs(base, &(one.range.end..two.range.start))
}

/// Whether two edits of the two sides, in order, touch the same place or the same word.
fn touch(base: &str, one: &Edit<'_>, two: &Edit<'_>) -> bool {
    let (start, end) = (two.range.start, one.range.end);
    if start < end || (one.is_insertion() && two.is_insertion() && start == end) {
        return true;
    }
    if joins_own_line(base, one, two) {
        return true;
    }
    // Which of several empty lines one took away, and the other one filled, nobody can tell.
    let fills = |one: &Edit<'_>, two: &Edit<'_>| one.is_white(base) && two.fills_line(base);
    let fills = fills(one, two) || fills(two, one);
    if start > end {
        let between = &base[end..start];
        if between.trim().is_empty() && fills {
            return true;
        }
        if are_of_other_line(base, one, two) {
            return true;
        }
        // So is into which of two lines it goes what is put, or changed, where one becomes two.
        let beside = one.is_insertion() && !one.text.contains('\n');
        if two.splits_line_from(base).is_some_and(|begin| begin < end || begin == end && beside) {
            return true;
        }
        let whole = |at| words::is_boundary(base, at);
        return words::words(between).nth(1).is_none() && !whole(end) && !whole(start);
    }
    // What has gone along with what the other one took elsewhere is of that.
    if [one, two].iter().any(|edit| edit.kind == Kind::Along) {
        return true;
    }
    // They meet. The one holds what the other one puts there, or both may have put the same.
    let is_one = || one.holds_beside(two) || two.holds_beside(one) || repeat(one.text, two.text);
    if fills || !one.comes_beside(two, base) && is_one() {
        return true;
    }
    // Where a line is cut, what is put beside the cut may be of either line.
    let cut = |edit: &Edit<'_>, beside: &Edit<'_>| beside.is_insertion() && edit.cuts_line(base);
    if cut(one, two) || cut(two, one) {
        return true;
    }
    // What is put in front of a line that goes, or becomes another one or several, is of that line.
    let several = |edit: &Edit<'_>| !edit.is_insertion() && edit.text.contains('\n');
    let lines = || two.takes_lines(base) || several(two) || two.other_lines(base).is_some();
    if !one.text.ends_with('\n') && one.is_insertion() && lines() {
        return true;
    }
    // So is what is put at the end of one, be it in place of that end,
    let is_on = |edit: &Edit<'_>| {
        let white = base[edit.range.clone()].trim().is_empty();
        white && !edit.text.is_empty() && !edit.text.starts_with('\n')
    };
    let ends = several(one) || one.takes_line_ends(base) || one.other_lines(base).is_some();
    let cuts_end = || two.cuts_line(base) && base[two.range.clone()].starts_with('\n');
    if ends && (is_on(two) || cuts_end()) {
        return true;
    }
    // A line would be joined with one that comes behind it,
    let joins = !one.text.ends_with('\n') && base[one.range.clone()].ends_with('\n');
    let whole = || one.takes_lines(base) && two.text.ends_with('\n') && words::has_word(two.text);
    let joins = joins && !whole();
    if joins && (two.is_insertion() || two.text.contains('\n') || two.replaces_line(base)) {
        return true;
    }
    // or what now stands on both sides would become one word.
    let left = one.text.chars().next_back().or_else(|| base[..one.range.start].chars().next_back());
    let right = two.text.chars().next().or_else(|| base[two.range.end..].chars().next());
    left.zip(right).is_some_and(|(left, right)| is_one_word(left, right))
}

/// What becomes of a passage that both touch; `None` for one that only one of them does.
fn decide(base: &str, passage: &Passage<'_>, sides: &Sides<'_>) -> Option<Decided> {
    let elsewhere = sides.elsewhere;
    let is_known = passage.seconds.iter().all(Edit::is_known);
    if passage.seconds.is_empty() || passage.firsts.is_empty() && !is_known {
        return None;
    }
    let (first, second) = (passage.first(base), passage.second(base));
    let shown = |text, outcome| Some(Decided { text, outcome, ordered: false });
    // The same change made twice is one.
    if first == second {
        return shown(first, Outcome::Same);
    }
    let are = |kind: fn(Kind) -> bool| {
        let mut firsts = passage.firsts.iter();
        !passage.firsts.is_empty() && firsts.all(|edit| kind(edit.kind))
    };
    // What the first edit changed in text that the second one takes elsewhere has gone along.
    if are(|kind| kind == Kind::Along) {
        return shown(second, Outcome::Both);
    }
    // Who saw both versions of it, and made something of that, has decided.
    // But what it left as it was there stands elsewhere by now.
    if are(|kind| matches!(kind, Kind::Yields(_))) {
        return shown(passage.second_parted(base, elsewhere), Outcome::Larger);
    }
    // The same as somebody had made is that, whatever has become of it since, but for what its
    // author made of it.
    let own = passage.firsts_own();
    let is_withdrawn = passage.seconds.iter().all(|edit| edit.kind == Kind::Withdrawn);
    if is_withdrawn || is_known && own.is_none() {
        return shown(first, Outcome::Same);
    }
    if passage.is_one {
        return decide_as_one(base, passage, sides);
    }
    if let Some(decided) = beside_white_space(base, passage) {
        return Some(decided);
    }
    // One person's second thought of what they put there stands in place of the first, be it an
    // item of a list, and beside what others put there.
    if let Some((when, text)) = passage.with_second_thought(own) {
        return match when {
            Own::Later => shown(first, Outcome::Same),
            _ => shown(text, Outcome::Larger),
        };
    }
    // What holds the other whole stands for it, unless that is its own author's second thought.
    match passage.larger(base) {
        Some(larger) if own == Some(Own::Later) || !larger && own != Some(Own::Earlier) => {
            return shown(first, Outcome::Same);
        }
        Some(_) => return shown(second, Outcome::Larger),
        None => {}
    }
    // So it is with what one of several put there, and others beside it.
    match passage.part_of_several() {
        Some(Part::Holds) => return shown(first, Outcome::Same),
        Some(Part::IsHeld(text)) => return shown(text, Outcome::Larger),
        Some(Part::IsAlike) => return in_conflict(base, passage, sides),
        None => {}
    }
    // What is deleted by either goes; whole lines stay that the other one added there.
    if let Some(text) = passage.both(base, sides.creates) {
        let ordered = passage.has_order(base);
        return Some(Decided { text, outcome: Outcome::Both, ordered });
    }
    in_conflict(base, passage, sides)
}

/// What is written into a version that is not shown is of that; and there is one pair of signs. Of
/// others' version, too, what holds it whole stands for it.
fn decide_as_one(base: &str, passage: &Passage<'_>, sides: &Sides<'_>) -> Option<Decided> {
    let (first, text) = (passage.first(base), passage.second(base));
    match passage.firsts_own().is_none() && holds(&text, &first) {
        true => Some(Decided { text, outcome: Outcome::Larger, ordered: false }),
        false => in_conflict(base, passage, sides),
    }
}

/// White space that goes alone gives way, unless it is kept.
fn beside_white_space(base: &str, passage: &Passage<'_>) -> Option<Decided> {
    let (firsts, seconds) = (&passage.firsts, &passage.seconds);
    let (text, whites, keeps, else_outcome) = if passage.is_white(base, firsts) {
        let keeps = passage.keeps_white(base, firsts, seconds);
        (passage.second(base), firsts, keeps, Outcome::Larger)
    } else if passage.is_white(base, seconds) {
        let keeps = passage.keeps_white(base, seconds, firsts);
        (passage.first(base), seconds, keeps, Outcome::Same)
    } else {
        return None;
    };
    let outcome = if keeps { Outcome::Both } else { else_outcome };
    // Who joined two lines, of which the other one took one away, left no line's end to what comes.
    let joins = |edit: &Edit<'_>| !edit.is_insertion() && !edit.text.is_empty();
    let ordered = keeps && whites.iter().any(joins);
    Some(Decided { text, outcome, ordered })
}

/// A conflict: one version, whole. Of one person's the later one, and of several people's the one
/// that the page has, unless it is to give way.
fn in_conflict(base: &str, passage: &Passage<'_>, sides: &Sides<'_>) -> Option<Decided> {
    let (first, second) = (passage.first(base), passage.second(base));
    let shown = |text, outcome| Some(Decided { text, outcome, ordered: false });
    let later = || passage.second_without(base, sides.elsewhere);
    match passage.firsts_own() {
        Some(Own::Later) => shown(first, Outcome::Same),
        Some(_) => shown(later(), Outcome::Larger),
        None if sides.gives_way => shown(later(), Outcome::Replaced(first)),
        None => shown(first, Outcome::Hidden(second)),
    }
}

/// Of two insertions at one place the one stands next to what else its author changed there: where
/// only one of them did right before it, that one's is first. O(passages).
fn in_order(base: &str, passages: &[Passage<'_>], decided: &mut [Option<Decided>]) {
    for (at, pair) in passages.windows(2).enumerate() {
        let (before, passage) = (&pair[0], &pair[1]);
        let beside = base[before.hull().end..passage.hull().start].trim().is_empty();
        let alone = before.firsts.is_empty() != before.seconds.is_empty();
        let Some(text) = passage.inserted_first(base, before.firsts.is_empty()) else { continue };
        let Some(decided) = decided[at + 1].as_mut().filter(|_| beside && alone) else { continue };
        if decided.outcome == Outcome::Both {
            (decided.text, decided.ordered) = (text, true);
        }
    }
}

/// What the second edit changed beside what is hidden of it, and belongs to it, is of that passage,
/// whether it is hidden, too, or not. O(passages, and what those hold that are hidden).
fn spread(base: &str, passages: &mut Vec<Passage<'_>>, decided: &mut Vec<Option<Decided>>) {
    let all = std::mem::take(passages).into_iter().zip(std::mem::take(decided));
    let all: Vec<(Passage<'_>, Option<Decided>)> = all.collect();
    // Those that have something of the second edit.
    let mut of_second: Vec<usize> = Vec::new();
    for (passage, what) in all {
        let has = !passage.seconds.is_empty();
        passages.push(passage);
        decided.push(what);
        of_second.extend(has.then_some(passages.len() - 1));
        while let [.., one, two] = of_second[..] {
            let hides = [one, two].map(|at| is_hidden(&decided[at]));
            // What the first edit does not have is of the other version, wherever it stands.
            let open = |at: usize| match decided[at].as_ref().map(|it| &it.outcome) {
                None | Some(Outcome::Hidden(_)) => true,
                Some(Outcome::Same) => false,
                Some(Outcome::Both | Outcome::Larger | Outcome::Replaced(_)) => {
                    passages[at].firsts.iter().all(|it| it.kind == Kind::Plain)
                }
            };
            let belong = || belong(base, [&passages[one], &passages[two]], hides);
            if !has || hides == [false; 2] || !open(one) || !open(two) || !belong() {
                break;
            }
            hide(base, passages, decided, one..two + 1);
            of_second.pop();
        }
    }
}

/// Hides what the second edit did in some passages: they are one then.
fn hide(
    base: &str,
    passages: &mut Vec<Passage<'_>>,
    decided: &mut Vec<Option<Decided>>,
    which: Range<usize>,
) {
    let at = which.start;
    for other in passages.drain(at + 1..which.end).collect::<Vec<_>>() {
        passages[at].join(other);
    }
    decided.drain(at + 1..which.end);
    let (text, alternative) = (passages[at].first(base), passages[at].second(base));
    let outcome = Outcome::Hidden(alternative);
    decided[at] = Some(Decided { text, outcome, ordered: false });
}

/// The merged text as far as it is made.
#[derive(Default)]
struct Made {
    patch: PatchBuilder,
    met: Vec<Met>,
    /// How far of the base,
    base: usize,
    /// and how much of the merged text, in bytes.
    merged: usize,
}

impl Made {
    fn keep_to(&mut self, base: usize) {
        self.keep(base.saturating_sub(self.base));
        self.base = self.base.max(base);
    }

    /// Leaves a passage as the first edit has it.
    fn leave(&mut self, text: &str, passage: &Passage<'_>) {
        self.keep_to(passage.hull().start);
        self.change(&passage.first_was(text), &passage.first(text));
        self.base = passage.hull().end;
    }

    fn keep(&mut self, len: usize) {
        self.patch.push_keep(len as u32);
        self.merged += len;
    }

    fn replace(&mut self, len: usize, text: &str) {
        self.patch.push_delete(len as u32);
        self.patch.push_insert(text);
        self.merged += text.len();
    }

    fn add(&mut self, text: &str, passage: &Passage<'_>, decided: Option<&Decided>) {
        if passage.seconds.is_empty() {
            return self.leave(text, passage);
        }
        self.keep_to(passage.hull().start);
        let start = self.merged as u32;
        match decided {
            // The second edit alone touches it.
            None => self.replace(passage.hull().len(), &passage.second(text)),
            Some(Decided { text: shown, outcome, .. }) => {
                self.change(&passage.first_was(text), shown);
                let (base, range) = (passage.hull(), start..self.merged as u32);
                let base = base.start as u32..base.end as u32;
                // What somebody put beside what another took away is no version of that.
                let range = match (outcome, passage.place_of_gone()) {
                    (Outcome::Hidden(_), Some(place)) => start + place..start + place,
                    _ => range,
                };
                self.met.push(Met { base, range, outcome: outcome.clone(), elsewhere: None });
            }
        }
        self.base = passage.hull().end;
    }

    /// Makes one text of another.
    fn change(&mut self, old: &str, new: &str) {
        if old == new {
            return self.keep(old.len());
        }
        let mut at = 0;
        for Edit { range, text, .. } in edits(&diff::between(old, new)) {
            self.keep(range.start - at);
            self.replace(range.len(), text);
            at = range.end;
        }
        self.keep(old.len() - at);
    }
}
