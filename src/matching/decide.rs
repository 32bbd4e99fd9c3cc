//! Which brief belongs to an item: the tiers in their order, and when to abstain.

use std::collections::{BTreeSet, HashSet};

use super::bag::ItemReading;
use super::basis::Basis;
use super::entry::{Entry, Kind, Quoted};
use super::evidence::Evidence;
use super::index::Index;
use super::rulings::Rulings;
use super::score::Features;
use super::sets::Slot;
use crate::model::{BriefId, Candidate, CanonicalUrl, Decision, ItemText, Method, Timestamp};

/// An item with fewer distinct words than this cannot be judged by them.
const LEAST_WORDS: usize = 4;
/// Two candidates this near to each other cannot be told apart.
const EPSILON: f64 = 0.05;
const MAX_PRINTED: usize = 10;
/// A quotation is proof, whatever the words around it say.
const QUOTED: f64 = 0.95;
/// What the words must say of a brief of which only a run is quoted.
const QUOTED_RUN: f64 = 0.45;
/// How much better another brief must be than an edited one that is on the item already.
const HYSTERESIS: f64 = 0.1;
/// What the dates can add to what the words say.
const DATED: f64 = 0.15;

/// What a decision is made by beside the item and the briefs.
#[derive(Debug, Clone, Copy)]
pub struct Case<'c> {
    /// People's word.
    pub rulings: &'c Rulings,
    /// What expiry is compared with.
    pub now: Timestamp,
    /// The brief that is on the item already: it stays when it expires.
    pub on: Option<&'c BriefId>,
    /// Whether that brief has just been edited: small changes of its words do not take it off.
    pub edited: bool,
}

impl<'c> Case<'c> {
    /// Returns the case of an item that has no brief yet.
    pub fn new(rulings: &'c Rulings, now: Timestamp) -> Self {
        Self { rulings, now, on: None, edited: false }
    }
}

/// What was compared for a decision, for people who ask why.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// The brief.
    pub brief: BriefId,
    /// What its score is made of.
    pub features: Features,
    /// Where it stands among the candidates.
    pub rank: f64,
    /// The score.
    pub score: f64,
}

/// A candidate and what its words say.
struct Scored<'x> {
    entry: &'x Entry,
    features: Features,
    rank: f64,
    score: f64,
    /// The score that the words alone give.
    undated: f64,
}

/// An item, read once for all tiers.
struct Asked<'i> {
    item: &'i ItemText,
    read: ItemReading<'i>,
    names: ItemNames,
    case: Case<'i>,
    ruled_out: HashSet<BriefId>,
}

impl<'i> Asked<'i> {
    fn rules_out(&self, entry: &Entry) -> bool {
        let stays = self.case.on == Some(&entry.id);
        self.ruled_out.contains(&entry.id) || !(stays || entry.may_match(self.case.now))
    }

    fn other_language(&self, entry: &Entry) -> bool {
        entry.other_language(self.read.bag.lang)
    }

    fn evidence(&self, entry: &Entry) -> Evidence<'i> {
        Evidence::of(self.item, &self.read, |stem, form| entry.says(stem, form))
    }
}

impl Index {
    /// Decides which brief belongs to an item, or abstains.
    pub fn decide(&self, item: &ItemText, case: &Case<'_>) -> Decision {
        let asked = self.ask(item, case);
        if let Some(certain) = self.pinned(&asked).or_else(|| self.by_identity(&asked)) {
            return certain;
        }
        let scored = self.scored(&asked);
        self.quoted(&asked, &scored).unwrap_or_else(|| self.by_words(&asked, &scored))
    }

    /// Returns what the words of an item say of its candidates, best first.
    pub fn explain(&self, item: &ItemText, case: &Case<'_>) -> Vec<Explanation> {
        let scored = self.scored(&self.ask(item, case));
        let told = scored.into_iter().map(|s| Explanation {
            brief: s.entry.id.clone(),
            features: s.features,
            rank: s.rank,
            score: s.score,
        });
        told.collect()
    }

    fn ask<'i>(&self, item: &'i ItemText, case: &Case<'i>) -> Asked<'i> {
        let names = ItemNames::of(item, &self.basis);
        let by_people = names.own().filter_map(|name| case.rulings.blocks.get(name)).flatten();
        let mut ruled_out: HashSet<BriefId> = by_people.cloned().collect();
        for slot in names.all().flat_map(|name| self.by_name.get(&Kind::Block.name(name))) {
            ruled_out.extend(self.entry(*slot).map(|entry| entry.id.clone()));
        }
        let read = ItemReading::of(item, self.basis.rarity);
        Asked { item, read, names, case: *case, ruled_out }
    }

