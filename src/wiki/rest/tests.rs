//! REST: bodies as MediaWiki's clients see them, and requests good and bad.

use super::*;
use crate::wiki::view::Author;
use redwedding_document::entry::AlternativeName;
use redwedding_wire::identity::Actor;

fn title() -> Title {
    Title::parse("red wedding/éa").unwrap()
}

fn json<T: Serialize>(answer: &T) -> String {
    String::from_utf8(to_body(answer)).unwrap()
}

fn base(id: u64, check: Option<u32>) -> Option<Base> {
    Some(Base { id, check })
}

const AT: Moment = Moment(1_795_412_207_123);

fn revision(id: u64) -> view::HistoryRow<'static> {
    view::HistoryRow {
        id,
        parent: None,
        at: AT,
        author: Author::Anonymous,
        comment: "c",
        minor: false,
        bytes: 9,
        bytes_delta: None,
        overlapped: false,
        hidden: false,
        open: false,
        at_origin: None,
        kind: view::RowKind::Edit,
    }
}

#[test]
fn a_page_has_mediawikis_members() {
    let title = title();
    let page = RestPage::with_source(
        7,
        &title,
        Latest::new(9, "", AT),
        RestLicense::default(),
        "a\n\"b\"",
    );
    assert_eq!(
        json(&page),
        concat!(
            r#"{"id":7,"key":"Red_wedding/éa","title":"Red wedding/éa","#,
            r#""latest":{"id":9,"timestamp":"2026-11-23T05:36:47Z","check":1580131546},"#,
            r#""content_model":"markdown","license":{"url":"","title":""},"#,
            r#""source":"a\n\"b\""}"#
        )
    );
    let bare = RestPage::bare(
        7,
        &title,
        Latest::new(9, "", AT),
        RestLicense::default(),
        "https://w.example",
    );
    assert!(json(&bare).ends_with(
        r#""html_url":"https://w.example/rest.php/v1/page/Red_wedding%2F%C3%A9a/html"}"#
    ));
    assert!(!json(&bare).contains("source"));
}

#[test]
fn a_save_that_met_another_says_so() {
    let title = title();
    let overlap = view::Overlap {
        id: 8,
        author: Author::Named("Robb"),
        at: AT,
        comment: "feast",
        start: 3,
        end: 5,
        excerpt: view::Excerpt { before: "the ", marked: "hall", after: "." },
    };
    let page = RestPage::with_source(7, &title, Latest::new(9, "", AT), RestLicense::default(), "")
        .met(&[overlap]);
    assert!(json(&page).ends_with(concat!(
        r#""overlaps":[{"with":{"id":8,"timestamp":"2026-11-23T05:36:47Z","#,
        r#""user":{"id":null,"name":"Robb"},"comment":"feast"},"range":[3,5],"#,
        r#""excerpt":{"before":"the ","marked":"hall","after":"."}}]}"#
    )));
}

#[test]
fn a_history_pages_by_id() {
    let title = title();
    let rows = [revision(5), revision(4)];
    let mut page = view::HistoryPage {
        title: &title,
        rows: &rows,
        latest: 5,
        older: true,
        newer: false,
        alternatives: 0,
    };
    assert_eq!(
        json(&RestHistory::new(&page, "")),
        concat!(
            r#"{"revisions":[{"id":5,"timestamp":"2026-11-23T05:36:47Z","minor":false,"size":9,"#,
            r#""comment":"c","user":{"id":null,"name":"Anonymous"},"delta":null},"#,
            r#"{"id":4,"timestamp":"2026-11-23T05:36:47Z","minor":false,"size":9,"#,
            r#""comment":"c","user":{"id":null,"name":"Anonymous"},"delta":null}],"#,
            r#""latest":"/rest.php/v1/page/Red_wedding%2F%C3%A9a/history","#,
            r#""older":"/rest.php/v1/page/Red_wedding%2F%C3%A9a/history?older_than=4"}"#
        )
    );
    (page.older, page.newer) = (false, true);
    let history = RestHistory::new(&page, "https://w.example");
    assert_eq!(history.older, None);
    assert_eq!(
        history.newer.as_deref(),
        Some("https://w.example/rest.php/v1/page/Red_wedding%2F%C3%A9a/history?newer_than=5")
    );
}

