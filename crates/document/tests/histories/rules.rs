//! What must hold of a page, said plainly.
//!
//! Words and lines are counted, whatever the engine does; so it is told of each whether anybody who
//! had it before them took it away. May be slow.

use std::collections::{BTreeMap, BTreeSet};

use redwedding_document::Verdict;
use redwedding_wire::version::VersionRef;
use unicode_segmentation::UnicodeSegmentation;

use crate::page::Page;
use crate::people::{History, Made, On, Pen, Save, edited, text_of};

/// A rule that did not hold: which, and what was seen.
#[derive(Debug)]
pub(crate) struct Broken {
    pub(crate) rule: &'static str,
    pub(crate) told: String,
}

/// How often what is there.
type Counts = BTreeMap<String, usize>;

fn counts<'a>(parts: impl Iterator<Item = &'a str>) -> Counts {
    parts.fold(Counts::new(), |mut counts, part| {
        *counts.entry(part.to_owned()).or_default() += 1;
        counts
    })
}

fn count(counts: &Counts, of: &str) -> usize {
    counts.get(of).copied().unwrap_or(0)
}

/// Words are what a reader takes for some: no spaces and no signs.
fn words(text: &str) -> Counts {
    let is_word = |word: &&str| word.contains(|c: char| c.is_alphanumeric() || c > '\u{2fff}');
    counts(text.split_word_bounds().filter(is_word))
}

/// Whether a word and others that are written beside it without a space are one word.
fn may_join(word: &str) -> bool {
    word.chars().all(|c| c < '\u{2000}')
}

/// A line without the marks around it, which may be of a line that was there before.
fn bare(line: &str) -> &str {
    line.trim_matches(|c: char| c.is_ascii() && !c.is_alphanumeric())
}

fn lines(text: &str) -> Counts {
    counts(text.lines().map(bare).filter(|line| !words(line).is_empty()))
}

/// Whether somebody who had a line before them took it away, or put anything into it.
fn takes(line: &str, old: &str, new: &str) -> bool {
    // Also with what it was written into since.
    let whole = |text: &str| {
        let lines = text.lines().filter(|it| it.contains(line));
        lines.fold(Counts::new(), |mut counts, line| {
            *counts.entry(line.to_owned()).or_default() += 1;
            counts
        })
    };
    let left = whole(new);
    whole(old).iter().any(|(line, before)| count(&left, line) < *before)
}

/// Whether one text is another one with more lines, and nothing else.
fn adds_lines(old: &str, new: &str) -> bool {
    let mut new = new.split_inclusive('\n');
    old.split_inclusive('\n').all(|line| new.any(|it| it == line))
}

/// Whether a line begins or ends with another one, in words.
fn is_edge(line: &str, short: &str) -> bool {
    let bounds = |at| line.split_word_bound_indices().any(|(start, _)| start == at);
    line.len() > short.len()
        && (line.starts_with(short) && bounds(short.len())
            || line.ends_with(short) && bounds(line.len() - short.len()))
}

/// A save, as it was made.
struct Saved {
    /// What it was made on, by name: one version may have several,
    on: String,
    version: VersionRef,
    old: String,
    /// and what it came to.
    new: String,
    /// Its number in the document.
    index: usize,
    /// Whether the page was what its author had before them.
    is_newest: bool,
    /// Who did just the same before.
    alike: Option<usize>,
    /// The page after it, and what else is told.
    shown: String,
    others: Vec<(usize, String)>,
}

/// A text that somebody had before them.
#[derive(Clone)]
struct Before {
    version: VersionRef,
    text: String,
    name: String,
}

struct Played {
    page: Page,
    base: String,
    texts: Vec<Before>,
    saves: Vec<Saved>,
    /// Words of alternatives that somebody closed who had seen them.
    closed: BTreeSet<String>,
}

/// Plays a history.
///
/// # Errors
/// With the first rule that does not hold.
pub(crate) fn check(history: &History) -> Result<(), Broken> {
    let mut pen = Pen::default();
    let base: Vec<String> = history.lines.iter().map(|line| pen.line(line)).collect();
    let base = text_of(&base, history.is_open);
    let page = Page::new(&base);
    let version = page.document.version();
    let first = Before { version, text: base.clone(), name: "the first text".to_owned() };
    let texts = vec![first];
    let mut played = Played { page, base, texts, saves: Vec::new(), closed: BTreeSet::new() };
    for save in &history.saves {
        played.save(save, &mut pen)?;
    }
    Ok(())
}

