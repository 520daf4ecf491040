//! Saves on a condition: `If-Match`, `If-None-Match` and the policies, at several points of
//! presence and without the relay.

use std::time::Duration;

use hyper::header::{HeaderName, IF_MATCH, IF_NONE_MATCH};
use hyper::{Method, StatusCode};
use serde_json::{Value, json};

use crate::client::{Answer, Client, JSON, Page, Save, page_url, request};
use crate::ground::{on_an_own_network, on_the_shared_network};

/// What is asked of a save beside itself.
#[derive(Clone, Default)]
struct Asked {
    header: Option<(HeaderName, String)>,
    policy: Option<&'static str>,
}

fn with(name: HeaderName, value: &str) -> Asked {
    Asked { header: Some((name, value.to_owned())), policy: None }
}

fn if_match(page: &Page) -> Asked {
    with(IF_MATCH, &format!("\"{}\"", page.id))
}

fn by(policy: &'static str) -> Asked {
    Asked { header: None, policy: Some(policy) }
}

async fn put(client: &mut Client, pop: &str, save: &Save, asked: &Asked) -> Answer {
    let mut body = save.body();
    if let Some(policy) = asked.policy {
        body["policy"] = json!(policy);
    }
    let mut request = request(Method::PUT, &page_url(pop, &save.title), JSON, &body.to_string());
    if let Some((name, value)) = &asked.header {
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    client.send(request).await.unwrap()
}

fn save(title: &str, base: u64, text: &str) -> Save {
    Save { title: title.to_owned(), base, text: text.to_owned(), comment: "a save".into() }
}

/// What is told of a save that was not taken: the status, and the two texts.
fn refused(answer: &Answer) -> (u16, Value, Value) {
    let body = answer.json();
    assert_eq!(body["httpCode"], json!(answer.status.as_u16()), "{body}");
    (answer.status.as_u16(), body["source"].clone(), body["submitted"].clone())
}

#[test]
fn a_put_is_taken_only_on_what_it_names() {
    on_the_shared_network(async |network| {
        let (here, there) = (network.pop_url(0), network.pop_url(1));
        let title = "Put_on_a_condition";
        let mut client = Client::new();
        let new = save(title, 0, "one\n");
        let none = with(IF_MATCH, "*");
        assert_eq!(refused(&put(&mut client, here, &new, &none).await).0, 412);
        let only_new = with(IF_NONE_MATCH, "*");
        let created = put(&mut client, here, &new, &only_new).await;
        assert_eq!(created.status, StatusCode::CREATED, "{created:?}");
        let other = put(&mut client, there, &save(title, 0, "two\n"), &only_new).await;
        assert_eq!(refused(&other), (412, json!("one\n"), json!("two\n")));
        // The tag names what was edited. Directly after a save of one's own, here and there.
        let mut newest = created.page().unwrap();
        for number in 0..6 {
            let pop = [here, there][number % 2];
            let text = format!("{}{number}\n", newest.text);
            let asked = [if_match(&newest), by("fail-on-change"), Asked::default()];
            let asked = &asked[number % 3];
            let base = if number % 3 == 0 { 0 } else { newest.id };
            let answer = put(&mut client, pop, &save(title, base, &text), asked).await;
            assert_eq!(answer.status, StatusCode::OK, "{number}: {answer:?}");
            newest = answer.page().unwrap();
            assert_eq!(newest.text, text);
        }
        // A reader of no session has the tag of what it reads.
        let read = Client::stranger().read(there, title).await.unwrap();
        let tag = with(IF_MATCH, read.header("etag").unwrap());
        let text = format!("zero\n{}", read.page().unwrap().text);
        let taken = put(&mut Client::stranger(), here, &save(title, 0, &text), &tag).await;
        assert_eq!(taken.page().map(|page| page.text), Some(text), "{taken:?}");
        let late = put(&mut client, there, &save(title, 0, "late\n"), &tag).await;
        assert_eq!(refused(&late).0, 412, "{late:?}");
        assert!(late.header("etag").is_some());
        let weak = with(IF_MATCH, &format!("W/{}", tag.header.unwrap().1));
        let weak = put(&mut client, here, &save(title, 0, "weak\n"), &weak).await;
        assert_eq!(refused(&weak).0, 412);
        let bad = put(&mut client, here, &save(title, 0, "bad\n"), &with(IF_MATCH, "12")).await;
        assert_eq!(bad.status, StatusCode::BAD_REQUEST);
    });
}

/// At two points of presence at once, round after round.
#[test]
fn of_two_at_once_one_is_taken() {
    on_the_shared_network(async |network| {
        let pops = [network.pop_url(0), network.pop_url(2)];
        let title = "Two_at_once";
        let start = "The red wine.\n\nThe old castle.\n";
        let mut newest = Client::new().saved(pops[0], &save(title, 0, start)).await;
        let mut told = Vec::new();
        for round in 0..6 {
            let policy = ["fail-on-change", "fail-on-overlap"][round % 2];
            let one = |at: usize| {
                let words = newest.text.split_once(" wine").unwrap().1;
                save(title, newest.id, &format!("The sort{round}{at} wine{words}"))
            };
            let saves = [one(0), one(1)];
            let (mut a, mut b) = (Client::stranger(), Client::stranger());
            let asked = by(policy);
            let answers = tokio::join!(
                put(&mut a, pops[0], &saves[0], &asked),
                put(&mut b, pops[1], &saves[1], &asked),
            );
            let answers = [answers.0, answers.1];
            let taken = answers.iter().position(|answer| answer.status.is_success());
            let taken = taken.unwrap_or_else(|| panic!("none was taken: {answers:?}"));
            newest = answers[taken].page().unwrap();
            assert_eq!(newest.text, saves[taken].text);
            let expected = if policy == "fail-on-change" { 412 } else { 409 };
            let (loser, sent) = (&answers[1 - taken], &saves[1 - taken].text);
            assert_eq!(refused(loser), (expected, json!(newest.text), json!(sent)), "{loser:?}");
            if expected == 409 {
                let overlaps = loser.json()["overlaps"].clone();
                let marked = overlaps[0]["excerpt"]["marked"].as_str().unwrap_or_default();
                assert!(marked.contains(&format!("sort{round}{taken}")), "{overlaps}");
            }
            told.push(taken);
        }
        // Each that was taken is a save, and nothing else is.
        let history = Client::new().get(&format!("{}/history", page_url(pops[0], title))).await;
        let history = history.unwrap().json();
        assert_eq!(history["revisions"].as_array().unwrap().len(), 1 + told.len(), "{history}");
    });
}

#[test]
fn without_the_relay_nobody_can_say_it() {
    on_an_own_network(
        |builder| builder,
        async |network| {
            let (pop, title) = (network.pop_url(0).to_owned(), "Without_the_relay");
            let mut client = Client::new();
            let first = client.saved(&pop, &save(title, 0, "one\n")).await;
            let second = save(title, first.id, "one\ntwo\n");
            let second = put(&mut client, &pop, &second, &if_match(&first)).await.page().unwrap();
            // The work after an answer may still put an older state into the cache.
            tokio::time::sleep(Duration::from_millis(1_500)).await;
            assert_eq!(client.read(&pop, title).await.unwrap().page(), Some(second.clone()));
            network.relay_kill().await.unwrap();
            for asked in [if_match(&second), by("fail-on-overlap"), by("fail-on-change")] {
                let third = save(title, second.id, "one\ntwo\nthree\n");
                let answer = put(&mut client, &pop, &third, &asked).await;
                assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{answer:?}");
                assert!(answer.header("retry-after").is_some());
            }
            // What is known not to be so is told.
            let late = save(title, first.id, "zero\none\n");
            let late = put(&mut client, &pop, &late, &if_match(&first)).await;
            assert_eq!(refused(&late).0, 412, "{late:?}");
            let read = client.read(&pop, title).await.unwrap();
            assert_eq!(read.page().unwrap().text, "one\ntwo\n");
            network.relay_start().await.unwrap();
            let third = save(title, second.id, "one\ntwo\nthree\n");
            let mut answer = put(&mut client, &pop, &third, &if_match(&second)).await;
            for _ in 0..50 {
                if answer.status.is_success() {
                    break;
                }
                assert!(answer.is_later(), "{answer:?}");
                tokio::time::sleep(Duration::from_millis(200)).await;
                answer = put(&mut client, &pop, &third, &if_match(&second)).await;
            }
            assert_eq!(answer.page().unwrap().text, "one\ntwo\nthree\n");
        },
    );
}
