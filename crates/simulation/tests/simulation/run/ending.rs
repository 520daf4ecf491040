//! The end of a run: everything heals, work goes on until there is none, and
//! then every place has to hold the same, and all that was acknowledged.

use std::collections::BTreeSet;

use super::*;

/// Ticks of a point of presence in one round, at most.
const MORE_TICKS: usize = 64;
/// Between two rounds of ticks, in ms.
const ROUND_MS: u64 = 11_000;

impl Run {
    pub(super) fn settle(&mut self) {
        if !self.invariants.failures.is_empty() {
            return;
        }
        self.note(|| "--- everything heals".to_owned());
        self.network.heal();
        (0..self.keys.len()).for_each(|page| self.delete(page, false));
        self.fate.lock().unwrap_or_else(PoisonError::into_inner).dies = 0;
        // A round takes some hundred saves that wait.
        let mut rounds = ROUNDS + self.report.waiting / 100;
        if self.losses.turned_back {
            // What stands on what is gone is set aside after long.
            rounds += ROUNDS + (limits::LOST_SAVE_MS / ROUND_MS) as usize;
            self.alarms_expected.extend([
                "an acknowledged save of",
                "that nobody announced",
                "and a flush with it",
            ]);
        }
        for round in 0..rounds {
            self.network.advance(ROUND_MS);
            self.round();
            if round == 0 && self.losses.turned_back {
                self.wake();
            }
            if self.is_quiet() {
                self.report.rounds = round + 1;
                if self.losses.turned_back {
                    // What was shown and is gone is sought a few times, before it is let go.
                    for _ in 0..6 {
                        self.network.advance(ROUND_MS);
                        self.round();
                    }
                    if !self.is_quiet() {
                        // What a cache alone had is back in the outbox.
                        continue;
                    }
                }
                self.catch_up();
                self.check_end();
                return;
            }
        }
        let outbox = self.network.stored_keys("outbox/");
        let mut what = format!(
            "not settled after {rounds} rounds; outbox: {}, {:?}",
            outbox.len(),
            outbox.first()
        );
        for key in &self.keys {
            if let Some(document) = self.network.document(key) {
                let (origin, pending) = (document.origin(), document.pending().count());
                let open = origin.open().is_some();
                what.push_str(&format!("; {key}: {pending} pending, intent open: {open}"));
            }
        }
        self.invariants.fail(what);
    }

    /// Sandboxes that wait for requests get one: what they know the log may have lost.
    fn wake(&mut self) {
        self.network.advance(ROUND_MS / 4);
        for pop in 0..self.pops.len() {
            let mut ports = self.network.ports(pop, None);
            for replica in &mut self.pops[pop].idle {
                for key in &self.keys {
                    let _ = replica.context(&mut ports).document_status(key);
                }
            }
            self.pops[pop].idle.retain(|replica| !replica.is_spent());
        }
    }

    pub(super) fn round(&mut self) {
        self.note(|| "--- a round".to_owned());
        self.catch_up();
        self.losses.logged.extend(self.network.take_log());
        let before = self.losses.logged.len();
        let buckets: Vec<u16> = self.keys.iter().map(bucket).collect();
        for pop in 0..self.pops.len() {
            let mut ports = self.network.ports(pop, None);
            let config = self.pops[pop].config.clone();
            let mut replica = Replica::start(config.clone(), &mut ports);
            // As the relay's ticker does, in another sandbox each time.
            for _ in 0..MORE_TICKS {
                if !replica.context(&mut ports).tick(buckets.clone()).more {
                    break;
                }
                replica = Replica::start(config.clone(), &mut ports);
            }
            for key in &self.keys {
                // A page is polled where it was read.
                let _ = replica.request(&mut ports, &mut ClientSession::new()).read(key);
                replica.context(&mut ports).poll_origin(key, true);
            }
        }
        self.losses.logged.extend(self.network.take_log());
        let alarms = self.losses.logged[before..].iter().filter(|log| log.1 == Level::Alarm);
        let alarms: Vec<&str> = alarms.map(|alarm| alarm.2.as_str()).collect();
        let is_stopped = |key: &DocumentKey| {
            let event = format!("of {key} is a flush of ours that nobody announced; stopped");
            alarms.iter().any(|alarm| alarm.contains(&event))
        };
        let pages = self.keys.iter().enumerate().filter(|(_, key)| is_stopped(key));
        let pages = pages.map(|(page, _)| page).filter(|_| self.losses.turned_back);
        self.losses.stopped = pages.collect();
    }

