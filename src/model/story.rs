//! An item as the store holds it: what was published, what we decided, and what we made of it.

use super::{
    Asked, Brief, BriefId, Correction, Enclosure, Generated, ItemId, KeyTerm, Method, Person,
    SourceId, Thumbnail, Timestamp,
};

/// A stored item.
#[derive(Debug, Clone, PartialEq)]
pub struct Story {
    /// Minted at first sight.
    pub id: ItemId,
    /// Where it comes from.
    pub source: SourceId,
    /// The publisher's identifier, or the one that `parse` generated.
    pub guid: String,
    /// Plain text; may be empty.
    pub title: String,
    /// The article.
    pub url: Option<String>,
    /// Sanitised HTML: the longer of content and summary.
    pub html: String,
    /// Sanitised HTML of the publisher's lead, where it differs from `html`.
    pub lead: Option<String>,
    /// Sanitised HTML of the article itself, where `full_text` has brought it.
    pub article: Option<String>,
    /// BCP 47, as published or detected.
    pub lang: Option<String>,
    /// Who wrote it.
    pub authors: Vec<Person>,
    /// The publisher's categories.
    pub categories: Vec<String>,
    /// Attached media.
    pub enclosures: Vec<Enclosure>,
    /// A small picture.
    pub thumbnail: Option<Thumbnail>,
    /// The item's own picture.
    pub image: Option<String>,
    /// The address of its comments.
    pub comments: Option<String>,
    /// Plain text.
    pub rights: Option<String>,
    /// `itunes:duration`, in seconds.
    pub duration: Option<u32>,
    /// When the publisher says it was edited.
    pub updated: Option<Timestamp>,
    /// The publisher's date, clamped to first seen; never moved.
    pub published: Timestamp,
    /// When we first saw it.
    pub first_seen: Timestamp,
    /// When what we publish of it last changed.
    pub changed: Timestamp,
    /// xxh3-128 of everything the publisher said of it.
    pub content: u128,
    /// Whether, and since when, subscribers see it.
    pub placement: Placement,
    /// What was corrected last of what subscribers had seen.
    pub correction: Option<Correction>,
    /// The brief that matching chose.
    pub brief: Option<BriefId>,
    /// How the choice was made.
    pub method: Method,
    /// 0..=1.
    pub score: f64,
    /// What stands in both texts.
    pub evidence: Vec<String>,
    /// Sentences of the source, verbatim: the extracted summary.
    pub summary: Vec<String>,
    /// The extracted key terms, best first.
    pub key_terms: Vec<KeyTerm>,
    /// What a language model made of the text as it is.
    pub generated: Option<Generated>,
    /// Its place in the queue, while a language model is to be asked.
    pub asked: Option<Asked>,
    /// The item that told this story first; `None` where this one did, or nobody else tells it.
    pub leader: Option<ItemId>,
    /// On the item that told it first: those that joined, in the order they did, at most
    /// [`Story::MAX_FOLLOWERS`].
    ///
    /// A store rebuilt from the journal alone knows neither these nor `leader`: its items stand
    /// alone until further ones join them.
    pub followers: Vec<ItemId>,
}

impl Story {
    /// As many items join one story; a later one stands alone.
    pub const MAX_FOLLOWERS: usize = 30;

    /// Lets a later item join the story that this one told first, and returns whether it has.
    ///
    /// It has not, and neither item is changed, where this one follows another itself, the later
    /// one belongs to a story already, or the story is full.
    pub fn admit(&mut self, later: &mut Self) -> bool {
        let is_free = later.leader.is_none() && later.followers.is_empty() && later.id != self.id;
        if self.leader.is_some() || !is_free || self.followers.len() >= Self::MAX_FOLLOWERS {
            return false;
        }
        later.leader = Some(self.id);
        self.followers.retain(|id| *id != later.id);
        self.followers.push(later.id);
        true
    }

    /// Returns a shown item that says nothing, for tests to fill in.
    #[cfg(test)]
    pub(crate) fn blank(id: ItemId, guid: &str, at: Timestamp) -> Self {
        Self {
            id,
            source: SourceId::new("s").expect("an id"),
            guid: guid.to_owned(),
            title: String::new(),
            url: None,
            html: String::new(),
            lead: None,
            article: None,
            lang: None,
            authors: Vec::new(),
            categories: Vec::new(),
            enclosures: Vec::new(),
            thumbnail: None,
            image: None,
            comments: None,
            rights: None,
            duration: None,
            updated: None,
            published: at,
            first_seen: at,
            changed: at,
            content: 0,
            placement: Placement::Shown(at),
            correction: None,
            brief: None,
            method: Method::None,
            score: 0.0,
            evidence: Vec::new(),
            summary: Vec::new(),
            key_terms: Vec::new(),
            generated: None,
            asked: None,
            leader: None,
            followers: Vec::new(),
        }
    }