impl Played {
    fn on(&self, on: &On) -> Before {
        let any = |index: &proptest::sample::Index| &self.texts[index.index(self.texts.len())];
        match on {
            On::First => self.texts[0].clone(),
            On::Newest => {
                let (version, text) =
                    (self.page.document.version(), self.page.document.text().to_owned());
                Before { version, text, name: "the page".to_owned() }
            }
            On::Any(index) => any(index).clone(),
            On::Both(one, two) => {
                let (one, two) = (any(one), any(two));
                if one.version.root != two.version.root || one.version == two.version {
                    return one.clone();
                }
                let mut version = one.version.clone();
                version.extra.extend(two.version.extra.iter().copied());
                version.extra.sort_unstable();
                version.extra.dedup();
                let text = self.page.text_of(&version);
                Before { version, text, name: format!("{} and {}", one.name, two.name) }
            }
        }
    }

    fn save(&mut self, save: &Save, pen: &mut Pen) -> Result<(), Broken> {
        let mut on = self.on(&save.on);
        let alike = match save.made {
            Made::Alike(index) if !self.saves.is_empty() => Some(index.index(self.saves.len())),
            _ => None,
        };
        let from = match (&save.made, alike) {
            (_, Some(alike)) => {
                let name = self.saves[alike].on.clone();
                let found = self.texts.iter().find(|text| text.name == name).cloned();
                on = found.unwrap_or(on);
                self.saves[alike].new.clone()
            }
            (Made::Again(index), _) => {
                let texts = self.saves.iter().map(|save| &save.new).chain([&self.base]);
                texts.clone().nth(index.index(texts.count())).unwrap().clone()
            }
            _ => on.text.clone(),
        };
        let new = edited(&from, &save.acts, pen);
        if new == on.text {
            return Ok(());
        }
        self.fold(on, new)?;
        if save.is_flushed
            && let Some(differs) = self.page.flush()
        {
            return self.broken("two folds agree", differs);
        }
        Ok(())
    }

    fn fold(&mut self, on: Before, new: String) -> Result<(), Broken> {
        let (before, others) = (self.page.document.text().to_owned(), self.page.alternatives());
        let is_newest = on.version == self.page.document.version();
        let alike = self.saves.iter().position(|it| it.version == on.version && it.new == new);
        let seen = self.page.version_of(&on.version);
        let index = self.page.document.changes().len();
        let saved = self.page.save(&on.version, &on.text, &new);
        let number = self.saves.len() + 1;
        let (shown, told) = (self.page.document.text().to_owned(), self.page.alternatives());
        let (name, old) = (on.name.clone(), on.text.clone());
        self.saves.push(Saved {
            on: name,
            version: on.version.clone(),
            old,
            new: new.clone(),
            index,
            is_newest,
            alike,
            shown: shown.clone(),
            others: told.clone(),
        });
        if saved.verdict != Verdict::Counted || !self.page.document.quarantined().is_empty() {
            return self.broken("nothing is refused", format!("{:?}", saved.verdict));
        }
        if let Some(differs) = saved.differs {
            return self.broken("two folds agree", differs);
        }
        // Who could see an alternative may have closed it.
        for (save, text) in others {
            let open = told.iter().any(|(other, it)| (*other, it) == (save, &text));
            if !open && seen.contains(save as u32) {
                self.closed.extend(words(&text).into_keys());
            }
        }
        let mut extra = on.version.extra.clone();
        extra.push(saved.actor);
        extra.sort_unstable();
        let version = VersionRef { extra, check: None, ..on.version };
        if self.page.text_of(&version) != new {
            return self
                .broken("who saved has their text before them", self.page.text_of(&version));
        }
        self.texts.push(Before { version, text: new, name: format!("what {number} saved") });
        let version = self.page.document.version();
        self.texts.push(Before { version, text: shown, name: format!("the page after {number}") });
        self.check(&before)
    }

    fn check(&self, before: &str) -> Result<(), Broken> {
        let save = &self.saves[self.saves.len() - 1];
        if save.is_newest && save.shown != save.new {
            return self.broken("a save on the newest text comes out as sent", String::new());
        }
        // Where all is as it was, by a revert, a change is made anew.
        let is_again = save.shown.trim_end() != before.trim_end();
        if save.alike.is_some() && is_again && save.old != before {
            return self.broken("the same change made twice is one", String::new());
        }
        self.check_clusters()?;
        self.check_words()?;
        self.check_lines()
    }

