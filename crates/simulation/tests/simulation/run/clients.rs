//! What clients do and what they make of the answers: every answer is held to
//! what this client has written and seen before.

use super::*;
use crate::invariants::words;
use redwedding_replica::ClientRequest;
use redwedding_replica::ports::Ports;
use redwedding_wire::version::text_check;

/// The first number of a position, and of a version object.
const OF_LOG: u64 = 1 << 50;
const OBJECTS: u64 = 1 << 51;

impl Run {
    pub(super) fn client_acts(&mut self) {
        let client = self.random.index(self.clients.len());
        self.unbind(client);
        let Some(pop) = self.pop_of(client) else { return };
        let waits = &self.clients[client].waits;
        let mut attempts = self.clients[client].attempts.keys();
        let unsent = attempts.find(|request| !waits.contains_key(request)).copied();
        if let Some(request) = unsent {
            let attempt = self.clients[client].attempts.remove(&request);
            let mut attempt = attempt.expect("it is one of them");
            attempt.tries += 1;
            match attempt.tries > 8 && self.random.chance(500) {
                true => {}
                false => self.send(client, pop, attempt),
            }
            return;
        }
        let page = self.random.index(self.keys.len());
        if self.random.chance(60) {
            return self.look_at_history(client, pop, page);
        }
        match self.random.chance(450) || self.clients[client].forms[page].is_empty() {
            true => self.read(client, pop, page),
            false => self.save(client, pop, page),
        }
    }

    /// Where a client asks next, if it does not wait.
    fn pop_of(&mut self, client: usize) -> Option<usize> {
        if let Some(awaited) = self.clients[client].waits.values().next() {
            let pop = awaited.pop;
            // Its sandbox may have died.
            if self.random.chance(300) {
                self.clients[client].waits.pop_first();
                return None;
            }
            // Until it has a token nobody knows that its requests are one client's.
            let known = self.clients[client].token.is_some() || !self.clients[client].session;
            let overlaps = known && self.coherent && is_on(&self.plan, kinds::OVERLAPS);
            return (overlaps && self.random.chance(400)).then_some(pop);
        }
        if let Some((pop, _)) = self.clients[client].bound {
            return Some(pop);
        }
        match self.random.chance(if self.crowded { 900 } else { 600 }) {
            true if self.crowded => Some(0),
            true => Some(client % self.pops.len()),
            false => Some(self.random.index(self.pops.len())),
        }
    }

    /// With the cache, a point of presence loses what it knew of requests at once: the token that
    /// the client keeps need not say what the other answers did. That goes for those still on their
    /// way, too.
    fn unbind(&mut self, client: usize) {
        let Some((pop, of_then)) = self.clients[client].bound else { return };
        let life = self.pops[pop].life;
        if self.coherent && life == of_then {
            return;
        }
        let of_client = &mut self.clients[client];
        of_client.is_promised_nothing();
        of_client.bound = (!of_client.waits.is_empty()).then_some((pop, life));
    }

    /// A client's request, the one numbered last, begins.
    pub(super) fn request(&mut self, client: usize, pop: usize, page: usize) {
        let (life, shown) = (self.pops[pop].life, self.pops[pop].shown[page].clone());
        let of_client = &mut self.clients[client];
        let request = of_client.requests;
        let alone = of_client.waits.is_empty();
        if !alone {
            of_client.waits.values_mut().for_each(|awaited| awaited.alone = false);
            of_client.bound = Some((pop, life));
            self.report.struck.count("requests of a client overlap");
        }
        let (seen, own) = (of_client.seen.clone(), of_client.own.clone());
        of_client.waits.insert(request, Awaited { pop, alone, seen, own });
        self.asked.insert((client, request), Asked { pop, life, shown });
    }

    /// A point of presence has answered a read or a save with this text.
    fn shown(&mut self, client: usize, request: u64, page: usize, text: &str, read: bool) {
        let Some(Asked { pop, life, shown }) = self.asked.remove(&(client, request)) else {
            return;
        };
        let of_pop = &mut self.pops[pop];
        if !self.coherent || of_pop.life != life {
            return;
        }
        let whose = format!("whoever asks pop {pop} (client {client}, {request})");
        match read {
            true => {
                self.invariants.shown(&mut of_pop.shown[page], &shown, page, text, &whose);
            }
            false => self.invariants.taken(&mut of_pop.shown[page], page, text, &whose),
        }
    }

