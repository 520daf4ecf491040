//! What people do with the wiki, scene by scene.
//!
//! The scenes build on each other's pages, so they are played in order. Each
//! ends with a look at the console: a page must not give a browser anything
//! to complain about.

use std::sync::Arc;

use super::stage::Stage;
use super::webdriver::Browser;

const TEXT: &str = "textarea[name=wpTextbox1]";
const COMMENT: &str = "input[name=wpSummary]";
const SAVE: &str = "button[name=wpSave]";

/// The page that the scenes are about.
const PAGE: &str = "/wiki/Red_Wedding";

/// A first version with a bit of everything.
const ARTICLE: &str = r"The **Red Wedding** is a page that *everybody* edits for an hour. See [[Main Page]], the [[Überraschung/Torte & Blumen]] and [the paper](https://example.org/red-wedding).

# The guests

- the bride, who wore white
- the groom
  - and his mother
- [x] a band

## At the long table

| guest | seat | present |
|:--|--:|:-:|
| Edmure | 1 | a cup |
| Roslin | 2 | a scarf of rather long and woollen words |

> Nobody leaves before the bedding.

# The music

They played `The Rains`[^1]:

```
And who are you, the proud lord said, that I must bow so low?
```

# The end

It came late.

[^1]: Loudly.
";

pub(crate) async fn all(stage: Arc<Stage>) {
    let ann = stage.person("ann").await;
    let ben = stage.person("ben").await;
    no_script_runs(&ann).await;
    a_missing_page_is_written(&stage, &ann).await;
    it_is_there_at_another_pop(&stage, &ben).await;
    two_people_change_the_same_words(&stage, &ann, &ben).await;
    the_history_tells_who_met_whom(&stage, &ben).await;
    a_third_person_chooses_between_them(&stage, &stage.person("cleo").await).await;
    a_section_is_edited_alone(&stage, &ann).await;
    an_older_version_is_brought_back(&stage, &ann).await;
    after_a_save_one_can_go_back_and_reload(&stage, &ann).await;
    odd_titles_are_titles(&stage, &ben).await;
    everything_can_be_deleted(&stage, &ben).await;
    what_cannot_be_shown_is_explained(&stage, &ben).await;
    it_reaches_the_origin(&stage, &ann).await;
}

async fn no_script_runs(browser: &Browser) {
    let page = "data:text/html,<p id=p>no</p><script>p.textContent='yes'</script>";
    browser.open(page).await;
    assert_eq!(browser.text("#p").await, "no", "script is not switched off");
}

async fn a_missing_page_is_written(stage: &Stage, ann: &Browser) {
    ann.open(&stage.at(1, PAGE)).await;
    assert_eq!(ann.text("h1").await, "Red Wedding");
    stage.photograph(ann, "01-missing").await;
    // The browser notes the status of the page itself.
    let noted = ann.console().await;
    assert!(noted.iter().all(|note| note.contains(PAGE) && note.contains("404")), "{noted:?}");

    ann.click("main a.primary").await;
    assert_eq!(ann.text("h1").await, "Writing Red Wedding");
    stage.photograph(ann, "02-empty-form").await;
    ann.write(TEXT, ARTICLE).await;
    ann.write(COMMENT, "First draft").await;

    ann.click("button[name=wpPreview]").await;
    let preview = ann.text(".preview").await;
    assert!(preview.contains("who wore white") && preview.contains("not saved yet"), "{preview}");
    assert_eq!(ann.value(TEXT).await, ARTICLE);
    assert_eq!(ann.value(COMMENT).await, "First draft");
    stage.photograph(ann, "03-preview").await;

    ann.click("button[name=wpDiff]").await;
    assert!(ann.text(".preview .added").await.contains("Red Wedding"));
    ann.click(SAVE).await;
    let notice = ann.text(".notice.good").await;
    assert!(notice.contains("Your edit is saved"), "{notice}");
    assert!(ann.text("article").await.contains("who wore white"));
    stage.photograph(ann, "04-saved").await;
    silent(ann).await;
}

