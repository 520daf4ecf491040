//! Two people change the same words at once: one version is shown, and either can be chosen.

use std::time::Duration;

use form_urlencoded::Serializer;
use hyper::{Method, StatusCode};
use serde_json::Value;

use crate::client::{Client, Page, Save, page_url, request};
use crate::crowd::at_rest_at_last;
use crate::ground::{on_the_shared_network, pop_urls, until};

const PATIENCE: Duration = Duration::from_secs(30);

fn save(title: &str, base: u64, text: &str, comment: &str) -> Save {
    Save { title: title.into(), base, text: text.into(), comment: comment.into() }
}

/// The alternatives of a page, once there are so many.
async fn alternatives(client: &mut Client, pop: &str, title: &str, count: usize) -> Value {
    let url = format!("{}/alternatives", page_url(pop, title));
    let ask = async || {
        let body = client.get(&url).await?.json();
        let found = body["alternatives"].as_array().map(Vec::len);
        (found == Some(count)).then(|| body.clone()).ok_or_else(|| body.to_string())
    };
    until("the alternatives", PATIENCE, ask).await.0
}

/// What a form of a page would send.
fn fields(page: &str, form: usize) -> String {
    let form = page.split("<form method=\"post\"").nth(form + 1).expect("a form");
    let form = form.split("</form>").next().unwrap();
    let mut body = Serializer::new(String::new());
    for field in form.split("<input").skip(1) {
        let value = |name: &str| {
            let (_, rest) = field.split_once(&format!(" {name}=\"")).unwrap();
            rest.split('"').next().unwrap().to_owned()
        };
        body.append_pair(&value("name"), &value("value"));
    }
    body.finish()
}

/// A page of which two people changed the same words.
async fn conflicted(pops: &[String], title: &str) -> (Client, Page) {
    let (mut one, mut two) = (Client::new(), Client::new());
    let base = one.saved(&pops[0], &save(title, 0, "She wore white that day.\n", "first")).await;
    let crimson = save(title, base.id, "She wore crimson that day.\n", "not white");
    one.saved(&pops[0], &crimson).await;
    let silk = save(title, base.id, "She wore azure that day.\n", "it was azure");
    let page = two.saved(&pops[1], &silk).await;
    (two, page)
}

#[test]
fn a_version_that_is_not_shown_is_told_and_can_be_used() {
    on_the_shared_network(async |network| {
        let (pops, title) = (pop_urls(network), "Two_versions");
        let (mut client, _) = conflicted(&pops, title).await;
        let told = alternatives(&mut client, &pops[0], title, 1).await;
        let one = &told["alternatives"][0];
        let (shown, other) = (one["shown"].as_str().unwrap(), one["alternative"].as_str().unwrap());
        let mut both = [shown, other];
        both.sort_unstable();
        assert_eq!(both, ["azure", "crimson"], "{told}");
        assert_eq!(one["range"], serde_json::json!([9, 9 + shown.len()]), "{told}");
        assert_eq!(one["user"]["name"], "Anonymous");
        let comment = if other == "azure" { "it was azure" } else { "not white" };
        assert_eq!(one["comment"], comment);

        let page = format!("{}/wiki/{title}", pops[1]);
        let history = client.get(&format!("{page}?action=history")).await.unwrap().text();
        assert!(history.contains("1 passage has another version"), "{history}");
        assert_eq!(history.matches("part of it is not shown").count(), 1, "{history}");
        let rows = client.get(&format!("{}/history", page_url(&pops[1], title))).await.unwrap();
        let rows = rows.json();
        let hidden: Vec<_> = rows["revisions"].as_array().unwrap().iter().collect();
        let hidden = hidden.iter().filter(|row| row["hidden"] == true);
        assert_eq!(hidden.map(|row| &row["id"]).collect::<Vec<_>>(), [&one["id"]], "{rows}");

        let choices = client.get(&format!("{page}?action=alternatives")).await.unwrap();
        assert_eq!(choices.status, StatusCode::OK);
        let form = fields(&choices.text(), 1);
        let url = format!("{page}?action=submit");
        let kind = "application/x-www-form-urlencoded";
        let saved = client.send(request(Method::POST, &url, kind, &form)).await.unwrap();
        assert_eq!(saved.status, StatusCode::SEE_OTHER, "{saved:?}");
        at_rest_at_last(network, title, &format!("She wore {other} that day.\n")).await;
        alternatives(&mut client, &pops[2], title, 0).await;
        let choices = client.get(&format!("{page}?action=alternatives")).await.unwrap().text();
        assert!(choices.contains("No passage of this page has another version."), "{choices}");
    });
}

