//! People who save one after another until they are told to stop, whatever is
//! done to the network meanwhile.
//!
//! Each repeats a save that was not acknowledged, unchanged, at whichever point
//! of presence, until it is. A refusal other than "not now" is a failure.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use redwedding_devnet::Network;
use tokio::task::JoinHandle;

use crate::client::{Client, Page, Save};
use crate::crowd::{at_rest_at_last, each_once, served_alike};
use crate::figures::Figures;
use crate::ground::{pop_urls, until};

/// How long a save may be repeated before it counts as refused.
const PERSISTENCE: Duration = Duration::from_secs(90);

/// What all of them share.
#[derive(Default)]
struct Shared {
    stop: AtomicBool,
    acknowledged: AtomicUsize,
    repeated: AtomicUsize,
}

/// People at work on some pages.
pub(crate) struct Load {
    titles: Vec<String>,
    shared: Arc<Shared>,
    people: Vec<JoinHandle<Done>>,
}

/// What one of them did.
#[derive(Default)]
struct Done {
    /// Page and word of each acknowledged save.
    words: Vec<(usize, String)>,
    saves: Figures,
}

impl Load {
    /// Lets `people` work on new pages named after `name`.
    pub(crate) async fn start(network: &Network, name: &str, people: usize, seed: u64) -> Self {
        let titles: Vec<_> = (0..3).map(|page| format!("{name}_{page}")).collect();
        let pops = pop_urls(network);
        // Whoever goes on from here has seen the pages, and says so.
        let mut beginner = Client::new();
        for title in &titles {
            let text = "It begins.\n".to_owned();
            let save = Save { title: title.clone(), base: 0, text, comment: "new".into() };
            beginner.saved(&pops[0], &save).await;
        }
        let shared = Arc::new(Shared::default());
        let work = |person| {
            let random = StdRng::seed_from_u64(seed.wrapping_add(1_000 + person as u64));
            let clients = vec![beginner.clone(); titles.len()];
            let (titles, pops, shared) = (titles.clone(), pops.clone(), shared.clone());
            tokio::spawn(work(person, clients, titles, pops, random, shared))
        };
        let people = (0..people).map(work).collect();
        Self { titles, shared, people }
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
        let begun = Instant::now();
        let mut texts = Vec::new();
        for (title, words) in self.titles.iter().zip(&words) {
            texts.push(served_alike(network, title, |text| each_once(text, words)).await.0.text);
        }
        let alike = begun.elapsed().as_secs_f64();
        for (title, text) in self.titles.iter().zip(&texts) {
            at_rest_at_last(network, title, text).await;
        }
        let repeated = self.shared.repeated.load(Ordering::Relaxed);
        println!("{what}: lost 0, doubled 0, repeated {repeated}");
        println!("  saves until acknowledged: {saves}");
        println!("  all served everywhere {alike:.1} s after the last answer");
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
    for number in 0.. {
        if shared.stop.load(Ordering::Relaxed) {
            break;
        }
        let page = random.random_range(0..titles.len());
        let base = match bases[page].take() {
            Some(base) => base,
            None => {
                let asked = |client: Client, pop| read(client, pop, titles[page].clone());
                persist(&mut clients[page], &pops, &mut random, &shared, asked).await
            }
        };
        let word = format!("p{person}n{number}end");
        let text = match random.random_bool(0.5) {
            true => format!("{}{word}\n", base.text),
            false => format!("{word} {}", base.text),
        };
        let save = Save { title: titles[page].clone(), base: base.id, text, comment: word.clone() };
        let begun = Instant::now();
        let asked = |client: Client, pop| write(client, pop, save.clone());
        let served = persist(&mut clients[page], &pops, &mut random, &shared, asked).await;
        done.saves.add(begun.elapsed());
        each_once(&served.text, [&word]).unwrap();
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

/// Asks at one point of presence after another until there is an answer.
async fn persist<F: Future<Output = Asked>>(
    client: &mut Client,
    pops: &[String],
    random: &mut StdRng,
    shared: &Shared,
    ask: impl Fn(Client, String) -> F,
) -> Page {
    let begun = Instant::now();
    loop {
        let pop = pops[random.random_range(0..pops.len())].clone();
        let (after, answer) = ask(client.clone(), pop).await;
        *client = after;
        let why = match answer {
            Ok(answer) if answer.status.is_success() => return answer.page().unwrap(),
            Ok(answer) if answer.is_later() => answer.text(),
            Ok(answer) => panic!("refused: {} {}", answer.status, answer.text()),
            Err(why) => why,
        };
        assert!(begun.elapsed() < PERSISTENCE, "not acknowledged in {PERSISTENCE:?}: {why}");
        shared.repeated.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
