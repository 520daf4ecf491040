//! Two people change the same words at the same moment: both are told, the one in the answer or in
//! the session's next one, the other where the page's alternatives are listed.

use std::time::Duration;

use serde_json::Value;

use crate::client::{Answer, Client, Save, page_url};
use crate::ground::{on_the_shared_network, until};

const PATIENCE: Duration = Duration::from_secs(30);

/// How many pairs save at once; `REDWEDDING_TOLD` says another number.
const PAIRS: usize = 24;

fn save(title: &str, base: u64, text: &str) -> Save {
    Save { title: title.to_owned(), base, text: text.to_owned(), comment: "a save".into() }
}

fn is_told(answer: &Answer) -> bool {
    answer.json()["overlaps"].as_array().is_some_and(|overlaps| !overlaps.is_empty())
}

/// Reads until the page is the log's and shows what it decided; whether that was told on the way.
async fn is_told_next(client: &mut Client, pop: &str, title: &str) -> bool {
    let mut told = false;
    let read = async || {
        let answer = client.read(pop, title).await.unwrap();
        told |= is_told(&answer);
        let page = answer.page().ok_or_else(|| format!("{answer:?}"))?;
        // Numbers of versions that the log may not hold are beyond those of its own.
        (page.id < 1 << 51).then_some(()).ok_or(page.text)
    };
    until("the log's version", PATIENCE, read).await;
    told
}

/// Whether the other version is listed, once the point of presence has asked again.
async fn sees_it_listed(pop: &str, title: &str) {
    let url = format!("{}/alternatives", page_url(pop, title));
    let ask = async || {
        let found: Value = Client::new().get(&url).await?.json();
        let listed = found["alternatives"].as_array().is_some_and(|it| it.len() == 1);
        listed.then_some(()).ok_or_else(|| found.to_string())
    };
    until("the alternative", PATIENCE, ask).await;
}

#[test]
fn both_who_change_the_same_words_are_told() {
    let pairs = std::env::var("REDWEDDING_TOLD").ok();
    let pairs = pairs.map_or(PAIRS, |pairs| pairs.parse().expect("a number"));
    on_the_shared_network(async |network| {
        let pops = [network.pop_url(0), network.pop_url(1)];
        let (mut in_answer, mut in_next) = (0, 0);
        for pair in 0..pairs {
            let title = format!("Told_{pair}");
            let start = "She wore white that day.\n";
            let base = Client::new().saved(pops[0], &save(&title, 0, start)).await;
            let (mut one, mut two) = (Client::new(), Client::new());
            one.read(pops[0], &title).await.unwrap();
            two.read(pops[1], &title).await.unwrap();
            let [red, blue] = ["crimson", "azure"].map(|it| start.replace("white", it));
            let saves = [red, blue].map(|text| save(&title, base.id, &text));
            let (a, b) = tokio::join!(one.save(pops[0], &saves[0]), two.save(pops[1], &saves[1]));
            let (a, b) = (a.unwrap(), b.unwrap());
            let told = [is_told(&a), is_told(&b)];
            let next = [
                is_told_next(&mut one, pops[0], &title).await,
                is_told_next(&mut two, pops[1], &title).await,
            ];
            in_answer += usize::from(told.contains(&true));
            in_next += usize::from(!told.contains(&true) && next.contains(&true));
            sees_it_listed(pops[0], &title).await;
        }
        println!("of {pairs} told in the answer: {in_answer}, in the next one: {in_next}");
        assert_eq!(in_answer + in_next, pairs);
    });
}
