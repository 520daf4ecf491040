//! The built-in application: a wiki for people and MediaWiki's REST API for
//! programs, on the same pages.
//!
//! It decides what a request asks for (`route`) and how the outcome looks to
//! people (`show`) and to programs (`programs`). It never loads, merges or stores.

mod answer;
mod failure;
mod history;
mod overlap;
mod programs;
mod route;
mod show;

use http::Response;
use redwedding_wire::identity::DocumentKey;

use super::form::Submission;
use super::style;
use super::title::Title;
use super::view::Site;
use crate::application::{Application, Asset, Incoming, Operation, Outcome, Routed};

/// The title under which `/` leads on.
const FRONT_PAGE: &str = "Main_Page";

/// The wiki of one site.
pub struct Wiki {
    name: String,
    site: String,
    front_page: Title,
}

/// What the wiki keeps of a request until the outcome is there.
pub enum RouteContext {
    /// The page for people.
    Page(Title),
    /// The page right after the reader's save, as this version.
    Saved(Title, u64),
    /// An older version for people.
    Old(Title, u64),
    /// The raw text, at a version where one is given.
    Raw(Title, Option<u64>),
    /// The form, for a section where one is given, from a version where one is.
    Form(Title, Option<u32>, Option<u64>),
    /// The form again, with what the button asked for.
    Check(Title, Box<Submission>),
    /// A save by the form.
    Submit(Title, Box<Submission>),
    /// The history for people: older than, newer than.
    History(Title, Window),
    /// Two versions compared.
    Diff(Title, u64, u64),
    /// A resource of the REST API.
    Rest(Title, Resource),
}

/// Which part of a history is asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Window {
    before: Option<u64>,
    after: Option<u64>,
}

impl Window {
    /// What is asked of the replica for `rows` rows of it.
    fn of(self, key: DocumentKey, rows: usize) -> Operation {
        Operation::History(key, vec![self.before.or(self.after)], rows)
    }
}

/// A resource of the REST API.
pub enum Resource {
    /// The page with its source.
    Source,
    /// The page with the address of its HTML.
    Bare,
    /// The page's HTML.
    Html,
    /// The page's history.
    History(Window),
    /// The page that a save made, or changed from the version named.
    Written(Option<u64>),
}

impl Wiki {
    /// The wiki called `name`, whose documents are those of `site`.
    pub fn new(name: &str, site: &str) -> Option<Self> {
        let front_page = Title::parse(FRONT_PAGE).ok()?;
        Some(Self { name: name.to_owned(), site: site.to_owned(), front_page })
    }

    fn shared(&self) -> Site<'_> {
        Site { name: &self.name, front_page: &self.front_page, license: None }
    }
}

impl Application for Wiki {
    type RouteContext = RouteContext;

    fn route(&self, incoming: &Incoming) -> Routed<RouteContext> {
        match self.routed(incoming) {
            Ok(routed) => routed,
            Err(answer) => Routed::Answer(*answer),
        }
    }

    fn show(
        &self,
        context: RouteContext,
        incoming: &Incoming,
        outcome: Outcome,
    ) -> Response<Vec<u8>> {
        self.shown(context, incoming, outcome)
    }

    fn asset(&self, path: &str) -> Option<Asset> {
        /// The version in an asset's address is a hash of its content.
        const FOR_EVER: &str = "public, max-age=31536000, immutable";
        let (content, content_type) = match path {
            style::STYLE_PATH => (style::STYLE_CSS, "text/css; charset=utf-8"),
            style::ICON_PATH => (style::ICON_SVG, "image/svg+xml"),
            _ => return None,
        };
        Some(Asset { content, content_type, cache_control: FOR_EVER })
    }
}
