//! People edit at the origin itself while edits from the edge are on their way
//! there. Both kinds survive, once each, and a write that timed out after it was
//! committed is never made twice.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use redwedding_devnet::origin::AfterCommit;
use redwedding_devnet::{Network, NetworkBuilder};

use crate::client::{Client, Save};
use crate::crowd::{Original, SETTLING, at_rest_at_last, each_once, served_alike, shown};
use crate::figures::{seed, size};
use crate::ground::{on_an_own_network, pop_urls, until};

/// The edge looks at the origin for news this often.
fn looking_often(builder: NetworkBuilder) -> NetworkBuilder {
    builder.config("poll_ms", "200")
}

async fn new_page(network: &Network, title: &str) {
    let text = "The first line.\n\nThe last line.\n".to_owned();
    let save = Save { title: title.into(), base: 0, text: text.clone(), comment: "new".into() };
    Client::stranger().saved(network.pop_url(0), &save).await;
    at_rest_at_last(network, title, &text).await;
}

/// A stranger reads at one point of presence and saves there.
async fn edit_at_the_edge(pop: &str, title: &str, word: &str) {
    let page = shown(Client::stranger().read(pop, title).await).unwrap();
    let text = format!("{}{word}\n", page.text);
    let save = Save { title: title.into(), base: page.id, text, comment: word.into() };
    Client::stranger().saved(pop, &save).await;
}

fn with_word_in_front(text: &str, word: &str) -> String {
    format!("{word}\n{text}")
}

#[test]
fn edits_at_the_origin_and_at_the_edge_both_survive() {
    let rounds = size("ROUNDS", 4);
    on_an_own_network(looking_often, async |network| {
        let network = &*network;
        let mut random = StdRng::seed_from_u64(seed());
        let (pops, title) = (pop_urls(network), "Edited_at_both");
        new_page(network, title).await;
        let mut words = Vec::new();
        for round in 0..rounds {
            let mut edits = Vec::new();
            for number in 0..6 {
                let pop = pops[random.random_range(0..pops.len())].clone();
                let word = format!("edge{round}n{number}end");
                words.push(word.clone());
                let after = Duration::from_millis(random.random_range(0..3_000));
                edits.push(tokio::spawn(async move {
                    tokio::time::sleep(after).await;
                    edit_at_the_edge(&pop, title, &word).await;
                }));
            }
            for number in 0..2 {
                let word = format!("origin{round}n{number}end");
                let after = Duration::from_millis(random.random_range(0..1_500));
                tokio::time::sleep(after).await;
                Original::edit(network, title, |text| with_word_in_front(text, &word)).await;
                words.push(word);
            }
            for edit in edits {
                edit.await.unwrap();
            }
        }
        let (page, took) = served_alike(network, title, |text| each_once(text, &words)).await;
        at_rest_at_last(network, title, &page.text).await;
        let revisions = Original::revisions(network, title).await;
        println!("{rounds} rounds of 6 edits at the edge and 2 at the origin, seed {}:", seed());
        println!("  lost 0, doubled 0; served everywhere after {:.1} s", took.as_secs_f64());
        println!("  {revisions} revisions at the origin");
    });
}

#[test]
fn a_write_that_timed_out_after_its_commit_is_not_made_twice() {
    let rounds = size("ROUNDS", 2);
    on_an_own_network(looking_often, async |network| {
        let (network, title) = (&*network, "Committed_and_silent");
        let pops = pop_urls(network);
        new_page(network, title).await;
        let mut words = Vec::new();
        for round in 0..rounds {
            let word = format!("edge{round}end");
            let wait = AfterCommit::GatewayTimeout(Duration::from_millis(300));
            network.origin().faults().fail_after_commit(1, wait);
            edit_at_the_edge(&pops[round % pops.len()], title, &word).await;
            until("the origin has committed", SETTLING, async || {
                match Original::read(network, title).await? {
                    Some(page) if page.text.contains(&word) => Ok(()),
                    _ => Err("not yet".to_owned()),
                }
            })
            .await;
            // Nobody at the edge knows yet that it was.
            let on_top = format!("origin{round}end");
            Original::edit(network, title, |text| with_word_in_front(text, &on_top)).await;
            words.extend([word, on_top]);
            served_alike(network, title, |text| each_once(text, &words)).await;
        }
        let (page, _) = served_alike(network, title, |text| each_once(text, &words)).await;
        at_rest_at_last(network, title, &page.text).await;
        let revisions = Original::revisions(network, title).await;
        assert_eq!(revisions, 1 + 2 * rounds, "the new page, then two revisions a round");
        println!("{rounds} writes that timed out after their commit: none made twice");
    });
}

/// Edits pile up while the origin is away; then they arrive as few revisions.
#[test]
fn edits_wait_for_an_origin_that_is_away() {
    on_an_own_network(looking_often, async |network| {
        let (network, title) = (&*network, "Origin_away");
        let pops = pop_urls(network);
        new_page(network, title).await;
        network.origin_down(true);
        let words: Vec<_> = (0..12).map(|number| format!("edge{number}end")).collect();
        for (number, word) in words.iter().enumerate() {
            edit_at_the_edge(&pops[number % pops.len()], title, word).await;
        }
        served_alike(network, title, |text| each_once(text, &words)).await;
        network.origin_down(false);
        let (page, _) = served_alike(network, title, |text| each_once(text, &words)).await;
        at_rest_at_last(network, title, &page.text).await;
        let revisions = Original::revisions(network, title).await - 1;
        assert!(revisions <= 3, "{revisions} revisions for twelve edits");
    });
}
