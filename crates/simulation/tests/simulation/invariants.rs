//! What is known to be true of a run: who wrote which word, who meant to delete
//! it, what each client has seen.
//!
//! Words are unique (`w` digits `q`), so that a text says which edits it holds.
//! Must never look at how the system under test works.

use std::collections::{BTreeMap, BTreeSet};

/// A unique word.
pub(crate) type Word = u32;

/// The words of a text, in order.
pub(crate) fn words(text: &str) -> Vec<Word> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find('w') {
        rest = &rest[start + 1..];
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        if rest[digits..].starts_with('q')
            && let Ok(word) = rest[..digits].parse()
        {
            found.push(word);
        }
    }
    found
}

/// How a word is written.
pub(crate) fn spelled(word: Word) -> String {
    format!("w{word}q")
}

/// What is known of a word.
#[derive(Debug, Default)]
pub(crate) struct Fact {
    page: usize,
    /// Whether it must survive unless deleted: its save was acknowledged, or a
    /// person stored it at the origin.
    certain: bool,
    /// Whether somebody who had seen it submitted a text without it.
    deletable: bool,
    /// Whether such a submission was acknowledged.
    deleted: bool,
    /// Whether its page was deleted at the origin and restored: it may be gone for a while.
    flickers: bool,
    /// Whether the text that it was deleted from may not be one of the log's.
    loosely: bool,
    /// Whether the save that brought it is lost.
    lost: bool,
    /// Whether its client was told that the save is not taken.
    unmet: bool,
    /// Whether somebody who was told of other versions took away words of what was shown in place
    /// of it, if it was in one of those.
    decided: bool,
}

/// What a client has seen of a page, or a point of presence has shown of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    present: BTreeSet<Word>,
    gone: BTreeSet<Word>,
}

impl Seen {
    /// What a text lacks of what some have seen, and of another word.
    pub(crate) fn lacked(seen: Vec<&Self>, own: Option<Word>, text: &str) -> Vec<Word> {
        let here: BTreeSet<Word> = words(text).into_iter().collect();
        let all = seen.into_iter().flat_map(|it| &it.present).copied().chain(own);
        all.filter(|word| !here.contains(word)).collect()
    }

    /// What a text has of what some have seen gone.
    pub(crate) fn back(seen: Vec<&Self>, text: &str) -> Vec<Word> {
        let gone = |word: &Word| seen.iter().any(|it| it.gone.contains(word));
        words(text).into_iter().filter(gone).collect()
    }
}

/// What is wrong with a word.
#[derive(Debug)]
struct Wrong {
    word: Word,
    what: String,
    when: When,
}

/// When something is wrong with a word.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum When {
    /// On the way,
    OnTheWay,
    /// also there, and it is that the word is back,
    Back,
    /// or at the end.
    AtEnd,
}

/// All that is known.
#[derive(Debug, Default)]
pub(crate) struct Invariants {
    words: BTreeMap<Word, Fact>,
    next: Word,
    /// By page and text: the newest word that there was when an answer said that there are other
    /// versions beside the text.
    versions: BTreeMap<(usize, String), Word>,
    /// Words that were to be deleted by texts that were submitted so far.
    pub(crate) deletions: usize,
    /// By page and text (as its check bits): what was taken on that text alone.
    alone: BTreeMap<(usize, Option<u32>), Word>,
    /// Whether the log was turned back: then it is said at the end what may have been missing.
    turned_back: bool,
    /// What was wrong, unless its word may have been missing, or back, for a while.
    doubtful: Vec<Wrong>,
    /// Words of which a page shows another version at the end, or that a save deleted there,
    alternatives: BTreeSet<Word>,
    /// those of which that was told on the way,
    told: BTreeSet<Word>,
    /// and those of which it was told on the way that a save deletes them, and is not shown there.
    told_kept: BTreeSet<Word>,
    /// What was wrong, unless its word is in an alternative.
    unsettled: Vec<Wrong>,
    /// What was found to be wrong.
    pub(crate) failures: Vec<String>,
}