    /// Returns since when subscribers see it, if they do.
    pub fn shown_since(&self) -> Option<Timestamp> {
        match self.placement {
            Placement::Shown(since) => Some(since),
            Placement::Held | Placement::Waiting(_) => None,
        }
    }

    /// Keeps the place in a story that the stored version of this item has.
    pub fn stay_in_story(&mut self, stored: &Self) {
        self.leader = stored.leader;
        self.followers.clone_from(&stored.followers);
    }

    /// Keeps the order of the key terms that the stored version has as well: `FreshRSS` takes
    /// another order of the same categories for an edit.
    pub fn keep_order_of_terms(&mut self, stored: &Self) {
        let place = |term: &KeyTerm| stored.key_terms.iter().position(|t| t.term == term.term);
        let mut known: Vec<(usize, KeyTerm)> =
            self.key_terms.iter().filter_map(|term| Some((place(term)?, term.clone()))).collect();
        known.sort_by_key(|(place, _)| *place);
        let mut known = known.into_iter().map(|(_, term)| term);
        for term in &mut self.key_terms {
            if place(term).is_some()
                && let Some(next) = known.next()
            {
                *term = next;
            }
        }
    }

    /// Keeps what a language model made of the stored version, and its place in the queue, while the
    /// text stands.
    pub fn keep_generated(&mut self, stored: &Self) {
        if self.has_text_of(stored) {
            self.generated.clone_from(&stored.generated);
            self.asked = stored.asked;
        }
    }

    /// Returns the brief that a language model made, where none is stored.
    pub fn generated_brief(&self) -> Option<&Brief> {
        let generated = self.generated.as_ref().filter(|_| self.brief.is_none())?;
        generated.brief.as_deref().ok()
    }

    /// Returns whether another version of the item has the same text.
    pub fn has_text_of(&self, other: &Self) -> bool {
        (&self.title, &self.html, &self.lead, &self.article, &self.lang)
            == (&other.title, &other.html, &other.lead, &other.article, &other.lang)
    }
}

/// Whether subscribers see an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placement {
    /// Stored, and not published: beyond `first` on a source's first poll, or a duplicate.
    Held,
    /// Waits for a brief until then.
    Waiting(Timestamp),
    /// In its channels since then.
    Shown(Timestamp),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn story(number: u128) -> Story {
        Story::blank(ItemId(number), &number.to_string(), Timestamp::default())
    }

    #[test]
    fn terms_that_stay_keep_their_order() {
        let with = |words: &[&str]| {
            let term = |word: &&str| KeyTerm { term: (*word).to_owned(), score: 0.5 };
            Story { key_terms: words.iter().map(term).collect(), ..story(1) }
        };
        let check = |stored: &[&str], now: &[&str], expected: &[&str]| {
            let mut story = with(now);
            story.keep_order_of_terms(&with(stored));
            assert_eq!(story.key_terms, with(expected).key_terms);
        };
        check(&["a", "b", "c"], &["c", "a", "b"], &["a", "b", "c"]);
        check(&["a", "b", "c"], &["c", "x", "a"], &["a", "x", "c"]);
        check(&[], &["b", "a"], &["b", "a"]);
    }

    #[test]
    fn later_items_join_the_first_in_their_order_and_up_to_a_bound() {
        let (mut first, mut follower) = (story(1), story(2));
        assert!(first.admit(&mut follower));
        assert_eq!((first.leader, follower.leader), (None, Some(ItemId(1))));
        assert!(!first.admit(&mut follower), "it is in already");
        assert!(!follower.admit(&mut story(3)), "stories have no chains");
        assert!(!story(4).admit(&mut first), "a story that others joined joins no other");
        assert!(!story(5).admit(&mut story(5)), "nor any item itself");
        for number in 3..100 {
            first.admit(&mut story(number));
        }
        assert_eq!(first.followers, (2..32).map(ItemId).collect::<Vec<_>>());
        let mut late = story(100);
        assert!(!first.admit(&mut late));
        assert_eq!(late.leader, None, "it stands alone");
    }
}