    /// All nodes of the relay hear of what the others appended.
    pub(super) fn catch_up(&self) {
        self.network.with_relay(|relay: &mut FoldRelay, _| relay.catch_up());
    }

    pub(super) fn is_quiet(&self) -> bool {
        self.network.stored_keys("outbox/").is_empty()
            && self.keys.iter().enumerate().all(|(page, key)| {
                self.losses.stopped.contains(&page) || self.agrees_with_origin(key)
            })
    }

    pub(super) fn agrees_with_origin(&self, key: &DocumentKey) -> bool {
        let revisions = self.network.revisions(key.key());
        let Some(document) = self.network.document(key) else { return true };
        let held = document.origin().revision();
        revisions.last().map_or(0, |last| last.id) == held
            && document.is_at_origin()
            && document.origin().open().is_none()
    }

    pub(super) fn check_end(&mut self) {
        self.account_for_losses();
        for page in 0..self.keys.len() {
            self.check_page(page);
        }
        for client in 0..self.clients.len() {
            for page in 0..self.keys.len() {
                self.check_client(client, page);
            }
        }
        self.check_told();
    }

    pub(super) fn check_page(&mut self, page: usize) {
        let key = self.keys[page].clone();
        let revisions = self.network.revisions(key.key());
        let mut history = Seen::default();
        for revision in &revisions {
            self.invariants.revision(&mut history, page, revision.id, &revision.text);
        }
        let stored = revisions.last().map(|last| last.text.clone()).unwrap_or_default();
        let Some(document) = self.network.document(&key) else {
            self.invariants.settled(page, &stored, "");
            return;
        };
        self.note_log(&document);
        let stopped = self.losses.stopped.contains(&page);
        // What only the origin has is there for whoever makes the page flushed again.
        let elsewhere = if stopped { stored.as_str() } else { "" };
        self.invariants.settled(page, document.text(), elsewhere);
        if document.text() != stored && !stopped {
            let text = document.text();
            self.invariants.fail(format!("{key}: the log has {text:?}, the origin {stored:?}"));
        }
        self.check_document(&key, &document);
        if self.floors > 0 {
            // Whoever comes now finds less than there was.
            let random = &mut self.random;
            let look = |relay: &mut FoldRelay, now_ms| relay.move_floors(random, now_ms);
            self.network.with_relay(look);
            self.catch_up();
        }
        let Some(document) = self.network.document(&key) else { return };
        self.check_history(&key, &document);
        self.check_pops(&key, &document, stopped);
    }

    pub(super) fn check_document(&mut self, key: &DocumentKey, document: &Document) {
        if !document.quarantined().is_empty() {
            self.invariants.fail(format!("{key}: quarantined {:?}", document.quarantined()));
        }
        match Document::decode(&document.encode()) {
            Ok(decoded) if decoded == *document => {}
            Ok(_) => self.invariants.fail(format!("{key}: decodes to another document")),
            Err(error) => self.invariants.fail(format!("{key}: does not decode: {error}")),
        }
        let whole = self.whole(document);
        let mut names: Vec<_> = whole.changes().kept().iter().map(|change| change.actor).collect();
        names.sort_unstable();
        names.dedup();
        if names.len() != document.changes().len() {
            self.invariants.fail(format!("{key}: two changes have the same dots"));
        }
        for known in &whole.origin().known {
            let text = whole.text_at(&known.version).unwrap_or_default();
            if Digest::of_text(&text) != known.text.text {
                let revision = known.text.revision;
                self.invariants.fail(format!("{key}: revision {revision} is not {text:?}"));
            }
        }
        if self.folded(document, false) != *document {
            self.invariants.fail(format!("{key}: the fold of the log is another document"));
        }
        let unpruned = self.folded(document, true);
        let all = |document: &Document| -> Vec<_> {
            document.changes().kept().iter().map(|change| unreported(change)).collect()
        };
        let same = (unpruned.text(), unpruned.value_hash(), all(&unpruned))
            == (document.text(), document.value_hash(), all(&whole));
        if !same {
            self.invariants.fail(format!("{key}: without floors it is another document"));
        }
    }

