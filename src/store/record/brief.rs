//! A stored brief, who brought it, and when it last changed.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{Millis, millis, moment};
use crate::model::{Brief, BriefId, Further, Opinion, Origin, Point, Question, Status};

/// A brief as it stands in the store and in the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::store) struct BriefRecord {
    pub(in crate::store) id: String,
    title: String,
    lang: Option<String>,
    summary: String,
    points: Vec<(Option<String>, String)>,
    original_post: Option<String>,
    further: Vec<(String, Option<String>, Option<String>)>,
    questions: Vec<(String, Option<String>)>,
    opinion: Option<(String, Option<String>, String)>,
    key_terms: Vec<String>,
    source_url: Option<String>,
    date: Option<Millis>,
    created: Option<Millis>,
    updated: Option<Millis>,
    expires: Option<Millis>,
    author: Option<String>,
    status: String,
    model: Option<String>,
    urls: Vec<String>,
    guids: Vec<String>,
    pin: Vec<String>,
    block: Vec<String>,
}

/// A brief with what the store knows of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::store) struct VersionRecord {
    pub(in crate::store) brief: BriefRecord,
    pub(in crate::store) origin: OriginRecord,
    pub(in crate::store) stored: Millis,
}

/// Who brought a brief.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::store) enum OriginRecord {
    File(PathBuf),
    Api,
}

impl BriefRecord {
    pub(in crate::store) fn new(brief: &Brief) -> Self {
        let opinion = |o: &Opinion| (o.who.clone(), o.role.clone(), o.quote.clone());
        let further = |f: &Further| (f.title.clone(), f.url.clone(), f.why.clone());
        let question = |q: &Question| (q.question.clone(), q.answer.clone());
        Self {
            id: brief.id.to_string(),
            title: brief.title.clone(),
            lang: brief.lang.clone(),
            summary: brief.summary.clone(),
            points: brief.points.iter().map(|p| (p.label.clone(), p.text.clone())).collect(),
            original_post: brief.original_post.clone(),
            further: brief.further.iter().map(further).collect(),
            questions: brief.questions.iter().map(question).collect(),
            opinion: brief.opinion.as_ref().map(opinion),
            key_terms: brief.key_terms.clone(),
            source_url: brief.source_url.clone(),
            date: brief.date.map(millis),
            created: brief.created.map(millis),
            updated: brief.updated.map(millis),
            expires: brief.expires.map(millis),
            author: brief.author.clone(),
            status: brief.status.as_str().to_owned(),
            model: match &brief.origin {
                Origin::Stored | Origin::Extracted => None,
                Origin::Model(name) => Some(name.clone()),
            },
            urls: brief.urls.clone(),
            guids: brief.guids.clone(),
            pin: brief.pin.clone(),
            block: brief.block.clone(),
        }
    }

    pub(in crate::store) fn id(&self) -> &str {
        &self.id
    }

    /// Returns the brief; `None` if its id or status is none, which no version of us writes.
    pub(in crate::store) fn into_brief(self) -> Option<Brief> {
        let point = |(label, text)| Point { label, text };
        let further = |(title, url, why)| Further { title, url, why };
        let question = |(question, answer)| Question { question, answer };
        Some(Brief {
            id: BriefId::new(self.id).ok()?,
            title: self.title,
            lang: self.lang,
            summary: self.summary,
            points: self.points.into_iter().map(point).collect(),
            original_post: self.original_post,
            further: self.further.into_iter().map(further).collect(),
            questions: self.questions.into_iter().map(question).collect(),
            opinion: self.opinion.map(|(who, role, quote)| Opinion { who, role, quote }),
            key_terms: self.key_terms,
            source_url: self.source_url,
            date: self.date.map(moment),
            created: self.created.map(moment),
            updated: self.updated.map(moment),
            expires: self.expires.map(moment),
            author: self.author,
            status: Status::parse(&self.status)?,
            origin: self.model.map_or(Origin::Stored, Origin::Model),
            urls: self.urls,
            guids: self.guids,
            pin: self.pin,
            block: self.block,
        })
    }
}
