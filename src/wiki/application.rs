//! The built-in application: a wiki for people and MediaWiki's REST API for
//! programs, on the same pages.
//!
//! [`route`] decides what a request asks for, [`context`] is what is kept of it until the
//! outcome is there, [`show`] is how the outcome looks. It never loads, merges or stores.

mod answer;
mod context;
mod route;
mod show;
mod wiki;

use http::Response;
use redwedding_replica::LoadError;
use redwedding_replica::history::PageHistory;
use redwedding_replica::save::{Preview, SaveError};

use super::style;
use crate::application::{
    Application, Asset, Incoming, PageRead, PageVersion, Routed, SaveReport, SavedPage,
};

pub use context::{
    HistoryContext, HistoryResource, HistoryView, PreviewContext, ReadContext, ReadView,
    ReportContext, Resource, SaveContext, VersionContext, VersionView, Window,
};
use show::{people, programs};
pub use wiki::Wiki;

impl Application for Wiki {
    type ReadContext = ReadContext;
    type ReportContext = ReportContext;
    type VersionContext = VersionContext;
    type HistoryContext = HistoryContext;
    type PreviewContext = PreviewContext;
    type SaveContext = SaveContext;

    fn route(&self, incoming: &Incoming) -> Routed<Self> {
        route::route(self, incoming).unwrap_or_else(|refusal| Routed::Answer(*refusal))
    }

    fn show_read(
        &self,
        context: ReadContext,
        incoming: &Incoming,
        outcome: Result<PageRead, LoadError>,
    ) -> Response<Vec<u8>> {
        match context {
            ReadContext::People { title, view } => {
                people::read(&self.site(), &title, &view, incoming, outcome)
            }
            ReadContext::Programs { title, resource } => {
                programs::read(&title, resource, incoming, outcome)
            }
        }
    }

    fn show_report(
        &self,
        context: ReportContext,
        _: &Incoming,
        outcome: Result<SaveReport, LoadError>,
    ) -> Response<Vec<u8>> {
        people::report(&self.site(), &context.title, outcome)
    }

    fn show_version(
        &self,
        context: VersionContext,
        incoming: &Incoming,
        outcome: Result<PageVersion, LoadError>,
    ) -> Response<Vec<u8>> {
        people::version(&self.site(), &context, incoming, outcome)
    }

    fn show_history(
        &self,
        context: HistoryContext,
        incoming: &Incoming,
        outcome: Result<PageHistory, LoadError>,
    ) -> Response<Vec<u8>> {
        match context {
            HistoryContext::People { title, view } => {
                people::history(&self.site(), &title, view, incoming, outcome)
            }
            HistoryContext::Programs { title, resource } => {
                programs::history(&title, resource, incoming, outcome)
            }
        }
    }

    fn show_preview(
        &self,
        context: PreviewContext,
        incoming: &Incoming,
        outcome: Result<Preview, SaveError>,
    ) -> Response<Vec<u8>> {
        people::preview(&self.site(), &context, incoming, outcome)
    }

    fn show_save(
        &self,
        context: SaveContext,
        _: &Incoming,
        outcome: Result<SavedPage, SaveError>,
    ) -> Response<Vec<u8>> {
        match context {
            SaveContext::People { title, form } => {
                people::save(&self.site(), &title, &form, outcome)
            }
            SaveContext::Programs { title, base, only_if } => {
                programs::save(&title, (base, only_if.as_ref()), outcome)
            }
        }
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
