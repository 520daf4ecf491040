//! People edit what they were served while others' edits come in, over a
//! network that fails: answers are lost, saves are sent again elsewhere.
//!
//! No word is lost or doubled, nobody is refused, and nobody who presents a
//! session token is ever served less than before: not without a word of their
//! own that was acknowledged, nor without one that they have seen.

use std::collections::BTreeSet;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use redwedding_devnet::Network;
use redwedding_devnet::network::{LinkFault, To};

use crate::client::{Answer, Client, NoAnswer, Page, Save};
use crate::crowd::{at_rest_at_last, each_once, served_alike};
use crate::figures::{seed, size};
use crate::ground::{on_an_own_network, pop_urls, until};

const PEOPLE: usize = 6;

/// Rounds on one page before the next one is begun.
const ROUNDS_PER_PAGE: usize = 20;

/// The longest that somebody repeats a request once nothing is wrong any more.
const PERSISTENCE: Duration = Duration::from_secs(30);

/// What is wrong during a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    None,
    /// One point of presence hears nothing from the relay, which hears it.
    LostReplies(usize),
    RelayAway,
    StoreAway,
    /// The sandboxes of one point of presence end while people are at it.
    SandboxesEnd(usize),
}

impl Trouble {
    fn draw(random: &mut StdRng, pops: usize) -> Self {
        let pop = random.random_range(0..pops);
        match random.random_range(0..12) {
            0 | 1 => Self::LostReplies(pop),
            2 => Self::RelayAway,
            3 => Self::StoreAway,
            4 => Self::SandboxesEnd(pop),
            _ => Self::None,
        }
    }

    async fn begin(self, network: &mut Network) {
        match self {
            Self::None | Self::SandboxesEnd(_) => {}
            Self::LostReplies(pop) => {
                network.link(pop, To::Relay).set_fault(LinkFault::LoseReplies);
            }
            Self::RelayAway => network.relay_down(true),
            Self::StoreAway => network.kv_down(true).await.unwrap(),
        }
    }

    async fn end(self, network: &mut Network) {
        match self {
            Self::None | Self::SandboxesEnd(_) => {}
            Self::LostReplies(pop) => network.link(pop, To::Relay).set_fault(LinkFault::None),
            Self::RelayAway => network.relay_down(false),
            Self::StoreAway => network.kv_down(false).await.unwrap(),
        }
    }
}

/// Somebody with a session.
struct Person {
    name: usize,
    client: Client,
    random: StdRng,
    /// Every word in any text that was served to them.
    seen: BTreeSet<String>,
    /// A save that was sent and not acknowledged, with its word.
    unfinished: Option<(Save, String)>,
    counts: Counts,
}

#[derive(Clone, Copy, Default)]
struct Counts {
    acknowledged: usize,
    given_up: usize,
    repeated: usize,
    later: usize,
}

impl Counts {
    fn join(&mut self, other: Self) {
        self.acknowledged += other.acknowledged;
        self.given_up += other.given_up;
        self.repeated += other.repeated;
        self.later += other.later;
    }
}

/// The words of people in a text.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| word.starts_with("own"))
}

impl Person {
    /// One who goes on with the session of `client`.
    fn new(name: usize, client: Client, seed: u64) -> Self {
        let (random, seen) = (StdRng::seed_from_u64(seed), BTreeSet::new());
        Self { name, client, random, seen, unfinished: None, counts: Counts::default() }
    }

    fn somewhere<'a>(&mut self, pops: &'a [String]) -> &'a str {
        &pops[self.random.random_range(0..pops.len())]
    }

    /// Takes in an answer. A text must hold all that was seen before.
    fn served(&mut self, answer: Result<Answer, NoAnswer>, what: &str) -> Option<Page> {
        let answer = match answer {
            Ok(answer) => answer,
            Err(_) => return None,
        };
        if answer.is_later() {
            self.counts.later += 1;
            return None;
        }
        let page = answer.page();
        let page = page.unwrap_or_else(|| {
            panic!("{what} by person {}: {} {}", self.name, answer.status, answer.text())
        });
        let now: BTreeSet<_> = words(&page.text).map(str::to_owned).collect();
        let gone: Vec<_> = self.seen.difference(&now).collect();
        assert!(gone.is_empty(), "{what} by person {}: {gone:?} vanished: {answer:?}", self.name);
        each_once(&page.text, &now).unwrap();
        self.seen = now;
        Some(page)
    }

    async fn takes_part(&mut self, pops: &[String], title: &str, round: usize) {
        if self.unfinished.is_none() {
            let pop = self.somewhere(pops);
            let answer = self.client.read(pop, title).await;
            let Some(page) = self.served(answer, "a read") else { return };
            let thinks = Duration::from_millis(self.random.random_range(0..200));
            tokio::time::sleep(thinks).await;
            let word = format!("own{}in{round}end", self.name);
            let text = with_word(&page.text, &word, &mut self.random);
            let save = Save { title: title.into(), base: page.id, text, comment: word.clone() };
            self.unfinished = Some((save, word));
        }
        for _ in 0..3 {
            if self.saves(pops).await {
                return;
            }
            self.counts.repeated += 1;
        }
        self.counts.given_up += 1;
    }

    /// Sends the save at hand; whether it was acknowledged.
    async fn saves(&mut self, pops: &[String]) -> bool {
        let Some((save, word)) = self.unfinished.clone() else { return true };
        let pop = self.somewhere(pops);
        let answer = match self.random.random_bool(0.15) {
            // The client hangs up, or its answer gets lost on the way.
            true => {
                let mut other = self.client.clone();
                let patience = Duration::from_millis(self.random.random_range(0..25));
                let _ = tokio::time::timeout(patience, other.save(pop, &save)).await;
                return false;
            }
            false => self.client.save(pop, &save).await,
        };
        let Some(page) = self.served(answer, "a save") else { return false };
        each_once(&page.text, [&word]).unwrap();
        self.unfinished = None;
        self.counts.acknowledged += 1;
        true
    }
}

