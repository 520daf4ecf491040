//! The HTTP surface: who is let in, what is refused, what people see.

mod support;

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;

use redwedding_replica::auth;
use redwedding_replica::member::Member;
use redwedding_replica::outbox_report::BucketReport;
use redwedding_replica::sync::{Pull, REQUEST_BYTES};
use redwedding_wire::codec::Encode;

use support::*;

#[test]
fn nobody_is_let_in_without_a_good_token() {
    let server = Server::start();
    let body = request().encode();
    let now_ms = server.clock.now_ms();
    let cases = [
        ("none", None, 401),
        ("nonsense", Some("nonsense".to_owned()), 401),
        ("another key", Some(auth::sign(grant(auth::RELAY, None), b"other", now_ms, 60)), 401),
        ("another audience", Some(auth::sign(grant(auth::TICK, None), KEY, now_ms, 60)), 401),
        ("expired", Some(auth::sign(grant(auth::RELAY, None), KEY, now_ms - 999_000, 60)), 401),
        ("another site", Some(auth::sign(grant(auth::RELAY, Some("x")), KEY, now_ms, 60)), 403),
        ("this site", Some(auth::sign(grant(auth::RELAY, Some(SITE)), KEY, now_ms, 60)), 200),
        ("every site", Some(token()), 200),
    ];
    for (name, token, expected) in cases {
        let (status, body) = post(&server.base, token.as_deref(), &body);
        assert_eq!(status, expected, "{name}: {}", String::from_utf8_lossy(&body));
    }
}

#[test]
fn garbage_is_refused_as_a_problem() {
    let server = Server::start();
    let token = token();
    let whole = request().encode();
    let cases: [(&[u8], u16); 4] = [
        (b"", 400),
        (b"\xff\xff\xff", 400),
        (&whole[..whole.len() - 1], 400),
        (&[&whole[..], b"x"].concat(), 400),
    ];
    for (body, expected) in cases {
        let (status, answer) = post(&server.base, Some(&token), body);
        assert_eq!(status, expected, "{}", String::from_utf8_lossy(&answer));
        let problem: serde_json::Value = serde_json::from_slice(&answer).expect("JSON");
        assert_eq!(problem["status"], expected);
    }
    assert_eq!(announce(&server.base, &token, REQUEST_BYTES + 1), "HTTP/1.1 413 Payload Too Large");
    // Every changed byte of a valid request is survived.
    for index in 0..whole.len() {
        let mut changed = whole.clone();
        changed[index] ^= 0x55;
        let (status, _) = post(&server.base, Some(&token), &changed);
        assert!([200, 400].contains(&status), "byte {index}: {status}");
    }
    let mut foreign = request();
    let document = redwedding_wire::identity::DocumentKey::new("other", "Page").expect("key");
    foreign.pulls = vec![Pull { document, cursor: None }];
    assert_eq!(post(&server.base, Some(&token), &foreign.encode()).0, 403);
    assert_eq!(get(&format!("{}/v1/sync", server.base)).0, 405);
    assert_eq!(get(&format!("{}/nowhere", server.base)).0, 404);
}

/// Announces a body of `bytes`, sends none of it, and gives the status line.
fn announce(base: &str, token: &str, bytes: usize) -> String {
    let address = base.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).expect("connect");
    let head = format!(
        "POST /v1/sync HTTP/1.1\r\nHost: relay\r\nAuthorization: Bearer {token}\r\n\
         Content-Length: {bytes}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).expect("write");
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).expect("read");
    line.trim_end().to_owned()
}

#[test]
fn members_are_met_and_shown_without_script() {
    let server = Server::start();
    let mut request = request();
    let now_ms = server.clock.now_ms();
    let member = |heartbeat_ms, version: &str| Member {
        heartbeat_ms,
        version: version.to_owned(),
        ..Member::default()
    };
    request.members.observe("fra", member(now_ms, "<script>alert(1)</script>"));
    request.members.observe("future", member(now_ms + 1_000_000_000, "1"));
    let met = server.exchange(&request).members;
    assert_eq!(met.iter().map(|(pop, _)| pop).collect::<Vec<_>>(), ["fra"]);
    let (status, page) = get(&server.base);
    assert_eq!(status, 200);
    assert!(page.contains("fra") && page.contains("&lt;script&gt;"), "{page}");
    assert!(!page.contains("<script"), "{page}");
    server.clock.advance(700_000);
    let empty = support::request();
    assert_eq!(server.exchange(&empty).members.iter().count(), 0, "the silent are forgotten");
}

#[test]
fn what_waits_is_told_with_its_age() {
    let server = Server::start();
    let page = key("A <stuck> page");
    server.push(&[create(&page, 1, "x")]);
    server.clock.advance(240_000);
    let mut request = request();
    let oldest_ms = server.clock.now_ms() - 90_000;
    request.report_outbox(&[BucketReport { bucket: 3, waiting: 7, oldest_ms }]);
    server.exchange(&request);
    let (_, metrics) = get(&format!("{}/metrics", server.base));
    for line in ["oldest_pending_seconds 240", "outbox_waiting 7", "outbox_oldest_seconds 90"] {
        assert!(metrics.contains(&format!("redwedding_relay_{line}\n")), "{line}: {metrics}");
    }
    let (_, status) = get(&server.base);
    assert!(status.contains("A &lt;stuck&gt; page"), "{status}");
}

#[test]
fn metrics_count() {
    let server = Server::start();
    let page = key("Page");
    server.push(&[create(&page, 1, "x"), create(&page, 1, "x")]);
    let (status, text) = get(&format!("{}/metrics", server.base));
    assert_eq!(status, 200);
    for line in [
        "redwedding_relay_entries_appended_total 1",
        "redwedding_relay_receipts_total{kind=\"logged\"} 1",
        "redwedding_relay_receipts_total{kind=\"known\"} 1",
        "redwedding_relay_documents 1",
        "redwedding_relay_pending_documents 1",
        "redwedding_relay_sessions_total{status=\"200\"} 1",
    ] {
        assert!(text.contains(line), "{line} is not in:\n{text}");
    }
}