impl Invariants {
    /// A word that was never used, for `page`.
    pub(crate) fn fresh(&mut self, page: usize) -> Word {
        self.next += 1;
        self.words.insert(self.next, Fact { page, ..Fact::default() });
        self.next
    }

    /// Notes a failure.
    pub(crate) fn fail(&mut self, what: String) {
        self.failures.push(what);
    }

    /// A text was submitted that inserts `word` and deletes `deleted`; it may
    /// take effect from now on.
    pub(crate) fn submitted(&mut self, deleted: &[Word]) {
        self.deletions += deleted.len();
        for word in deleted {
            self.words.entry(*word).or_default().deletable = true;
        }
    }

    /// An answer says that there are other versions beside its text.
    pub(crate) fn says_others(&mut self, page: usize, text: &str) {
        self.versions.insert((page, text.to_owned()), self.next);
    }

    /// A save is made on a text, and deletes these of it: whoever was told then that there are
    /// other versions has decided about those of what they take away.
    pub(crate) fn decides(&mut self, page: usize, on: &str, deleted: &[Word]) {
        let told = self.versions.get(&(page, on.to_owned())).filter(|_| !deleted.is_empty());
        let Some(upto) = told else { return };
        let shown = words(on);
        let known = self.words.range_mut(..=*upto);
        for (_, fact) in known.filter(|(word, fact)| fact.page == page && !shown.contains(word)) {
            fact.decided = true;
        }
    }

    /// A save of a person who wrote on the same text more than once put and deleted these: another
    /// one may take its place.
    pub(crate) fn replaceable(&mut self, inserted: Option<Word>, deleted: &[Word]) {
        self.submitted(inserted.as_slice());
        self.may_return(deleted);
        for word in deleted {
            self.words.entry(*word).or_default().loosely = true;
        }
    }

    /// The submission was acknowledged.
    pub(crate) fn acknowledged(&mut self, inserted: Option<Word>, deleted: &[Word], loosely: bool) {
        if let Some(word) = inserted {
            self.words.entry(word).or_default().certain = true;
        }
        for word in deleted {
            let fact = self.words.entry(*word).or_default();
            fact.deleted = true;
            fact.loosely |= loosely;
        }
    }

    /// The save that inserted `word` was acknowledged, on the condition that the page shows this
    /// text: no other one was, unless somebody has restored the text.
    pub(crate) fn alone(&mut self, on: (usize, Option<u32>), word: Word, whose: &str) {
        let first = *self.alone.entry(on).or_insert(word);
        if first != word && !self.words.get(&first).is_some_and(|fact| fact.deletable) {
            let (first, word) = (spelled(first), spelled(word));
            self.fail(format!("{whose}: {word} was taken on the text that {first} was taken on"));
        }
    }

    /// The save that inserted this is not taken, and nobody must ever see it.
    pub(crate) fn unmet(&mut self, word: Option<Word>) {
        if let Some(word) = word {
            self.words.entry(word).or_default().unmet = true;
        }
    }

    /// The page is deleted at the origin, or restored.
    pub(crate) fn deleted_at_origin(&mut self, page: usize) {
        let of_page = self.words.values_mut().filter(|fact| fact.page == page);
        of_page.for_each(|fact| fact.flickers = true);
    }

    /// These are not there, and may be back.
    pub(crate) fn may_return(&mut self, deleted: &[Word]) {
        for word in deleted {
            self.words.entry(*word).or_default().flickers = true;
        }
    }

    /// Those of these words that are to be shown, or told, to whoever has seen or saved them.
    pub(crate) fn to_be_shown(&self, words: Vec<Word>) -> Vec<Word> {
        let known = |word: &Word| {
            let fact = self.words.get(word);
            fact.is_some_and(|fact| !fact.deletable && !fact.lost && !fact.unmet)
        };
        words.into_iter().filter(known).filter(|word| !self.flickers(*word)).collect()
    }

    /// An answer lacked this, and said that there are other versions: it is in none of them. Of a
    /// passage about which somebody has decided no other version is listed.
    pub(crate) fn not_found(&mut self, word: Word, whose: &str) {
        let is_open = |fact: &Fact| !fact.deletable && !fact.lost && !fact.decided;
        if self.words.get(&word).is_some_and(is_open) {
            let what =
                format!("{whose} was told of other versions, and none has {}", spelled(word));
            match self.turned_back {
                true => self.doubtful.push(Wrong { word, what, when: When::OnTheWay }),
                false => self.fail(what),
            }
        }
    }

