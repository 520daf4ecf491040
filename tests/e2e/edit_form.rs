//! The form, as a browser without script sends it.

use std::collections::BTreeMap;

use hyper::{Method, StatusCode};

use crate::client::{Answer, Client, request};
use crate::crowd::{at_rest_at_last, shown};
use crate::ground::{on_the_shared_network, pop_urls};

const FORM: &str = "application/x-www-form-urlencoded";

type Fields = BTreeMap<String, String>;

/// The hidden fields of a form, and its text.
fn fields(html: &str) -> Fields {
    let mut fields = Fields::new();
    for tag in html.split("<input").skip(1) {
        let tag = tag.split('>').next().unwrap_or_default();
        let value = |name: &str| {
            let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
            rest.split('"').next().map(str::to_owned)
        };
        if value("type").as_deref() == Some("hidden") {
            fields.insert(value("name").unwrap(), value("value").unwrap());
        }
    }
    let (_, area) = html.split_once("<textarea").expect("a text field");
    let (_, text) = area.split_once('>').unwrap();
    let text = text.split("</textarea>").next().unwrap();
    // A parser drops the first line end.
    let text = text.strip_prefix('\n').unwrap_or(text);
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    fields.insert("wpTextbox1".into(), text);
    fields
}

fn encoded(fields: &Fields) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(fields).finish()
}

async fn open(client: &mut Client, pop: &str, title: &str) -> Fields {
    let answer = client.get(&format!("{pop}/wiki/{title}?action=edit")).await.unwrap();
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    fields(&answer.text())
}

async fn submit(client: &mut Client, pop: &str, title: &str, fields: &Fields) -> Answer {
    let url = format!("{pop}/wiki/{title}?action=submit");
    client.send(request(Method::POST, &url, FORM, &encoded(fields))).await.unwrap()
}

#[test]
fn a_page_is_written_with_the_form() {
    on_the_shared_network(async |network| {
        let (pops, title) = (pop_urls(network), "By_form");
        let mut client = Client::new();
        let mut form = open(&mut client, &pops[0], title).await;
        assert_eq!(form["baseId"], "0");
        form.insert("wpTextbox1".into(), "Roses & <thorns>\r\n".into());
        form.insert("wpSummary".into(), "first".into());

        let mut preview = form.clone();
        preview.insert("wpPreview".into(), "1".into());
        let previewed = submit(&mut client, &pops[0], title, &preview).await;
        assert_eq!(previewed.status, StatusCode::OK);
        assert_eq!(fields(&previewed.text())["wpTextbox1"], "Roses & <thorns>\n");
        assert_eq!(shown(client.read(&pops[0], title).await).unwrap().id, 0, "it was saved");

        form.insert("wpSave".into(), "1".into());
        let saved = submit(&mut client, &pops[0], title, &form).await;
        assert_eq!(saved.status, StatusCode::SEE_OTHER, "{saved:?}");
        // The reader's next request may be answered elsewhere.
        let page = client.get(&format!("{}{}", pops[1], saved.location())).await.unwrap();
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.text().contains("Roses &amp;"), "{}", page.text());
        // Pressed twice it is the same save.
        let again = submit(&mut client, &pops[2], title, &form).await;
        assert_eq!(again.status, StatusCode::SEE_OTHER, "{again:?}");
        at_rest_at_last(network, title, "Roses & <thorns>\n").await;
    });
}

#[test]
fn two_sections_are_edited_at_once() {
    on_the_shared_network(async |network| {
        let (pops, title) = (pop_urls(network), "By_sections");
        let mut first = Client::new();
        let mut form = open(&mut first, &pops[0], title).await;
        let text = "Before\n\n## One\n\nfirst\n\n## Two\n\nsecond\n";
        form.insert("wpTextbox1".into(), text.into());
        let saved = submit(&mut first, &pops[0], title, &form).await;
        assert_eq!(saved.status, StatusCode::SEE_OTHER, "{saved:?}");
        at_rest_at_last(network, title, text).await;

        let mut second = Client::new();
        let one = format!("{title}?action=edit&section=1");
        let two = format!("{title}?action=edit&section=2");
        let form_of = async |client: &mut Client, pop: &str, address: &str| {
            fields(&client.get(&format!("{pop}/wiki/{address}")).await.unwrap().text())
        };
        let mut form_one = form_of(&mut first, &pops[0], &one).await;
        let mut form_two = form_of(&mut second, &pops[1], &two).await;
        assert_eq!((form_one["wpSection"].as_str(), form_two["wpSection"].as_str()), ("1", "2"));
        for form in [&mut form_one, &mut form_two] {
            let text = form["wpTextbox1"].replace("first", "1st").replace("second", "2nd");
            form.insert("wpTextbox1".into(), text);
        }
        for (client, pop, form, anchor) in
            [(&mut first, &pops[0], &form_one, "#one"), (&mut second, &pops[1], &form_two, "#two")]
        {
            let saved = submit(client, pop, title, form).await;
            assert_eq!(saved.status, StatusCode::SEE_OTHER, "{saved:?}");
            let to = saved.location();
            assert!(to.contains("?saved=") && to.ends_with(anchor), "{to}");
        }
        at_rest_at_last(network, title, &text.replace("first", "1st").replace("second", "2nd"))
            .await;
    });
}

#[test]
fn a_form_from_elsewhere_is_refused_and_the_text_given_back() {
    on_the_shared_network(async |network| {
        let (pops, title) = (pop_urls(network), "By_another_form");
        let mut client = Client::new();
        let mut form = open(&mut client, &pops[0], title).await;
        form.insert("wpTextbox1".into(), "a long night of work".into());
        form.insert("wpEditToken".into(), "forged".into());
        let answer = submit(&mut client, &pops[0], title, &form).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{answer:?}");
        assert!(answer.text().contains("a long night of work"), "{}", answer.text());
        assert_eq!(shown(client.read(&pops[0], title).await).unwrap().id, 0, "it was saved");
    });
}