    fn pinned(&self, asked: &Asked<'_>) -> Option<Decision> {
        let by_people = asked.names.own().find_map(|name| asked.case.rulings.pins.get(name));
        let by_people = by_people.filter(|brief| self.slot_of(brief).is_some());
        let by_itself = || {
            let named = asked.names.own().flat_map(|name| self.by_name.get(&Kind::Pin.name(name)));
            self.newest(asked, named.copied())
        };
        let brief = by_people.cloned().or_else(by_itself)?;
        Some(certain(brief, Method::Pin, asked.names.own().next().cloned()))
    }

    fn by_identity(&self, asked: &Asked<'_>) -> Option<Decision> {
        let at = |url: &CanonicalUrl| self.by_name.get(&Kind::Url.name(url.as_str()));
        let url = asked.item.link.as_deref().and_then(|link| self.basis.url(link));
        let at_url = url.as_ref().map(at).unwrap_or_default();
        if let Some(brief) = self.newest(asked, at_url.iter().copied()) {
            return Some(certain(brief, Method::Url, url.map(|url| url.as_str().to_owned())));
        }
        let guid = asked.item.guid.as_ref()?;
        // A guid is often the article's address.
        let at_article = self.basis.url(guid).as_ref().map(at).unwrap_or_default();
        let at_guid = self.by_name.get(&Kind::Guid.name(guid));
        let brief = self.newest(asked, at_guid.iter().chain(at_article).copied())?;
        Some(certain(brief, Method::Guid, Some(guid.clone())))
    }

    /// Finds a brief whose original post stands in the item.
    ///
    /// Most of the post is proof. Eight words in a row are one only on the brief that the words
    /// rank first: agencies and statistics use the same formulas week after week ("the number of
    /// Americans filing for first-time unemployment benefits").
    fn quoted(&self, asked: &Asked<'_>, scored: &[Scored<'_>]) -> Option<Decision> {
        let quotable = &asked.read.quotable;
        let near = quotable.marks.iter().flat_map(|mark| self.by_mark.get(mark)).copied();
        let near: BTreeSet<Slot> = near.collect();
        let near = near.iter().filter_map(|slot| self.entry(*slot));
        let most = near.chain(scored.iter().map(|s| s.entry)).filter(|entry| {
            !asked.other_language(entry) && entry.quoted_in(quotable) == Quoted::Most
        });
        let first = || {
            let first = scored.first().filter(|best| best.score >= QUOTED_RUN)?;
            let quoted = first.entry.quoted_in(quotable) == Quoted::Run;
            quoted.then(|| first.entry.id.clone())
        };
        let brief = Self::newest_of(asked, most).or_else(first)?;
        let entry = self.entry_of(&brief)?;
        let score = scored.iter().find(|s| s.entry.id == brief).map_or(0.0, |s| s.score);
        let score = score.max(QUOTED);
        Some(Decision {
            evidence: asked.evidence(entry).into_phrases(),
            candidates: vec![Candidate { brief: brief.clone(), score }],
            brief: Some(brief),
            score,
            method: Method::Excerpt,
        })
    }

    fn by_words(&self, asked: &Asked<'_>, scored: &[Scored<'_>]) -> Decision {
        let candidates: Vec<Candidate> = scored
            .iter()
            .take(MAX_PRINTED)
            .map(|s| Candidate { brief: s.entry.id.clone(), score: s.score })
            .collect();
        let Some(best) = scored.first() else {
            return Decision { method: self.why_none(asked), ..Decision::none() };
        };
        let undecided = Decision { score: best.score, candidates, ..Decision::none() };
        let (chosen, least) = match self.chosen(asked, scored) {
            Ok(chosen) => chosen,
            Err(method) => return Decision { method, ..undecided },
        };
        if chosen.score < least || chosen.undated < least - DATED {
            return undecided;
        }
        let evidence = asked.evidence(chosen.entry);
        if !evidence.is_enough() {
            return undecided;
        }
        Decision {
            brief: Some(chosen.entry.id.clone()),
            score: chosen.score,
            method: Method::Text,
            evidence: evidence.into_phrases(),
            ..undecided
        }
    }

    /// Chooses among candidates, with the score it must have; an error is that two are too near
    /// to each other.
    fn chosen<'s>(
        &self,
        asked: &Asked<'_>,
        scored: &'s [Scored<'s>],
    ) -> Result<(&'s Scored<'s>, f64), Method> {
        let best = scored.first().ok_or(Method::None)?;
        let on = asked.case.on.filter(|_| asked.case.edited);
        let standing = on.and_then(|on| scored.iter().find(|s| s.entry.id == *on));
        if let Some(standing) = standing.filter(|s| best.score - s.score < HYSTERESIS) {
            return Ok((standing, self.threshold - HYSTERESIS));
        }
        // Dates may move a score; of two that say the same they choose none.
        let is_near = |rival: &&Scored<'_>| {
            best.score - rival.score < EPSILON || best.features.says(&rival.features)
        };
        match scored.get(1).filter(is_near) {
            Some(rival) if best.score >= self.threshold => {
                let newer = newer_of_one_story(best, rival).ok_or(Method::Ambiguous)?;
                Ok((newer, self.threshold))
            }
            _ => Ok((best, self.threshold)),
        }
    }

    /// Scores the candidates of an item exactly, best first.
    fn scored(&self, asked: &Asked<'_>) -> Vec<Scored<'_>> {
        let bag = &asked.read.bag;
        if bag.words.len() < LEAST_WORDS {
            return Vec::new();
        }
        let mut ranked: Vec<(f64, &Entry, Features)> = Vec::new();
        for slot in self.candidates(bag) {
            let Some(entry) = self.entry(slot) else { continue };
            if asked.rules_out(entry) || asked.other_language(entry) {
                continue;
            }
            let features = Features::of(bag, entry, self.basis.weights);
            ranked.push((features.rank(self.basis.weights), entry, features));
        }
        ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.id.cmp(&b.1.id)));
        let rank_of = |at: usize| ranked.get(at).map_or(f64::MIN, |(rank, ..)| *rank);
        let usual = self.basis.weights.usual_rival;
        let (best, second) = (rank_of(0).max(usual), rank_of(1).max(usual));
        let undated = |features: &Features| features.undated().rank(self.basis.weights);
        let mut plain: Vec<f64> = ranked.iter().map(|(.., features)| undated(features)).collect();
        plain.sort_by(|a, b| b.total_cmp(a));
        let plain_of = |at: usize| plain.get(at).copied().unwrap_or(f64::MIN).max(usual);
        let mut scored: Vec<Scored<'_>> = Vec::with_capacity(ranked.len());
        for (at, (rank, entry, features)) in ranked.iter().enumerate() {
            let rival = if at == 0 { second } else { best };
            let score = features.score(*rank, rival, self.basis.weights);
            // None is surer than the one that ranks before it.
            let score = score.min(scored.last().map_or(1.0, |before| before.score));
            let alone = undated(features);
            let rival = if alone >= plain_of(0) { plain_of(1) } else { plain_of(0) };
            let undated = features.undated().score(alone, rival, self.basis.weights);
            scored.push(Scored { entry, features: *features, rank: *rank, score, undated });
        }
        scored
    }

    /// Returns why there is no candidate: blocked, in another language, or nothing alike.
    fn why_none(&self, asked: &Asked<'_>) -> Method {
        let alike = |entry: &&Entry| {
            let features = Features::of(&asked.read.bag, entry, self.basis.weights);
            let rank = features.rank(self.basis.weights);
            features.score(rank, self.basis.weights.usual_rival, self.basis.weights)
                >= self.threshold
        };
        let near = self.candidates(&asked.read.bag);
        let near = || near.iter().filter_map(|slot| self.entry(*slot)).filter(alike);
        if near().any(|entry| asked.ruled_out.contains(&entry.id)) {
            return Method::Blocked;
        }
        if near().any(|entry| asked.other_language(entry)) { Method::Lang } else { Method::None }
    }

    /// Returns the brief that was written last, among those that may match.
    fn newest(&self, asked: &Asked<'_>, slots: impl Iterator<Item = Slot>) -> Option<BriefId> {
        Self::newest_of(asked, slots.filter_map(|slot| self.entry(slot)))
    }

    fn newest_of<'e>(
        asked: &Asked<'_>,
        entries: impl Iterator<Item = &'e Entry>,
    ) -> Option<BriefId> {
        entries
            .filter(|entry| !asked.rules_out(entry))
            .max_by(|a, b| a.written.cmp(&b.written).then_with(|| b.id.cmp(&a.id)))
            .map(|entry| entry.id.clone())
    }
}