#[test]
fn a_save_that_is_not_shown_whole_says_so() {
    let whole = json(&RestRevision::from(&revision(5)));
    assert!(whole.ends_with(r#""delta":null}"#), "{whole}");
    let row = view::HistoryRow { hidden: true, ..revision(5) };
    assert!(json(&RestRevision::from(&row)).ends_with(r#""delta":null,"hidden":true}"#));
}

#[test]
fn alternatives_stand_beside_what_is_shown() {
    let silk = view::Alternative {
        name: Some(AlternativeName { by: Actor(0xabc), number: 1 }),
        id: Some(8),
        author: Author::Named("Robb"),
        at: AT,
        comment: "silk",
        bytes: 4..9,
        start: 3,
        end: 8,
        shown: view::Excerpt { before: "the ", marked: "white", after: "." },
        text: "green",
        elsewhere: None,
    };
    assert_eq!(
        json(&RestAlternatives::new(Latest::new(9, "", AT), std::slice::from_ref(&silk), &[])),
        concat!(
            r#"{"latest":{"id":9,"timestamp":"2026-11-23T05:36:47Z","check":1580131546},"alternatives":[{"name":"0000000000000abc-1","id":8,"#,
            r#""user":{"id":null,"name":"Robb"},"timestamp":"2026-11-23T05:36:47Z","#,
            r#""comment":"silk","range":[3,8],"shown":"white","alternative":"green"}]}"#
        )
    );
    let elsewhere = Some(view::Elsewhere { bytes: 12..20, start: 11, end: 19 });
    let moved = view::Alternative { elsewhere, ..silk.clone() };
    let told = json(&RestAlternatives::new(Latest::new(9, "", AT), &[moved], &[]));
    assert!(told.ends_with(r#""alternative":"green","elsewhere":[11,19]}]}"#), "{told}");
    let waits = view::Alternative { name: None, id: None, ..silk };
    let both = json(&RestAlternatives::new(Latest::new(9, "", AT), &[], &[waits]));
    let told = r#""alternatives":[],"undecided":[{"id":null,"user":{"id":null,"name":"Robb"},"#;
    assert!(both.contains(told), "{both}");
}

#[test]
fn an_error_has_mediawikis_shape() {
    assert_eq!(
        String::from_utf8(RestError::nonexistent_title(&title()).to_body()).unwrap(),
        concat!(
            r#"{"errorKey":"rest-nonexistent-title","messageTranslations":{"#,
            r#""en":"The specified title (Red wedding/éa) does not exist"},"#,
            r#""httpCode":404,"httpReason":"Not Found"}"#
        )
    );
}

#[test]
fn an_update_is_read() {
    let body = concat!(
        r#" {"source":"a\u00e9\n","comment":"c","latest":{"id":12,"timestamp":"x"},"#,
        r#""token":null,"content_model":"markdown","future":[1],"#,
        r#""closes":["0000000000000abc-1"]} "#
    )
    .as_bytes();
    let want = UpdateRequest {
        source: "aé\n".into(),
        comment: "c".into(),
        base: base(12, None),
        token: None,
        policy: Policy::Merge,
        closes: vec![AlternativeName { by: Actor(0xabc), number: 1 }],
    };
    assert_eq!(parse_update(body), Ok(want));
    for wrong in [r#""0000000000000abc-1""#, r#"["somebody's"]"#, "[1]"] {
        let body = format!(r#"{{"source":"","comment":"","closes":{wrong}}}"#);
        assert_eq!(parse_update(body.as_bytes()).unwrap_err().status, 400, "{wrong}");
    }
    let plain = parse_update(br#"{"source":"plain","comment":null,"token":"t+\\"}"#).unwrap();
    assert!(matches!(plain.source, std::borrow::Cow::Borrowed("plain")));
    assert_eq!((&*plain.comment, plain.base, plain.token.as_deref()), ("", None, Some("t+\\")));
    for none in ["null", "{}", r#"{"id":0}"#, r#"{"id":null}"#] {
        let body = format!(r#"{{"source":"","comment":"","latest":{none}}}"#);
        assert_eq!(parse_update(body.as_bytes()).unwrap().base, None, "{none}");
    }
    let body = br#"{"source":"","comment":"","latest":{"id":12,"check":4294967295}}"#;
    assert_eq!(parse_update(body).unwrap().base, base(12, Some(u32::MAX)));
}

#[test]
fn a_policy_is_read() {
    for (value, want) in [
        ("null", Policy::Merge),
        ("\"merge\"", Policy::Merge),
        ("\"fail-on-overlap\"", Policy::FailOnOverlap),
        ("\"fail-on-change\"", Policy::FailOnChange),
    ] {
        let body = format!(r#"{{"title":"T","source":"","comment":"","policy":{value}}}"#);
        assert_eq!(parse_update(body.as_bytes()).unwrap().policy, want);
        assert_eq!(parse_create(body.as_bytes()).unwrap().policy, want);
    }
}

#[test]
fn what_is_not_saved_is_an_error_with_both_texts() {
    let title = title();
    let unmet = RestUnmet {
        error: RestError::precondition_failed(&title, true, true),
        latest: Some(Latest::new(9, "", AT)),
        source: Some("there\n"),
        submitted: "sent\n",
        overlaps: Vec::new(),
    };
    let body: serde_json::Value = serde_json::from_slice(&to_body(&unmet)).unwrap();
    assert_eq!(
        (&body["errorKey"], &body["httpCode"]),
        (&serde_json::json!("rest-precondition-failed"), &serde_json::json!(412),)
    );
    assert_eq!(
        (&body["httpReason"], &body["latest"]["id"]),
        (&serde_json::json!("Precondition Failed"), &serde_json::json!(9),)
    );
    assert_eq!(
        (&body["source"], &body["submitted"]),
        (&serde_json::json!("there\n"), &serde_json::json!("sent\n"),)
    );
    assert!(body["messageTranslations"]["en"].as_str().unwrap().contains("Nothing was saved"));
    assert_eq!(RestError::overlap(&title).status, 409);
}

#[test]
fn a_creation_is_read() {
    let read = parse_create(br#"{"title":"T","source":"s","comment":"c"}"#).unwrap();
    assert_eq!((&*read.title, &*read.source, &*read.comment), ("T", "s", "c"));
    let error = parse_create(br#"{"source":"s","comment":"c"}"#).unwrap_err();
    assert_eq!(error.key, "rest-missing-body-field");
}

#[test]
fn bad_bodies_are_refused_by_name() {
    for (body, key, word) in [
        (&b""[..], "rest-json-body-parse-error", "EOF"),
        (b"{", "rest-json-body-parse-error", "EOF"),
        (b"source=x", "rest-json-body-parse-error", "line 1"),
        (b"{\"source\":\"\xff\"}", "rest-json-body-parse-error", "unicode"),
        (br#"{"source":"a","source":"b"}"#, "rest-json-body-parse-error", "duplicate"),
        (br#"{"source":"a","comment":""} x"#, "rest-json-body-parse-error", "trailing"),
        (b"[]", "rest-bad-json-body", "object"),
        (b"null", "rest-bad-json-body", "object"),
        (br#"{"comment":""}"#, "rest-missing-body-field", "source"),
        (br#"{"source":""}"#, "rest-missing-body-field", "comment"),
        (br#"{"source":1,"comment":""}"#, "rest-body-validation-error", "source"),
        (br#"{"source":null,"comment":""}"#, "rest-body-validation-error", "source"),
        (br#"{"source":"\ud800","comment":""}"#, "rest-body-validation-error", "source"),
        (br#"{"source":"","comment":[]}"#, "rest-body-validation-error", "comment"),
        (br#"{"source":"","comment":"","latest":5}"#, "rest-body-validation-error", "latest"),
        (br#"{"source":"","comment":"","latest":[5]}"#, "rest-body-validation-error", "latest"),
        (br#"{"source":"","comment":"","latest":{"id":"5"}}"#, "rest-body-validation-error", "id"),
        (br#"{"source":"","comment":"","latest":{"id":-5}}"#, "rest-body-validation-error", "id"),
        (
            br#"{"source":"","comment":"","latest":{"id":5,"check":-1}}"#,
            "rest-body-validation-error",
            "id",
        ),
        (br#"{"source":"","comment":"","token":5}"#, "rest-body-validation-error", "token"),
        (br#"{"source":"","comment":"","policy":"fail"}"#, "rest-body-validation-error", "policy"),
        (br#"{"source":"","comment":"","policy":1}"#, "rest-body-validation-error", "policy"),
        (br#"{"source":"","comment":"","content_model":"css"}"#, "rest-bad-content-model", "css"),
    ] {
        let shown = String::from_utf8_lossy(body).into_owned();
        let error = parse_update(body).expect_err(&shown);
        assert_eq!((error.status, error.key), (400, key), "{shown}");
        assert!(error.message.contains(word), "{shown}: {}", error.message);
    }
}

#[test]
fn deep_json_is_an_error_not_an_overflow() {
    let deep = format!(r#"{{"source":{}"#, "[".repeat(1_000_000));
    assert!(parse_update(deep.as_bytes()).is_err());
    assert!(parse_update("[".repeat(1_000_000).as_bytes()).is_err());
    let closed = format!(
        r#"{{"x":{}{},"source":"","comment":""}}"#,
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    let _ = parse_update(closed.as_bytes());
}

#[test]
fn the_html_resource_is_a_document() {
    let document = html(&title(), "# A\n\n<b>x</b>");
    assert!(document.starts_with("<!DOCTYPE html>"));
    assert!(document.contains("&lt;b&gt;x&lt;/b&gt;"), "{document}");
}
