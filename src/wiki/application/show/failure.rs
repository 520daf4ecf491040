//! What a failed operation means for whoever asked: a status, and words for people.
//!
//! The words must say nothing of what is inside.

use http::StatusCode;
use redwedding_replica::LoadError;
use redwedding_replica::save::SaveError;

/// Why nothing can be shown. 409 where a save of the client's is lost, which is said once; 503
/// where a retry may help, 502 where the origin is away, 504 where it does not answer in time.
pub(super) fn load_problem(error: &LoadError) -> (StatusCode, &'static str) {
    match error {
        LoadError::Behind => (
            StatusCode::SERVICE_UNAVAILABLE,
            "What you have already seen or saved has not arrived here yet.",
        ),
        LoadError::SaveLost => (
            StatusCode::CONFLICT,
            "A save of yours could not be kept. Look at the page, and make the change again if it \
             is missing.",
        ),
        LoadError::Archived => (
            StatusCode::SERVICE_UNAVAILABLE,
            "It needs an older part of the page's history, which cannot be fetched now.",
        ),
        LoadError::Unreachable(_) => {
            (StatusCode::BAD_GATEWAY, "The wiki behind this edge cannot be reached.")
        }
        LoadError::TimedOut => {
            (StatusCode::GATEWAY_TIMEOUT, "The wiki behind this edge does not answer in time.")
        }
    }
}

/// Why a save was not taken. 400, 409 and 413 are for the client to mend, 502, 503 and 504 to
/// retry.
pub(super) fn save_problem(error: &SaveError) -> (StatusCode, String) {
    let status = match error {
        SaveError::Exists { .. }
        | SaveError::UnknownVersion
        | SaveError::NoPart(_)
        | SaveError::Erased(_) => StatusCode::CONFLICT,
        SaveError::Unmet(_) => StatusCode::PRECONDITION_FAILED,
        SaveError::Invalid(_) => StatusCode::BAD_REQUEST,
        SaveError::TooLong { .. } => StatusCode::PAYLOAD_TOO_LARGE,
        SaveError::Load(error) => load_problem(error).0,
        SaveError::Overloaded { .. } | SaveError::NotAcknowledged => {
            StatusCode::SERVICE_UNAVAILABLE
        }
    };
    let detail = match error {
        SaveError::Load(error) => load_problem(error).1.to_owned(),
        SaveError::Exists { .. } => "There is a page with this title by now.".to_owned(),
        other => other.to_string(),
    };
    (status, detail)
}
