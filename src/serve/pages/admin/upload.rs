//! The first of the acting pages: a brief is stored here, from a file or as written.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Multipart, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use super::{After, Frame, Links, failed, page, see};
use crate::briefs::{Form, Problem};
use crate::model::{BriefId, BriefOrigin, Command, Expected};
use crate::serve::api::briefs::read_document;
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
    bytes: Bytes,
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
                        (sent.file, sent.bytes) = (Some(name), bytes);
                    }
                }
                "text" => text = field.text().await.map_err(unread)?,
                "id" => field.text().await.map_err(unread)?.trim().clone_into(&mut sent.id),
                _ => {}
            }
        }
        if sent.file.is_none() {
            // A form's lines end as HTML has them (4.10.21.7), an editor's as a file's.
            sent.bytes = text.replace("\r\n", "\n").into();
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
        Err(why) => return failed(Failure::Wrong(why), &links),
    };
    match store(&served, &sent).await {
        Ok(Ok((id, done))) => see(&links, &format!("/briefs/{id}"), done),
        Ok(Err(errors)) => {
            let text = String::from_utf8_lossy(&sent.bytes).into_owned();
            let form = Start { errors, text, name: sent.id, ..form(&served, &links, None) };
            (StatusCode::UNPROCESSABLE_ENTITY, page(&form)).into_response()
        }
        Err(failure) => failed(failure, &links),
    }
}

/// Stores a brief; a refused one is returned as its mistakes.
async fn store(
    served: &Arc<Served>,
    sent: &Sent,
) -> Result<Result<(BriefId, &'static str), Vec<String>>, Failure> {
    let brief = match read_document(served, sent.bytes.clone(), sent.form(), sent.stem()).await? {
        Ok(brief) => brief,
        Err(refused) => {
            let line = |error: &Problem| format!("line {}: {}", error.line, error.message);
            return Ok(Err(refused.errors.iter().map(line).collect()));
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
