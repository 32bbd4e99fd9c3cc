//! Pages for people: the channels, an item, a brief.

use std::fmt::Write;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::client::Links;
use super::html::{Page, missing};
use super::items::Shown;
use super::stories::{Taken, taken};
use super::{Failure, Plan, Served, View};
use crate::model::{Body, BriefId, ItemId, Only, Story};
use crate::publish::{Entry, Place, Site, article, item_body, labels, publish_item};
use crate::store::{Listed, StoreError};
use crate::text::html::escape;

/// Items of each channel on the first page.
const PREVIEW: usize = 5;
/// Items listed on a brief's page.
const LISTED: usize = 100;

pub(super) fn routes() -> Router<Arc<Served>> {
    Router::new()
        .route("/", get(channels))
        .route("/items/{id}", get(item))
        .route("/briefs/{id}", get(brief))
}

async fn channels(State(served): State<Arc<Served>>, links: Links) -> Result<Response, Failure> {
    let (head, body) = served.read(move |view| channel_list(view, &links)).await?;
    Ok(Page { title: "briefwire", lang: "en", head, body }.into_response())
}

fn channel_list(view: &View, links: &Links) -> Result<(String, String), StoreError> {
    let (mut head, root) = (String::new(), &links.root);
    let site = Site { base: links.base.clone(), ..view.plan.site.clone() };
    let mut body =
        "<main><h1>Channels</h1>\n<p class=\"quiet\">Each address below is a feed: paste it \
                    into a feed reader, and new items come to you by themselves.</p>\n"
            .to_owned();
    for channel in view.plan.channels.iter().filter(|channel| channel.token.is_none()) {
        let title = escape(&channel.title);
        writeln!(body, "<section><h2>{title}</h2>\n<p>").ok();
        for format in &channel.formats {
            let place = Place::Current { earlier: None };
            let address = place.address(&site, channel, *format);
            let (url, name, mime) = (escape(&address), format.name(), format.media_type());
            writeln!(
                head,
                "<link rel=\"alternate\" type=\"{mime}\" title=\"{title} ({name})\" href=\"{url}\">"
            )
            .ok();
            writeln!(body, "{name}: <a href=\"{url}\">{url}</a><br>").ok();
        }
        body.push_str("</p>\n<ul>");
        for Taken { story, .. } in taken(&view.store, &view.plan, channel, PREVIEW)? {
            let title = if story.title.is_empty() { "(without a title)" } else { &story.title };
            let mark = if story.brief.is_some() { " <small>briefed</small>" } else { "" };
            let (id, title) = (story.id, escape(title));
            writeln!(body, "<li><a href=\"{root}/items/{id}\">{title}</a>{mark}</li>").ok();
        }
        body.push_str("</ul></section>\n");
    }
    write!(
        body,
        "<p><a href=\"{root}/opml\">All of them as OPML</a> · <a href=\"{root}/status\">Status</a></p></main>"
    )
    .ok();
    Ok((head, body))
}

async fn item(
    State(served): State<Arc<Served>>,
    links: Links,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let Some(id) = ItemId::parse(&id) else { return Ok(missing("item", &links)) };
    let Some(shown) = served.read(move |view| view.shown(id)).await? else {
        return Ok(missing("item", &links));
    };
    Ok(item_page(&served.plan(), &shown, &links))
}

fn item_page(plan: &Plan, shown: &Shown, links: &Links) -> Response {
    let Shown { story, brief, publisher } = shown;
    // SECURITY: who else tells the story may stand in a secret channel alone.
    let stored = brief.as_ref().map(|stored| &stored.brief);
    let (brief, also) = (stored.or_else(|| plan.generated(story)), &[]);
    let entry = Entry { story, brief, publisher, also };
    let item = publish_item(&entry, &plan.site);
    let lang = entry.brief.and_then(|b| b.lang.as_deref()).or(story.lang.as_deref());
    let mut body = format!(
        "<main><article>\n<h1><a href=\"{}\">{}</a></h1>\n<p class=\"quiet\">{}{} · <time datetime=\"{}\">{}</time></p>\n",
        escape(&item.link),
        escape(&item.title),
        escape(&publisher.name),
        item.creator.as_deref().map(|name| format!(" · {}", escape(name))).unwrap_or_default(),
        story.published.format("%Y-%m-%dT%H:%M:%SZ"),
        story.published.format("%Y-%m-%d %H:%M UTC"),
    );
    body.push_str(&item_body(&entry, &item, Body::Brief));
    if let Some(brief) = stored {
        write!(body, "\n<h3>Why this brief</h3><p>{}</p>", why(story)).ok();
        let (root, id) = (&links.root, escape(brief.id.as_str()));
        write!(body, "<p><a href=\"{root}/briefs/{id}\">{id}</a></p>").ok();
    }
    write!(body, "\n</article>\n<p><a href=\"{}/\">All channels</a></p></main>", links.root).ok();
    let head = format!(
        "<link rel=\"canonical\" href=\"{}\">\n<meta name=\"robots\" content=\"noindex\">\n",
        escape(&item.link)
    );
    Page { title: &item.title, lang: lang.unwrap_or("en"), head, body }.into_response()
}

/// Returns why an item has its brief, in words.
pub(super) fn why(story: &Story) -> String {
    let found: Vec<String> =
        story.evidence.iter().map(|phrase| format!("“{}”", escape(phrase))).collect();
    format!("{} {:.2}: {}", story.method.as_str(), story.score, found.join(", "))
}

async fn brief(
    State(served): State<Arc<Served>>,
    links: Links,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let Ok(id) = BriefId::new(id) else { return Ok(missing("brief", &links)) };
    let found = served
        .read(move |view| {
            let Some(stored) = view.store.brief(&id)? else { return Ok(None) };
            Ok(Some((stored, view.store.stories_with(&id, LISTED)?)))
        })
        .await?;
    let Some((stored, stories)) = found else { return Ok(missing("brief", &links)) };
    let brief = &stored.brief;
    let lang = brief.lang.as_deref();
    let mut body = format!(
        "<main><article>\n<h1>{}</h1>\n<p class=\"quiet\">{} · {}: {}</p>\n{}\n</article>\n<h2>Items</h2>\n<ul>\n",
        escape(&brief.title),
        brief.status.as_str(),
        labels(lang).origin,
        escape(&brief.origin.to_string()),
        article(brief),
    );
    for story in &stories {
        let title = escape(if story.title.is_empty() { "(without a title)" } else { &story.title });
        writeln!(
            body,
            "<li><a href=\"{}/items/{}\">{title}</a> <small>{}</small></li>",
            links.root,
            story.id,
            why(story)
        )
        .ok();
    }
    if stories.is_empty() {
        body.push_str("<li>This brief is on no item yet.</li>\n");
    }
    write!(body, "</ul>\n<p><a href=\"{}/\">All channels</a></p></main>", links.root).ok();
    let head = "<meta name=\"robots\" content=\"noindex\">\n".to_owned();
    Ok(Page { title: &brief.title, lang: lang.unwrap_or("en"), head, body }.into_response())
}

/// Returns the newest items whatever their placement.
pub(super) fn newest(view: &View, limit: usize) -> Result<Vec<Story>, StoreError> {
    view.store.newest(&Listed { sources: None, only: Only::Any, shown: false, limit })
}
