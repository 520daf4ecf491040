//! The form: what its buttons show, and where it leads.

use redwedding_replica::testing::Network;

use crate::sandbox::{Sandbox, edit, field, fields, text};

/// What a preview or a list of changes shows, without markup.
fn shown(html: &str) -> String {
    let (_, from) = html.split_once("<section class=\"preview\"").expect("a preview");
    let section = from.split("</section>").next().unwrap_or_default();
    section.split('<').filter_map(|tag| tag.split_once('>')).map(|(_, text)| text).collect()
}

const TOLD: &str = "Others have changed this page since you opened the form.";

#[test]
fn a_preview_shows_what_a_save_would_give() {
    let network = Network::new(1, 1);
    let (mut one, mut other) = (Sandbox::new(&network, 0), Sandbox::new(&network, 0));
    one.write("Winds", "one\n\ntwo\n\nthree\n");
    let form = one.form(&edit("Winds"));
    let mine = "one of mine\n\ntwo\n\nthree\n";
    // Nobody else has saved.
    let preview = text(one.press("Winds", &form, (mine, "wpPreview")));
    assert!(shown(&preview).contains("one of mine") && !preview.contains(TOLD), "{preview}");

    let theirs = other.form(&edit("Winds"));
    other.save("Winds", &theirs, "one\n\ntwo of theirs\n\nthree\n");
    let preview = text(one.press("Winds", &form, (mine, "wpPreview")));
    let merged = shown(&preview);
    assert!(merged.contains("one of mine") && merged.contains("two of theirs"), "{merged}");
    assert!(preview.contains(TOLD), "{preview}");
    // What a save changes of the page is their own alone.
    let changes = text(one.press("Winds", &form, (mine, "wpDiff")));
    let changed = shown(&changes);
    assert!(changed.contains("of mine"), "{changed}");
    assert!(changes.matches("<ins").count() == 1 && changes.contains(TOLD), "{changes}");

    // The form is as it was sent, and a save of it is merged.
    let again = fields(&preview);
    assert_eq!(
        (field(&again, "baseId"), field(&again, "wpTextbox1")),
        (field(&form, "baseId"), Some(mine))
    );
    assert_eq!(one.raw("Winds"), "one\n\ntwo of theirs\n\nthree\n", "a preview was saved");
    one.save("Winds", &again, mine);
    assert_eq!(one.raw("Winds"), "one of mine\n\ntwo of theirs\n\nthree\n");
}

#[test]
fn a_section_is_previewed_alone_unless_others_came_into_the_page() {
    let network = Network::new(2, 1);
    let (mut one, mut other) = (Sandbox::new(&network, 0), Sandbox::new(&network, 0));
    one.write("Winds", "lead\n\n# A\n\na\n\n# B\n\nb\n");
    let form = one.form(&format!("{}&section=2", edit("Winds")));
    let preview = shown(&text(one.press("Winds", &form, ("# B\n\nb of mine\n", "wpPreview"))));
    assert!(preview.contains("b of mine") && !preview.contains("lead"), "{preview}");
    let theirs = other.form(&edit("Winds"));
    other.save("Winds", &theirs, "lead\n\n# A\n\na of theirs\n\n# B\n\nb\n");
    let preview = shown(&text(one.press("Winds", &form, ("# B\n\nb of mine\n", "wpPreview"))));
    assert!(preview.contains("b of mine") && preview.contains("a of theirs"), "{preview}");
}

#[test]
fn a_preview_of_an_older_version_says_so_still() {
    let network = Network::new(3, 1);
    let mut one = Sandbox::new(&network, 0);
    one.write("Winds", "first\n");
    let form = one.form(&edit("Winds"));
    let first = field(&form, "baseId").expect("a base").to_owned();
    one.save("Winds", &form, "second\n");
    let told = "This is the text of an older version.";
    let opened = one.get(&format!("{}&oldid={first}", edit("Winds")));
    assert!(opened.contains(told), "{opened}");
    let preview = text(one.press("Winds", &fields(&opened), ("first\n", "wpPreview")));
    assert!(preview.contains(told), "{preview}");
    // And one of that preview.
    let preview = text(one.press("Winds", &fields(&preview), ("first\n", "wpDiff")));
    assert!(preview.contains(told), "{preview}");
}