    fn flickers(&self, word: Word) -> bool {
        self.words.get(&word).is_some_and(|fact| fact.flickers)
            || self.alternatives.contains(&word)
            || self.told.contains(&word)
    }

    /// The log was turned back.
    pub(crate) fn turned_back(&mut self) {
        self.turned_back = true;
    }

    /// A save that inserted and deleted these is lost for good.
    pub(crate) fn lost(&mut self, inserted: Option<Word>, deleted: &[Word]) {
        if let Some(word) = inserted {
            self.words.entry(word).or_default().lost = true;
        }
        for word in deleted {
            self.words.entry(*word).or_default().loosely = true;
        }
    }

    /// These may have been missing, or back, for a while; all others may not.
    pub(crate) fn flickered(&mut self, words: &BTreeSet<Word>) {
        words.iter().for_each(|word| self.words.entry(*word).or_default().flickers = true);
        self.turned_back = false;
        let doubtful = std::mem::take(&mut self.doubtful);
        let wrong = doubtful.into_iter().filter(|it| !words.contains(&it.word));
        self.unsettled.extend(wrong);
    }

    /// Notes that something was wrong with a word.
    fn fail_about(&mut self, word: Word, what: String, when: When) {
        let wrong = Wrong { word, what, when };
        match self.turned_back {
            true => self.doubtful.push(wrong),
            false => self.unsettled.push(wrong),
        }
    }

    /// These are in alternatives at the end: who saved them, or saw them so saved, is told.
    pub(crate) fn has_alternatives(&mut self, words: impl IntoIterator<Item = Word>) {
        self.alternatives.extend(words);
    }

    /// Somebody was told that in place of what is shown there is another version.
    pub(crate) fn told(&mut self, [shown, other]: [&str; 2]) {
        let other = words(other);
        self.told_kept.extend(words(shown).into_iter().filter(|word| !other.contains(word)));
        self.told.extend(other);
    }

    /// Somebody was told that there are other versions, and could not look at them: these words may
    /// be back by one.
    pub(crate) fn never_looked(&mut self, back: impl IntoIterator<Item = Word>) {
        self.told_kept.extend(back);
    }

    /// All alternatives are known.
    pub(crate) fn knows_alternatives(&mut self) {
        let unsettled = std::mem::take(&mut self.unsettled);
        let on_the_way = |it: &Wrong| match it.when {
            When::AtEnd => false,
            When::OnTheWay => self.told.contains(&it.word),
            When::Back => self.told.contains(&it.word) || self.told_kept.contains(&it.word),
        };
        let told = |it: &Wrong| self.alternatives.contains(&it.word) || on_the_way(it);
        let wrong = unsettled.into_iter().filter(|it| !told(it));
        self.failures.extend(wrong.map(|it| it.what));
    }

    fn well_formed(&mut self, page: usize, text: &str, whose: &str) -> BTreeSet<Word> {
        let mut set = BTreeSet::new();
        for word in words(text) {
            if !set.insert(word) {
                self.fail(format!("{whose}: {} stands twice in {text:?}", spelled(word)));
            }
            let fact = self.words.get(&word);
            let (foreign, unmet) =
                (fact.is_none_or(|fact| fact.page != page), fact.is_some_and(|fact| fact.unmet));
            if foreign {
                self.fail(format!("{whose}: {} is not of this page", spelled(word)));
            }
            if unmet {
                self.fail(format!("{whose}: {} was not taken, and stands there", spelled(word)));
            }
        }
        set
    }

