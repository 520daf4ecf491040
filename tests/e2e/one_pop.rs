//! Readers without a session at one point of presence, while pages are created and
//! saved there.
//!
//! What the point of presence has answered to a save, or shown to anybody, every
//! later read shows, in whichever sandbox it lands. Nothing is ever deleted here, so
//! a word that is missing, or a page that is not there, is a step back.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::client::{Client, Page, Save};
use crate::figures::{Figures, seed, size};
use crate::ground::{on_an_own_network, pop_urls};

/// Saves of a page before its writers go on to a new one.
const SAVES: usize = 12;
/// Those who save pages, two of them the same ones.
const WRITERS: usize = 4;
const READERS: usize = 6;

/// The pages of one pair of writers, and what was shown of each.
#[derive(Default)]
struct Shelf(Mutex<Vec<BTreeSet<String>>>);

impl Shelf {
    fn shown(&self, page: usize, text: &str) {
        let mut pages = self.0.lock().unwrap();
        if pages.len() <= page {
            pages.resize(page + 1, BTreeSet::new());
        }
        pages[page].extend(text.lines().map(str::to_owned));
    }

    /// One of the newest pages, with what was shown of it so far.
    fn some(&self, random: &mut StdRng) -> Option<(usize, BTreeSet<String>)> {
        let pages = self.0.lock().unwrap();
        let page = pages.len().checked_sub(1 + random.random_range(0..2))?;
        Some((page, pages[page].clone()))
    }
}

struct Pop {
    url: String,
    shelves: Vec<Shelf>,
    reads: AtomicUsize,
    wanted: usize,
    back: Mutex<Vec<String>>,
    saves: Mutex<Figures>,
    read: Mutex<Figures>,
}

impl Pop {
    fn is_done(&self) -> bool {
        self.reads.load(Ordering::Relaxed) >= self.wanted
    }

    fn title(shelf: usize, page: usize) -> String {
        format!("Shelf_{shelf}_{page}")
    }

    /// One of two who make page after page and save on what they were answered.
    async fn write(&self, writer: usize) {
        let shelf = writer / 2;
        let mut client = Client::stranger();
        for page in 0.. {
            let title = Self::title(shelf, page);
            let mut on = Page { id: 0, text: String::new() };
            for save in 0..SAVES {
                if self.is_done() {
                    return;
                }
                // Both begin with the same line: of two different pages one would be shown.
                let text = match on.id {
                    0 => format!("{title}\n"),
                    _ => format!("{}{writer}.{page}.{save}\n", on.text),
                };
                let comment = format!("{writer}.{page}.{save}");
                let save = Save { title: title.clone(), base: on.id, text, comment };
                let begun = Instant::now();
                let answer = client.save(&self.url, &save).await.unwrap();
                if answer.status.as_u16() == 409 {
                    // The other one was first.
                    on = client.read(&self.url, &title).await.unwrap().page().unwrap();
                    continue;
                }
                assert!(answer.status.is_success(), "{answer:?}");
                self.saves.lock().unwrap().add(begun.elapsed());
                on = answer.page().unwrap();
                self.shelves[shelf].shown(page, &on.text);
            }
        }
    }

    async fn read(&self, reader: usize) {
        let mut random = StdRng::seed_from_u64(seed() + reader as u64);
        while !self.is_done() {
            let shelf = random.random_range(0..self.shelves.len());
            let Some((page, before)) = self.shelves[shelf].some(&mut random) else {
                tokio::task::yield_now().await;
                continue;
            };
            let begun = Instant::now();
            let title = Self::title(shelf, page);
            let answer = Client::stranger().read(&self.url, &title).await.unwrap();
            self.read.lock().unwrap().add(begun.elapsed());
            self.reads.fetch_add(1, Ordering::Relaxed);
            let Some(found) = answer.page() else { panic!("not answered: {answer:?}") };
            self.shelves[shelf].shown(page, &found.text);
            let now: BTreeSet<_> = found.text.lines().map(str::to_owned).collect();
            if let Some(missing) = before.difference(&now).next() {
                let what = format!("{title}: {missing} is missing in {:?}", found.text);
                self.back.lock().unwrap().push(what);
            }
        }
    }
}

#[test]
fn nobody_goes_back() {
    on_an_own_network(
        |builder| builder.pops(1),
        async |network| {
            let pop = Arc::new(Pop {
                url: pop_urls(network)[0].clone(),
                shelves: (0..WRITERS / 2).map(|_| Shelf::default()).collect(),
                reads: AtomicUsize::new(0),
                wanted: size("READS", 1_000),
                back: Mutex::default(),
                saves: Mutex::default(),
                read: Mutex::default(),
            });
            let writers = (0..WRITERS).map(|writer| {
                let pop = pop.clone();
                tokio::spawn(async move { pop.write(writer).await })
            });
            let writers: Vec<_> = writers.collect();
            let readers = (0..READERS).map(|reader| {
                let pop = pop.clone();
                tokio::spawn(async move { pop.read(reader).await })
            });
            let readers: Vec<_> = readers.collect();
            for task in writers.into_iter().chain(readers) {
                task.await.unwrap();
            }
            let back = pop.back.lock().unwrap();
            let pages = pop.shelves.iter().map(|shelf| shelf.0.lock().unwrap().len());
            println!("{} pages created, steps back {}", pages.sum::<usize>(), back.len());
            println!("  saves: {}", pop.saves.lock().unwrap());
            println!("  reads: {}", pop.read.lock().unwrap());
            assert_eq!(back.first(), None, "{} steps back", back.len());
        },
    );
}
