//! The network itself: whether its parts start, fail and come back as told.
//!
//! The PoPs run a small program of this test, not the edge function: what is
//! tested is the ground that other tests stand on.

#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::time::Duration;

use hyper::{Body, Client, Method, Request, StatusCode};
use redwedding_devnet::network::{LinkFault, To};
use redwedding_devnet::{Network, NetworkBuilder};

/// Answers `/-/health`; `PUT /key` stores the body in KV, `GET /key` reads it.
const PROGRAM: &str = include_str!("probe.wat");

fn probe(folder: &Path) -> PathBuf {
    let file = folder.join("probe.wat");
    std::fs::write(&file, PROGRAM).unwrap();
    file
}

fn network(folder: &Path) -> NetworkBuilder {
    Network::builder().pops(2).wasm(probe(folder)).data(folder.join("data")).without_relay()
}

async fn ask(method: Method, url: &str, key: &str, body: &str) -> (StatusCode, String) {
    let request = Request::builder()
        .method(method)
        .uri(url)
        .header("key", key)
        .body(Body::from(body.to_owned()))
        .unwrap();
    let response = Client::new().request(request).await.unwrap();
    let status = response.status();
    let body = hyper::body::to_bytes(response.into_body()).await.unwrap();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

async fn read(network: &Network, pop: usize, key: &str) -> (StatusCode, String) {
    ask(Method::GET, network.pop_url(pop), key, "").await
}

#[tokio::test]
async fn the_data_folder_belongs_to_one_network() {
    let folder = tempfile::tempdir().unwrap();
    let first = network(folder.path()).start().await.unwrap();
    ask(Method::PUT, first.pop_url(0), "k", "v").await;
    let Err(error) = network(folder.path()).fresh(true).start().await else { panic!("both run") };
    assert!(error.to_string().contains("another local network"), "{error}");
    first.stop().await.unwrap();

    let second = network(folder.path()).fresh(true).start().await.unwrap();
    assert_eq!(read(&second, 0, "k").await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn each_pop_has_its_own_settings() {
    let folder = tempfile::tempdir().unwrap();
    let builder = network(folder.path()).config("staleness_ms", "0");
    let mut network = builder.start().await.unwrap();
    network.set_config(1, "site", Some("other")).unwrap();
    let settings = |pop: &str| -> serde_json::Value {
        let file = network.data().join(pop).join("config.json");
        serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap()
    };
    let (one, two) = (settings("pop-1"), settings("pop-2"));
    assert_eq!((&one["pop"], &two["pop"]), (&"pop-1".into(), &"pop-2".into()));
    assert_eq!((&one["site"], &two["site"]), (&"wiki".into(), &"other".into()));
    assert_eq!(one["staleness_ms"], "0");
}

#[tokio::test]
async fn pops_share_the_kv_store_and_it_survives_a_stop() {
    let folder = tempfile::tempdir().unwrap();
    let network_1 = network(folder.path()).start().await.unwrap();
    let (status, _) = ask(Method::PUT, network_1.pop_url(0), "outbox/1", "value").await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    assert_eq!(read(&network_1, 1, "outbox/1").await, (StatusCode::OK, "value".into()));
    assert_eq!(network_1.save_kv().await.unwrap(), 1);
    let (status, _) = ask(Method::PUT, network_1.pop_url(1), "second \u{e9}", "2").await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    network_1.stop().await.unwrap();

    let network_2 = network(folder.path()).start().await.unwrap();
    assert_eq!(read(&network_2, 1, "outbox/1").await, (StatusCode::OK, "value".into()));
    assert_eq!(read(&network_2, 0, "second \u{e9}").await, (StatusCode::OK, "2".into()));
    assert_eq!(read(&network_2, 0, "other").await.0, StatusCode::NOT_FOUND);
    network_2.stop().await.unwrap();
}

#[tokio::test]
async fn the_kv_store_can_be_away() {
    let folder = tempfile::tempdir().unwrap();
    let mut network = network(folder.path()).start().await.unwrap();
    ask(Method::PUT, network.pop_url(0), "k", "v").await;
    network.kv_down(true).await.unwrap();
    assert_eq!(read(&network, 0, "k").await.0, StatusCode::INTERNAL_SERVER_ERROR);
    network.drop_pop_memory(0).await.unwrap();
    assert_eq!(read(&network, 0, "k").await.0, StatusCode::INTERNAL_SERVER_ERROR);
    network.kv_down(false).await.unwrap();
    assert_eq!(read(&network, 0, "k").await, (StatusCode::OK, "v".into()));
    assert_eq!(read(&network, 1, "k").await, (StatusCode::OK, "v".into()));
}

#[tokio::test]
async fn a_pop_restarts_on_its_port() {
    let folder = tempfile::tempdir().unwrap();
    let mut network = network(folder.path()).start().await.unwrap();
    let url = network.pop_url(0).to_owned();
    ask(Method::PUT, &url, "k", "v").await;
    network.kill_sandboxes(0).await.unwrap();
    assert_eq!(read(&network, 0, "k").await, (StatusCode::OK, "v".into()));
    network.drop_pop_memory(0).await.unwrap();
    assert_eq!(network.pop_url(0), url);
    assert_eq!(read(&network, 0, "k").await, (StatusCode::OK, "v".into()));
    assert!(network.drop_pop_memory(2).await.is_err());
}

#[tokio::test]
async fn links_to_the_origin_can_be_cut_one_by_one() {
    let folder = tempfile::tempdir().unwrap();
    let network = network(folder.path()).start().await.unwrap();
    let origin = |pop: usize| {
        let address = network.link(pop, To::Origin).address();
        async move {
            let uri = format!("http://{address}/healthz").parse().unwrap();
            let asked = tokio::time::timeout(Duration::from_secs(5), Client::new().get(uri));
            matches!(asked.await, Ok(Ok(answer)) if answer.status() == StatusCode::OK)
        }
    };
    assert!(origin(0).await && origin(1).await);
    network.link(0, To::Origin).set_fault(LinkFault::Refuse);
    assert!(!origin(0).await && origin(1).await);
    network.origin_down(true);
    assert!(!origin(1).await);
    network.origin_down(false);
    assert!(origin(0).await && origin(1).await);
}

#[tokio::test]
async fn a_missing_relay_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let start = Network::builder()
        .pops(1)
        .wasm(probe(folder.path()))
        .data(folder.path().join("data"))
        .relay_program(folder.path().join("nothing-here"))
        .start();
    let Err(error) = start.await else { panic!("it started") };
    assert!(error.to_string().contains("no relay program"), "{error}");
}

/// Needs a relay program; `scripts/test` names it.
#[tokio::test]
async fn the_relay_dies_and_comes_back() {
    let Some(program) = std::env::var_os("REDWEDDING_RELAY_BIN") else {
        eprintln!("skipped: REDWEDDING_RELAY_BIN is not set");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let mut network = Network::builder()
        .pops(1)
        .wasm(probe(folder.path()))
        .data(folder.path().join("data"))
        .relay_program(program)
        .start()
        .await
        .unwrap();
    let direct = format!("{}/healthz", network.relay_url()).parse::<hyper::Uri>().unwrap();
    let address = network.link(0, To::Relay).address();
    let linked = format!("http://{address}/healthz").parse::<hyper::Uri>().unwrap();
    let answers = async |uri: &hyper::Uri| Client::new().get(uri.clone()).await.is_ok();
    assert!(answers(&direct).await && answers(&linked).await);
    network.relay_down(true);
    assert!(answers(&direct).await && !answers(&linked).await);
    network.relay_down(false);
    network.relay_kill().await.unwrap();
    assert!(!answers(&direct).await && !answers(&linked).await);
    network.relay_start().await.unwrap();
    assert!(answers(&direct).await && answers(&linked).await);
    network.stop().await.unwrap();
    assert!(!answers(&direct).await);
}
