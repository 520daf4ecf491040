//! Pages that say why there is nothing else to be shown, and what the reader can do.

use http::{Response, StatusCode};
use redwedding_replica::LoadError;

use super::failure::load_problem;
use crate::wiki::application::answer::page;
use crate::wiki::form::Submission;
use crate::wiki::html;
use crate::wiki::title::Title;
use crate::wiki::view::{ProblemPage, Site};

/// There is no such page, but an invitation to write it.
pub(super) fn missing(site: &Site<'_>, title: &Title) -> Response<Vec<u8>> {
    page(StatusCode::NOT_FOUND, html::missing(site, title))
}

/// The page has no such version.
pub(super) fn no_version(site: &Site<'_>, about: &Title, id: u64) -> Response<Vec<u8>> {
    let detail = format!("{id} is no version of this page, or it is not known here any more.");
    problem(site, about, StatusCode::NOT_FOUND, "There is no such version", &detail)
}

/// The page has no such section.
pub(super) fn no_section(site: &Site<'_>, about: &Title) -> Response<Vec<u8>> {
    let detail = "The page has no such section any more.";
    problem(site, about, StatusCode::NOT_FOUND, "No such section", detail)
}

/// The page cannot be had.
pub(super) fn not_loaded(site: &Site<'_>, about: &Title, error: &LoadError) -> Response<Vec<u8>> {
    let (status, detail) = load_problem(error);
    problem(site, about, status, "The page cannot be shown now", detail)
}

/// A problem that gives the reader the text back.
pub(super) fn giving_back(
    site: &Site<'_>,
    about: &Title,
    form: &Submission,
    status: StatusCode,
    title: &str,
    detail: &str,
) -> Response<Vec<u8>> {
    let problem = ProblemPage {
        status: status.as_u16(),
        title,
        detail,
        advice: "Your text is below. Go back and save again, or open the form anew.",
        page: Some(about),
        unsaved: Some(&form.text),
    };
    page(status, html::problem(site, &problem))
}

fn problem(
    site: &Site<'_>,
    about: &Title,
    status: StatusCode,
    title: &str,
    detail: &str,
) -> Response<Vec<u8>> {
    let advice = match status {
        StatusCode::NOT_FOUND => "The page and its history tell what there is.",
        _ => "Wait a moment and try again.",
    };
    let page_about = Some(about);
    let problem = ProblemPage {
        status: status.as_u16(),
        title,
        detail,
        advice,
        page: page_about,
        unsaved: None,
    };
    page(status, html::problem(site, &problem))
}
