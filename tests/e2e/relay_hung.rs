//! The relay hangs, or answers with noise: nobody waits for it. Reads and saves go on from
//! what a point of presence has; what was taken meanwhile arrives once the relay is back.

use std::time::{Duration, Instant};

use hyper::StatusCode;
use redwedding_devnet::Network;
use redwedding_devnet::network::{LinkFault, To};

use crate::client::{Client, Page, Save};
use crate::crowd::{at_rest_at_last, each_once, served_alike, shown};
use crate::figures::{Figures, size};
use crate::ground::{on_an_own_network, pop_urls};

/// How long each outage lasts.
fn outage() -> Duration {
    Duration::from_secs(size("OUTAGE_SECONDS", 8) as u64)
}

/// How long the first read may take that finds out, on a machine with others at work.
const FIRST: Duration = Duration::from_millis(600);
/// What 99 of 100 reads after it may take, there.
const AFTERWARDS: Duration = Duration::from_millis(200);

#[test]
fn nobody_waits_for_a_relay_that_hangs() {
    on_an_own_network(
        |builder| builder,
        async |network| {
            let page = begun(network, "Relay_hung").await;
            network.relay_stop(true).await.unwrap();
            let words = lived_through(network, "Relay_hung", page).await;
            network.relay_stop(false).await.unwrap();
            arrived(network, "Relay_hung", &words).await;
        },
    );
}

#[test]
fn nobody_believes_a_relay_that_answers_with_noise() {
    on_an_own_network(
        |builder| builder,
        async |network| {
            let page = begun(network, "Relay_noisy").await;
            network.set_links(To::Relay, LinkFault::Garbage);
            let words = lived_through(network, "Relay_noisy", page).await;
            network.set_links(To::Relay, LinkFault::None);
            arrived(network, "Relay_noisy", &words).await;
        },
    );
}

#[test]
fn a_page_that_only_a_silent_origin_knows_is_given_up_in_time() {
    on_an_own_network(
        |builder| builder.pops(1),
        async |network| {
            let known = begun(network, "Known_here").await;
            network.set_links(To::Origin, LinkFault::Silent);
            let pop = network.pop_url(0).to_owned();
            let asked = Instant::now();
            let answer = Client::stranger().read(&pop, "Unknown_here").await.unwrap();
            let took = asked.elapsed();
            assert_eq!(answer.status, StatusCode::GATEWAY_TIMEOUT, "{answer:?}");
            println!("an unknown page, the origin silent: {took:?}");
            assert!(Duration::from_secs(3) <= took && took < Duration::from_secs(4), "{took:?}");
            let read = shown(Client::stranger().read(&pop, "Known_here").await).unwrap();
            assert_eq!(read.text, known.text);
        },
    );
}

/// A page that every point of presence knows.
async fn begun(network: &Network, title: &str) -> Page {
    let (pops, text) = (pop_urls(network), "Before.\n".to_owned());
    let create = Save { title: title.into(), base: 0, text, comment: "new".into() };
    let created = Client::stranger().saved(&pops[0], &create).await;
    at_rest_at_last(network, title, &created.text).await;
    served_alike(network, title, |_| Ok(())).await.0
}

/// People read and save at each point of presence until the outage is over. Gives the words
/// of the saves, all of which must be taken.
async fn lived_through(network: &Network, title: &str, page: Page) -> Vec<String> {
    let lives = pop_urls(network)
        .into_iter()
        .enumerate()
        .map(|(number, pop)| tokio::spawn(live(number, pop, title.to_owned(), page.clone())));
    let lives: Vec<_> = lives.collect();
    let (mut words, mut saves, mut reads) = (Vec::new(), Figures::default(), Figures::default());
    let mut first = Figures::default();
    for life in lives {
        let lived = life.await.unwrap();
        words.extend(lived.words);
        first.add(lived.first);
        saves.extend(lived.saves);
        reads.extend(lived.reads);
    }
    println!("{title}: first reads {first}");
    println!("  reads after it: {reads}");
    println!("  saves: {saves}");
    assert!(first.percentile(100) < FIRST, "the first reads took {first}");
    assert!(reads.percentile(99) < AFTERWARDS, "reads took {reads}");
    assert!(saves.percentile(99) < FIRST, "saves took {saves}");
    words
}

struct Lived {
    words: Vec<String>,
    first: Duration,
    reads: Figures,
    saves: Figures,
}

/// Strangers read at one point of presence, and one client saves on what it was shown.
async fn live(number: usize, pop: String, title: String, page: Page) -> Lived {
    // What was exchanged before is not fresh any more.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let begun = Instant::now();
    shown(Client::stranger().read(&pop, &title).await).unwrap();
    let first = begun.elapsed();
    let mut lived =
        Lived { words: Vec::new(), first, reads: Figures::default(), saves: Figures::default() };
    let (mut client, mut base) = (Client::new(), page);
    while begun.elapsed() < outage() {
        let word = format!("p{number}n{}end", lived.words.len());
        let text = format!("{}{word}\n", base.text);
        let save = Save { title: title.clone(), base: base.id, text, comment: word.clone() };
        let asked = Instant::now();
        base = client.saved(&pop, &save).await;
        lived.saves.add(asked.elapsed());
        lived.words.push(word);
        each_once(&base.text, &lived.words).unwrap();
        for _ in 0..4 {
            let asked = Instant::now();
            shown(Client::stranger().read(&pop, &title).await).unwrap();
            lived.reads.add(asked.elapsed());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    lived
}

/// Everything that was taken meanwhile is served everywhere, and at the origin.
async fn arrived(network: &Network, title: &str, words: &[String]) {
    let (page, took) = served_alike(network, title, |text| each_once(text, words)).await;
    println!("  {} saves served everywhere {took:?} after its return", words.len());
    at_rest_at_last(network, title, &page.text).await;
}
