//! The end of a run: everything heals, work goes on until there is none, and
//! then every place has to hold the same, and all that was acknowledged.

use super::*;

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
        let rounds = ROUNDS + self.report.waiting / 100;
        for round in 0..rounds {
            self.network.advance(11_000);
            self.round();
            if self.is_quiet() {
                self.report.rounds = round + 1;
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

    pub(super) fn round(&mut self) {
        self.note(|| "--- a round".to_owned());
        self.catch_up();
        let buckets: Vec<u16> = self.keys.iter().map(bucket).collect();
        for pop in 0..self.pops.len() {
            let mut ports = self.network.ports(pop, None);
            let config = self.pops[pop].config.clone();
            let mut replica = Replica::start(config, &mut ports);
            replica.context(&mut ports).tick(buckets.clone());
            for key in &self.keys {
                // A page is polled where it was read.
                let _ = replica.request(&mut ports, &mut ClientSession::new()).read(key);
                replica.context(&mut ports).poll_origin(key, true);
            }
        }
    }

    /// All nodes of the relay hear of what the others appended.
    pub(super) fn catch_up(&self) {
        self.network.with_relay(|relay: &mut FoldRelay, _| relay.catch_up());
    }

    pub(super) fn is_quiet(&self) -> bool {
        self.network.stored_keys("outbox/").is_empty()
            && self.keys.iter().all(|key| self.agrees_with_origin(key))
    }

    pub(super) fn agrees_with_origin(&self, key: &DocumentKey) -> bool {
        let revisions = self.network.revisions(key.key());
        let Some(document) = self.network.document(key) else { return true };
        let held = document.origin().revision();
        revisions.last().map_or(0, |last| last.id) == held
            && document.pending().next().is_none()
            && document.origin().open().is_none()
    }

    pub(super) fn check_end(&mut self) {
        for page in 0..self.keys.len() {
            self.check_page(page);
        }
        for client in 0..self.clients.len() {
            for page in 0..self.keys.len() {
                self.check_client(client, page);
            }
        }
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
            self.invariants.settled(page, &stored);
            return;
        };
        self.invariants.settled(page, document.text());
        if document.text() != stored {
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
        self.check_pops(&key, &document);
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
    fn whole(&self, document: &Document) -> Document {
        let key = document.key();
        self.network.with_relay(|relay: &mut FoldRelay, _| whole(&relay.archive(key), document))
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

    pub(super) fn check_pops(&mut self, key: &DocumentKey, document: &Document) {
        for pop in 0..self.pops.len() {
            let mut ports = self.network.ports(pop, None);
            let config = self.pops[pop].config.clone();
            let kept = self.pops[pop].idle.pop();
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
            let clean = (status.overlay, status.pending, status.intent_open) == (0, 0, false);
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
        let mut replica = Replica::start(config, &mut ports);
        let of_client = &mut self.clients[client];
        let mut session = replica.open_session(of_client.token.as_deref());
        let whose = format!("client {client} at the end, at pop {pop}");
        let mut read = replica.request(&mut ports, &mut session).read(&self.keys[page]);
        if read.is_err() {
            self.network.advance(2_000);
            read = replica.request(&mut ports, &mut session).read(&self.keys[page]);
        }
        for form in of_client.forms[page].iter().filter(|_| !self.turned_back) {
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