async fn it_is_there_at_another_pop(stage: &Stage, ben: &Browser) {
    let arrived = |text: &str| text.contains("who wore white");
    ben.open_until(&stage.at(2, PAGE), "article", arrived).await;
    assert!(!ben.has(".notice").await, "a reader has saved nothing");
    ben.console().await;
    stage.photograph(ben, "05-read").await;
    ben.click("a[href='/wiki/Main_Page']").await;
    ben.click("nav.tabs a").await;
    ben.console().await;
}

async fn two_people_change_the_same_words(stage: &Stage, ann: &Browser, ben: &Browser) {
    let form = format!("{PAGE}?action=edit");
    ann.open(&stage.at(1, &form)).await;
    ben.open(&stage.at(2, &form)).await;
    let base = ann.value("input[name=baseId]").await;
    assert_eq!(base, ben.value("input[name=baseId]").await, "both see one version");

    ann.rewrite(TEXT, &ARTICLE.replace("wore white", "wore crimson")).await;
    ann.write(COMMENT, "She did not wear white").await;
    ben.rewrite(TEXT, &ARTICLE.replace("wore white", "wore green silk")).await;
    ben.write(COMMENT, "It was silk").await;
    ann.click(SAVE).await;
    ann.text(".notice.good").await;
    ben.click(SAVE).await;
    ben.text("article").await;

    // The report is there once the other edit has come by.
    let saved = ben.url().await;
    let report = ben.open_until(&saved, ".overlaps", |_| true).await;
    assert!(report.contains("She did not wear white"), "{report}");
    let article = ben.text("article").await;
    assert!(!article.contains("wore white"), "{article}");
    stage.photograph(ben, "06-overlap").await;
    // Everywhere the same one of the two is shown, whole.
    let one = |text: &str| text.contains("wore crimson") != text.contains("wore green silk");
    let shown = ann.open_until(&stage.at(1, PAGE), "article", one).await;
    let same =
        |text: &str| one(text) && text.contains("wore crimson") == shown.contains("wore crimson");
    for pop in 2..=3 {
        ann.open_until(&stage.at(pop, PAGE), "article", same).await;
    }
    silent(ann).await;
    silent(ben).await;
}

/// Whom the page does not show is told so, and anybody may choose the other version.
async fn a_third_person_chooses_between_them(stage: &Stage, cleo: &Browser) {
    cleo.open_until(&stage.at(3, PAGE), "main", |text| text.contains("1 passage")).await;
    cleo.click("a[href*='action=alternatives']").await;
    let review = cleo.text(".alternatives").await;
    assert!(review.contains("crimson") && review.contains("green silk"), "{review}");
    stage.photograph(cleo, "06-review").await;
    let shown = cleo.text(".versions .removed").await;
    cleo.click(".alternatives form:nth-of-type(2) button[name=wpSave]").await;
    cleo.text(".notice.good").await;
    let article = cleo.text("article").await;
    assert!(shown.contains("crimson") != article.contains("wore crimson"), "{article}");
    let review = stage.at(2, &format!("{PAGE}?action=alternatives"));
    cleo.open_until(&review, "main", |text| text.contains("No passage")).await;
    silent(cleo).await;
}

async fn the_history_tells_who_met_whom(stage: &Stage, ben: &Browser) {
    let history = stage.at(3, &format!("{PAGE}?action=history"));
    let rows = ben.open_until(&history, ".history", |text| text.contains("met another edit")).await;
    for comment in ["First draft", "She did not wear white", "It was silk"] {
        assert!(rows.contains(comment), "{rows}");
    }
    stage.photograph(ben, "07-history").await;
    ben.click("form button[type=submit]").await;
    assert!(ben.text("main").await.contains("It was silk"));
    stage.photograph(ben, "08-diff").await;
    silent(ben).await;
}

