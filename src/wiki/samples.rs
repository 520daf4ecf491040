//! Pages of every kind, for tests to look through and people to look at.
//!
//! `SAMPLES=some/folder cargo test -p redwedding --lib samples` writes them
//! there, with the style sheet beside them, to be opened in a browser.

use super::diff::diff_rows;
use super::time::Moment;
use super::title::Title;
use super::view::*;
use super::{html, style};
use redwedding_document::entry::AlternativeName;
use redwedding_wire::identity::Actor;

/// A page that uses the whole syntax.
pub(super) const TEXT: &str = include_str!("samples/page.md");

const HOUR: u64 = 3_600_000;
const NOW: u64 = 1_795_412_207_000;

/// All sample pages by name, with this wherever a stranger's words can stand.
pub(super) fn pages(words: &str) -> Vec<(&'static str, String)> {
    let front = Title::parse("Main page").unwrap();
    let title = Title::parse("Red Wedding").unwrap();
    let license =
        License { url: "https://creativecommons.org/licenses/by-sa/4.0/", title: "CC BY-SA 4.0" };
    let site = Site { name: "Redwedding", front_page: &front, license: Some(license) };
    let page = page(&title, words);
    let overlaps =
        [overlap(words), Overlap { author: Author::Anonymous, comment: "", ..overlap("") }];
    let rows = revisions(words);
    let old =
        TEXT.replace("three times", "twice").replace("> The Lannisters send their regards.\n", "");
    let diff = diff_rows(&old, TEXT);
    let form = form(&title, words);
    let latest = rows[0].id;
    let history = HistoryPage {
        title: &title,
        rows: &rows,
        latest,
        older: true,
        newer: true,
        alternatives: 2,
    };
    vec![
        ("read", html::read(&site, &page)),
        ("saved", html::read(&site, &ArticlePage { saved: true, pending: true, ..page })),
        ("versions", html::read(&site, &ArticlePage { alternatives: 2, not_shown: 1, ..page })),
        ("overlaps", html::read(&site, &ArticlePage { saved: true, overlaps: &overlaps, ..page })),
        (
            "stale",
            html::read(&site, &ArticlePage { stale: true, older: true, text: words, ..page }),
        ),
        ("missing", html::missing(&site, &title)),
        ("edit", html::edit(&site, &form)),
        (
            "preview",
            html::edit(
                &site,
                &EditPage { check: Check::Preview(TEXT), section: Some(2), changed: true, ..form },
            ),
        ),
        (
            "changes",
            html::edit(
                &site,
                &EditPage {
                    check: Check::Changes(&diff),
                    problem: Some("The form was open for too long. Please press Save once more."),
                    older: true,
                    ..form
                },
            ),
        ),
        ("history", html::history(&site, &history)),
        ("alternatives", other_versions(&site, &title, words, &alternatives(words))),
        ("undecided", undecided_versions(&site, &title, words)),
        ("no-alternatives", other_versions(&site, &title, words, &[])),
        (
            "diff",
            html::diff(&site, &DiffPage { title: &title, from: rows[1], to: rows[0], rows: &diff }),
        ),
        ("problem", html::problem(&site, &problem(&title, words))),
    ]
}

fn page<'a>(title: &'a Title, words: &'a str) -> ArticlePage<'a> {
    ArticlePage {
        title,
        text: TEXT,
        id: 1_125_899_906_842_999,
        last_change: Some(LastChange {
            author: Author::Named(words),
            at: Moment(NOW),
            comment: words,
        }),
        older: false,
        pending: false,
        stale: false,
        saved: false,
        overlaps: &[],
        not_shown: 0,
        alternatives: 0,
    }
}

fn problem<'a>(title: &'a Title, words: &'a str) -> ProblemPage<'a> {
    ProblemPage {
        status: 503,
        title: "Not saved yet",
        detail: "Neither the store nor the relay could take your edit just now.",
        advice: "Nothing of it is lost: go back, and press Save again in a few \
                             seconds.",
        page: Some(title),
        unsaved: Some(words),
    }
}

