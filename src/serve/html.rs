//! The frame of every page: plain, readable without script, in light and dark, on a phone.

use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};

use super::client::Links;
use crate::text::html::escape;

const STYLE: &str = "\
:root{color-scheme:light dark}\
body{font:1rem/1.55 system-ui,sans-serif;max-width:46rem;margin:0 auto;padding:1rem;\
overflow-wrap:anywhere}\
h1{font-size:1.5rem;line-height:1.25}h2{font-size:1.2rem}h3{font-size:1.05rem;margin:1.6em 0 .3em}\
a{color:light-dark(#0b57b0,#8ab8ff)}\
blockquote{margin:.5em 0;padding-left:1em;border-left:3px solid #8888}\
dd{margin:0 0 .8em 1em}img{max-width:100%;height:auto}\
small,.quiet{color:light-dark(#555,#aaa)}\
.wide{overflow-x:auto}table{border-collapse:collapse}th,td{overflow-wrap:break-word;text-align:left;padding:.25em .6em;\
border-bottom:1px solid #8884;vertical-align:top}";

/// A page that is put together.
pub(super) struct Page<'p> {
    /// Plain text.
    pub(super) title: &'p str,
    /// BCP 47.
    pub(super) lang: &'p str,
    /// Further elements of the head.
    pub(super) head: String,
    /// HTML.
    pub(super) body: String,
}

impl IntoResponse for Page<'_> {
    fn into_response(self) -> Response {
        Html(format!(
            "<!doctype html>\n<html lang=\"{lang}\" dir=\"{dir}\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <title>{title}</title>\n<style>{STYLE}</style>\n{head}</head>\n<body>\n{body}\n</body>\n\
             </html>\n",
            lang = escape(self.lang),
            dir = crate::text::direction(self.lang),
            title = escape(self.title),
            head = self.head,
            body = self.body,
        ))
        .into_response()
    }
}

/// Returns a page that says that something is not there.
pub(super) fn missing(what: &str, links: &Links) -> Response {
    let page = Page {
        title: "Not here",
        lang: "en",
        head: String::new(),
        body: format!(
            "<main><h1>Not here</h1><p>There is no such {}.</p><p><a href=\"{}/\">All channels</a></p>\
             </main>",
            escape(what),
            links.root
        ),
    };
    (StatusCode::NOT_FOUND, page).into_response()
}