async fn a_section_is_edited_alone(stage: &Stage, ann: &Browser) {
    ann.open(&stage.at(1, PAGE)).await;
    ann.click("a.edit[href$='section=3']").await;
    let section = ann.value(TEXT).await;
    assert!(section.starts_with("# The music\n") && !section.contains("It came late"), "{section}");
    stage.photograph(ann, "09-section").await;
    ann.rewrite(TEXT, "# The music\n\nThere was none.").await;
    ann.click("button[name=wpDiff]").await;
    assert!(ann.text(".diff .removed").await.contains("They played"));
    stage.photograph(ann, "10-changes").await;
    ann.click(SAVE).await;
    ann.text(".notice.good").await;
    let article = ann.text("article").await;
    assert!(article.contains("There was none.") && article.contains("It came late."), "{article}");
    silent(ann).await;
}

async fn an_older_version_is_brought_back(stage: &Stage, ann: &Browser) {
    ann.open(&stage.at(1, &format!("{PAGE}?action=history"))).await;
    ann.click(".history li:last-child .meta a").await;
    assert!(ann.url().await.contains("oldid="));
    assert!(ann.text("article").await.contains("wore white"));
    assert!(ann.text(".notice.warn").await.contains("An older version"));
    assert!(!ann.has("article a.edit").await, "its sections are not the current ones");
    stage.photograph(ann, "11-older").await;
    ann.click(".notice.warn a[href*='oldid']").await;
    assert!(ann.text(".notice.warn").await.contains("older version"));
    assert_eq!(ann.value(TEXT).await, ARTICLE);
    ann.write(COMMENT, "As it was at first").await;
    ann.click("button[name=wpPreview]").await;
    ann.text(".preview").await;
    ann.click(SAVE).await;
    ann.text(".notice.good").await;
    let article = ann.text("article").await;
    assert!(article.contains("wore white") && !article.contains("crimson"), "{article}");
    silent(ann).await;
}

async fn after_a_save_one_can_go_back_and_reload(stage: &Stage, ann: &Browser) {
    let page = "/wiki/Guest_book";
    ann.open(&stage.at(1, &format!("{page}?action=edit"))).await;
    ann.write(TEXT, "I was here.\n").await;
    ann.click(SAVE).await;
    ann.text(".notice.good").await;
    ann.reload().await;
    assert_eq!(ann.text("article").await, "I was here.");

    // Back at the form, and saved again as it is: the same save, not another.
    ann.back().await;
    ann.text(TEXT).await;
    assert_eq!(ann.value(TEXT).await.trim(), "I was here.");
    ann.click(SAVE).await;
    ann.text("article").await;
    assert_eq!(ann.text("article").await, "I was here.");
    ann.open(&stage.at(1, &format!("{page}?action=history"))).await;
    assert!(!ann.has(".history li + li").await, "saved twice");

    // From a preview as well, after which the first form is gone back to.
    ann.open(&stage.at(1, &format!("{page}?action=edit"))).await;
    ann.write(TEXT, "\nAgain.\n").await;
    ann.click("button[name=wpPreview]").await;
    ann.text(".preview").await;
    ann.click(SAVE).await;
    ann.text(".notice.good").await;
    ann.back().await;
    ann.back().await;
    ann.text(TEXT).await;
    ann.click(SAVE).await;
    let article = ann.text("article").await;
    assert_eq!(article.matches("Again.").count(), 1, "{article}");
    silent(ann).await;
}

