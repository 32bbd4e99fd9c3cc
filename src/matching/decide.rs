//! Which brief belongs to an item: the tiers in their order, and when to abstain.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::entry::{Entry, ItemNames, ItemRuns};
use super::evidence::evidence;
use super::index::Index;
use super::rulings::Rulings;
use super::score::{Features, ItemBags, USUAL_RIVAL};
use super::terms::{Bag, RARE, Term, terms};
use crate::model::{BriefId, Candidate, CanonicalUrl, Decision, ItemText, Method, Timestamp};
use crate::text::words;

/// Words of an item's lead that are compared; more only dilute.
const LEAD_WORDS: usize = 90;
/// Candidates that are scored exactly.
const MAX_CANDIDATES: usize = 60;
/// Briefs that a word is looked up in before commoner words are left out.
const POSTING_BUDGET: usize = 20_000;
/// An item with fewer distinct words than this cannot be judged by them.
const LEAST_WORDS: usize = 4;
/// Two candidates this near to each other cannot be told apart.
const EPSILON: f64 = 0.05;
const MAX_PRINTED: usize = 10;
/// A quotation is proof, whatever the words around it say.
const QUOTED: f64 = 0.95;

/// What was compared for a decision, for people who ask why.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// The brief.
    pub brief: BriefId,
    /// What its score is made of.
    pub features: Features,
    /// The score.
    pub score: f64,
}

/// An item, read once for all tiers.
struct Asked<'i> {
    item: &'i ItemText,
    text: &'i str,
    terms: Vec<Term<'i>>,
    bags: ItemBags,
    names: ItemNames,
    now: Timestamp,
    ruled_out: HashSet<BriefId>,
}

impl Asked<'_> {
    fn rules_out(&self, entry: &Entry) -> bool {
        self.ruled_out.contains(&entry.id) || !entry.may_match(self.now)
    }
}

impl Index {
    /// Decides which brief belongs to an item, or abstains.
    pub fn decide(&self, item: &ItemText, rulings: &Rulings, now: Timestamp) -> Decision {
        let text = joined(item);
        let asked = self.ask((item, &text), rulings, now);
        if let Some(decision) = self.pinned(&asked, rulings) {
            return decision;
        }
        if let Some(decision) = self.by_identity(&asked) {
            return decision;
        }
        if let Some(decision) = self.quoted(&asked) {
            return decision;
        }
        self.by_words(&asked)
    }

    /// Returns what the words of an item say of its best candidates, best first.
    pub fn explain(&self, item: &ItemText, rulings: &Rulings, now: Timestamp) -> Vec<Explanation> {
        let text = joined(item);
        self.scored(&self.ask((item, &text), rulings, now))
    }