    /// The fold of the log; of all but the floors, where it has to do without.
    fn folded(&self, document: &Document, without_floors: bool) -> Document {
        let (key, epoch) = (document.key(), document.cursor().epoch);
        let mut folded = Document::new(key.clone(), Cursor::start(epoch));
        self.network.with_relay(|relay: &mut FoldRelay, _| {
            let archive = relay.archive(key);
            for (cursor, logged_ms, entry) in relay.records(key) {
                if without_floors && matches!(entry.body, Body::Floor(_)) {
                    continue;
                }
                let _ = folded.apply_with(&archive, cursor, logged_ms, &entry);
            }
        });
        // Entries of other documents of the shard do not change it.
        folded.advance(document.cursor());
        folded
    }

    /// A document with all of its archive taken back.
    pub(super) fn whole(&self, document: &Document) -> Document {
        let key = document.key();
        self.network.with_relay(|relay: &mut FoldRelay, _| whole(&relay.archive(key), document))
    }

    /// Notes what stands in alternatives by now.
    pub(super) fn note_alternatives(&mut self) {
        let documents = self.keys.iter().filter_map(|key| self.network.document(key));
        let found = documents.map(|mut document| {
            let key = document.key().clone();
            self.network.with_relay(|relay: &mut FoldRelay, _| {
                let archive = relay.archive(&key);
                while let Some(newest) = document.archive().last() {
                    // In the middle of a run a part of it may not be there yet.
                    let Some(segment) = archive.segment(newest.digest) else { break };
                    document.restore(&segment).expect("it is the newest");
                }
            });
            in_alternatives(&document)
        });
        let found: Vec<_> = found.collect();
        for found in found {
            match found {
                Ok(words) => self.invariants.has_alternatives(words),
                Err(what) => self.invariants.fail(what),
            }
        }
    }

    /// What each change that is kept came to, and what is not shown in the end.
    fn note_log(&self, document: &Document) {
        for change in document.changes().kept() {
            self.note(|| {
                let version = document.version_at(change.place).ok();
                let text = version.and_then(|version| document.text_at(&version));
                format!("log {}: {text:?}", change.place.position)
            });
        }
        for it in document.alternatives() {
            self.note(|| format!("in place of {:?} there is {:?}", it.at, it.text));
        }
    }

    /// All of a page's history can be read, and all texts that clients have seen.
    fn check_history(&mut self, key: &DocumentKey, document: &Document) {
        let mut ports = self.network.ports(0, None);
        let mut replica = Replica::start(self.pops[0].config.clone(), &mut ports);
        let all = document.changes().len();
        // Each time a few more segments are fetched.
        let history = (0..8).find_map(|_| {
            self.network.advance(2_000);
            replica.request(&mut ports, &mut ClientSession::new()).history(key, &[None], all).ok()
        });
        let whole = self.whole(document);
        let same = history.is_some_and(|history| {
            (0..all).all(|index| {
                let text = whole.version_at(whole.changes().kept()[index].place);
                let text = text.ok().and_then(|version| whole.text_at(&version));
                history.change(index).map(unreported)
                    == whole.changes().get(index).map(|change| unreported(change))
                    && history.id(index).is_some_and(|number| history.text(number) == text)
            })
        });
        if !same {
            self.invariants.fail(format!("{key}: its history cannot be read, or is another one"));
        }
    }

    fn check_pops(&mut self, key: &DocumentKey, document: &Document, stopped: bool) {
        for pop in 0..self.pops.len() {
            let mut ports = self.network.ports(pop, None);
            let config = self.pops[pop].config.clone();
            // What a sandbox alone remembers of a log that is gone ends with it.
            let kept = self.pops[pop].idle.pop().filter(|_| !self.losses.turned_back);
            let mut replica = kept.unwrap_or_else(|| Replica::start(config, &mut ports));
            let mut status = replica.context(&mut ports).document_status(key);
            if !matches!(&status, Ok(status) if status.position == document.place().position) {
                // A clock that had jumped may have said until when the relay rests.
                self.network.advance(2_000);
                status = replica.context(&mut ports).document_status(key);
            }
            let status = match status {
                Ok(status) => status,
                Err(error) => {
                    self.invariants.fail(format!("pop {pop} {key}: {error}"));
                    continue;
                }
            };
            let flushed = (status.pending, status.intent_open) == (0, false);
            let clean = status.overlay == 0 && (flushed || stopped);
            let same = status.value_hash == document.value_hash().to_string()
                && status.state_hash == document.state_hash().to_string();
            if !clean || !same || !status.quarantined.is_empty() {
                self.invariants.fail(format!("pop {pop} {key} differs: {status:?}"));
            }
        }
    }

