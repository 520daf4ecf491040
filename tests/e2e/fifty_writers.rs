//! Fifty people save one page at once, all from the same version.
//!
//! Nobody is refused, every word stands in the text once, the points of
//! presence agree, and the origin gets few revisions.

use std::time::Instant;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use redwedding_devnet::Network;

use crate::client::{Client, Save};
use crate::crowd::{Original, at_rest_at_last, each_once, served_alike, shown};
use crate::figures::{Figures, seed, size};
use crate::ground::{on_an_own_network, pop_urls};

/// Revisions that the origin may get for all of them together.
const MOST_REVISIONS: usize = 5;

/// Where the writers put their words.
#[derive(Clone, Copy, Debug)]
enum Places {
    OwnSections,
    OneLine,
    TheEnd,
}

impl Places {
    fn text(self, writers: usize) -> String {
        let section =
            |number| format!("## Part {number}\n\nWhat is told in part {number} begins here.\n\n");
        match self {
            Self::OwnSections => (0..writers).map(section).collect(),
            Self::OneLine => {
                let words: Vec<_> = (0..30).map(|number| format!("said{number}")).collect();
                format!("Before.\n\n{}\n\nAfter.\n", words.join(" "))
            }
            Self::TheEnd => "The guests, in the order of their arrival:\n\n".to_owned(),
        }
    }

    fn with_word(self, text: &str, writer: usize, word: &str, random: &mut StdRng) -> String {
        match self {
            Self::OwnSections => {
                let before = format!("What is told in part {writer} ");
                text.replace(&before, &format!("{before}{word} "))
            }
            Self::OneLine => {
                let before = format!("said{} ", random.random_range(0..29));
                text.replacen(&before, &format!("{before}{word} "), 1)
            }
            Self::TheEnd => format!("{text}- {word}\n"),
        }
    }
}

#[derive(Default)]
struct Sums {
    saves: Figures,
    convergence: Figures,
    revisions: usize,
    rounds: usize,
}

#[test]
fn nobody_is_refused_and_nothing_is_lost() {
    let (rounds, writers) = (size("ROUNDS", 2), size("WRITERS", 50));
    on_an_own_network(
        |builder| builder,
        async |network| {
            let mut random = StdRng::seed_from_u64(seed());
            for places in [Places::OwnSections, Places::OneLine, Places::TheEnd] {
                let mut sums = Sums::default();
                for round in 0..rounds {
                    let title = format!("{places:?}_{round}");
                    one_round(network, places, &title, writers, &mut random, &mut sums).await;
                }
                println!("{writers} writers, {places:?}, {rounds} rounds, seed {}:", seed());
                println!("  refused 0, lost 0, doubled 0");
                println!("  saves: {}", sums.saves);
                println!("  all served everywhere after the last answer: {}", sums.convergence);
                println!(
                    "  origin revisions a round: {:.1}",
                    sums.revisions as f64 / rounds as f64
                );
            }
        },
    );
}

async fn one_round(
    network: &Network,
    places: Places,
    title: &str,
    writers: usize,
    random: &mut StdRng,
    sums: &mut Sums,
) {
    let pops = pop_urls(network);
    let text = places.text(writers);
    let create = Save { title: title.into(), base: 0, text, comment: "the beginning".into() };
    let created = Client::stranger().saved(&pops[0], &create).await;
    served_alike(network, title, |text| match text == created.text {
        true => Ok(()),
        false => Err("not the beginning".into()),
    })
    .await;
    at_rest_at_last(network, title, &created.text).await;
    let before = Original::revisions(network, title).await;

    let mut saving = Vec::new();
    let mut words = Vec::new();
    for writer in 0..writers {
        let word = format!("word{writer:03}of{title}end");
        let pop = pops[random.random_range(0..pops.len())].clone();
        let base = shown(Client::stranger().read(&pop, title).await).unwrap();
        assert_eq!(base.text, created.text);
        let text = places.with_word(&base.text, writer, &word, random);
        assert_ne!(text, base.text);
        let save = Save { title: title.into(), base: base.id, text, comment: word.clone() };
        words.push(word);
        saving.push(async move {
            let begun = Instant::now();
            let answer = Client::new().save(&pop, &save).await;
            (save.comment, answer, begun.elapsed())
        });
    }
    let saving: Vec<_> = saving.into_iter().map(tokio::spawn).collect();
    for save in saving {
        let (word, answer, took) = save.await.unwrap();
        let page = shown(answer).unwrap_or_else(|why| panic!("{word} is refused: {why}"));
        each_once(&page.text, [&word]).unwrap();
        sums.saves.add(took);
    }
    let begun = Instant::now();
    let (page, _) = served_alike(network, title, |text| each_once(text, &words)).await;
    sums.convergence.add(begun.elapsed());
    at_rest_at_last(network, title, &page.text).await;
    let revisions = Original::revisions(network, title).await - before;
    assert!(revisions <= MOST_REVISIONS, "{revisions} revisions at the origin");
    sums.revisions += revisions;
    sums.rounds += 1;
}
