//! An item: pin a brief to it, block one, take either back.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Form, Path, Query, State};
use axum::response::Response;
use axum::routing::{get, post};
use serde::Deserialize;

use super::{After, Frame, Links, failed, missing, page, see};
use crate::model::{BriefId, Command, ItemId, Story};
use crate::serve::items::because;
use crate::serve::{Failure, Served, View};
use crate::store::StoreError;

/// Briefs whose ids are offered.
const OFFERED: usize = 200;

pub(super) fn routes() -> Router<Arc<Served>> {
    Router::new().route("/admin/items/{id}", get(item)).route("/admin/items/{id}/{act}", post(rule))
}

#[derive(Template)]
#[template(path = "admin_item.html", config = "src/serve/askama.toml")]
struct ItemPage {
    frame: Frame,
    id: String,
    title: String,
    done: Option<&'static str>,
    brief: Option<String>,
    why: String,
    rulings: Vec<RulingRow>,
    briefs: Vec<String>,
}

struct RulingRow {
    brief: String,
    pinned: bool,
}

async fn item(
    State(served): State<Arc<Served>>,
    links: Links,
    Path(id): Path<String>,
    Query(after): Query<After>,
) -> Response {
    let Some(id) = ItemId::parse(&id) else { return missing("item", &links) };
    let (for_page, done) = (links.clone(), after.words());
    match served.read(move |view| item_page(view, id, (&for_page, done))).await {
        Ok(Some(item)) => page(&item),
        Ok(None) => missing("item", &links),
        Err(failure) => failed(failure, &links),
    }
}

fn item_page(
    view: &View,
    id: ItemId,
    (links, done): (&Links, Option<&'static str>),
) -> Result<Option<ItemPage>, StoreError> {
    let Some(story) = view.store.story(id)? else { return Ok(None) };
    let rulings = view.store.rulings()?.into_iter().filter(|ruling| ruling.item == id);
    let rows = view.rows([&story], |_| None)?;
    let title = rows.into_iter().next().map(|row| row.title).unwrap_or_default();
    let mut briefs = Vec::new();
    for stored in view.store.briefs().take(OFFERED) {
        briefs.push(stored?.brief.id.to_string());
    }
    Ok(Some(ItemPage {
        frame: Frame::new(links, title.clone()),
        id: id.to_string(),
        title,
        done,
        brief: story.brief.as_ref().map(ToString::to_string),
        why: why(&story),
        rulings: rulings
            .map(|ruling| RulingRow { brief: ruling.brief.to_string(), pinned: ruling.pinned })
            .collect(),
        briefs,
    }))
}

fn why(story: &Story) -> String {
    let score =
        if story.brief.is_some() { format!(", score {:.2}", story.score) } else { String::new() };
    let evidence = story.evidence.join(", ");
    let colon = if evidence.is_empty() { "" } else { ": " };
    format!("{}{score}{colon}{evidence}", because(story.method))
}

#[derive(Deserialize)]
struct Ruled {
    brief: String,
}

async fn rule(
    State(served): State<Arc<Served>>,
    links: Links,
    Path((id, act)): Path<(String, String)>,
    Form(ruled): Form<Ruled>,
) -> Response {
    let Some(item) = ItemId::parse(&id) else { return missing("item", &links) };
    let brief = match BriefId::new(ruled.brief.trim()) {
        Ok(brief) => brief,
        Err(error) => {
            return failed(
                Failure::Wrong(format!("`{}` is no brief's id: {error}", ruled.brief)),
                &links,
            );
        }
    };
    let command = match act.as_str() {
        "pin" => Command::Pin { item, brief },
        "block" => Command::Block { item, brief },
        "unpin" => Command::Unrule { item, brief, pinned: true },
        "unblock" => Command::Unrule { item, brief, pinned: false },
        _ => return missing("page", &links),
    };
    match served.order(command).await {
        Ok(_) => see(&links, &format!("/admin/items/{item}"), &act),
        Err(failure) => failed(failure, &links),
    }
}
