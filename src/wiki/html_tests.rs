//! Pages: what a stranger's words can do to them, and what every page has.

use super::*;
use crate::wiki::samples;
use crate::wiki::title::Title;
use crate::wiki::view::{License, Site};

const ATTACKS: [&str; 6] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "\" onmouseover=\"alert(1)",
    "' onfocus='alert(1)",
    "</textarea></title><script>alert(1)</script>",
    "<!--",
];

#[test]
fn words_of_strangers_stay_words() {
    let harmless = samples::pages("harmless");
    for attack in ATTACKS {
        for ((name, page), (_, plain)) in samples::pages(attack).iter().zip(&harmless) {
            // Text becomes text: the elements and their attributes stay the same.
            let (now, before) = (shape(page), shape(plain));
            // The one page whose Markdown the words are may differ in its text only.
            let raw = usize::from(*name == "stale" && attack.starts_with('<'));
            assert!(now.len() <= before.len() + raw * 4, "{name}: {attack}");
            assert!(!page.contains("<script"), "{name}: {attack}");
            assert!(!now.iter().any(|tag| has_handler(tag)), "{name}: {attack}");
        }
    }
}

/// Elements with the names of their attributes.
fn shape(page: &str) -> Vec<String> {
    page.split('<')
        .skip(1)
        .map(|tag| tag.split('>').next().unwrap_or_default().to_owned())
        .collect()
}

/// Whether a tag holds an attribute that runs something, outside of values.
fn has_handler(tag: &str) -> bool {
    tag.split('"').step_by(2).any(|outside| outside.contains(" on") || outside.contains('\''))
}

#[test]
fn every_page_stands_without_script_or_inline_style() {
    for (name, page) in samples::pages("words") {
        assert!(page.starts_with("<!DOCTYPE html><html lang=\"en\">"), "{name}");
        for forbidden in ["<script", "<style", " style=", "javascript:", "<base", "<iframe"] {
            assert!(!page.contains(forbidden), "{name}: {forbidden}");
        }
        for wanted in [
            "<title>",
            "name=\"viewport\"",
            "href=\"#pageContent\"",
            "<main id=\"pageContent\"",
            "/-/style.css?v=",
        ] {
            assert_eq!(page.matches(wanted).count(), 1, "{name}: {wanted}");
        }
        assert_eq!(page.matches("<h1").count(), 1, "{name}");
    }
}

#[test]
fn ids_are_unique_and_every_label_has_its_field() {
    for (name, page) in samples::pages("words") {
        let ids = values(&page, " id=\"");
        let mut sorted = ids.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(ids.len(), sorted.len(), "{name}: {ids:?}");
        let named = ["<label for=\"", " aria-labelledby=\""].map(|key| values(&page, key)).concat();
        for id in named {
            assert!(ids.contains(&id), "{name}: {id}");
        }
    }
}

fn values<'a>(page: &'a str, key: &str) -> Vec<&'a str> {
    page.split(key).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

#[test]
fn the_form_posts_what_the_receiver_reads() {
    let pages = samples::pages("my words");
    let form = &pages.iter().find(|(name, _)| *name == "preview").unwrap().1;
    for wanted in [
        "<form class=\"edit\" method=\"post\" action=\"/wiki/Red_Wedding?action=submit\"",
        "name=\"baseId\" value=\"1125899906842999\"",
        "name=\"baseCheck\" value=\"4000000000\"",
        "name=\"wpStarttime\" value=\"20261123053647\"",
        "name=\"wpEditToken\" value=\"my words\"",
        "name=\"wpSection\" value=\"2\"",
        "name=\"wpSummary\"",
        "name=\"wpMinoredit\" type=\"checkbox\" value=\"1\" checked",
        "name=\"wpSave\"",
        "name=\"wpPreview\"",
        "name=\"wpDiff\"",
    ] {
        assert!(form.contains(wanted), "{wanted}");
    }
    assert!(form.contains("dir=\"auto\">\nThe **Red Wedding**"), "the first line end is dropped");
}

#[test]
fn nobody_is_shown_with_an_address() {
    let pages = samples::pages("words");
    let history = &pages.iter().find(|(name, _)| *name == "history").unwrap().1;
    assert!(history.contains("<span class=\"nobody\">Anonymous</span>"));
}

#[test]
fn a_save_that_is_not_shown_whole_leads_to_the_choice_while_there_is_one() {
    let pages = samples::pages("words");
    let history = &pages.iter().find(|(name, _)| *name == "history").unwrap().1;
    let choice = "href=\"/wiki/Red_Wedding?action=alternatives\"";
    assert!(history.contains(&format!("<a {choice}>2 passages have other versions</a>")));
    let link = format!("<a class=\"chip warn\" {choice}>part of it is not shown</a>");
    assert_eq!(history.matches(&link).count(), 1, "{history}");
    assert_eq!(history.matches("<span class=\"chip\">part of it is not shown</span>").count(), 1);
}

#[test]
fn who_met_others_is_led_to_their_versions() {
    let pages = samples::pages("words");
    let choice = "href=\"/wiki/Red_Wedding?action=alternatives\"";
    for (name, page) in &pages {
        let told = matches!(*name, "overlaps" | "history" | "versions");
        assert_eq!(page.contains(choice), told, "{name}");
    }
}

#[test]
fn a_bad_licence_address_is_not_linked() {
    let title = Title::parse("T").unwrap();
    let license = Some(License { url: "javascript:alert(1)", title: "Free" });
    let site = Site { name: "W", front_page: &title, license };
    let page = missing(&site, &title);
    assert!(page.contains("Text under Free.") && !page.contains("javascript"));
}