#[test]
fn both_versions_are_kept_where_somebody_wants_both() {
    on_the_shared_network(async |network| {
        let (pops, title) = (pop_urls(network), "Both_versions");
        let (mut client, _) = conflicted(&pops, title).await;
        let told = alternatives(&mut client, &pops[1], title, 1).await;
        let one = &told["alternatives"][0];
        let (shown, other) = (one["shown"].as_str().unwrap(), one["alternative"].as_str().unwrap());
        let page = format!("{}/wiki/{title}", pops[1]);
        let choices = client.get(&format!("{page}?action=alternatives")).await.unwrap().text();
        let (url, form) = (format!("{page}?action=submit"), fields(&choices, 2));
        let kind = "application/x-www-form-urlencoded";
        let saved = client.send(request(Method::POST, &url, kind, &form)).await.unwrap();
        assert_eq!(saved.status, StatusCode::SEE_OTHER, "{saved:?}");
        at_rest_at_last(network, title, &format!("She wore {shown} {other} that day.\n")).await;
        alternatives(&mut client, &pops[0], title, 0).await;
    });
}

#[test]
fn what_is_shown_is_kept_by_who_says_so() {
    on_the_shared_network(async |network| {
        let pops = pop_urls(network);
        for (title, by_program) in [("Kept_by_hand", false), ("Kept_by_a_program", true)] {
            let (mut client, _) = conflicted(&pops, title).await;
            let told = alternatives(&mut client, &pops[1], title, 1).await;
            let shown = told["alternatives"][0]["shown"].as_str().unwrap();
            let text = format!("She wore {shown} that day.\n");
            let page = format!("{}/wiki/{title}", pops[1]);
            let saved = if by_program {
                let (latest, name) = (&told["latest"], &told["alternatives"][0]["name"]);
                let body = serde_json::json!({
                    "source": text, "comment": "as it is", "latest": latest, "closes": [name],
                });
                let url = page_url(&pops[1], title);
                request(Method::PUT, &url, "application/json", &body.to_string())
            } else {
                let choices = client.get(&format!("{page}?action=alternatives")).await.unwrap();
                let form = fields(&choices.text(), 0);
                let kind = "application/x-www-form-urlencoded";
                request(Method::POST, &format!("{page}?action=submit"), kind, &form)
            };
            let saved = client.send(saved).await.unwrap();
            let fine = [StatusCode::SEE_OTHER, StatusCode::OK].contains(&saved.status);
            assert!(fine, "{saved:?}");
            for pop in &pops {
                alternatives(&mut Client::new(), pop, title, 0).await;
            }
            at_rest_at_last(network, title, &text).await;
        }
    });
}

#[test]
fn a_page_that_is_not_there_has_no_alternatives() {
    on_the_shared_network(async |network| {
        let (pops, title) = (pop_urls(network), "No_page_with_versions");
        let mut client = Client::new();
        let url = format!("{}/alternatives", page_url(&pops[0], title));
        let answer = client.get(&url).await.unwrap();
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{answer:?}");
        assert_eq!(answer.json()["errorKey"], "rest-nonexistent-title");
        let page = format!("{}/wiki/{title}?action=alternatives", pops[0]);
        assert_eq!(client.get(&page).await.unwrap().status, StatusCode::NOT_FOUND);
        let put = client.send(request(Method::PUT, &url, "application/json", "{}")).await.unwrap();
        assert_eq!(put.status, StatusCode::METHOD_NOT_ALLOWED, "{put:?}");
    });
}