    /// A client was served a text under its token: nothing that it has seen may
    /// be missing, nothing that was gone may be back.
    pub(crate) fn served(&mut self, seen: &mut Seen, page: usize, text: &str, whose: &str) {
        let now = self.well_formed(page, text, whose);
        let missing: Vec<Word> = seen.present.difference(&now).copied().collect();
        for word in missing {
            if self.flickers(word) {
                seen.present.remove(&word);
                continue;
            }
            if !self.words.get(&word).is_some_and(|fact| fact.deletable) {
                let spelled = spelled(word);
                let what = format!("{whose} has seen {spelled}, and it is missing in {text:?}");
                self.fail_about(word, what, When::OnTheWay);
            }
            seen.present.remove(&word);
            seen.gone.insert(word);
        }
        let back: Vec<Word> = seen.gone.intersection(&now).copied().collect();
        for word in back.into_iter().filter(|word| !self.flickers(*word)).collect::<Vec<_>>() {
            let spelled = spelled(word);
            let what = format!("{whose} has seen {spelled} deleted, and it is back in {text:?}");
            self.fail_about(word, what, When::Back);
        }
        seen.present.extend(now);
    }

    /// A point of presence answered a read with this text. `before` is what it had
    /// shown when the read began, `shown` what it has shown by now.
    pub(crate) fn shown(
        &mut self,
        shown: &mut Seen,
        before: &Seen,
        page: usize,
        text: &str,
        whose: &str,
    ) {
        let mut after = before.clone();
        self.served(&mut after, page, text, whose);
        shown.gone.extend(after.gone);
        shown.present.extend(after.present);
        shown.present.retain(|word| !shown.gone.contains(word));
    }

    /// A point of presence answered a save with this text. What others saved just then
    /// need not be in it.
    pub(crate) fn taken(&mut self, shown: &mut Seen, page: usize, text: &str, whose: &str) {
        let now = self.well_formed(page, text, whose);
        shown.present.extend(now.difference(&shown.gone));
    }

    /// A client's own save was answered with this text, or is in it for good.
    pub(crate) fn own(&mut self, seen: &mut Seen, word: Option<Word>) {
        if let Some(word) = word.filter(|word| !seen.gone.contains(word)) {
            seen.present.insert(word);
        }
    }

    /// A client was shown the newest rows of a page's history under its token: they hold all that
    /// it has saved.
    pub(crate) fn listed(&mut self, own: &Seen, texts: &[String], whose: &str) {
        let listed: BTreeSet<Word> = texts.iter().flat_map(|text| words(text)).collect();
        let mut wrong = Vec::new();
        for word in own.present.difference(&listed) {
            let fact = self.words.get(word);
            if fact.is_some_and(|fact| !fact.deletable && !fact.flickers) {
                let spelled = spelled(*word);
                wrong.push((*word, format!("{whose} saved {spelled}, and its history lacks it")));
            }
        }
        wrong.into_iter().for_each(|(word, what)| self.fail_about(word, what, When::OnTheWay));
    }

    /// The final text: every certain word once, unless deleted; `elsewhere` is
    /// what is right for what is not here for good reason, and nothing if there is none.
    pub(crate) fn settled(&mut self, page: usize, text: &str, elsewhere: &str) {
        let now = self.well_formed(page, text, "the end");
        let elsewhere = words(elsewhere);
        let mut wrong = Vec::new();
        for (word, fact) in self.words.iter().filter(|(_, fact)| fact.page == page) {
            let (here, spelled) = (now.contains(word), spelled(*word));
            let expected = fact.certain && !fact.deletable && !fact.lost;
            if expected && !here && !elsewhere.contains(word) {
                let what = format!("the end: {spelled} is lost from {text:?}");
                wrong.push(Wrong { word: *word, what, when: When::AtEnd });
            }
            let gone = elsewhere.is_empty() || elsewhere.contains(word);
            if fact.deleted && !fact.loosely && here && gone {
                let what = format!("the end: {spelled} was deleted, and stands in {text:?}");
                wrong.push(Wrong { word: *word, what, when: When::AtEnd });
            }
        }
        self.unsettled.extend(wrong);
    }

    /// One of the origin's revisions after another: nothing twice, nothing lost
    /// that nobody deleted, nothing back that was gone.
    pub(crate) fn revision(&mut self, history: &mut Seen, page: usize, id: u64, text: &str) {
        self.served(history, page, text, &format!("revision {id} of the origin"));
    }
}
