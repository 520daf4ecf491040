//! A long run: an outage of the relay, with hundreds to thousands of saves meanwhile.
//!
//! The saves are chained (each on what was just read), independent (all on texts from before the
//! outage), or large. Other faults are few: what is asked is whether the backlog gets to the log
//! and to the origin, however long it is.

use super::*;

/// Bytes that large saves bring, at most. The longest take what they take: memory is copied.
const LARGE_BYTES: [usize; 4] = [60_000, 60_000, 60_000, 900_000];

impl Run {
    pub(super) fn act_long(&mut self) {
        use Style::{Chained, Independent, Large, Mixed};
        self.style = [Chained, Independent, Mixed, Large, Large, Large][self.random.index(6)];
        let drawn = match self.style {
            Large => 10 + self.random.index(50),
            _ => [200, 3_000][self.random.index(2)] + self.random.index(1_000),
        };
        let actions = if self.plan.actions == 0 { drawn } else { self.plan.actions };
        self.report.actions = actions;
        self.fate.lock().unwrap_or_else(PoisonError::into_inner).passes = 50;
        let before = self.before_the_outage();
        self.outage();
        let saved = self.report.saves;
        let mut left = actions;
        while left > 0 && self.invariants.failures.is_empty() {
            left -= 1;
            self.long_step(&before);
            if self.random.chance(900) {
                self.drain();
            }
        }
        self.drain();
        self.report.waiting = self.report.saves - saved;
    }

    /// Pages are there and known. Gives what each client has of each.
    fn before_the_outage(&mut self) -> Vec<Vec<Option<Form>>> {
        (0..self.keys.len()).for_each(|page| self.edit_at_origin(page));
        for client in 0..self.clients.len() {
            for page in 0..self.keys.len() {
                let pop = self.random.index(self.pops.len());
                self.read(client, pop, page);
                self.drain();
                self.client_acts();
                self.drain();
            }
        }
        // Every point of presence has heard of all of it: what it has not, it could not show.
        self.network.advance(20_000);
        self.round();
        let last = |forms: &Vec<Form>| forms.last().cloned();
        let clients = self.clients.iter();
        clients.map(|client| client.forms.iter().map(last).collect()).collect()
    }

    fn outage(&mut self) {
        let random = &mut self.random;
        let some =
            |random: &mut Random, permille: u32| if random.chance(300) { permille } else { 0 };
        let hangs = random.chance(300);
        let often = if random.chance(500) { 20 } else { 200 };
        let faults = Faults {
            relay_down: !hangs,
            relay_hangs: if hangs { 1_000 } else { 0 },
            origin_down: random.chance(300),
            store_stale: some(random, 300),
            store_lag_ms: 60_000,
            store_fails: some(random, often),
            store_applies: 500,
            cache_forgets: some(random, 1),
            ..Faults::default()
        };
        self.note(|| format!("  an outage, {:?}: {faults:?}", self.style));
        if faults.cache_forgets > 0 {
            self.coherent = false;
            self.pops.iter_mut().for_each(Pop::loses_cache);
        }
        self.network.set_faults(faults);
    }

    fn long_step(&mut self, before: &[Vec<Option<Form>>]) {
        match self.random.below(100) {
            0..88 => self.long_save(before),
            88..92 => self.tick(),
            92..94 => self.pops.iter_mut().for_each(|pop| pop.idle.clear()),
            // With its cache a point of presence loses the pages, as the relay is away.
            94 if self.random.chance(20) => {
                let pop = self.random.index(self.pops.len());
                self.network.clear_cache(pop);
                self.pops[pop].loses_cache();
            }
            95..96 => self.restart_relay(),
            _ => self.pass_time(),
        }
    }

    fn long_save(&mut self, before: &[Vec<Option<Form>>]) {
        let client = self.random.index(self.clients.len());
        if !self.clients[client].waits.is_empty() || !self.clients[client].attempts.is_empty() {
            return self.client_acts();
        }
        let page = self.random.index(self.keys.len());
        // Mostly where it was before: what was saved elsewhere just now is seldom seen here.
        let pop = match self.random.chance(850) {
            true => client % self.pops.len(),
            false => self.random.index(self.pops.len()),
        };
        let chained = match self.style {
            Style::Chained | Style::Large => true,
            Style::Independent => false,
            Style::Mixed => self.random.chance(500),
        };
        let old = before[client][page].clone().filter(|_| !chained);
        match old {
            Some(form) => self.save_on(client, pop, page, form),
            None => {
                self.read(client, pop, page);
                self.drain();
                let form = self.clients[client].forms[page].last().cloned();
                if let Some(form) = form.filter(|_| self.clients[client].waits.is_empty()) {
                    self.save_on(client, pop, page, form);
                }
            }
        }
    }

    /// The text with what makes a large save large, in place of what the last one brought.
    pub(super) fn padded(&mut self, text: String) -> String {
        if self.style != Style::Large {
            return text;
        }
        let most = LARGE_BYTES[self.random.index(LARGE_BYTES.len())];
        let filler = format!("{:016x}", self.random.number());
        let filler = filler.repeat(self.random.index(most) / filler.len() + 1);
        // In the same place, so that no word beside it seems to be moved.
        let mut new = Some(filler.as_str());
        let mut padded = String::with_capacity(text.len() + filler.len() + 2);
        for part in text.split_inclusive([' ', '\n']) {
            // Where a merge joined one with a word, both stay.
            let filler = part.trim_end_matches([' ', '\n']);
            if filler.is_empty() || !filler.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                padded.push_str(part);
            } else if let Some(filler) = new.take() {
                padded.push_str(filler);
                padded.push('\n');
            }
        }
        if let Some(filler) = new {
            if !padded.is_empty() && !padded.ends_with([' ', '\n']) {
                padded.push('\n');
            }
            padded.push_str(filler);
            padded.push('\n');
        }
        padded
    }
}