    pub(super) fn check_client(&mut self, client: usize, page: usize) {
        let pop = self.random.index(self.pops.len());
        let mut ports = self.network.ports(pop, None);
        let config = self.pops[pop].config.clone();
        let mut replica = Replica::start(config.clone(), &mut ports);
        let of_client = &mut self.clients[client];
        let mut session = replica.open_session(&mut ports, of_client.token.as_deref()).session;
        let whose = format!("client {client} at the end, at pop {pop}");
        let mut read = replica.request(&mut ports, &mut session).read(&self.keys[page]);
        // Who has seen what is lost is told to wait for it first.
        let again = if self.losses.turned_back { 4 * limits::LOST_SAVE_MS / ROUND_MS } else { 1 };
        for _ in 0..again {
            if read.is_ok() {
                break;
            }
            if matches!(read, Err(LoadError::SaveLost)) && self.losses.turned_back {
                *self.losses.told.entry(client).or_default() += 1;
                of_client.seen[page] = Seen::default();
            }
            self.network.advance(if self.losses.turned_back { ROUND_MS } else { 2_000 });
            if self.losses.turned_back {
                // What is known here only, and the client's own, may go back to the outbox.
                Replica::start(config.clone(), &mut ports)
                    .context(&mut ports)
                    .tick(self.keys.iter().map(bucket));
                replica = Replica::start(config.clone(), &mut ports);
            }
            read = replica.request(&mut ports, &mut session).read(&self.keys[page]);
        }
        for form in of_client.forms[page].iter().filter(|_| !self.losses.turned_back) {
            // Those of the log are there for ever.
            let Some(number) = form.id.filter(|id| (1 << 50..1 << 51).contains(id)) else {
                continue;
            };
            let version =
                replica.request(&mut ports, &mut session).read_version(&self.keys[page], number);
            if !matches!(&version, Ok((_, Some(text))) if *text == form.text) {
                let text = version.map(|version| version.1);
                self.invariants
                    .fail(format!("{whose}: version {number} is {text:?}, not {:?}", form.text));
            }
        }
        match read {
            Ok(snapshot) => {
                self.invariants.served(&mut of_client.seen[page], page, &snapshot.text, &whose);
            }
            Err(error) => self.invariants.fail(format!("{whose}: {error}")),
        }
    }
}

/// A change without the report of what it met: which of several that touched the same words it
/// names may depend on what was kept when it was merged. It is no part of the value, nor of any
/// hash.
fn unreported(change: &Change) -> Change {
    Change { overlaps: Vec::new(), ..change.clone() }
}

/// A document with all of its archive taken back.
fn whole(archive: &impl Archive, document: &Document) -> Document {
    let mut whole = document.clone();
    while let Some(newest) = whole.archive().last() {
        let segment = archive.segment(newest.digest).expect("the archive has it");
        whole.restore(&segment).expect("it is the newest");
    }
    whole
}

/// The words by which alternatives differ from what the page showed; an `Err` says which does not
/// stand in it.
fn in_alternatives(document: &Document) -> Result<BTreeSet<Word>, String> {
    let mut found = BTreeSet::new();
    for (_, change) in document.changes().indexed().filter(|(_, change)| !change.hidden.is_empty())
    {
        let version = document.version_at(change.place).expect("a position of the document");
        let text = document.text_at(&version).expect("all of it is kept");
        for hidden in &change.hidden {
            let shown = text.get(hidden.at.start as usize..hidden.at.end as usize);
            let shown = shown.ok_or_else(|| format!("{hidden:?} stands beyond {text:?}"))?;
            let [shown, other] = [shown, &hidden.text]
                .map(|text| BTreeSet::from_iter(crate::invariants::words(text)));
            found.extend(shown.symmetric_difference(&other));
        }
    }
    Ok(found)
}
