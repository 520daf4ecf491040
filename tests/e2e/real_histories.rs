//! Real pages, revision by revision, saved through alternating points of
//! presence. The last text comes out byte for byte, everywhere.

use std::time::Instant;

use serde_json::Value;

use crate::client::{Client, Save};
use crate::crowd::{SETTLING, at_rest_at_last, shown};
use crate::figures::{Figures, size};
use crate::ground::{on_the_shared_network, pop_urls, until};

/// The texts of a history, oldest first; `None` where no data was given.
fn texts(file: &str) -> Option<Vec<String>> {
    let Some(folder) = std::env::var_os("REDWEDDING_DATA") else {
        println!("skipped: REDWEDDING_DATA is not set");
        return None;
    };
    let path = std::path::Path::new(&folder).join(file);
    let packed = std::fs::read(&path)
        .unwrap_or_else(|error| panic!("REDWEDDING_DATA has no {file}: {error}"));
    let mut lines = Vec::new();
    lzma_rs::xz_decompress(&mut packed.as_slice(), &mut lines).unwrap();
    let lines = String::from_utf8(lines).unwrap();
    let text = |line: &str| {
        let revision: Value = serde_json::from_str(line).unwrap();
        revision["text"].as_str().unwrap().to_owned()
    };
    Some(lines.lines().take(size("REVISIONS", usize::MAX)).map(text).collect())
}

/// Whose saves they are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    /// One person, who loads the page anew at the next point of presence before
    /// every second save, and is shown the save before at once.
    OnePerson,
    /// Another person each time, who knows the answer to the save before.
    Strangers,
}

fn replay(file: &str, title: &str, by: By) {
    let Some(texts) = texts(file) else { return };
    on_the_shared_network(async |network| {
        let pops = pop_urls(network);
        let mut saves = Figures::default();
        let mut client = Client::new();
        let mut base = 0;
        let begun = Instant::now();
        for (number, text) in texts.iter().enumerate() {
            let pop = &pops[number % pops.len()];
            if by == By::Strangers {
                client = Client::stranger();
            } else if number % 2 == 1 {
                let page = shown(client.read(pop, title).await).unwrap();
                assert!(page.text == texts[number - 1], "revision {number} is not shown");
                base = page.id;
            }
            let comment = format!("revision {number}");
            let save = Save { title: title.into(), base, text: text.clone(), comment };
            let sent = Instant::now();
            let page = client.saved(pop, &save).await;
            saves.add(sent.elapsed());
            assert!(page.text == *text, "revision {number} came back as another text");
            base = page.id;
        }
        let took = begun.elapsed().as_secs_f64();
        let last = texts.last().unwrap();
        for pop in &pops {
            served(pop, title, last).await;
        }
        at_rest_at_last(network, title, last).await;
        println!("{file}: {} revisions in {took:.1} s, the last one equal everywhere", texts.len());
        println!("  saves: {saves}");
    });
}

/// Waits until a point of presence serves strangers this text.
async fn served(pop: &str, title: &str, text: &str) {
    until("the last text is served", SETTLING, async || {
        let page = shown(Client::stranger().read(pop, title).await)?;
        match page.text == text {
            true => Ok(()),
            false => Err(format!("{pop} serves another text")),
        }
    })
    .await;
}

#[test]
fn a_page_of_five_years() {
    replay("wiki/rio-grande.jsonl.xz", "Rio_Grande", By::OnePerson);
}

#[test]
fn a_page_on_its_busiest_day() {
    replay("wiki/anarchism-2006-01-20.jsonl.xz", "Anarchism", By::Strangers);
}
