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
    /// What stood before, newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(in crate::store) earlier: Vec<EarlierRecord>,
}

/// A version that another one has taken the place of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::store) struct EarlierRecord {
    pub(in crate::store) brief: BriefRecord,
    pub(in crate::store) stored: Millis,
}

/// Earlier versions that are kept of a brief: so many, …
const MAX_EARLIER: usize = 10;
/// … and of so many bytes together, since whoever reads the brief reads them.
const MAX_EARLIER_BYTES: usize = 32 << 10;

impl VersionRecord {
    pub(in crate::store) fn new(brief: BriefRecord, origin: OriginRecord, stored: Millis) -> Self {
        Self { brief, origin, stored, earlier: Vec::new() }
    }

    /// Returns it as it stands in the place of what is known, which it keeps as an earlier version.
    ///
    /// Of what is known only what is older stays, so that a journal that is replayed over a store that has
    /// all of it already doubles nothing.
    pub(in crate::store) fn replacing(mut self, known: Option<Self>) -> Self {
        let Some(known) = known else { return self };
        let is_edited = known.brief != self.brief;
        let before = EarlierRecord { brief: known.brief, stored: known.stored };
        let versions = is_edited.then_some(before).into_iter().chain(known.earlier);
        let stored = self.stored;
        let versions = versions.filter(|version| version.stored < stored);
        let mut bytes = 0;
        let fits = |version: &EarlierRecord| {
            bytes += version.brief.size();
            bytes <= MAX_EARLIER_BYTES
        };
        self.earlier = versions.take(MAX_EARLIER).take_while(fits).collect();
        self
    }
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

    /// Returns about how many bytes its text takes.
    fn size(&self) -> usize {
        let options = [&self.original_post, &self.lang, &self.source_url, &self.author];
        let optional: usize = options.into_iter().flatten().map(String::len).sum();
        let points: usize = self.points.iter().map(|(_, text)| text.len() + 20).sum();
        let questions =
            self.questions.iter().map(|(q, a)| q.len() + a.as_ref().map_or(0, String::len));
        let further = self.further.iter().map(|(title, url, why)| {
            title.len() + url.as_ref().map_or(0, String::len) + why.as_ref().map_or(0, String::len)
        });
        let lists = [&self.key_terms, &self.urls, &self.guids, &self.pin, &self.block];
        let listed: usize = lists.into_iter().flatten().map(String::len).sum();
        let opinion = self.opinion.as_ref().map_or(0, |(_, _, quote)| quote.len());
        let sections = points + questions.sum::<usize>() + further.sum::<usize>() + opinion;
        500 + self.title.len() + self.summary.len() + optional + sections + listed
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
