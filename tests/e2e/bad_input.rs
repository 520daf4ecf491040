//! What is wrong is refused with the right status, in the asker's shape, and
//! changes nothing.

use std::time::SystemTime;

use hyper::header::{AUTHORIZATION, CONTENT_TYPE};
use hyper::{Body, Method, Request, StatusCode};
use redwedding::limits;
use redwedding_devnet::Network;
use redwedding_replica::auth::{self, Grant};
use serde_json::json;

use crate::client::{Answer, Client, JSON, Save, page_url, request};
use crate::crowd::{Original, at_rest_at_last, shown};
use crate::ground::{on_the_shared_network, pop_urls};

/// The manifest's development key.
const KEY: &[u8] = b"development-relay-key-not-a-secret";

/// One thing that is wrong.
struct Case {
    method: Method,
    path: String,
    kind: &'static str,
    body: Vec<u8>,
    status: u16,
    /// What the answer's type begins with.
    shape: &'static str,
}

const REST: &str = "application/json";
const HTML: &str = "text/html";
const PROBLEM: &str = "application/problem+json";

fn case(method: Method, path: &str, body: &str, status: u16, shape: &'static str) -> Case {
    let kind = if path.contains("?action=") { FORM } else { JSON };
    Case { method, path: path.into(), kind, body: body.into(), status, shape }
}

const FORM: &str = "application/x-www-form-urlencoded";

