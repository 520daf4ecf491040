//! The wiki of one site: its name, its documents, its front page.

use redwedding_wire::identity::{DocumentKey, KeyError};

use crate::wiki::title::Title;
use crate::wiki::view::Site;

/// The title under which `/` leads on.
const FRONT_PAGE: &str = "Main_Page";

/// The wiki of one site.
pub struct Wiki {
    name: String,
    site: String,
    front_page: Title,
}

impl Wiki {
    /// The wiki called `name`, whose documents are those of `site`.
    pub fn new(name: &str, site: &str) -> Option<Self> {
        let front_page = Title::parse(FRONT_PAGE).ok()?;
        Some(Self { name: name.to_owned(), site: site.to_owned(), front_page })
    }

    /// What all pages share.
    pub(super) fn site(&self) -> Site<'_> {
        Site { name: &self.name, front_page: &self.front_page, license: None }
    }

    /// The document of a page.
    ///
    /// # Errors
    /// [`KeyError`] where a document cannot have this title as its key.
    pub(super) fn key(&self, title: &Title) -> Result<DocumentKey, KeyError> {
        DocumentKey::new(self.site.clone(), title.as_str())
    }
}
