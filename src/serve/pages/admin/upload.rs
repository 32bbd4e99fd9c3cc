//! The first of the acting pages: a brief is stored here, from a file or as written.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Multipart, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use super::{After, Frame, Links, page, refused, see};
use crate::briefs::{self, FallbackId, Form};
use crate::model::{BriefId, BriefOrigin, Command, Expected};
use crate::serve::{Failure, Served};

/// A brief's file may have 1 MiB, and the form around it a little.
const MAX_FORM_BYTES: usize = (1 << 20) + (64 << 10);
/// Sources whose ids are offered.
const OFFERED: usize = 500;

pub(super) fn routes() -> Router<Arc<Served>> {
    Router::new()
        .route("/admin/", get(start))
        .route("/admin/briefs", post(upload))
        .layer(DefaultBodyLimit::max(MAX_FORM_BYTES))
}

#[derive(Template)]
#[template(path = "admin.html", config = "src/serve/askama.toml")]
struct Start {
    frame: Frame,
    done: Option<&'static str>,
    errors: Vec<String>,
    ids: Vec<String>,
    text: String,
    name: String,
}

async fn start(
    State(served): State<Arc<Served>>,
    links: Links,
    Query(after): Query<After>,
) -> Response {
    page(&form(&served, &links, after.words()))
}

fn form(served: &Served, links: &Links, done: Option<&'static str>) -> Start {
    let plan = served.plan();
    Start {
        frame: Frame::new(links, "Act"),
        done,
        errors: Vec::new(),
        ids: plan.sources.iter().take(OFFERED).map(|source| source.id.to_string()).collect(),
        text: String::new(),
        name: String::new(),
    }
}

/// What was sent.
#[derive(Default)]
struct Sent {
    /// The file's name.
    file: Option<String>,
    bytes: Vec<u8>,
    id: String,
}

impl Sent {
    async fn read(mut fields: Multipart) -> Result<Self, String> {
        let (mut sent, mut text) = (Self::default(), String::new());
        let unread = |error: axum::extract::multipart::MultipartError| error.body_text();
        while let Some(field) = fields.next_field().await.map_err(unread)? {
            match field.name().unwrap_or_default() {
                "file" => {
                    let name = field.file_name().unwrap_or_default().to_owned();
                    let bytes = field.bytes().await.map_err(unread)?;
                    if !bytes.is_empty() {
                        (sent.file, sent.bytes) = (Some(name), bytes.to_vec());
                    }
                }
                "text" => text = field.text().await.map_err(unread)?,
                "id" => field.text().await.map_err(unread)?.trim().clone_into(&mut sent.id),
                _ => {}
            }
        }
        if sent.file.is_none() {
            // A form's lines end as HTML has them (4.10.21.7), an editor's as a file's.
            sent.bytes = text.replace("\r\n", "\n").into_bytes();
        }
        Ok(sent)
    }

    /// Returns how it is written: by the file's name, else by how it begins.
    fn form(&self) -> Form {
        let is_json = match &self.file {
            Some(name) => name.to_ascii_lowercase().ends_with(".json"),
            None => self.bytes.trim_ascii_start().starts_with(b"{"),
        };
        if is_json { Form::Json } else { Form::Text }
    }

    /// Returns the id that was given, or that the file's name is.
    fn stem(&self) -> Option<String> {
        let of_file = || {
            let name = self.file.as_deref()?;
            name.rsplit_once('.').map(|(stem, _)| stem.to_owned())
        };
        if self.id.is_empty() { of_file() } else { Some(self.id.clone()) }
    }
}

async fn upload(State(served): State<Arc<Served>>, links: Links, fields: Multipart) -> Response {
    let sent = match Sent::read(fields).await {
        Ok(sent) => sent,
        Err(why) => return refused(Failure::Wrong(why), &links),
    };
    match store(&served, &sent).await {
        Ok(Ok((id, done))) => see(&links, &format!("/briefs/{id}"), done),
        Ok(Err(errors)) => {
            let text = String::from_utf8_lossy(&sent.bytes).into_owned();
            let form = Start { errors, text, name: sent.id, ..form(&served, &links, None) };
            (StatusCode::UNPROCESSABLE_ENTITY, page(&form)).into_response()
        }
        Err(failure) => refused(failure, &links),
    }
}

/// Stores a brief; a refused one is returned as its mistakes.
async fn store(
    served: &Arc<Served>,
    sent: &Sent,
) -> Result<Result<(BriefId, &'static str), Vec<String>>, Failure> {
    let now = (served.clock)();
    let (bytes, form, stem) = (sent.bytes.clone(), sent.form(), sent.stem());
    let read = tokio::task::spawn_blocking(move || {
        let fallback = stem.as_deref().map_or(FallbackId::Hash, FallbackId::Stem);
        briefs::read(&bytes, form, fallback, now)
    });
    let report =
        read.await.map_err(|_panic| Failure::Wrong("the brief cannot be read".to_owned()))?;
    let brief = match report.brief {
        Some(brief) if report.errors.is_empty() => brief,
        _ => {
            let line = |error: &briefs::Problem| format!("line {}: {}", error.line, error.message);
            return Ok(Err(report.errors.iter().map(line).collect()));
        }
    };
    if !sent.id.is_empty() && sent.id != brief.id.as_str() {
        return Ok(Err(vec![format!(
            "the brief says that its id is `{}`, the form `{}`",
            brief.id, sent.id
        )]));
    }
    let id = brief.id.clone();
    let command = Command::PutBrief {
        brief: Box::new(brief),
        origin: BriefOrigin::Api,
        expected: Expected::default(),
    };
    let reply = served.order(command).await?;
    Ok(Ok((id, if reply.changed { "stored" } else { "same" })))
}