fn overlap(words: &str) -> Overlap<'_> {
    Overlap {
        id: 1_125_899_906_842_998,
        author: Author::Named(words),
        at: Moment(NOW - 40_000),
        comment: words,
        start: 10,
        end: 20,
        excerpt: Excerpt {
            before: "the guests of the ",
            marked: words,
            after: " were seated above",
        },
    }
}

fn other_versions(
    site: &Site<'_>,
    title: &Title,
    words: &str,
    alternatives: &[Alternative<'_>],
) -> String {
    let (id, started) = (1_125_899_906_842_999, "20261123053647");
    let (text, edit_token) = (TEXT, words);
    let undecided = &[];
    html::alternatives(
        site,
        &AlternativesPage { title, text, id, alternatives, undecided, started, edit_token },
    )
}

fn undecided_versions(site: &Site<'_>, title: &Title, words: &str) -> String {
    let waits = alternatives(words).map(|it| Alternative { name: None, id: None, ..it });
    let (id, started) = (1_125_899_906_842_999, "20261123053647");
    let (text, edit_token, alternatives) = (TEXT, words, &[]);
    html::alternatives(
        site,
        &AlternativesPage { title, text, id, alternatives, undecided: &waits, started, edit_token },
    )
}

fn alternatives(words: &str) -> [Alternative<'_>; 2] {
    let of = |at: usize, author, comment, text| {
        let bytes = at..at + TEXT[at..].find(['.', '\n']).unwrap();
        let shown = Excerpt {
            before: &TEXT[..at],
            marked: &TEXT[bytes.clone()],
            after: " and the feast went on",
        };
        let (start, end) = (at as u64, bytes.end as u64);
        let (id, moment) = (Some(1_125_899_906_842_998), Moment(NOW - 40_000));
        let name = Some(AlternativeName { by: Actor(at as u64), number: 0 });
        let elsewhere = None;
        Alternative {
            name,
            id,
            author,
            at: moment,
            comment,
            bytes,
            start,
            end,
            shown,
            text,
            elsewhere,
        }
    };
    [of(4, Author::Named(words), words, words), of(20, Author::Anonymous, "", "")]
}

fn form<'a>(title: &'a Title, words: &'a str) -> EditPage<'a> {
    EditPage {
        title,
        text: TEXT,
        base_id: 1_125_899_906_842_999,
        base_check: Some(4_000_000_000),
        started: "20261123053647",
        comment: words,
        minor: true,
        section: None,
        edit_token: words,
        new_page: false,
        author: Author::Anonymous,
        older: false,
        closes: &[],
        changed: false,
        check: Check::None,
        problem: None,
    }
}

fn revisions(words: &str) -> Vec<HistoryRow<'_>> {
    let row = |back: u64, author, comment, delta| HistoryRow {
        id: 1_125_899_906_842_999 - back,
        parent: (back < 4).then_some(1_125_899_906_842_998 - back),
        at: Moment(NOW - back * 7 * HOUR),
        author,
        comment,
        minor: back == 2,
        bytes: 20_480 - back * 300,
        bytes_delta: delta,
        overlapped: back == 1,
        hidden: back == 1 || back == 2,
        open: back == 1,
        at_origin: (back > 1).then_some(40 - back),
        kind: match back {
            3 => RowKind::Import,
            4 => RowKind::Base,
            _ => RowKind::Edit,
        },
    };
    vec![
        row(0, Author::Named(words), words, Some(300)),
        row(1, Author::Named("Catelyn"), "The seating, as the Freys tell it", Some(-1_204)),
        row(2, Author::Anonymous, "typo", Some(0)),
        row(3, Author::Origin, "", Some(2_600)),
        row(4, Author::Origin, "", None),
    ]
}

#[test]
fn samples_are_written_where_asked() {
    let Some(folder) = std::env::var_os("SAMPLES").map(std::path::PathBuf::from) else { return };
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("style.css"), style::STYLE_CSS).unwrap();
    for (name, page) in pages("Robb Stark") {
        let page = page.replace(&style::href(), "style.css");
        std::fs::write(folder.join(format!("{name}.html")), page).unwrap();
    }
}
