//! People who save, and others who read, one request after another until they are
//! told to stop, whatever is done to the network meanwhile.
//!
//! Each repeats a save that was not acknowledged, unchanged, at whichever point
//! of presence, until it is. A refusal other than "not now" is a failure, and so
//! is a text without a word that the same person was shown before.

use std::collections::HashSet;
use std::slice;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use redwedding_devnet::Network;
use tokio::task::JoinHandle;

use crate::client::{Client, Page, Save};
use crate::crowd::{Counts, Original, all_pages, at_rest_at_last, each_once, shown, tell_parts};
use crate::figures::Figures;
use crate::ground::{pop_urls, until};

/// How long a save may be repeated before it counts as refused.
const PERSISTENCE: Duration = Duration::from_secs(90);

/// Between two reads of a reader.
const READ_PAUSE: Duration = Duration::from_millis(50);

/// What all of them share.
#[derive(Default)]
struct Shared {
    stop: AtomicBool,
    acknowledged: AtomicUsize,
    repeated: AtomicUsize,
    /// Reads of readers that were answered with a page.
    reads: AtomicUsize,
    /// What must not happen, in words.
    faults: Mutex<Vec<String>>,
}

impl Shared {
    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    fn fault(&self, what: String) {
        eprintln!("fault: {what}");
        self.faults.lock().unwrap().push(what);
    }
}

/// People at work on some pages.
pub(crate) struct Load {
    titles: Vec<String>,
    shared: Arc<Shared>,
    people: Vec<JoinHandle<Done>>,
    readers: Vec<JoinHandle<()>>,
}

/// What one of them did.
#[derive(Default)]
struct Done {
    /// Page and word of each acknowledged save.
    words: Vec<(usize, String)>,
    saves: Figures,
}

/// What somebody was shown of a page: no later text may be without it, since
/// nobody deletes anything.
#[derive(Clone, Default)]
struct Seen(HashSet<String>);

impl Seen {
    /// Adds what a text has; says what it lacks.
    fn shows(&mut self, text: &str) -> Result<(), String> {
        let words: HashSet<_> = text.split_whitespace().map(str::to_owned).collect();
        let missing: Vec<_> = self.0.difference(&words).cloned().collect();
        self.0.extend(words);
        match missing.is_empty() {
            true => Ok(()),
            false => Err(format!("{} words fewer: {:?}", missing.len(), missing.iter().min())),
        }
    }
}

impl Load {
    /// Lets `people` save new pages named after `name`, and half as many read them.
    pub(crate) async fn start(network: &Network, name: &str, people: usize, seed: u64) -> Self {
        let titles: Vec<_> = (0..3).map(|page| format!("{name}_{page}")).collect();
        let pops = pop_urls(network);
        let mut beginner = Client::new();
        for title in &titles {
            let text = "It begins.\n".to_owned();
            let save = Save { title: title.clone(), base: 0, text, comment: "new".into() };
            beginner.saved(&pops[0], &save).await;
        }
        let shared = Arc::new(Shared::default());
        let mut working = Vec::new();
        for person in 0..people {
            let random = StdRng::seed_from_u64(seed.wrapping_add(1_000 + person as u64));
            let mut clients = Vec::new();
            for title in &titles {
                clients.push(Client::at_forms(&pops[0], slice::from_ref(title)).await);
            }
            working.push((person, clients, random));
        }
        let mut reading = Vec::new();
        for reader in 0..people.div_ceil(2) {
            let random = StdRng::seed_from_u64(seed.wrapping_add(2_000 + reader as u64));
            reading.push((reader, Client::at_forms(&pops[0], &titles).await, random));
        }
        let people = working.into_iter().map(|(person, clients, random)| {
            let (titles, pops, shared) = (titles.clone(), pops.clone(), shared.clone());
            tokio::spawn(work(person, clients, titles, pops, random, shared))
        });
        let people = people.collect();
        let readers = reading.into_iter().map(|(reader, client, random)| {
            let (titles, pops, shared) = (titles.clone(), pops.clone(), shared.clone());
            tokio::spawn(read_on(reader, client, titles, pops, random, shared))
        });
        let readers = readers.collect();
        Self { titles, shared, people, readers }
    }

