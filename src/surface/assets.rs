//! An application's assets, such as a style sheet: served below `/-/`, without the
//! replica, with the caching that the application sets.

use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use http::{Method, Response};

use super::reply::wrong_method;
use crate::application::Asset;

/// `GET` or `HEAD` of an asset's path.
pub(super) fn answer(asset: &Asset, method: &Method) -> Response<Vec<u8>> {
    if !matches!(*method, Method::GET | Method::HEAD) {
        return wrong_method();
    }
    let mut answer = Response::new(asset.content.as_bytes().to_vec());
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(asset.content_type));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(asset.cache_control));
    answer
}