    /// An answer says that there are other versions beside its text: what it lacks may be in one of
    /// those, and be back. At the end each word is somewhere all the same.
    pub(super) fn says_others(&mut self, (client, request): (usize, u64), page: usize, text: &str) {
        let mut seen = vec![&self.clients[client].seen[page], &self.clients[client].own[page]];
        if let Some(asked) = self.asked.get(&(client, request)) {
            seen.extend([&asked.shown, &self.pops[asked.pop].shown[page]]);
        }
        self.to_look.insert((client, request), Seen::back(seen.clone(), text));
        let attempt = self.clients[client].attempts.get(&request);
        let own = attempt.and_then(|attempt| attempt.word);
        let lacks = Seen::lacked(seen, own, text);
        // Whoever keeps no token is promised nothing.
        let promised = self.clients[client].waits.get(&request);
        if let Some(before) = promised.filter(|_| self.clients[client].session) {
            let lacks = Seen::lacked(vec![&before.seen[page], &before.own[page]], own, text);
            let lacks = self.invariants.to_be_shown(lacks);
            self.to_find.insert((client, request), (lacks, self.invariants.deletions));
        }
        self.invariants.may_return(&lacks);
        self.invariants.says_others(page, text);
    }

    /// Whoever was told that there are other versions looked for them: there is each word that the
    /// answer lacked. A page of which a part is archived does not list those of that part.
    pub(super) fn looked(
        &mut self,
        of: (usize, u64),
        (undecided, shown): (&[[String; 2]], &[String]),
        whole: bool,
    ) {
        self.note(|| format!("= client {} ({}) is told of {undecided:?}", of.0, of.1));
        self.to_look.remove(&of);
        let others = undecided.iter().map(|[_, other]| other);
        let read: BTreeSet<Word> = others.chain(shown).flat_map(|text| words(text)).collect();
        undecided.iter().for_each(|it| self.invariants.told(it.each_ref().map(String::as_str)));
        let (to_find, deletions) = self.to_find.remove(&of).unwrap_or_default();
        // Somebody may have decided about a version since, with what they deleted.
        let whole = whole && self.invariants.deletions == deletions;
        let whose = format!("client {} ({})", of.0, of.1);
        let lost = to_find.into_iter().filter(|word| whole && !read.contains(word));
        lost.for_each(|word| self.invariants.not_found(word, &whose));
    }

    pub(super) fn read(&mut self, client: usize, pop: usize, page: usize) {
        self.clients[client].requests += 1;
        let request = self.clients[client].requests;
        let sealed = self.clients[client].token.clone();
        let (key, events) = (self.keys[page].clone(), Arc::clone(&self.events));
        let noted = self.network.clone();
        let name = format!("client {client} reads page {page} ({request})");
        let started = self.start(pop, name, move |replica, ports, counter| {
            let mut open = replica.open_session(ports, sealed.as_deref());
            noted.note(|| format!("    {:?}", open.session));
            let snapshot = replica.request(ports, &mut open.session).read(&key);
            let others = snapshot.as_ref().map_or(0, |snapshot| snapshot.alternatives);
            let snapshot = snapshot.map(|snapshot| (snapshot.id, snapshot.text.clone()));
            counter.tell(&events, "read", CALLS);
            waits::tell_waits(&events, "read", ports, waits::READ);
            let token = replica.seal(ports, &open);
            if let (1.., Ok((_, text))) = (others, &snapshot) {
                tell(&events, Event::Others { client, request, page, text: text.clone() });
            }
            tell(&events, Event::Read { client, request, page, token, snapshot });
            replica.context(ports).after_read(&key);
            counter.tell(&events, "after a read", CALLS);
            waits::tell_waits(&events, "after a read", ports, waits::AFTER);
            let mut asks = replica.request(ports, &mut open.session);
            look_at_others(others, &mut asks, (client, request), &key, &events);
        });
        if started {
            self.request(client, pop, page);
        }
    }

    pub(super) fn save(&mut self, client: usize, pop: usize, page: usize) {
        let forms = &self.clients[client].forms[page];
        // Mostly the newest form; sometimes one that was open for long.
        let old = self.random.chance(200);
        let index = if old { self.random.index(forms.len()) } else { forms.len() - 1 };
        let form = forms[index].clone();
        self.save_on(client, pop, page, form);
    }