async fn odd_titles_are_titles(stage: &Stage, ben: &Browser) {
    let titles = [
        ("/wiki/%C3%9Cberraschung/Torte_%26_Blumen", "Überraschung/Torte & Blumen"),
        ("/wiki/überraschung/Torte_%26_Blumen", "Überraschung/Torte & Blumen"),
        ("/wiki/C++", "C++"),
        ("/wiki/100%25 sure%3F \"Yes\"", "100% sure? \"Yes\""),
        ("/wiki/%E6%97%A5%E6%9C%AC%E8%AA%9E", "日本語"),
        (
            "/wiki/Donaudampfschifffahrtsgesellschaftskapitaensmuetzenfabrikantenwitwenrentenauszahlungsstellenleiterstellvertreter",
            "Donaudampfschifffahrtsgesellschaftskapitaensmuetzenfabrikantenwitwenrentenauszahlungsstellenleiterstellvertreter",
        ),
    ];
    for (path, name) in titles {
        ben.open(&stage.at(2, path)).await;
        assert_eq!(ben.text("h1").await, name);
        if ben.has("article").await {
            continue;
        }
        ben.click("main a.primary").await;
        ben.write(TEXT, &format!("About {name}. See [[{name}]].\n")).await;
        ben.click(SAVE).await;
        assert_eq!(ben.text("h1").await, name);
        ben.text(".notice.good").await;
        ben.click("article a").await;
        assert!(ben.text("article").await.starts_with(&format!("About {name}")));
        assert!(!ben.has(".notice").await, "it is the page itself");
        ben.click("nav.tabs a[href$=history]").await;
        assert_eq!(ben.text("h1").await, format!("History of {name}"));
    }
    ben.open(&stage.at(2, titles[5].0)).await;
    stage.photograph(ben, "12-long-title").await;
    ben.console().await;
}

async fn everything_can_be_deleted(stage: &Stage, ben: &Browser) {
    let page = "/wiki/C++";
    ben.open(&stage.at(2, &format!("{page}?action=edit"))).await;
    ben.rewrite(TEXT, "").await;
    ben.click(SAVE).await;
    ben.text(".notice.good").await;
    assert!(ben.text("article").await.contains("This page is empty"));
    stage.photograph(ben, "13-empty").await;
    ben.open(&stage.at(2, &format!("{page}?action=edit"))).await;
    ben.write(TEXT, "Filled again.\n").await;
    ben.click(SAVE).await;
    ben.text(".notice.good").await;
    assert_eq!(ben.text("article").await, "Filled again.");
    silent(ben).await;
}

async fn what_cannot_be_shown_is_explained(stage: &Stage, ben: &Browser) {
    for (path, says) in [
        ("?oldid=4294967295", "no such version"),
        ("?oldid=x", "cannot be read"),
        ("?action=dance", "no such action"),
        ("?action=edit&section=99", "No such section"),
        ("?action=diff&from=1&to=4294967295", "no such version"),
    ] {
        ben.open(&stage.at(2, &format!("{PAGE}{path}"))).await;
        assert!(ben.text("h1").await.contains(says), "{path}: {}", ben.text("main").await);
    }
    stage.photograph(ben, "14-problem").await;
    ben.open(&stage.at(2, "/wiki/A[b]")).await;
    assert!(ben.text("h1").await.contains("title cannot be used"));
    ben.console().await;
}

async fn it_reaches_the_origin(stage: &Stage, ann: &Browser) {
    let raw = |text: &str| text.contains("wore white") && text.contains("# The music");
    ann.open_until(&stage.origin("/pages/Red_Wedding"), "pre", raw).await;
    let history = stage.at(1, &format!("{PAGE}?action=history"));
    ann.open_until(&history, ".history", |text| !text.contains("on its way")).await;
    stage.photograph(ann, "15-all-at-the-origin").await;
    let raw_page = stage.at(1, &format!("{PAGE}?action=raw"));
    ann.open(&raw_page).await;
    assert_eq!(ann.text("pre").await.trim(), ARTICLE.trim());
}

/// The console has nothing to report.
async fn silent(browser: &Browser) {
    let noted = browser.console().await;
    assert!(noted.is_empty(), "the console reports {noted:?}");
}