    fn ask<'i>(
        &self,
        (item, text): (&'i ItemText, &'i str),
        rulings: &Rulings,
        now: Timestamp,
    ) -> Asked<'i> {
        let names = ItemNames::of(item);
        let by_people = names.own().filter_map(|name| rulings.blocks.get(name)).flatten();
        let by_themselves = names.all().filter_map(|name| self.by_block.get(name)).flatten();
        let ruled_out = by_people.chain(by_themselves).cloned().collect();
        let title_words = words(&item.title).len();
        let terms = terms(text, item.lang.as_deref(), title_words + LEAD_WORDS);
        let title: Vec<Term<'_>> =
            terms.iter().copied().filter(|t| t.word.end() <= item.title.len()).collect();
        let bags =
            ItemBags { title: Bag::of(&title), all: Bag::of(&terms), published: item.published };
        Asked { item, text, terms, bags, names, now, ruled_out }
    }

    fn pinned(&self, asked: &Asked<'_>, rulings: &Rulings) -> Option<Decision> {
        let by_people = asked.names.own().find_map(|name| rulings.pins.get(name));
        let by_people = by_people.filter(|brief| self.entries.contains_key(brief));
        let by_itself = || {
            let named = asked.names.own().filter_map(|name| self.by_pin.get(name)).flatten();
            self.newest(asked, named)
        };
        let brief = by_people.cloned().or_else(by_itself)?;
        Some(certain(brief, Method::Pin, asked.names.own().next().cloned()))
    }

    fn by_identity(&self, asked: &Asked<'_>) -> Option<Decision> {
        let url = asked.item.link.as_deref().and_then(CanonicalUrl::parse);
        let at_url = url.as_ref().and_then(|url| self.by_url.get(url));
        if let Some(brief) = self.newest(asked, at_url.into_iter().flatten()) {
            return Some(certain(brief, Method::Url, url.map(|url| url.as_str().to_owned())));
        }
        let guid = asked.item.guid.as_ref()?;
        // A guid is often the article's address.
        let article = CanonicalUrl::parse(guid);
        let at_guid = self.by_guid.get(guid).into_iter().flatten();
        let at_article =
            article.as_ref().and_then(|url| self.by_url.get(url)).into_iter().flatten();
        let brief = self.newest(asked, at_guid.chain(at_article))?;
        Some(certain(brief, Method::Guid, Some(guid.clone())))
    }

    fn quoted(&self, asked: &Asked<'_>) -> Option<Decision> {
        let runs = ItemRuns::of(asked.item);
        let near = runs.long.iter().filter_map(|run| self.by_run.get(run)).flatten();
        let mut found: BTreeSet<&BriefId> = near.collect();
        found.extend(self.candidates(&asked.bags.all));
        let quoted = found.into_iter().filter(|id| {
            self.entries.get(*id).is_some_and(|e| !e.other_language(asked.item) && e.quotes(&runs))
        });
        let brief = self.newest(asked, quoted)?;
        let entry = self.entries.get(&brief)?;
        let evidence = evidence(asked.text, &asked.terms, &entry.all);
        let score = Features::of(&asked.bags, entry).score().max(QUOTED);
        Some(Decision {
            evidence,
            candidates: vec![Candidate { brief: brief.clone(), score }],
            brief: Some(brief),
            score,
            method: Method::Excerpt,
        })
    }

    fn by_words(&self, asked: &Asked<'_>) -> Decision {
        let scored = self.scored(asked);
        let candidates: Vec<Candidate> = scored
            .iter()
            .take(MAX_PRINTED)
            .map(|e| Candidate { brief: e.brief.clone(), score: e.score })
            .collect();
        let Some(best) = scored.first() else {
            return Decision { method: self.why_none(asked), ..Decision::none() };
        };
        let undecided = Decision { score: best.score, candidates, ..Decision::none() };
        if best.score < self.threshold {
            return undecided;
        }
        let rival = scored.get(1).filter(|rival| best.score - rival.score < EPSILON);
        let chosen = match rival {
            Some(rival) => match self.newer_of_one_story(&best.brief, &rival.brief) {
                Some(newer) => newer,
                None => return Decision { method: Method::Ambiguous, ..undecided },
            },
            None => &best.brief,
        };
        let Some(entry) = self.entries.get(chosen) else { return undecided };
        let evidence = evidence(asked.text, &asked.terms, &entry.all);
        let is_rare = |t: &Term<'_>| t.rarity >= RARE && entry.all.stems.contains_key(&t.stem);
        let rare = asked.terms.iter().any(is_rare);
        if evidence.len() < 2 || !rare {
            return undecided;
        }
        Decision { brief: Some(chosen.clone()), method: Method::Text, evidence, ..undecided }
    }

    /// Scores the candidates of an item exactly, best first.
    fn scored(&self, asked: &Asked<'_>) -> Vec<Explanation> {
        let bags = &asked.bags;
        if bags.all.stems.len() < LEAST_WORDS {
            return Vec::new();
        }
        let mut ranked: Vec<(f64, &BriefId, Features)> = Vec::new();
        for id in self.candidates(&bags.all) {
            let Some(entry) = self.entries.get(id) else { continue };
            if asked.rules_out(entry) || entry.other_language(asked.item) {
                continue;
            }
            let features = Features::of(bags, entry);
            ranked.push((features.rank(), id, features));
        }
        ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
        let best = ranked.first().map_or(0.0, |(rank, ..)| *rank);
        let second = ranked.get(1).map_or(0.0, |(rank, ..)| *rank).max(USUAL_RIVAL);
        let mut scored = Vec::new();
        for (rank, id, mut features) in ranked {
            let rival = if rank >= best { second } else { best };
            features.gap = ((rank - rival) / rank.max(1e-9)).clamp(0.0, 1.0);
            let score = features.score();
            scored.push(Explanation { brief: id.clone(), features, score });
        }
        scored
    }

    /// Returns the briefs that share most with an item, rare words first until the budget is
    /// spent; at most 60.
    fn candidates(&self, item: &Bag) -> Vec<&BriefId> {
        let mut shared: HashMap<&BriefId, f64> = HashMap::new();
        let mut budget = POSTING_BUDGET;
        for (stem, rarity) in item.rarest_first() {
            let Some(briefs) = self.by_stem.get(&stem) else { continue };
            if briefs.len() > budget {
                break;
            }
            budget -= briefs.len();
            for brief in briefs {
                *shared.entry(brief).or_default() += rarity;
            }
        }
        let mut best: Vec<(&BriefId, f64)> = shared.into_iter().collect();
        best.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(b.0)));
        best.into_iter().take(MAX_CANDIDATES).map(|(brief, _)| brief).collect()
    }

    /// Returns the brief that was written last, among those that may match.
    fn newest<'b>(
        &self,
        asked: &Asked<'_>,
        briefs: impl Iterator<Item = &'b BriefId>,
    ) -> Option<BriefId> {
        briefs
            .filter_map(|id| self.entries.get(id))
            .filter(|entry| !asked.rules_out(entry))
            .max_by(|a, b| a.written.cmp(&b.written).then_with(|| b.id.cmp(&a.id)))
            .map(|entry| entry.id.clone())
    }

    /// Returns the newer of two briefs that name one address.
    fn newer_of_one_story<'b>(&'b self, a: &BriefId, b: &BriefId) -> Option<&'b BriefId> {
        let (a, b) = (self.entries.get(a)?, self.entries.get(b)?);
        let one = a.urls.iter().any(|url| b.urls.contains(url));
        one.then_some(if b.written > a.written { &b.id } else { &a.id })
    }

    /// Returns why there is no candidate: blocked, in another language, or nothing alike.
    fn why_none(&self, asked: &Asked<'_>) -> Method {
        let alike = |entry: &&Entry| Features::of(&asked.bags, entry).score() >= self.threshold;
        let near = self.candidates(&asked.bags.all);
        let near = || near.iter().filter_map(|id| self.entries.get(*id)).filter(alike);
        if near().any(|entry| asked.ruled_out.contains(&entry.id)) {
            return Method::Blocked;
        }
        if near().any(|entry| entry.other_language(asked.item)) {
            Method::Lang
        } else {
            Method::None
        }
    }
}

fn joined(item: &ItemText) -> String {
    format!("{}\n{}", item.title, item.lead)
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