/// The text with a word at some space or at the end.
fn with_word(text: &str, word: &str, random: &mut StdRng) -> String {
    let spaces: Vec<_> = text.match_indices(' ').map(|found| found.0).collect();
    match spaces.get(random.random_range(0..=spaces.len())) {
        Some(at) => format!("{} {word}{}", &text[..*at], &text[*at..]),
        None => format!("{text}{word}\n"),
    }
}

#[test]
fn sessions_never_go_back_and_nothing_is_lost() {
    let rounds = size("ROUNDS", 40);
    on_an_own_network(
        |builder| builder,
        async |network| {
            let mut random = StdRng::seed_from_u64(seed());
            let mut counts = Counts::default();
            let mut begun = 0;
            while begun < rounds {
                let many = ROUNDS_PER_PAGE.min(rounds - begun);
                counts.join(one_page(network, begun, many, &mut random).await);
                begun += many;
            }
            let Counts { acknowledged, given_up, repeated, later } = counts;
            println!("{rounds} rounds of {PEOPLE} people, seed {}:", seed());
            println!("  {acknowledged} saves acknowledged, lost 0, doubled 0, refused 0");
            println!(
                "  {repeated} sent again, {given_up} put off to a later round, {later} times 503"
            );
            println!("  no session went back");
        },
    );
}

async fn one_page(
    network: &mut Network,
    first: usize,
    rounds: usize,
    random: &mut StdRng,
) -> Counts {
    let title = format!("Served_from_{first}");
    let pops = pop_urls(network);
    let text = "All of it began long ago and far away.\n".to_owned();
    let create = Save { title: title.clone(), base: 0, text, comment: "new".into() };
    let mut beginner = Client::new();
    beginner.saved(&pops[0], &create).await;
    let mut people = Vec::new();
    for name in 0..PEOPLE {
        let seed = seed().wrapping_mul(1_000_003) + (first * 100 + name) as u64;
        let client = Client::at_forms(&pops[0], std::slice::from_ref(&title)).await;
        people.push(Person::new(name, client, seed));
    }
    for round in first..first + rounds {
        let trouble = Trouble::draw(random, pops.len());
        trouble.begin(network).await;
        let mut taking_part = Vec::new();
        for mut person in people {
            let (pops, title) = (pops.clone(), title.clone());
            taking_part.push(tokio::spawn(async move {
                person.takes_part(&pops, &title, round).await;
                person
            }));
        }
        if let Trouble::SandboxesEnd(pop) = trouble {
            network.kill_sandboxes(pop).await.unwrap();
        }
        people = Vec::new();
        for person in taking_part {
            people.push(person.await.unwrap_or_else(|_| panic!("in round {round}: {trouble:?}")));
        }
        trouble.end(network).await;
    }
    finish(network, &title, people, &pops).await
}

/// Nothing is wrong any more: everybody gets the save at hand through.
async fn finish(network: &Network, title: &str, people: Vec<Person>, pops: &[String]) -> Counts {
    let mut counts = Counts::default();
    let mut all = BTreeSet::new();
    for mut person in people {
        until("a save is acknowledged at last", PERSISTENCE, async || {
            match person.saves(pops).await {
                true => Ok(()),
                false => Err("not yet".to_owned()),
            }
        })
        .await;
        all.extend(person.seen);
        counts.join(person.counts);
    }
    let complete = |text: &str| {
        each_once(text, &all)?;
        match words(text).count() == counts.acknowledged {
            true => Ok(()),
            false => Err(format!("{} words, {} saves", words(text).count(), counts.acknowledged)),
        }
    };
    let (page, _) = served_alike(network, title, complete).await;
    at_rest_at_last(network, title, &page.text).await;
    counts
}
