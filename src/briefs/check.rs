//! A draft into a brief: what is required, what is limited, what is derived.

use std::collections::HashSet;

use xxhash_rust::xxh3::xxh3_128;

use super::FallbackId;
use super::draft::{Draft, Placed};
use super::report::{Findings, quoted};
use super::title;
use crate::model::{Brief, BriefId, Timestamp};

const MAX_SUMMARY_BYTES: usize = 8 * 1024;
const MAX_ORIGINAL_POST_BYTES: usize = 64 * 1024;
const MAX_POINTS: usize = 64;
const MAX_QUESTIONS: usize = 64;
const MAX_FURTHER: usize = 64;
const MAX_KEY_TERMS: usize = 100;
const MAX_KEY_TERM_CHARS: usize = 120;
const MAX_URLS: usize = 100;
const MAX_GUIDS: usize = 100;

/// Makes the brief; `None`, with the reasons in `findings`, when the draft is refused.
pub(super) fn brief(
    mut draft: Draft,
    fallback: FallbackId<'_>,
    now: Timestamp,
    findings: &mut Findings,
) -> Option<Brief> {
    draft.key_terms = unique(std::mem::take(&mut draft.key_terms));
    refuse_excess(&draft, findings);
    check_dates(&draft, now, findings);
    warn_of_unanswered(&draft, findings);
    let summary = required_summary(&mut draft, findings);
    let id = id(&draft, summary.as_ref(), fallback, findings);
    let (id, summary) = (id?, summary?);
    let title = draft.title.take().unwrap_or_else(|| {
        let message = "no title: the beginning of the summary is taken";
        findings.warn_field(summary.place, Some("summary"), "title-derived", message);
        Placed { place: summary.place, value: title::derive(&summary.value) }
    });
    let brief = Brief::new(id, title.value, summary.value);
    Some(fill(brief, draft))
}

fn fill(brief: Brief, draft: Draft) -> Brief {
    Brief {
        lang: draft.lang,
        points: values(draft.points),
        original_post: draft.original_post.map(|post| post.value).filter(|post| !post.is_empty()),
        further: values(draft.further),
        questions: values(draft.questions),
        opinion: draft.opinion.map(|opinion| opinion.value),
        key_terms: values(draft.key_terms),
        source_url: draft.source_url.map(|url| url.value),
        date: draft.date,
        created: draft.created,
        updated: draft.updated,
        expires: draft.expires.map(|expires| expires.value),
        author: draft.author,
        status: draft.status,
        urls: values(draft.urls),
        guids: values(draft.guids),
        pin: values(draft.pin),
        block: values(draft.block),
        ..brief
    }
}

fn values<T>(placed: Vec<Placed<T>>) -> Vec<T> {
    placed.into_iter().map(|placed| placed.value).collect()
}

/// Keeps the first spelling of each term.
fn unique(terms: Vec<Placed<String>>) -> Vec<Placed<String>> {
    let mut seen = HashSet::new();
    terms.into_iter().filter(|term| seen.insert(term.value.to_lowercase())).collect()
}

fn required_summary(draft: &mut Draft, findings: &mut Findings) -> Option<Placed<String>> {
    let summary = draft.summary.take();
    let place = summary.as_ref().map(|summary| summary.place);
    let found = summary.filter(|summary| !summary.value.is_empty());
    if found.is_none() && !findings.refuses("summary") {
        let message = "no summary: a brief needs the text of its `Summary`";
        findings.refuse_field(place.unwrap_or(draft.whole), "summary", message);
    }
    found
}

fn id(
    draft: &Draft,
    summary: Option<&Placed<String>>,
    fallback: FallbackId<'_>,
    findings: &mut Findings,
) -> Option<BriefId> {
    let (place, text) = match (&draft.id, fallback) {
        (Some(id), _) => (id.place, id.value.clone()),
        (None, FallbackId::Stem(stem)) => (draft.whole, stem.to_owned()),
        (None, FallbackId::Hash) => (draft.whole, hash(draft.source_url.as_ref().or(summary)?)),
    };
    match BriefId::new(text.as_str()) {
        Ok(id) => Some(id),
        Err(error) => {
            findings.refuse_field(place, "id", format!("the id {}: {error}", quoted(&text)));
            None
        }
    }
}

fn hash(text: &Placed<String>) -> String {
    format!("{:032x}", xxh3_128(text.value.as_bytes()))
}

fn check_dates(draft: &Draft, now: Timestamp, findings: &mut Findings) {
    let Some(expires) = &draft.expires else { return };
    if draft.created.is_some_and(|created| expires.value <= created) {
        let message = "`expires` is not after `created`";
        findings.refuse_field(expires.place, "expires", message);
    } else if expires.value <= now {
        let message = format!("the brief expired at {}", expires.value.to_rfc3339());
        findings.warn_field(expires.place, Some("expires"), "expired", message);
    }
}

fn warn_of_unanswered(draft: &Draft, findings: &mut Findings) {
    for (question, index) in draft.questions.iter().zip(0_usize..) {
        if question.value.answer.is_none() {
            let field = format!("people_also_ask[{index}]");
            let message =
                format!("the question {} has no answer", quoted(&question.value.question));
            findings.warn_field(question.place, Some(&field), "unanswered-question", message);
        }
    }
}

fn refuse_excess(draft: &Draft, findings: &mut Findings) {
    let mut texts = |field: &str, text: &Option<Placed<String>>, most: usize| {
        if let Some(text) = text.as_ref().filter(|text| text.value.len() > most) {
            let (size, most) = (text.value.len(), most / 1024);
            let message = format!("`{field}` has {size} bytes: at most {most} KiB are accepted");
            findings.refuse_field(text.place, field, message);
        }
    };
    texts("summary", &draft.summary, MAX_SUMMARY_BYTES);
    texts("original_post", &draft.original_post, MAX_ORIGINAL_POST_BYTES);
    refuse_many("what_this_means", &draft.points, MAX_POINTS, findings);
    refuse_many("people_also_ask", &draft.questions, MAX_QUESTIONS, findings);
    refuse_many("extra_information", &draft.further, MAX_FURTHER, findings);
    refuse_many("key_terms", &draft.key_terms, MAX_KEY_TERMS, findings);
    refuse_many("urls", &draft.urls, MAX_URLS, findings);
    refuse_many("guids", &draft.guids, MAX_GUIDS, findings);
    for (term, index) in draft.key_terms.iter().zip(0_usize..) {
        let length = term.value.chars().count();
        if length > MAX_KEY_TERM_CHARS {
            let field = format!("key_terms[{index}]");
            let message = format!(
                "the key term {} has {length} characters: at most {MAX_KEY_TERM_CHARS} are accepted",
                quoted(&term.value)
            );
            findings.refuse_field(term.place, &field, message);
        }
    }
}

fn refuse_many<T>(field: &str, values: &[Placed<T>], most: usize, findings: &mut Findings) {
    if let Some(first_beyond) = values.get(most) {
        let found = values.len();
        let message = format!("`{field}` has {found} entries: at most {most} are accepted");
        findings.refuse_field(first_beyond.place, field, message);
    }
}