    /// Waits until `more` saves were acknowledged from now on.
    pub(crate) async fn acknowledges(&self, more: usize) {
        let before = self.shared.acknowledged.load(Ordering::Relaxed);
        until("saves are acknowledged", PERSISTENCE, async || {
            assert!(self.people.iter().all(|person| !person.is_finished()), "somebody gave up");
            let now = self.shared.acknowledged.load(Ordering::Relaxed);
            match now >= before + more {
                true => Ok(()),
                false => Err(format!("{} of {more}", now - before)),
            }
        })
        .await;
    }

    /// How many saves were acknowledged so far, and how many times one was repeated.
    pub(crate) fn so_far(&self) -> (usize, usize) {
        let shared = &self.shared;
        (shared.acknowledged.load(Ordering::Relaxed), shared.repeated.load(Ordering::Relaxed))
    }

    /// Lets everybody finish the save at hand; then every acknowledged word must
    /// stand once in its page, everywhere.
    pub(crate) async fn end(self, network: &Network, what: &str) {
        self.shared.stop.store(true, Ordering::Relaxed);
        let mut words = vec![Vec::new(); self.titles.len()];
        let mut saves = Figures::default();
        for person in self.people {
            let done = person.await.unwrap();
            saves.extend(done.saves);
            done.words.into_iter().for_each(|(page, word)| words[page].push(word));
        }
        for reader in self.readers {
            reader.await.unwrap();
        }
        let converged = all_pages("alike everywhere", self.titles.len(), async |page| {
            settled(network, &self.titles[page], &words[page]).await
        })
        .await;
        let counts = Counts::at_origin(network, &self.titles, &words).await;
        let acknowledged = self.shared.acknowledged.load(Ordering::Relaxed);
        let repeated = self.shared.repeated.load(Ordering::Relaxed);
        let reads = self.shared.reads.load(Ordering::Relaxed);
        let faults = self.shared.faults.lock().unwrap().clone();
        println!("{what}: acknowledged {acknowledged}, {counts}, repeated {repeated}");
        println!("  saves until acknowledged: {saves}");
        println!("  reads {reads}; refused or taken back: {}", faults.len());
        println!("  everywhere and at the origin {converged}");
        if !converged.is_over() {
            tell_parts(network, &self.titles).await;
        }
        assert!(counts.is_good() && converged.is_over(), "{what}: {counts}, {converged}");
        assert_eq!(faults, Vec::<String>::new(), "{what}");
        for title in &self.titles {
            let text = Original::read(network, title).await.unwrap().unwrap().text;
            at_rest_at_last(network, title, &text).await;
        }
    }
}

/// Whether a page has each of the words once, at the origin and everywhere.
async fn settled(network: &Network, title: &str, words: &[String]) -> Result<(), String> {
    let original = Original::read(network, title).await?.ok_or("the origin has no such page")?;
    let counts = Counts::of(&original.text, words);
    if !counts.is_good() {
        return Err(format!("at the origin {counts}"));
    }
    for pop in pop_urls(network) {
        if shown(Client::stranger().read(&pop, title).await)?.text != original.text {
            return Err(format!("{pop} has another text than the origin"));
        }
    }
    Ok(())
}

