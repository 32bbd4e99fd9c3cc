//! What every page has: its head, the way to the other pages, its style; and how text is escaped.

use std::fmt;
use std::sync::{Arc, LazyLock};

use askama::Template;
use askama::filters::Escaper;
use axum::Router;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use xxhash_rust::xxh3::xxh3_64;

use crate::serve::client::Links;
use crate::serve::{Failure, Served};
use crate::text::html::escape;

const STYLE: &str = include_str!("../templates/style.css");
const ICON: &str = include_str!("../templates/icon.svg");
/// Its name changes with it, so browsers may keep it for ever.
const FOR_EVER: &str = "public, max-age=31536000, immutable";

static STYLE_PATH: LazyLock<String> =
    LazyLock::new(|| format!("/style-{:016x}.css", xxh3_64(STYLE.as_bytes())));

pub(super) fn routes() -> Router<Arc<Served>> {
    let asset = |kind: &'static str, age: &'static str, text: &'static str| {
        let headers = [
            (CONTENT_TYPE, HeaderValue::from_static(kind)),
            (CACHE_CONTROL, HeaderValue::from_static(age)),
        ];
        get(move || async move { (headers, text) })
    };
    Router::new()
        .route(&STYLE_PATH, asset("text/css; charset=utf-8", FOR_EVER, STYLE))
        .route("/icon.svg", asset("image/svg+xml", "public, max-age=86400", ICON))
}

/// Writes text into a page: escaped, without the characters that no page may hold.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Escaped;

impl Escaper for Escaped {
    fn write_escaped_str<W: fmt::Write>(&self, mut out: W, text: &str) -> fmt::Result {
        out.write_str(&escape(text))
    }
}

/// What stands around a page's own content.
#[derive(Debug, Clone)]
pub(in crate::serve) struct Frame {
    /// The path before the site's pages, without a slash at its end.
    pub(in crate::serve) root: String,
    /// Plain text.
    pub(in crate::serve) title: String,
    /// BCP 47.
    pub(in crate::serve) lang: String,
    /// Which entry of the navigation it is.
    pub(in crate::serve) here: &'static str,
    /// Whether it is made of tables.
    pub(in crate::serve) is_wide: bool,
}

impl Frame {
    pub(in crate::serve) fn new(links: &Links, title: impl Into<String>) -> Self {
        Self {
            root: links.root.clone(),
            title: title.into(),
            lang: "en".to_owned(),
            here: "",
            is_wide: false,
        }
    }

    /// Returns the frame of a page in another language.
    pub(in crate::serve) fn in_language(self, lang: Option<&str>) -> Self {
        Self { lang: lang.unwrap_or("en").to_owned(), ..self }
    }

    pub(in crate::serve) fn dir(&self) -> &'static str {
        crate::text::direction(&self.lang)
    }

    #[expect(clippy::unused_self, reason = "templates ask the frame")]
    pub(in crate::serve) fn style(&self) -> &'static str {
        &STYLE_PATH
    }
}

/// Returns a page; one that cannot be written is a mistake of ours.
pub(in crate::serve) fn page(template: &impl Template) -> Response {
    match template.render() {
        Ok(text) => Html(text).into_response(),
        Err(error) => {
            tracing::error!(%error, "cannot write a page");
            (StatusCode::INTERNAL_SERVER_ERROR, "this page cannot be written\n").into_response()
        }
    }
}

#[derive(Template)]
#[template(path = "missing.html", config = "src/serve/askama.toml")]
struct Missing {
    frame: Frame,
    what: &'static str,
}

/// Returns a page that says that something is not there.
pub(in crate::serve) fn missing(what: &'static str, links: &Links) -> Response {
    let page = page(&Missing { frame: Frame::new(links, "Not here"), what });
    (StatusCode::NOT_FOUND, page).into_response()
}

#[derive(Template)]
#[template(path = "failed.html", config = "src/serve/askama.toml")]
struct Failed {
    frame: Frame,
    why: String,
}

/// Returns a page that says why there is no other.
pub(in crate::serve) fn failed(failure: Failure, links: &Links) -> Response {
    let (status, why) = failure.told();
    let page = page(&Failed { frame: Frame::new(links, "Not now"), why });
    (status, page).into_response()
}
