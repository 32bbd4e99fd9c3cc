//! `/search`: items and briefs by their words.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;

use super::brief::is_published;
use super::listing::Row;
use super::{Frame, Links, failed, page};
use crate::briefs::Sought;
use crate::model::Story;
use crate::serve::{Failure, Served, View};
use crate::store::{MAX_LOOKED_AT, StoreError};

const ITEMS: usize = 50;
const BRIEFS: usize = 20;
const MAX_QUERY_CHARS: usize = 200;

pub(super) fn routes() -> Router<Arc<Served>> {
    Router::new().route("/search", get(search))
}

#[derive(Deserialize)]
struct Asked {
    q: Option<String>,
}

#[derive(Template)]
#[template(path = "search.html", config = "src/serve/askama.toml")]
struct SearchPage {
    frame: Frame,
    query: String,
    briefs: Vec<FoundBrief>,
    rows: Vec<Row>,
    looked_at: usize,
}

struct FoundBrief {
    id: String,
    title: String,
    lang: Option<String>,
}

async fn search(
    State(served): State<Arc<Served>>,
    links: Links,
    Query(asked): Query<Asked>,
) -> Response {
    let query: String = asked.q.unwrap_or_default().trim().chars().take(MAX_QUERY_CHARS).collect();
    let frame = Frame { here: "search", ..Frame::new(&links, "Search") };
    if query.is_empty() {
        return page(&SearchPage {
            frame,
            query,
            briefs: Vec::new(),
            rows: Vec::new(),
            looked_at: MAX_LOOKED_AT,
        });
    }
    let sought = Sought::new(&query);
    match served.search(move |view| view.search(&sought)).await {
        Ok((briefs, rows)) => page(&SearchPage {
            frame: Frame { title: format!("{query}: search"), ..frame },
            query,
            briefs,
            rows,
            looked_at: MAX_LOOKED_AT,
        }),
        Err(failure) => failed(failure, &links),
    }
}

impl Served {
    /// Looks through many items: one at a time, so that strangers' searches keep nobody waiting.
    pub(super) async fn search<T: Send + 'static>(
        self: &Arc<Self>,
        ask: impl FnOnce(&View) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Failure> {
        let _turn = self.searches.acquire().await.map_err(|_closed| Failure::Stopping)?;
        self.read(ask).await
    }
}

impl View {
    fn search(&self, sought: &Sought) -> Result<(Vec<FoundBrief>, Vec<Row>), StoreError> {
        let mut briefs = Vec::new();
        for stored in self.store.briefs() {
            let brief = stored?.brief;
            if is_published(&brief) && sought.is_in(&brief) {
                let (id, title, lang) = (brief.id.to_string(), brief.title, brief.lang);
                briefs.push(FoundBrief { id, title, lang });
            }
            if briefs.len() >= BRIEFS {
                break;
            }
        }
        let has_words = |story: &Story| {
            let terms = story.key_terms.iter().map(|term| term.term.as_str());
            let sentences = story.summary.iter().map(String::as_str);
            let words = std::iter::once(story.title.as_str()).chain(sentences).chain(terms);
            sought.is_among(words)
        };
        let stories = self.public_items(ITEMS, &has_words)?;
        Ok((briefs, self.rows(&stories, |_| None)?))
    }
}