    /// Every character, and every word, is one that somebody wrote.
    fn check_clusters(&self) -> Result<(), Broken> {
        let Saved { shown, others, .. } = &self.saves[self.saves.len() - 1];
        let told = || others.iter().map(|(_, text)| text).chain([shown]);
        let clusters =
            |text: &str| -> BTreeSet<String> { text.graphemes(true).map(str::to_owned).collect() };
        let mut written: BTreeSet<String> = self.written().flat_map(clusters).collect();
        // Two who wrote into one empty line each have a line, be it the only one.
        written.insert("\n".to_owned());
        let foreign = told().flat_map(|text| clusters(text)).find(|it| !written.contains(it));
        if let Some(foreign) = foreign {
            return self.broken("a character is somebody's", foreign);
        }
        let written: BTreeSet<String> =
            self.written().flat_map(|text| words(text).into_keys()).collect();
        let foreign =
            told().flat_map(|text| words(text).into_keys()).find(|it| !written.contains(it));
        match foreign {
            Some(foreign) => self.broken("a word is somebody's", foreign),
            None => Ok(()),
        }
    }

    /// No word is lost that nobody took away, and none stands twice that was written once.
    fn check_words(&self) -> Result<(), Broken> {
        let Saved { shown, others, .. } = &self.saves[self.saves.len() - 1];
        let page = words(shown);
        let told: BTreeSet<String> =
            others.iter().flat_map(|(_, text)| words(text).into_keys()).collect();
        let saves: Vec<[Counts; 2]> =
            self.saves.iter().map(|save| [words(&save.old), words(&save.new)]).collect();
        let base = words(&self.base);
        let all: BTreeSet<&String> =
            saves.iter().flat_map(|[_, new]| new.keys()).chain(base.keys()).collect();
        for word in all {
            let by = |[old, new]: &[Counts; 2]| (count(old, word), count(new, word));
            // What a view ran together with it went with it.
            let joined = |[old, new]: &[Counts; 2]| {
                let mut holds = old.iter().filter(|(it, _)| *it != word && it.contains(word));
                holds.any(|(it, times)| count(new, it) < *times)
            };
            // A view ran it together with others, and the page was what was saved of that.
            let is_kept = |at: usize| {
                let (save, [old, new]) = (&self.saves[at], &saves[at]);
                let mut kept = old.keys().filter(|it| *it != word && it.contains(word));
                let is_there = |it: &String| page.contains_key(it) && new.contains_key(it);
                let nobodys = |it: &String| {
                    let wrote = |[old, new]: &[Counts; 2]| count(old, it) < count(new, it);
                    !base.contains_key(it) && !saves[..at].iter().any(wrote)
                };
                save.shown == save.new
                    && !old.contains_key(word)
                    && kept.any(|it| is_there(it) && nobodys(it))
            };
            let joins = || may_join(word) && (0..saves.len()).any(is_kept);
            let taken = saves.iter().map(by).any(|(old, new)| new < old);
            let taken = taken || may_join(word) && saves.iter().any(joined);
            let there = page.contains_key(word) || told.contains(word);
            // What only a view ran together nobody wrote.
            let wrote = base.contains_key(word) || saves.iter().map(by).any(|(old, new)| old < new);
            if wrote && !taken && !there && !joins() && !self.closed.contains(word) {
                return self.broken("what nobody deleted is there", word.clone());
            }
            let alone = |at: &usize| self.saves[*at].alike.is_none();
            let raised = (0..saves.len()).filter(alone).filter(|at| {
                let (old, new) = by(&saves[*at]);
                old < new
            });
            let most = saves.iter().map(|save| by(save).1).chain([count(&base, word)]).max();
            let wrote = raised.count() + usize::from(base.contains_key(word));
            if most == Some(1) && wrote <= 1 && count(&page, word) > 1 && !self.stays_told(word) {
                return self.broken("what was written once stands once", word.clone());
            }
        }
        Ok(())
    }

