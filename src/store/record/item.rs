//! An item.

use serde::{Deserialize, Serialize};

use super::brief::BriefRecord;
use super::hex::Hex;
use super::{Millis, hex, is_nobody, millis, moment};
use crate::model::{
    Asked, BriefId, Correction, Enclosure, Generated, ItemId, KeyTerm, Method, Person, Placement,
    Section, SourceId, Story, Thumbnail, Timestamp,
};
use crate::store::keys::SourceKey;

/// An item. Its texts stand in one record with the rest: sentences of the summary are sentences of
/// the text, which compression finds, and a record of its own would be a page more to remember.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::store) struct ItemRecord {
    #[serde(with = "hex")]
    pub(in crate::store) id: u128,
    /// 0, which no source has, where the source is named by its id.
    #[serde(default, skip_serializing_if = "is_nobody")]
    pub(in crate::store) source: SourceKey,
    pub(in crate::store) guid: String,
    title: String,
    pub(in crate::store) url: Option<String>,
    html: String,
    lead: Option<String>,
    article: Option<String>,
    lang: Option<String>,
    authors: Vec<PersonRecord>,
    categories: Vec<String>,
    enclosures: Vec<EnclosureRecord>,
    thumbnail: Option<ThumbnailRecord>,
    image: Option<String>,
    comments: Option<String>,
    rights: Option<String>,
    duration: Option<u32>,
    updated: Option<Millis>,
    pub(in crate::store) published: Millis,
    pub(in crate::store) first_seen: Millis,
    pub(in crate::store) changed: Millis,
    #[serde(with = "hex")]
    content: u128,
    placement: PlacementRecord,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    correction: Option<(Millis, Vec<String>)>,
    pub(in crate::store) brief: Option<String>,
    method: String,
    score: f64,
    evidence: Vec<String>,
    summary: Vec<String>,
    key_terms: Vec<(String, f64)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    generated: Option<GeneratedRecord>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    asked: Option<AskedRecord>,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "hex::option")]
    leader: Option<u128>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    followers: Vec<Hex>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct PersonRecord {
    name: Option<String>,
    email: Option<String>,
    url: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct EnclosureRecord {
    url: String,
    mime: Option<String>,
    length: Option<u64>,
    title: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct ThumbnailRecord {
    url: String,
    width: Option<String>,
    height: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct GeneratedRecord {
    #[serde(with = "hex")]
    key: u128,
    brief: Result<Box<BriefRecord>, String>,
    at: Millis,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct AskedRecord {
    since: Millis,
    due: Millis,
    tries: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum PlacementRecord {
    Held,
    Waiting(Millis),
    Shown(Millis),
}

impl ItemRecord {
    pub(in crate::store) fn new(story: &Story, source: SourceKey) -> Self {
        let person = |p: &Person| PersonRecord {
            name: p.name.clone(),
            email: p.email.clone(),
            url: p.url.clone(),
        };
        let enclosure = |e: &Enclosure| EnclosureRecord {
            url: e.url.clone(),
            mime: e.mime.clone(),
            length: e.length,
            title: e.title.clone(),
        };
        let thumbnail = |t: &Thumbnail| ThumbnailRecord {
            url: t.url.clone(),
            width: t.width.clone(),
            height: t.height.clone(),
        };
        Self {
            id: story.id.0,
            source,
            guid: story.guid.clone(),
            title: story.title.clone(),
            url: story.url.clone(),
            html: story.html.clone(),
            lead: story.lead.clone(),
            article: story.article.clone(),
            lang: story.lang.clone(),
            authors: story.authors.iter().map(person).collect(),
            categories: story.categories.clone(),
            enclosures: story.enclosures.iter().map(enclosure).collect(),
            thumbnail: story.thumbnail.as_ref().map(thumbnail),
            image: story.image.clone(),
            comments: story.comments.clone(),
            rights: story.rights.clone(),
            duration: story.duration,
            updated: story.updated.map(millis),
            published: millis(story.published),
            first_seen: millis(story.first_seen),
            changed: millis(story.changed),
            content: story.content,
            placement: placement_record(story.placement),
            correction: story.correction.as_ref().map(|correction| {
                let words = correction.sections.iter().map(|s| s.as_str().to_owned());
                (millis(correction.at), words.collect())
            }),
            brief: story.brief.as_ref().map(ToString::to_string),
            method: story.method.as_str().to_owned(),
            score: story.score,
            evidence: story.evidence.clone(),
            summary: story.summary.clone(),
            key_terms: story.key_terms.iter().map(|t| (t.term.clone(), t.score)).collect(),
            generated: story.generated.as_ref().map(generated_record),
            asked: story.asked.map(|asked| AskedRecord {
                since: millis(asked.since),
                due: millis(asked.due),
                tries: asked.tries,
            }),
            leader: story.leader.map(|id| id.0),
            followers: story.followers.iter().map(|id| Hex(id.0)).collect(),
        }
    }

    pub(in crate::store) fn placement(&self) -> Placement {
        match self.placement {
            PlacementRecord::Held => Placement::Held,
            PlacementRecord::Waiting(until) => Placement::Waiting(moment(until)),
            PlacementRecord::Shown(since) => Placement::Shown(moment(since)),
        }
    }

    /// Returns the time that the item is sorted by: since when it is shown, else its date.
    pub(in crate::store) fn sorted_by(&self) -> Timestamp {
        match self.placement() {
            Placement::Shown(since) => since,
            Placement::Held | Placement::Waiting(_) => moment(self.published),
        }
    }

    pub(in crate::store) fn into_story(self, source: SourceId) -> Story {
        let placement = self.placement();
        let person = |p: PersonRecord| Person { name: p.name, email: p.email, url: p.url };
        let enclosure = |e: EnclosureRecord| Enclosure {
            url: e.url,
            mime: e.mime,
            length: e.length,
            title: e.title,
        };
        let thumbnail =
            |t: ThumbnailRecord| Thumbnail { url: t.url, width: t.width, height: t.height };
        Story {
            id: ItemId(self.id),
            source,
            guid: self.guid,
            title: self.title,
            url: self.url,
            html: self.html,
            lead: self.lead,
            article: self.article,
            lang: self.lang,
            authors: self.authors.into_iter().map(person).collect(),
            categories: self.categories,
            enclosures: self.enclosures.into_iter().map(enclosure).collect(),
            thumbnail: self.thumbnail.map(thumbnail),
            image: self.image,
            comments: self.comments,
            rights: self.rights,
            duration: self.duration,
            updated: self.updated.map(moment),
            published: moment(self.published),
            first_seen: moment(self.first_seen),
            changed: moment(self.changed),
            content: self.content,
            placement,
            correction: self.correction.and_then(correction),
            brief: self.brief.and_then(|id| BriefId::new(id).ok()),
            method: Method::parse(&self.method).unwrap_or(Method::None),
            score: self.score,
            evidence: self.evidence,
            summary: self.summary,
            key_terms: self.key_terms.into_iter().map(key_term).collect(),
            generated: self.generated.and_then(generated),
            asked: self.asked.map(|asked| Asked {
                since: moment(asked.since),
                due: moment(asked.due),
                tries: asked.tries,
            }),
            leader: self.leader.map(ItemId),
            followers: self.followers.into_iter().map(|id| ItemId(id.0)).collect(),
        }
    }
}

fn correction((at, words): (Millis, Vec<String>)) -> Option<Correction> {
    let sections: Vec<Section> = words.iter().filter_map(|word| Section::parse(word)).collect();
    (!sections.is_empty()).then(|| Correction { at: moment(at), sections })
}

fn key_term((term, score): (String, f64)) -> KeyTerm {
    KeyTerm { term, score }
}

fn generated_record(generated: &Generated) -> GeneratedRecord {
    let brief = generated.brief.as_ref().map(|brief| Box::new(BriefRecord::new(brief)));
    GeneratedRecord {
        key: generated.key,
        brief: brief.map_err(Clone::clone),
        at: millis(generated.at),
    }
}

/// Returns what a model made; a brief without a summary is none, and is asked for again.
fn generated(record: GeneratedRecord) -> Option<Generated> {
    let brief = match record.brief {
        Ok(brief) => Ok(Box::new(brief.into_brief()?)),
        Err(why) => Err(why),
    };
    Some(Generated { key: record.key, brief, at: moment(record.at) })
}

fn placement_record(placement: Placement) -> PlacementRecord {
    match placement {
        Placement::Held => PlacementRecord::Held,
        Placement::Waiting(until) => PlacementRecord::Waiting(millis(until)),
        Placement::Shown(since) => PlacementRecord::Shown(millis(since)),
    }
}