/// Reads one page after another, anywhere, in one session.
async fn read_on(
    reader: usize,
    mut client: Client,
    titles: Vec<String>,
    pops: Vec<String>,
    mut random: StdRng,
    shared: Arc<Shared>,
) {
    let mut seen = vec![Seen::default(); titles.len()];
    while !shared.stopped() {
        let page = random.random_range(0..titles.len());
        let pop = &pops[random.random_range(0..pops.len())];
        match client.read(pop, &titles[page]).await {
            Ok(answer) if answer.status.is_success() => {
                shared.reads.fetch_add(1, Ordering::Relaxed);
                let shows = seen[page].shows(&answer.page().unwrap().text);
                if let Err(why) = shows {
                    shared.fault(format!("reader {reader}, {} at {pop}: {why}", titles[page]));
                }
            }
            Ok(answer) if answer.is_later() => {}
            Ok(answer) => shared.fault(format!(
                "reader {reader}, {} at {pop}: {} {}",
                titles[page],
                answer.status,
                answer.text()
            )),
            Err(_) => {}
        }
        tokio::time::sleep(READ_PAUSE).await;
    }
}

async fn work(
    person: usize,
    clients: Vec<Client>,
    titles: Vec<String>,
    pops: Vec<String>,
    random: StdRng,
    shared: Arc<Shared>,
) -> Done {
    let (mut random, mut clients) = (random, clients);
    let mut done = Done::default();
    let mut bases: Vec<Option<Page>> = vec![None; titles.len()];
    let mut seen = vec![Seen::default(); titles.len()];
    for number in 0.. {
        if shared.stopped() {
            break;
        }
        let page = random.random_range(0..titles.len());
        let base = match bases[page].take() {
            Some(base) => Some(base),
            None => {
                let asked = |client: Client, pop| read(client, pop, titles[page].clone());
                persist(&mut clients[page], &pops, &mut random, &shared, asked).await
            }
        };
        let Some(base) = base else { continue };
        let word = format!("p{person}n{number}end");
        let text = match random.random_bool(0.5) {
            true => format!("{}{word}\n", base.text),
            false => format!("{word} {}", base.text),
        };
        let save = Save { title: titles[page].clone(), base: base.id, text, comment: word.clone() };
        let begun = Instant::now();
        let asked = |client: Client, pop| write(client, pop, save.clone());
        let served = persist(&mut clients[page], &pops, &mut random, &shared, asked).await;
        let Some(served) = served else { continue };
        done.saves.add(begun.elapsed());
        for text in [&base.text, &served.text] {
            if let Err(why) = seen[page].shows(text) {
                shared.fault(format!("writer {person}, {}: {why}", titles[page]));
            }
        }
        if let Err(why) = each_once(&served.text, [&word]) {
            shared.fault(format!("writer {person}, {}, answered: {why}", titles[page]));
        }
        done.words.push((page, word));
        shared.acknowledged.fetch_add(1, Ordering::Relaxed);
        // Half of them edit what they were shown; the others load the page anew.
        bases[page] = random.random_bool(0.5).then_some(served);
    }
    done
}

type Asked = (Client, Result<crate::client::Answer, String>);

async fn read(client: Client, pop: String, title: String) -> Asked {
    let mut client = client;
    let answer = client.read(&pop, &title).await;
    (client, answer)
}

async fn write(client: Client, pop: String, save: Save) -> Asked {
    let mut client = client;
    let answer = client.save(&pop, &save).await;
    (client, answer)
}

/// Asks at one point of presence after another until there is an answer. None if
/// the answer is not the one that it must be.
async fn persist<F: Future<Output = Asked>>(
    client: &mut Client,
    pops: &[String],
    random: &mut StdRng,
    shared: &Shared,
    ask: impl Fn(Client, String) -> F,
) -> Option<Page> {
    let begun = Instant::now();
    loop {
        let pop = pops[random.random_range(0..pops.len())].clone();
        let (after, answer) = ask(client.clone(), pop.clone()).await;
        *client = after;
        let why = match answer {
            Ok(answer) if answer.status.is_success() => return answer.page(),
            Ok(answer) if answer.is_later() => answer.text(),
            Ok(answer) => {
                shared.fault(format!("refused at {pop}: {} {}", answer.status, answer.text()));
                return None;
            }
            Err(why) => why,
        };
        if begun.elapsed() > PERSISTENCE {
            shared.fault(format!("not acknowledged in {PERSISTENCE:?}: {why}"));
            return None;
        }
        shared.repeated.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
