//! What people do to a page.
//!
//! A history is data, so that it can be made smaller: which text each writer had before them, and
//! what they did to its lines and words. May assume nothing about the page.

use proptest::prelude::*;
use proptest::sample::Index;

/// A page and what people made of it.
#[derive(Clone, Debug)]
pub(crate) struct History {
    pub(crate) lines: Vec<Line>,
    /// Whether the last line has no end.
    pub(crate) is_open: bool,
    pub(crate) saves: Vec<Save>,
}

#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) mark: &'static str,
    pub(crate) words: Vec<Word>,
}

#[derive(Clone, Debug)]
pub(crate) enum Word {
    /// One that anybody writes,
    Common(&'static str),
    /// or one that nobody else does.
    Own,
}

#[derive(Clone, Debug)]
pub(crate) struct Save {
    pub(crate) on: On,
    pub(crate) made: Made,
    pub(crate) acts: Vec<Act>,
    /// Whether the origin has the page after it, and what lies below is not kept.
    pub(crate) is_flushed: bool,
}

/// Which text a writer has before them.
#[derive(Clone, Debug)]
pub(crate) enum On {
    /// The one that there was first,
    First,
    /// what the page shows,
    Newest,
    /// any that the page showed, or that somebody had before them when they had saved,
    Any(Index),
    /// or what two of those come to.
    Both(Index, Index),
}

/// From what a writer makes theirs.
#[derive(Clone, Debug)]
pub(crate) enum Made {
    /// From what they have before them,
    Anew,
    /// from what somebody else made of the same text: from that text, then,
    Alike(Index),
    /// or from any text that there was.
    Again(Index),
}

#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// Replaces so many words of a line by others.
    Words(Index, Index, u8, Vec<Word>),
    Insert(Index, Vec<Line>),
    Delete(Index, u8),
    /// Takes so many lines elsewhere.
    Move(Index, u8, Index),
    /// Takes a word elsewhere in its line.
    MoveWord(Index, Index, Index),
    Copy(Index, Index),
    /// Makes two lines of one, or one of two.
    Split(Index, Index),
    Join(Index),
    /// Gives the last line an end, or takes it away.
    End,
    Blank,
}

/// Words that anybody writes: of letters, of more than one code point, and of a script without
/// spaces.
const COMMON: [&str; 13] =
    ["a", "b", "elm", "oak", "the", "12", "of", "👍🏽", "🇩🇪", "😀", "公园", "山", "e\u{301}t"];

fn word() -> impl Strategy<Value = Word> {
    prop_oneof![
        3 => prop::sample::select(&COMMON[..]).prop_map(Word::Common),
        2 => Just(Word::Own),
    ]
}

fn line() -> impl Strategy<Value = Line> {
    let words = |most| prop::collection::vec(word(), 0..most);
    let marked = (prop::sample::select(&["", "", "* ", "| ", "== "][..]), words(6));
    let same = || vec![Word::Common("same"), Word::Common("line")];
    prop_oneof![
        8 => marked.prop_map(|(mark, words)| Line { mark, words }),
        1 => Just(Line { mark: "|-", words: Vec::new() }),
        1 => Just(Line { mark: "", words: Vec::new() }),
        1 => Just(()).prop_map(move |()| Line { mark: "", words: same() }),
    ]
}

fn act() -> impl Strategy<Value = Act> {
    let at = any::<Index>;
    let words = || prop::collection::vec(word(), 0..4);
    let lines = prop::collection::vec(line(), 1..3);
    prop_oneof![
        8 => (at(), at(), 0u8..3, words()).prop_map(|(l, w, n, by)| Act::Words(l, w, n, by)),
        4 => (at(), lines).prop_map(|(at, lines)| Act::Insert(at, lines)),
        2 => (at(), 1u8..3).prop_map(|(at, many)| Act::Delete(at, many)),
        3 => (at(), 1u8..3, at()).prop_map(|(from, many, to)| Act::Move(from, many, to)),
        1 => (at(), at(), at()).prop_map(|(line, from, to)| Act::MoveWord(line, from, to)),
        1 => (at(), at()).prop_map(|(from, to)| Act::Copy(from, to)),
        1 => (at(), at()).prop_map(|(line, word)| Act::Split(line, word)),
        1 => at().prop_map(Act::Join),
        1 => Just(Act::End),
    ]
}