    /// The same of whole lines.
    fn check_lines(&self) -> Result<(), Broken> {
        let Saved { shown, others, .. } = &self.saves[self.saves.len() - 1];
        let page = lines(shown);
        let told: Vec<Counts> = others.iter().map(|(_, text)| lines(text)).collect();
        // Where a view ran lines together nobody can tell which one was changed.
        if self.saves.iter().any(|save| save.on.contains(" and ")) {
            return Ok(());
        }
        // Of two words that are the same nobody can tell which one stayed.
        let base = words(&self.base);
        let is_one = |line: &String| words(line).keys().all(|word| count(&base, word) == 1);
        let mut written: BTreeSet<String> = lines(&self.base).into_keys().filter(is_one).collect();
        // What is put into a line that there was is no line; nor is the same made again.
        let mut before = self.base.as_str();
        for save in &self.saves {
            let there = lines(std::mem::replace(&mut before, &save.shown));
            if !adds_lines(&save.old, &save.new) {
                continue;
            }
            let old = words(&save.old);
            let is_there = |word: &String| old.contains_key(word) || base.contains_key(word);
            let own = |line: &&str| {
                let has_marks = line.contains(|c: char| c.is_ascii_punctuation());
                !has_marks && !words(line).keys().any(is_there) && !there.contains_key(*line)
            };
            let own = save.new.lines().map(str::trim).filter(own);
            written.extend(own.filter(|line| !words(line).is_empty()).map(str::to_owned));
        }
        let made: BTreeSet<String> = self.written().flat_map(|it| lines(it).into_keys()).collect();
        for line in &written {
            let taken = self.saves.iter().any(|save| takes(line, &save.old, &save.new));
            let taken = taken || self.takes_shorter(line);
            let holds = |other: &String| {
                other != line && other.contains(line.as_str()) && made.contains(other)
            };
            let held = page.keys().any(holds);
            let is_told = told.iter().any(|told| told.keys().any(|it| it.contains(line.as_str())));
            let closed = || words(line).keys().any(|word| self.closed.contains(word));
            if !taken && !page.contains_key(line) && !held && !is_told && !closed() {
                return self.broken("a line that nobody changed is there", line.clone());
            }
        }
        Ok(())
    }

    /// Whether somebody took a line with a word away and wrote the word elsewhere, and the page
    /// tells that the line is to go: until then it stands there.
    fn stays_told(&self, word: &str) -> bool {
        let last = &self.saves[self.saves.len() - 1];
        let told = last.others.iter().filter(|(_, text)| !words(text).contains_key(word));
        let mut saves = told.filter_map(|(by, _)| self.saves.iter().find(|it| it.index == *by));
        saves.any(|save| {
            let (old, new) = (lines(&save.old), lines(&save.new));
            let gone = old.iter().filter(|(line, times)| count(&new, line) < **times);
            count(&words(&save.new), word) > 0
                && gone.map(|(line, _)| words(line)).any(|gone| gone.contains_key(word))
        })
    }

    /// Of a line, and one that begins or ends with it, put at one place the page shows the longer
    /// one: whether somebody who had the shorter one before them took it away, or put anything into
    /// it, and so into the longer one.
    fn takes_shorter(&self, line: &str) -> bool {
        let adds = || self.saves.iter().filter(|save| adds_lines(&save.old, &save.new));
        let puts = |save: &Saved, line: &str| {
            count(&lines(&save.old), line) < count(&lines(&save.new), line)
        };
        let mut longer = adds().filter(|save| puts(save, line));
        longer.any(|save| {
            let others = adds().filter(|other| other.version == save.version);
            let shorter = others.flat_map(|other| {
                let new = lines(&other.new).into_keys();
                new.filter(|short| is_edge(line, short) && puts(other, short))
            });
            let shorter: BTreeSet<String> = shorter.collect();
            let taken =
                |short: &String| self.saves.iter().any(|save| takes(short, &save.old, &save.new));
            shorter.iter().any(taken)
        })
    }

    /// All texts that somebody wrote.
    fn written(&self) -> impl Iterator<Item = &str> {
        self.saves.iter().map(|save| save.new.as_str()).chain([self.base.as_str()])
    }

    fn broken(&self, rule: &'static str, what: String) -> Result<(), Broken> {
        let mut told = format!("  {rule}: {what:?}\n  first   {:?}\n", self.base);
        for (number, save) in (1..).zip(&self.saves) {
            let Saved { on, old, new, shown, others, index, .. } = save;
            told += &format!("  save {number} ({index}) on {on} {old:?}\n          {new:?}\n");
            told += &format!("     page {shown:?}");
            let others = others.iter().map(|(save, text)| format!(" or of {save} {text:?}"));
            told += &(others.collect::<String>() + "\n");
        }
        Err(Broken { rule, told })
    }
}
