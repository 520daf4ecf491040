//! A sandbox of a point of presence, and what it answers.

use std::collections::BTreeMap;

use form_urlencoded::Serializer;
use http::header::{CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use http::{Method, Request, Response, StatusCode};
use redwedding::settings::Settings;
use redwedding::surface::{Edge, Handled};
use redwedding::wiki::application::Wiki;
use redwedding_replica::testing::{MemoryPorts, Network};

/// Fields of a form.
pub(crate) type Fields = Vec<(String, String)>;

/// Everybody may write here. It has one browser.
pub(crate) struct Sandbox {
    ports: MemoryPorts,
    edge: Edge<Wiki>,
    /// The browser's cookies, by their names.
    cookies: BTreeMap<String, String>,
}

impl Sandbox {
    pub(crate) fn new(network: &Network, pop: usize) -> Self {
        let item = |name| (name == "anonymous_writes").then(|| "true".to_owned());
        let secret = |name: &str| name.ends_with("_key").then(|| b"0123456789abcdef".to_vec());
        let secret = |name| secret(name).filter(|_| matches!(name, "session_key" | "relay_key"));
        let settings = Settings::read(item, secret, &format!("pop-{pop}")).expect("settings");
        let mut ports = network.ports(pop, None);
        let wiki = Wiki::new("Wiki", "wiki").expect("a wiki");
        let edge = Edge::start(settings, wiki, &mut ports);
        Self { ports, edge, cookies: BTreeMap::new() }
    }

    fn ask(&mut self, method: Method, to: &str, kind: &str, body: String) -> Response<Vec<u8>> {
        let cookies = self.cookies.iter().map(|(name, value)| format!("{name}={value}"));
        let cookies = cookies.collect::<Vec<_>>().join("; ");
        let request = Request::builder().method(method).uri(to).header(CONTENT_TYPE, kind);
        let request = request.header(COOKIE, cookies);
        let request = request.body(body.into_bytes()).expect("a request");
        let handled = self.edge.handle(&mut self.ports, request, "192.0.2.1", "http://wiki.test");
        let Handled::Answered(answer, remaining) = handled else { panic!("{to} is not ours") };
        self.edge.after(&mut self.ports, remaining);
        for cookie in answer.headers().get_all(SET_COOKIE) {
            let cookie = cookie.to_str().expect("a cookie").split(';').next().unwrap_or_default();
            let (name, value) = cookie.split_once('=').expect("a value");
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        answer
    }

    /// What is read there, which has to be there.
    pub(crate) fn get(&mut self, to: &str) -> String {
        let answer = self.ask(Method::GET, to, "", String::new());
        assert_eq!(answer.status(), StatusCode::OK, "{to}");
        text(answer)
    }

    /// The text of a page.
    pub(crate) fn raw(&mut self, title: &str) -> String {
        self.get(&format!("/wiki/{title}?action=raw"))
    }

    /// The fields of the form at this address.
    pub(crate) fn form(&mut self, to: &str) -> Fields {
        fields(&self.get(to))
    }

    /// Sends a form with another text, pressing a button.
    pub(crate) fn press(
        &mut self,
        title: &str,
        form: &Fields,
        (text, button): (&str, &str),
    ) -> Response<Vec<u8>> {
        let others = form.iter().filter(|(name, _)| name != "wpTextbox1");
        let mut body = Serializer::new(String::new());
        body.extend_pairs(others).append_pair("wpTextbox1", text).append_pair(button, "1");
        let to = format!("/wiki/{title}?action=submit");
        self.ask(Method::POST, &to, "application/x-www-form-urlencoded", body.finish())
    }

    /// Saves a form with another text; where that leads.
    pub(crate) fn save(&mut self, title: &str, form: &Fields, text: &str) -> String {
        let answer = self.press(title, form, (text, "wpSave"));
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
        answer.headers()[LOCATION].to_str().expect("an address").to_owned()
    }

    /// Writes a new page.
    pub(crate) fn write(&mut self, title: &str, text: &str) {
        let form = self.ask(Method::GET, &edit(title), "", String::new());
        self.save(title, &fields(&self::text(form)), text);
    }
}

/// Where the form of a page is.
pub(crate) fn edit(title: &str) -> String {
    format!("/wiki/{title}?action=edit")
}

/// A field of a form.
pub(crate) fn field<'a>(form: &'a Fields, name: &str) -> Option<&'a str> {
    form.iter().find(|field| field.0 == name).map(|field| field.1.as_str())
}

/// The hidden fields of a page's form, and its text.
pub(crate) fn fields(html: &str) -> Fields {
    let mut fields = Fields::new();
    for tag in html.split("<input type=\"hidden\"").skip(1) {
        let value = |name: &str| {
            let (_, rest) = tag.split_once(&format!(" {name}=\"")).expect("an attribute");
            rest.split('"').next().unwrap_or_default().to_owned()
        };
        fields.push((value("name"), value("value")));
    }
    let (_, area) = html.split_once("<textarea").expect("a text field");
    let (_, text) = area.split_once(">\n").expect("its text");
    let text = text.split("</textarea>").next().unwrap_or_default();
    fields.push(("wpTextbox1".into(), text.into()));
    fields
}

/// The body of an answer.
pub(crate) fn text(answer: Response<Vec<u8>>) -> String {
    String::from_utf8(answer.into_body()).expect("UTF-8")
}