/// Returns the newer of two briefs that name one address.
fn newer_of_one_story<'s>(a: &'s Scored<'s>, b: &'s Scored<'s>) -> Option<&'s Scored<'s>> {
    let urls = |s: &'s Scored<'_>| s.entry.names.iter().filter(|name| Kind::Url.is_of(**name));
    let one = urls(a).any(|url| b.entry.names.contains(url));
    one.then_some(if b.entry.written > a.entry.written { b } else { a })
}

fn certain(brief: BriefId, method: Method, evidence: Option<String>) -> Decision {
    Decision {
        candidates: vec![Candidate { brief: brief.clone(), score: 1.0 }],
        brief: Some(brief),
        score: 1.0,
        method,
        evidence: evidence.into_iter().collect(),
    }
}

/// The names that a pin or a block can call an item by.
#[derive(Debug)]
struct ItemNames {
    own: Vec<String>,
    source: Option<String>,
}

impl ItemNames {
    fn of(item: &ItemText, basis: &Basis) -> Self {
        let named = [Some(&item.item), item.link.as_ref(), item.guid.as_ref()];
        let own = named.into_iter().flatten().map(|name| basis.key(name)).collect();
        Self { own, source: item.source.as_ref().map(ToString::to_string) }
    }

    fn own(&self) -> impl Iterator<Item = &String> {
        self.own.iter()
    }

    fn all(&self) -> impl Iterator<Item = &String> {
        self.own.iter().chain(&self.source)
    }
}