    /// A client submits an edited form.
    pub(super) fn save_on(&mut self, client: usize, pop: usize, page: usize, form: Form) {
        let Form { id: base, text } = form;
        let word = (!self.random.chance(50)).then(|| self.invariants.fresh(page));
        // As a form does, which has the check bits of its text.
        let base_check = base.map(|_| text_check(&text));
        let on = text.clone();
        let (text, deleted) = edited(&text, word, &mut self.random);
        self.invariants.decides(page, &on, &deleted);
        // Of one person's saves of one text each may take the place of another.
        let written = self.clients[client].written[page].entry(on).or_default();
        written.push(Written { word, deleted: deleted.clone() });
        if written.len() > 1 {
            let all = written.iter();
            all.for_each(|it| self.invariants.replaceable(it.word, &it.deleted));
        }
        let text = self.padded(text);
        let idempotency_inputs = vec![
            format!("client {client}").into_bytes(),
            base.unwrap_or(0).to_le_bytes().to_vec(),
            text.clone().into_bytes(),
        ];
        let inputs: Vec<&[u8]> = idempotency_inputs.iter().map(Vec::as_slice).collect();
        let edit = EditId::of(&self.pops[pop].config.edit_key, &self.keys[page], &inputs);
        self.losses.submitted.insert(edit, Submission { client, word, deleted: deleted.clone() });
        // Now and then what the relay would refuse: so it may not be acknowledged.
        let author = match self.random.chance(5) {
            true => "n".repeat(limits::AUTHOR_BYTES + 1),
            false => format!("client {client}"),
        };
        let note = Note { author, ..Note::default() };
        let save = Save {
            base,
            submitted: Submitted::Whole(text),
            note,
            idempotency_inputs,
            base_check,
            trace: 0,
            only_if: self.only_if(base),
            closes: Vec::new(),
        };
        self.send(client, pop, Attempt { page, edit, save, word, deleted, tries: 0 });
    }

    /// What a client wants to be so when its save on this version is taken.
    fn only_if(&mut self, base: Option<u64>) -> Option<OnlyIf> {
        if self.plan.runs != Runs::Conditional {
            return None;
        }
        match (self.random.index(4), base) {
            (0, _) => Some(OnlyIf::NoOverlap),
            (1 | 2, Some(base)) => Some(OnlyIf::Unchanged(vec![base])),
            (1 | 2, None) => Some(OnlyIf::Absent),
            _ => None,
        }
    }

    /// A save was acknowledged: whether another one was that excludes it.
    fn is_alone(&mut self, attempt: &Attempt, whose: &str) {
        let excludes = matches!(attempt.save.only_if, Some(OnlyIf::Unchanged(_) | OnlyIf::Absent));
        if let Some(word) = attempt.word.filter(|_| excludes && !self.losses.turned_back) {
            let on = (attempt.page, attempt.save.base_check);
            self.report.struck.count("a save on a condition is taken");
            self.invariants.alone(on, word, whose);
        }
    }

    pub(super) fn send(&mut self, client: usize, pop: usize, attempt: Attempt) {
        self.clients[client].requests += 1;
        let request = self.clients[client].requests;
        let sealed = self.clients[client].token.clone();
        let (key, events) = (self.keys[attempt.page].clone(), Arc::clone(&self.events));
        let noted = self.network.clone();
        let word = attempt.word.map(spelled).unwrap_or_default();
        let deleted: Vec<_> = attempt.deleted.iter().map(|word| spelled(*word)).collect();
        let (page, base, tries) = (attempt.page, attempt.save.base, attempt.tries);
        let name = format!(
            "client {client} saves page {page} ({request}): +{word} -{deleted:?} on {base:?}, try {tries}"
        );
        let sent = Box::new(attempt.clone());
        let started = self.start(pop, name, move |replica, ports, counter| {
            let mut open = replica.open_session(ports, sealed.as_deref());
            noted.note(|| format!("    {:?}", open.session));
            let saved = replica.request(ports, &mut open.session).save(&key, &sent.save);
            counter.tell(&events, "save", CALLS);
            waits::tell_save(&events, ports, sent.save.only_if.is_some());
            let token = replica.seal(ports, &open);
            let others = saved.as_ref().map_or(0, |saved| saved.snapshot.alternatives);
            let (snapshot, after) = match saved {
                Ok(saved) => (Ok((saved.snapshot.id, saved.snapshot.text.clone())), saved.after),
                Err(error) => (Err(error), None),
            };
            let written = after.is_some();
            if let (1.., Ok((_, text))) = (others, &snapshot) {
                tell(&events, Event::Others { client, request, page, text: text.clone() });
            }
            tell(
                &events,
                Event::Saved { client, request, attempt: sent, token, snapshot, written },
            );
            if let Some(after) = after {
                replica.context(ports).finish_save(after);
                counter.tell(&events, "after a save", CALLS * 2);
                waits::tell_waits(&events, "after a save", ports, waits::AFTER);
            }
            let mut asks = replica.request(ports, &mut open.session);
            look_at_others(others, &mut asks, (client, request), &key, &events);
        });
        if started {
            self.invariants.submitted(&attempt.deleted);
            self.request(client, pop, page);
        }
        self.clients[client].attempts.insert(request, attempt);
    }

