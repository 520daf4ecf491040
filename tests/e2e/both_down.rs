//! Neither the store nor the relay is there: nothing can be acknowledged, and
//! nothing is left half-written.

use hyper::StatusCode;

use crate::client::{Client, Save};
use crate::crowd::{at_rest_at_last, each_once, served_alike, shown};
use crate::ground::{on_an_own_network, pop_urls, until};

#[test]
fn a_save_that_nobody_can_keep_is_refused_for_now() {
    on_an_own_network(
        |builder| builder,
        async |network| {
            let (pops, title) = (pop_urls(network), "Both_down");
            let text = "Before the storm.\n".to_owned();
            let create = Save { title: title.into(), base: 0, text, comment: "new".into() };
            let created = Client::stranger().saved(&pops[0], &create).await;
            at_rest_at_last(network, title, &created.text).await;

            network.kv_down(true).await.unwrap();
            network.relay_down(true);
            let mut clients = Vec::new();
            for pop in &pops {
                let mut client = Client::new();
                let base = shown(client.read(pop, title).await).unwrap();
                let word = format!("stormy{}end", clients.len());
                let text = format!("{}{word}\n", base.text);
                let save = Save { title: title.into(), base: base.id, text, comment: word };
                let answer = client.save(pop, &save).await.unwrap();
                assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{answer:?}");
                assert!(answer.header("retry-after").is_some(), "{answer:?}");
                assert_eq!(answer.json()["httpCode"], 503, "{answer:?}");
                let still = shown(client.read(pop, title).await).unwrap();
                assert_eq!(still.text, created.text, "at {pop}");
                clients.push((client, save));
            }
            let title_of_new = "Never_begun";
            let text = "Nothing.\n".to_owned();
            let new = Save { title: title_of_new.into(), base: 0, text, comment: "new".into() };
            let answer = Client::stranger().save(&pops[1], &new).await.unwrap();
            assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{answer:?}");

            network.kv_down(false).await.unwrap();
            network.relay_down(false);
            let mut words = Vec::new();
            // The same saves again, each at another place.
            for (number, (mut client, save)) in clients.into_iter().enumerate() {
                let pop = &pops[(number + 1) % pops.len()];
                until("the save is taken", crate::crowd::SETTLING, async || {
                    let page = shown(client.save(pop, &save).await)?;
                    each_once(&page.text, [&save.comment])
                })
                .await;
                words.push(save.comment);
            }
            let (page, _) = served_alike(network, title, |text| each_once(text, &words)).await;
            assert!(page.text.starts_with(&created.text));
            at_rest_at_last(network, title, &page.text).await;
            // Not acknowledged, and nobody sent it again: whole or not at all.
            let page = shown(Client::stranger().read(&pops[1], title_of_new).await).unwrap();
            assert!(page.text.is_empty() || page.text == new.text, "{page:?}");
        },
    );
}