fn cases() -> Vec<Case> {
    let (get, put, post) = (Method::GET, Method::PUT, Method::POST);
    let page = "/rest.php/v1/page";
    let fine = r#"{"source":"text","comment":""}"#;
    let long = "a".repeat(limits::PAGE_BYTES + 1);
    let long = json!({ "source": long, "comment": "" }).to_string();
    let unknown = |id: u64| json!({"source":"t","comment":"","latest":{"id":id}}).to_string();
    let comment = json!({"source":"t","comment":"c".repeat(limits::COMMENT_BYTES + 1)}).to_string();
    let long_title = format!("{page}/{}", "t".repeat(limits::TITLE_BYTES + 1));
    vec![
        case(get.clone(), &format!("{page}/Nobody_wrote_this"), "", 404, REST),
        case(get.clone(), &format!("{page}/Nobody_wrote_this/html"), "", 404, REST),
        case(get.clone(), &format!("{page}/Nobody_wrote_this/bare"), "", 404, REST),
        case(get.clone(), &format!("{page}/Nobody_wrote_this/history"), "", 404, REST),
        case(get.clone(), "/wiki/Nobody_wrote_this", "", 404, HTML),
        case(get.clone(), "/wiki/Nobody_wrote_this?action=raw", "", 404, HTML),
        case(get.clone(), "/wiki/Nobody_wrote_this?action=history", "", 404, HTML),
        case(get.clone(), "/wiki/Given?action=sing", "", 400, HTML),
        case(get.clone(), "/wiki/Given?oldid=x", "", 400, HTML),
        case(get.clone(), "/wiki/Given?oldid=7777777", "", 404, HTML),
        case(get.clone(), "/wiki/Given?action=diff&from=1", "", 400, HTML),
        case(get.clone(), "/wiki/A%5BB", "", 400, HTML),
        case(get.clone(), "/wiki/%ff", "", 400, HTML),
        case(get.clone(), &format!("{page}/A%7CB"), "", 400, REST),
        case(get.clone(), &format!("{page}/%ff"), "", 400, REST),
        case(get.clone(), &format!("{page}/A%2F..%2FB"), "", 400, REST),
        case(get.clone(), &long_title, "", 400, REST),
        case(get.clone(), &format!("{page}/Given/nothing"), "", 404, REST),
        case(get.clone(), &format!("{page}/Given/history?older_than=x"), "", 400, REST),
        case(put.clone(), &format!("{page}/Given"), "", 400, REST),
        case(put.clone(), &format!("{page}/Given"), "{", 400, REST),
        case(put.clone(), &format!("{page}/Given"), "[]", 400, REST),
        case(put.clone(), &format!("{page}/Given"), r#"{"comment":""}"#, 400, REST),
        case(put.clone(), &format!("{page}/Given"), r#"{"source":1,"comment":""}"#, 400, REST),
        case(put.clone(), &format!("{page}/Given"), fine, 409, REST),
        case(put.clone(), &format!("{page}/Given"), &unknown(u64::MAX), 409, REST),
        case(put.clone(), &format!("{page}/Given"), &unknown(7_777_777), 409, REST),
        case(put.clone(), &format!("{page}/Given"), &comment, 400, REST),
        case(put.clone(), &format!("{page}/Too_long"), &long, 413, REST),
        case(put.clone(), &format!("{page}/Given/html"), fine, 405, REST),
        case(Method::DELETE, &format!("{page}/Given"), "", 405, REST),
        case(post.clone(), &format!("{page}/Given"), fine, 405, REST),
        case(post.clone(), page, r#"{"source":"","comment":"","title":"A|B"}"#, 400, REST),
        case(post.clone(), page, r#"{"source":"t","comment":"","title":"Given"}"#, 409, REST),
        case(put.clone(), page, fine, 405, REST),
        case(Method::DELETE, "/wiki/Given", "", 405, HTML),
        case(post.clone(), "/wiki/Given?action=submit", "wpTextbox1=a", 400, HTML),
        case(post.clone(), "/wiki/Given?action=submit", "wpTextbox1=a&baseId=x", 400, HTML),
        case(get.clone(), "/-/nothing", "", 404, PROBLEM),
        case(post.clone(), "/-/health", "", 405, PROBLEM),
        case(get.clone(), "/-/tick", "", 405, PROBLEM),
        case(post, "/-/tick?bucket=0", "", 401, PROBLEM),
        case(
            get,
            &format!("/-/status?key={}", "k".repeat(limits::KEY_BYTES + 1)),
            "",
            400,
            PROBLEM,
        ),
    ]
}

/// A page with a text that nothing wrong may change.
async fn given(network: &Network, title: &str) -> (u64, String) {
    let text = "As it was given.\n".to_owned();
    let save = Save { title: title.into(), base: 0, text: text.clone(), comment: "new".into() };
    Client::stranger().saved(network.pop_url(0), &save).await;
    at_rest_at_last(network, title, &text).await;
    (shown(Client::stranger().read(network.pop_url(1), title).await).unwrap().id, text)
}

fn shape(answer: &Answer) -> &str {
    answer.header(CONTENT_TYPE.as_str()).unwrap_or_default()
}

#[test]
fn what_is_wrong_is_refused() {
    on_the_shared_network(async |network| {
        let (_, text) = given(network, "Given").await;
        let pop = network.pop_url(1);
        for case in cases() {
            let what = format!("{} {}", case.method, case.path.get(..90).unwrap_or(&case.path));
            let mut asked = request(case.method, &format!("{pop}{}", case.path), case.kind, "");
            *asked.body_mut() = Body::from(case.body);
            let answer = Client::stranger().send(asked).await.unwrap();
            assert_eq!(answer.status, case.status, "{what}: {}", answer.text());
            assert!(shape(&answer).starts_with(case.shape), "{what}: {:?}", answer.headers);
            if case.shape == REST {
                let body = answer.json();
                assert_eq!(body["httpCode"], case.status, "{what}");
                assert!(body["errorKey"].is_string(), "{what}: {body}");
                assert!(body["messageTranslations"]["en"].is_string(), "{what}: {body}");
            }
        }
        at_rest_at_last(network, "Given", &text).await;
        assert_eq!(Original::revisions(network, "Given").await, 1);
        assert_eq!(Original::revisions(network, "Too_long").await, 0);
    });
}

#[test]
fn a_body_that_is_too_large_is_not_taken() {
    on_the_shared_network(async |network| {
        let url = page_url(network.pop_url(0), "Much_too_long");
        let body = "x".repeat(limits::BODY_BYTES + 1);
        match Client::stranger().send(request(Method::PUT, &url, JSON, &body)).await {
            Ok(answer) => assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE),
            // Whoever does not stop sending may lose the answer.
            Err(why) => println!("no answer to a body that is too large: {why}"),
        }
        let page = shown(Client::stranger().read(network.pop_url(0), "Much_too_long").await);
        assert_eq!(page.unwrap().id, 0);
    });
}

fn token(aud: &str, key: &[u8]) -> String {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let grant = Grant { aud: aud.into(), sub: "Arya".into(), site: None };
    auth::sign(grant, key, now.as_millis() as u64, 60)
}

async fn asked_with(url: &str, method: Method, token: &str, body: &str) -> Answer {
    let mut asked = request(method, url, JSON, body);
    asked.headers_mut().insert(AUTHORIZATION, format!("Bearer {token}").parse().unwrap());
    Client::stranger().send(asked).await.unwrap()
}

#[test]
fn tokens_must_be_good_and_meant_for_this() {
    on_the_shared_network(async |network| {
        let (pop, fine) = (network.pop_url(0), r#"{"source":"text","comment":""}"#);
        let page = page_url(pop, "By_token");
        let tick = format!("{pop}/-/tick?bucket=0");
        let other = b"another key that nobody agreed on";
        for (url, method, token, status) in [
            (&page, Method::PUT, "rubbish".to_owned(), 401),
            (&page, Method::GET, "rubbish".to_owned(), 401),
            (&page, Method::PUT, token(auth::WIKI, other), 401),
            (&page, Method::PUT, token(auth::RELAY, KEY), 403),
            (&page, Method::PUT, token(auth::TICK, KEY), 403),
            (&tick, Method::POST, token(auth::TICK, other), 401),
            (&tick, Method::POST, token(auth::WIKI, KEY), 403),
            (&page, Method::PUT, token(auth::WIKI, KEY), 201),
        ] {
            let answer = asked_with(url, method.clone(), &token, fine).await;
            assert_eq!(answer.status, status, "{method} {url}: {}", answer.text());
        }
        at_rest_at_last(network, "By_token", "text").await;
        let history = Client::stranger().get(&format!("{page}/history")).await.unwrap().json();
        assert_eq!(history["revisions"][0]["user"]["name"], "Arya", "{history}");
    });
}

#[test]
fn the_relay_takes_only_sessions_of_those_who_may() {
    on_the_shared_network(async |network| {
        let url = format!("{}/v1/sync", network.relay_url());
        let good = token(auth::RELAY, KEY);
        let answer = asked_with(&url, Method::POST, &good, "no session at all").await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{answer:?}");
        let answer = asked_with(&url, Method::POST, "rubbish", "").await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{answer:?}");
        let answer = asked_with(&url, Method::POST, &token(auth::WIKI, KEY), "").await;
        let refused = [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN];
        assert!(refused.contains(&answer.status), "{answer:?}");
    });
}

#[test]
fn a_title_has_one_spelling() {
    on_the_shared_network(async |network| {
        given(network, "One_spelling").await;
        let pop = network.pop_url(2);
        for spelling in ["one_spelling", "One%20spelling", "_One__spelling_"] {
            let answer = Client::stranger().get(&format!("{pop}/wiki/{spelling}")).await.unwrap();
            assert_eq!(answer.status, StatusCode::MOVED_PERMANENTLY, "{spelling}: {answer:?}");
            assert_eq!(answer.location(), "/wiki/One_spelling");
            let page = shown(Client::stranger().read(pop, spelling).await).unwrap();
            assert_eq!(page.text, "As it was given.\n", "{spelling}");
        }
    });
}

#[test]
fn a_session_token_that_is_none_is_ignored() {
    on_the_shared_network(async |network| {
        let (_, text) = given(network, "With_rubbish").await;
        for rubbish in ["x", "%00", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", &"A".repeat(4_000)]
        {
            let asked = Request::get(page_url(network.pop_url(0), "With_rubbish"))
                .header("redwedding-session", rubbish)
                .header("cookie", format!("redwedding_session={rubbish}"))
                .body(Body::empty());
            let answer = Client::stranger().send(asked.unwrap()).await.unwrap();
            assert_eq!(answer.page().map(|page| page.text).as_ref(), Some(&text), "{rubbish}");
        }
    });
}

#[test]
fn a_save_that_changes_nothing_makes_no_revision() {
    on_the_shared_network(async |network| {
        let title = "Changed_by_nobody";
        let (id, text) = given(network, title).await;
        for pop in pop_urls(network) {
            let comment = "I changed nothing".to_owned();
            let save = Save { title: title.into(), base: id, text: text.clone(), comment };
            let page = Client::stranger().saved(&pop, &save).await;
            assert_eq!(page.text, text);
        }
        let url = format!("{}/history", page_url(network.pop_url(0), title));
        let history = Client::stranger().get(&url).await.unwrap().json();
        assert_eq!(history["revisions"].as_array().unwrap().len(), 1, "{history}");
        at_rest_at_last(network, title, &text).await;
        assert_eq!(Original::revisions(network, title).await, 1);
    });
}