    /// The request of an answer; `None` where the client does not wait for it any more.
    pub(super) fn waited(&mut self, client: usize, request: u64) -> Option<Awaited> {
        // An answer that comes late may be lost as well.
        if !self.clients[client].waits.contains_key(&request) {
            return None;
        }
        self.unbind(client);
        let of_client = &mut self.clients[client];
        let awaited = of_client.waits.remove(&request)?;
        of_client.alone = awaited.alone;
        if awaited.alone {
            // Its token has what those before it said.
            of_client.bound = None;
        }
        Some(awaited)
    }

    /// What a client had seen of a page before an answer, as far as it is promised anything.
    fn before(&self, client: usize, awaited: Awaited, page: usize) -> Seen {
        match self.clients[client].session {
            true => awaited.seen.into_iter().nth(page).unwrap_or_default(),
            false => Seen::default(),
        }
    }

    pub(super) fn heard_read(
        &mut self,
        client: usize,
        request: u64,
        page: usize,
        token: String,
        snapshot: Answered,
    ) {
        self.note(|| format!("= client {client} ({request}) read {snapshot:?}"));
        if let Ok((_, text)) = &snapshot {
            self.shown(client, request, page, text, true);
        }
        let Some(awaited) = self.waited(client, request) else { return };
        let whose = format!("client {client} ({request})");
        self.clients[client].keep(token);
        match snapshot {
            Ok((id, text)) => {
                self.report.reads += 1;
                let before = self.before(client, awaited, page);
                let seen = &mut self.clients[client].seen[page];
                self.invariants.shown(seen, &before, page, &text, &whose);
                self.form(client, page, id, text);
            }
            Err(
                LoadError::Behind
                | LoadError::Unreachable(_)
                | LoadError::TimedOut
                | LoadError::Archived,
            ) => {
                self.report.refused += 1;
            }
            Err(LoadError::SaveLost) if self.losses.turned_back => self.told_lost(client, page),
            Err(error) => self.invariants.fail(format!("{whose}: {error}")),
        }
    }

    /// A client is told that a save of its own is lost, and goes on without what it has seen.
    pub(super) fn told_lost(&mut self, client: usize, page: usize) {
        if self.clients[client].alone {
            // Of several at once each may tell it.
            *self.losses.told.entry(client).or_default() += 1;
        }
        let of_client = &mut self.clients[client];
        of_client.seen[page] = Seen::default();
        of_client.own[page] = Seen::default();
        for awaited in of_client.waits.values_mut() {
            awaited.seen[page] = Seen::default();
            awaited.own[page] = Seen::default();
        }
    }

    pub(super) fn form(&mut self, client: usize, page: usize, id: u64, text: String) {
        let forms = &mut self.clients[client].forms[page];
        forms.push(Form { id: (id != 0).then_some(id), text });
        if forms.len() > 4 {
            // The oldest stays open.
            forms.remove(1);
        }
    }

