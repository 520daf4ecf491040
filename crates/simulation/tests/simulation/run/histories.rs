//! Clients that look at the history of a page.
//!
//! Must never hold a history to more than what its client has saved last: what others saved may
//! be in it later than in the text.

use super::*;

impl Run {
    pub(super) fn look_at_history(&mut self, client: usize, pop: usize, page: usize) {
        self.clients[client].requests += 1;
        let request = self.clients[client].requests;
        let sealed = self.clients[client].token.clone();
        let (key, events) = (self.keys[page].clone(), Arc::clone(&self.events));
        let name = format!("client {client} looks at the history of page {page} ({request})");
        let started = self.start(pop, name, move |replica, ports, counter| {
            let mut open = replica.open_session(ports, sealed.as_deref());
            let history = replica.request(ports, &mut open.session).history(&key, &[None], 1);
            counter.tell(&events, "history", CALLS);
            waits::tell_waits(&events, "history", ports, waits::READ);
            let token = replica.seal(ports, &open);
            let texts = history.map(|history| {
                // The newest that the log holds, and what waits for it.
                let rows = history.changes().len().saturating_sub(1)..history.len();
                rows.map(|row| history.text(history.id(row)?)).collect()
            });
            tell(&events, Event::History { client, request, page, token, texts });
        });
        if started {
            self.request(client, pop, page);
        }
    }

    pub(super) fn heard_history(
        &mut self,
        client: usize,
        request: u64,
        page: usize,
        token: String,
        texts: Result<Option<Vec<String>>, LoadError>,
    ) {
        self.note(|| format!("= client {client} ({request}) has the history {texts:?}"));
        self.asked.remove(&(client, request));
        let Some(awaited) = self.waited(client, request) else { return };
        self.clients[client].keep(token);
        match texts {
            // A row is there, and what it was answered with is not visible here.
            Ok(None) => {}
            Ok(Some(texts)) => {
                let whose = format!("client {client} ({request})");
                self.invariants.listed(&awaited.own[page], &texts, &whose);
            }
            Err(LoadError::SaveLost) => self.told_lost(client, page),
            Err(_) => self.report.refused += 1,
        }
    }
}