#[test]
fn a_preview_that_could_not_be_saved_says_why() {
    let network = Network::new(4, 1);
    let mut one = Sandbox::new(&network, 0);
    one.write("Winds", "first\n");
    let mut form = one.form(&edit("Winds"));
    form.iter_mut().filter(|it| it.0 == "baseId").for_each(|it| it.1 = "77".into());
    let preview = text(one.press("Winds", &form, ("of mine\n", "wpPreview")));
    assert!(shown(&preview).contains("of mine") && preview.contains("Not saved."), "{preview}");
}

#[test]
fn a_section_that_is_saved_is_come_back_to() {
    let network = Network::new(5, 1);
    let mut one = Sandbox::new(&network, 0);
    one.write("Winds", "lead\n\n# Talk\n\na\n\n# Talk\n\nb\n");
    let form = one.form(&format!("{}&section=2", edit("Winds")));
    let to = one.save("Winds", &form, "# Talk\n\nb of mine\n");
    assert!(to.starts_with("/wiki/Winds?saved=") && to.ends_with("#talk-1"), "{to}");
    let form = one.form(&format!("{}&section=1", edit("Winds")));
    let to = one.save("Winds", &form, "# Renamed\n\na\n");
    assert!(to.starts_with("/wiki/Winds?saved=") && to.ends_with("#renamed"), "{to}");
    let page = one.get(&to);
    assert!(page.contains("id=\"renamed\"") && page.contains("is saved"), "{page}");
}

#[test]
fn who_is_not_shown_is_told_until_somebody_decides() {
    let network = Network::new(6, 1);
    let [mut one, mut other, mut reader] = [0; 3].map(|pop| Sandbox::new(&network, pop));
    one.write("Winds", "The sky is blue.\n");
    let (first, second) = (one.form(&edit("Winds")), other.form(&edit("Winds")));
    one.save("Winds", &first, "The sky is crimson.\n");
    let saved = other.save("Winds", &second, "The sky is azure.\n");
    assert!(other.get(&saved).contains("somebody else was at the same words"));
    let told = |page: &str| (page.contains("other version"), page.contains("what you wrote"));
    for _ in 0..3 {
        assert_eq!(told(&other.get("/wiki/Winds")), (true, true));
        assert!(other.get("/rest.php/v1/page/Winds").contains("\"not_shown\":1"));
        // Nobody else is told that.
        for others in [&mut one, &mut reader] {
            assert_eq!(told(&others.get("/wiki/Winds")), (true, false));
            assert!(!others.get("/rest.php/v1/page/Winds").contains("not_shown"));
        }
    }
    let choices = other.get("/wiki/Winds?action=alternatives");
    let keep = choices.split("<form").nth(1).expect("a choice");
    let keep = fields(&format!("<form{keep}<textarea>\n"));
    let text = other.raw("Winds");
    other.save("Winds", &keep, &text);
    assert_eq!(told(&other.get("/wiki/Winds")), (false, false));
}

#[test]
fn who_edits_by_hand_from_the_versions_has_decided() {
    let network = Network::new(7, 1);
    let [mut one, mut other] = [0; 2].map(|pop| Sandbox::new(&network, pop));
    one.write("Winds", "The sky is blue.\n");
    let (first, second) = (one.form(&edit("Winds")), other.form(&edit("Winds")));
    one.save("Winds", &first, "The sky is crimson.\n");
    other.save("Winds", &second, "The sky is azure.\n");
    let versions = other.get("/wiki/Winds?action=alternatives");
    let (_, link) =
        versions.split_once("href=\"/wiki/Winds?action=edit&amp;closes=").expect("a link");
    let name = link.split('"').next().expect("its end");
    let form = other.form(&format!("{}&closes={name}", edit("Winds")));
    // A preview keeps it.
    let mixture = "The sky was crimson, then azure.\n";
    let form = fields(&text(other.press("Winds", &form, (mixture, "wpPreview"))));
    other.save("Winds", &form, mixture);
    assert!(!one.get("/wiki/Winds").contains("other version"));
    assert!(one.get("/rest.php/v1/page/Winds/alternatives").contains("\"alternatives\":[]"));
}