    pub(super) fn heard_saved(
        &mut self,
        client: usize,
        request: u64,
        attempt: Attempt,
        token: String,
        snapshot: Taken,
    ) {
        self.note(|| format!("= client {client} ({request}) saved {snapshot:?}"));
        if let Ok((_, text)) = &snapshot {
            self.shown(client, request, attempt.page, text, false);
        }
        let page = attempt.page;
        let loosely = match attempt.save.base {
            Some(..OF_LOG) => true,
            // A version object may stand on a text of the origin.
            Some(OBJECTS..) => {
                let detached = format!("seed/{}/", self.keys[page].digest());
                !self.network.stored_keys(&detached).is_empty()
            }
            _ => false,
        };
        if snapshot.is_ok() {
            self.report.saves += 1;
            self.invariants.acknowledged(attempt.word, &attempt.deleted, loosely);
            self.is_alone(&attempt, &format!("client {client} ({request})"));
        }
        let Some(awaited) = self.waited(client, request) else { return };
        let whose = format!("client {client} ({request})");
        self.clients[client].keep(token);
        match snapshot {
            Ok((id, text)) => {
                let mut before = self.before(client, awaited, page);
                self.invariants.own(&mut before, attempt.word);
                let of_client = &mut self.clients[client];
                of_client.attempts.remove(&request);
                if of_client.session && attempt.word.is_some() {
                    of_client.own[page] = Seen::default();
                    self.invariants.own(&mut of_client.own[page], attempt.word);
                }
                self.invariants.shown(&mut of_client.seen[page], &before, page, &text, &whose);
                self.form(client, page, id, text);
            }
            Err(SaveError::Unmet(unmet)) if attempt.save.only_if.is_some() => {
                let before = self.before(client, awaited, page);
                if !self.losses.turned_back {
                    // What an earlier try brought into a log that was lost may be put back.
                    self.invariants.unmet(attempt.word);
                }
                self.report.struck.count("a condition is not met");
                let of_client = &mut self.clients[client];
                of_client.attempts.remove(&request);
                let (id, text) = (unmet.shown.id, unmet.shown.text.clone());
                let seen = &mut of_client.seen[page];
                self.invariants.shown(seen, &before, page, &text, &whose);
                self.form(client, page, id, text);
            }
            Err(error) => self.heard_refusal((client, request), &attempt, error, loosely),
        }
    }

    /// A save was refused: whether it may be, and what its client does then.
    fn heard_refusal(
        &mut self,
        (client, request): (usize, u64),
        attempt: &Attempt,
        error: SaveError,
        loosely: bool,
    ) {
        let page = attempt.page;
        match error {
            SaveError::Load(LoadError::SaveLost) => self.told_lost(client, page),
            SaveError::NotAcknowledged | SaveError::Load(_) | SaveError::Overloaded { .. } => {
                self.report.refused += 1;
            }
            SaveError::Invalid(_) if attempt.save.note.author.len() > limits::AUTHOR_BYTES => {
                self.clients[client].attempts.remove(&request);
            }
            // Others wrote as much; it is given up.
            SaveError::TooLong { .. } if self.style == Style::Large => {
                self.report.refused += 1;
                self.clients[client].attempts.remove(&request);
            }
            SaveError::Exists { .. } if attempt.save.base.is_none() => {
                self.clients[client].attempts.remove(&request);
                self.clients[client].forms[page].clear();
            }
            // It was told, has its text, and goes on.
            SaveError::UnknownVersion
                if self.losses.turned_back || (loosely && self.deleted[page]) =>
            {
                self.clients[client].attempts.remove(&request);
                self.clients[client].forms[page].clear();
            }
            // Nothing tells a node that is behind that there is such a version.
            SaveError::UnknownVersion
                if !self.clients[client].session && self.lags != (false, false) =>
            {
                self.clients[client].attempts.remove(&request);
                self.clients[client].forms[page].clear();
            }
            error => self.invariants.fail(format!("client {client}: {error}")),
        }
    }

    // ------------------------------------------------------------------ the end
}

/// An answer said that there are `others`, versions of passages beside the ones shown: they are a
/// click away.
fn look_at_others<P: Ports>(
    others: u32,
    asks: &mut ClientRequest<'_, P>,
    (client, request): (usize, u64),
    key: &DocumentKey,
    events: &Events,
) {
    let history = (others > 0).then(|| asks.history(key, &[None], 1).ok()).flatten();
    let Some(history) = history else { return };
    let logged: &Document = &history;
    let page = history.shown().unwrap_or(logged.text());
    let undecided = history.undecided();
    let undecided = undecided.iter().map(|it| {
        let shown = page.get(it.at.start as usize..it.at.end as usize);
        [shown.unwrap_or_default(), it.text].map(str::to_owned)
    });
    let undecided = undecided.collect();
    let mut shown: Vec<String> =
        logged.alternatives().iter().map(|it| it.text.to_owned()).collect();
    shown.push(page.to_owned());
    let whole = logged.changes().floor() == 0;
    tell(events, Event::Looked { client, request, undecided, shown, whole });
}