fn save() -> impl Strategy<Value = Save> {
    let at = any::<Index>;
    let on = prop_oneof![
        5 => Just(On::First),
        2 => Just(On::Newest),
        2 => at().prop_map(On::Any),
        1 => (at(), at()).prop_map(|(one, two)| On::Both(one, two)),
    ];
    let acts = |least| prop::collection::vec(act(), least..4);
    let made = prop_oneof![
        12 => (Just(Made::Anew), acts(1)),
        3 => (at().prop_map(Made::Alike), acts(0).prop_map(|_| Vec::new())),
        1 => (at().prop_map(Made::Alike), acts(1)),
        1 => (at().prop_map(Made::Again), acts(0)),
        1 => (Just(Made::Anew), Just(vec![Act::Blank])),
    ];
    (on, made, prop::bool::weighted(0.1)).prop_map(|(on, (made, acts), is_flushed)| Save {
        on,
        made,
        acts,
        is_flushed,
    })
}

pub(crate) fn history() -> impl Strategy<Value = History> {
    let lines = prop::collection::vec(line(), 0..7);
    let saves = prop::collection::vec(save(), 2..6);
    (lines, prop::bool::weighted(0.2), saves).prop_map(|(lines, is_open, saves)| History {
        lines,
        is_open,
        saves,
    })
}

/// Words that nobody wrote before.
#[derive(Default)]
pub(crate) struct Pen(usize);

impl Pen {
    fn words(&mut self, words: &[Word]) -> Vec<String> {
        let write = |word: &Word| match word {
            Word::Common(word) => (*word).to_owned(),
            Word::Own => {
                self.0 += 1;
                format!("w{}", self.0)
            }
        };
        words.iter().map(write).collect()
    }

    pub(crate) fn line(&mut self, line: &Line) -> String {
        format!("{}{}", line.mark, self.words(&line.words).join(" "))
    }
}

pub(crate) fn text_of(lines: &[String], is_open: bool) -> String {
    let end = if is_open || lines.is_empty() { "" } else { "\n" };
    format!("{}{end}", lines.join("\n"))
}

/// What somebody makes of a text.
pub(crate) fn edited(text: &str, acts: &[Act], pen: &mut Pen) -> String {
    let mut is_open = !text.ends_with('\n') && !text.is_empty();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for act in acts {
        apply(&mut lines, act, pen);
        is_open ^= matches!(act, Act::End);
    }
    text_of(&lines, is_open)
}

fn apply(lines: &mut Vec<String>, act: &Act, pen: &mut Pen) {
    let len = lines.len();
    let block = |at: &Index, many: u8| {
        let at = at.index(len);
        at..(at + usize::from(many)).min(len)
    };
    let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
    match act {
        Act::Insert(at, new) => {
            let at = at.index(len + 1);
            let new: Vec<String> = new.iter().map(|line| pen.line(line)).collect();
            lines.splice(at..at, new);
        }
        Act::Blank => lines.clear(),
        _ if lines.is_empty() => {}
        Act::Words(at, word, many, by) => {
            let line = &mut lines[at.index(len)];
            let mut words = words(line);
            let at = word.index(words.len() + 1);
            let upto = (at + usize::from(*many)).min(words.len());
            words.splice(at..upto, pen.words(by));
            *line = words.join(" ");
        }
        Act::Delete(at, many) => drop(lines.drain(block(at, *many))),
        Act::Move(from, many, to) => {
            let moved: Vec<String> = lines.drain(block(from, *many)).collect();
            let to = to.index(lines.len() + 1);
            lines.splice(to..to, moved);
        }
        Act::MoveWord(at, from, to) => {
            let line = &mut lines[at.index(len)];
            let mut words = words(line);
            let word = words.remove(from.index(words.len()));
            words.insert(to.index(words.len() + 1), word);
            *line = words.join(" ");
        }
        Act::Copy(from, to) => lines.insert(to.index(len + 1), lines[from.index(len)].clone()),
        Act::Split(at, word) => {
            let at = at.index(len);
            let words = words(&lines[at]);
            let word = word.index(words.len());
            let parts = [&words[..word], &words[word..]].map(|words| words.join(" "));
            lines.splice(at..=at, parts);
        }
        Act::Join(at) => {
            let joined: Vec<String> = lines.drain(block(at, 2)).collect();
            lines.insert(at.index(len).min(lines.len()), joined.join(" "));
        }
        Act::End => {}
    }
}
