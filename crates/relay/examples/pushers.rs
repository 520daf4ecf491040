//! Measures how many saves a second a running relay takes.
//!
//! `REDWEDDING_RELAY_KEY=... cargo run --release -p redwedding-relay --example
//! pushers -- http://127.0.0.1:7700 50 5 200`: 50 pushers, 5 s, 200 pages. Each
//! pusher sends one save in each exchange and waits for its receipt. Only ever to be
//! pointed at a relay of one's own: it fills the log.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use redwedding_document::entry::{Body, Delta, Edit, Entry, Note, RULES};
use redwedding_replica::auth::{self, Grant};
use redwedding_replica::member::Members;
use redwedding_replica::sync::{Answer, Receipt, Request};
use redwedding_text::diff;
use redwedding_wire::codec::{Decode, Encode};
use redwedding_wire::identity::{DocumentKey, EditId};
use redwedding_wire::version::{Base, Place, VersionRef};
use serde_bytes::ByteBuf;

struct Load {
    base: String,
    token: String,
    pages: u64,
    until: Instant,
    run: u64,
    /// The newest version of each page that a receipt told.
    newest: Mutex<HashMap<u64, Place>>,
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let base = arguments.next().unwrap_or_else(|| "http://127.0.0.1:7700".to_owned());
    let mut number = |default| arguments.next().and_then(|n| n.parse().ok()).unwrap_or(default);
    let (pushers, seconds, pages): (u64, u64, u64) = (number(50), number(5), number(200));
    let key = std::env::var("REDWEDDING_RELAY_KEY").expect("set REDWEDDING_RELAY_KEY");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock");
    let now_ms = now.as_millis() as u64;
    let grant = Grant { aud: auth::RELAY.into(), sub: "load".into(), site: None };
    let token = auth::sign(grant, key.as_bytes(), now_ms, 3_600);
    let until = Instant::now() + Duration::from_secs(seconds);
    let load =
        Load { base, token, pages: pages.max(1), until, run: now_ms, newest: Mutex::default() };
    let times = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for pusher in 0..pushers {
            let (load, times) = (&load, &times);
            scope.spawn(move || {
                let pushed = load.push(pusher);
                times.lock().expect("lock").extend(pushed);
            });
        }
    });
    let mut times: Vec<Duration> = times.into_inner().expect("lock");
    times.sort_unstable();
    let at =
        |part: f64| times.get((times.len() as f64 * part) as usize).copied().unwrap_or_default();
    println!(
        "{pushers} pushers, {pages} pages: {:.0} appends/s, {:?} median, {:?} at the 99th \
         percentile",
        times.len() as f64 / seconds as f64,
        at(0.5),
        at(0.99)
    );
}

impl Load {
    /// Pushes one save after the other, each on the page as a receipt last told.
    fn push(&self, pusher: u64) -> Vec<Duration> {
        let agent = ureq::Agent::new_with_defaults();
        let mut times = Vec::new();
        for round in 0.. {
            let page = (pusher + round * 7) % self.pages;
            let entry = self.save(pusher, round, page);
            let mut request = Request::new("load", "load", Members::default());
            request.pushes.push(ByteBuf::from(entry.encode()));
            let started = Instant::now();
            let call = agent.post(format!("{}/v1/sync", self.base));
            let call = call.header("Authorization", format!("Bearer {}", self.token));
            let mut answer = call.send(&request.encode()[..]).expect("answered");
            let body = answer.body_mut().read_to_vec().expect("read");
            let answer = Answer::decode(&body).expect("an answer");
            match &answer.receipts[..] {
                [Receipt::Logged(place)] => {
                    times.push(started.elapsed());
                    self.newest.lock().expect("lock").insert(page, *place);
                }
                other => eprintln!("{other:?}"),
            }
            if Instant::now() >= self.until {
                break;
            }
        }
        times
    }

    fn save(&self, pusher: u64, round: u64, page: u64) -> Entry {
        let mut id = [0; 16];
        id[..8].copy_from_slice(&(self.run ^ (pusher << 48)).to_le_bytes());
        id[8..].copy_from_slice(&(round + 1).to_le_bytes());
        let newest = self.newest.lock().expect("lock").get(&page).copied();
        // An insertion at the beginning fits whatever text is there.
        let delta = Delta {
            edit: EditId(id),
            base: Base::Version(VersionRef::log(newest.unwrap_or_default())),
            patch: diff::between("", &format!("What {pusher} says in round {round}.\n")),
            note: Note { author: format!("user {pusher}"), ..Note::default() },
            rules: RULES,
        };
        let (accepted_ms, pop) = (self.run, "load".into());
        let edit = Edit::new(delta, accepted_ms, pop);
        let key = DocumentKey::new("load", format!("{} {page}", self.run)).expect("a key");
        Entry::new(key, Body::Edit(edit))
    }
}
