//! `/briefs/ID`: a brief, its earlier versions, and the items it is on.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;

use super::listing::{Row, Turn, is_public, part_of};
use super::{Frame, Links, VersionLink, failed, missing, page, version_links};
use crate::model::{Brief, BriefId, Status, Story};
use crate::publish::{brief_article, labels};
use crate::serve::auth::SeesAll;
use crate::serve::items::because;
use crate::serve::{Served, View};
use crate::store::StoreError;

/// Items on a page.
const EACH: usize = 50;
/// Items that are looked at.
const LISTED: usize = 1_000;

pub(super) fn routes() -> Router<Arc<Served>> {
    Router::new().route("/briefs/{id}", get(brief))
}

#[derive(Deserialize)]
struct Asked {
    version: Option<i64>,
    page: Option<usize>,
    part: Option<usize>,
}

#[derive(Template)]
#[template(path = "brief.html", config = "src/serve/askama.toml")]
struct BriefPage {
    frame: Frame,
    id: String,
    standing: &'static str,
    origin_label: &'static str,
    origin: String,
    author: Option<String>,
    /// Made by `publish`, which escapes.
    body: String,
    /// Of a long brief.
    part: Option<Turn>,
    /// When it was stored, of an earlier one.
    version: Option<String>,
    versions: Vec<VersionLink>,
    rows: Vec<Row>,
    turn: Option<Turn>,
}

async fn brief(
    State(served): State<Arc<Served>>,
    links: Links,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
    SeesAll(sees_all): SeesAll,
) -> Response {
    let Ok(id) = BriefId::new(id) else { return missing("brief", &links) };
    let for_page = links.clone();
    match served.read(move |view| view.brief_page(&id, &asked, (&for_page, sees_all))).await {
        Ok(Some(brief)) => page(&brief),
        Ok(None) => missing("brief", &links),
        Err(failure) => failed(failure, &links),
    }
}

impl View {
    fn brief_page(
        &self,
        id: &BriefId,
        asked: &Asked,
        (links, sees_all): (&Links, bool),
    ) -> Result<Option<BriefPage>, StoreError> {
        let Some(stored) = self.store.brief(id)? else { return Ok(None) };
        // SECURITY: what an editor has not published, or has taken back, is no stranger's to read.
        if !sees_all && !is_published(&stored.brief) {
            return Ok(None);
        }
        let earlier = self.store.earlier_versions(id)?;
        let wanted = |at: &i64| earlier.iter().find(|version| version.stored.timestamp() == *at);
        let version = match asked.version {
            Some(at) => match wanted(&at) {
                Some(version) if sees_all || is_published(&version.brief) => Some(version),
                _ => return Ok(None),
            },
            None => None,
        };
        let brief = version.map_or(&stored.brief, |version| &version.brief);
        let published = |story: &Story| sees_all || is_public(&self.plan, story);
        let mut stories = self.store.stories_with(id, LISTED)?;
        stories.retain(published);
        stories.sort_by_key(|story| std::cmp::Reverse(story.published));
        let href = |page| format!("{}/briefs/{id}?page={page}", links.root);
        let (turn, from) = Turn::of(asked.page, (stories.len(), EACH), href);
        let why = |story: &Story| {
            let (method, score) = (story.method.as_str(), story.score);
            Some(format!("{method} {score:.2}: {}", because(story.method)))
        };
        let rows = self.rows(stories.iter().skip(from).take(EACH), why)?;
        let lang = brief.lang.as_deref();
        let of_version = asked.version.map(|at| format!("version={at}&")).unwrap_or_default();
        let href = |part| format!("{}/briefs/{id}?{of_version}part={part}", links.root);
        let (body, part) = part_of(&brief_article(brief, &links.root), asked.part, href);
        let readable: Vec<_> = earlier
            .iter()
            .filter(|version| sees_all || is_published(&version.brief))
            .cloned()
            .collect();
        Ok(Some(BriefPage {
            frame: Frame::new(links, brief.title.clone()).in_language(lang),
            id: id.to_string(),
            standing: brief.status.as_str(),
            origin_label: labels(lang).origin,
            origin: brief.origin.to_string(),
            author: brief.author.clone(),
            body,
            part,
            version: version.map(|v| v.stored.format("%Y-%m-%d %H:%M:%S UTC").to_string()),
            versions: version_links(&readable, &stored.brief),
            rows,
            turn,
        }))
    }
}

/// Returns whether a brief was meant to be read, and not taken back.
pub(super) fn is_published(brief: &Brief) -> bool {
    matches!(brief.status, Status::Active | Status::Expired)
}
