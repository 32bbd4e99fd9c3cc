//! What was corrected on an item that subscribers had seen.

use super::{Brief, Placement, Story, Timestamp};

/// The last correction of an item; printed on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Correction {
    /// When it was made.
    pub at: Timestamp,
    /// What differs, in the order of the sections, each once; never empty.
    pub sections: Vec<Section>,
}

/// A part of an item that can be corrected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Section {
    /// The headline.
    Title,
    /// *Summary*
    Summary,
    /// *What This Means for You*
    Points,
    /// *Original Post*
    OriginalPost,
    /// *Extra Information*
    Further,
    /// *People Also Ask*
    Questions,
    /// *Expert Opinion*
    Opinion,
    /// *Key Terms*
    KeyTerms,
    /// *Original Source*
    Source,
}

impl Section {
    /// All of them, in their order.
    pub const ALL: [Self; 9] = [
        Self::Title,
        Self::Summary,
        Self::Points,
        Self::OriginalPost,
        Self::Further,
        Self::Questions,
        Self::Opinion,
        Self::KeyTerms,
        Self::Source,
    ];

    /// Returns the word that programs read and the store writes.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Title => "title",
            Self::Summary => "summary",
            Self::Points => "points",
            Self::OriginalPost => "original-post",
            Self::Further => "further",
            Self::Questions => "questions",
            Self::Opinion => "opinion",
            Self::KeyTerms => "key-terms",
            Self::Source => "source",
        }
    }

    /// Reads the word that [`Section::as_str`] gives.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|section| section.as_str() == word)
    }

    /// Returns the sections by which two versions of a brief differ.
    pub fn differing(before: &Brief, after: &Brief) -> Vec<Self> {
        let differs = |section: &Self| match section {
            // A brief's title is not shown: an item has its publisher's.
            Self::Title => false,
            Self::Summary => before.summary != after.summary,
            Self::Points => before.points != after.points,
            Self::OriginalPost => before.original_post != after.original_post,
            Self::Further => before.further != after.further,
            Self::Questions => before.questions != after.questions,
            Self::Opinion => before.opinion != after.opinion,
            Self::KeyTerms => before.key_terms != after.key_terms,
            Self::Source => before.source_url != after.source_url,
        };
        Self::ALL.into_iter().filter(differs).collect()
    }
}

impl Story {
    /// Notes what has changed since subscribers saw the version `seen`; `edited` is what of its
    /// stored brief has.
    ///
    /// That an item gets its first brief is no correction, nor is anything while nobody sees it.
    pub fn corrected(&mut self, seen: &Self, edited: &[Section], at: Timestamp) {
        self.correction.clone_from(&seen.correction);
        if !matches!(seen.placement, Placement::Shown(_)) {
            return;
        }
        let texts = |story: &Self| (story.html.clone(), story.lead.clone());
        let terms = |story: &Self| -> Vec<String> {
            story.key_terms.iter().map(|term| term.term.clone()).collect()
        };
        let has_other_brief = seen.brief.is_some() && seen.brief != self.brief;
        let is_extracted = seen.brief.is_none() && self.brief.is_none();
        let differs = |section: &Section| match section {
            Section::Title => self.title != seen.title,
            Section::OriginalPost => texts(self) != texts(seen),
            Section::Summary => has_other_brief || (is_extracted && self.summary != seen.summary),
            Section::KeyTerms => has_other_brief || (is_extracted && terms(self) != terms(seen)),
            _ => false,
        };
        let is_in = |section: &Section| edited.contains(section) || differs(section);
        let sections: Vec<Section> = Section::ALL.into_iter().filter(is_in).collect();
        if !sections.is_empty() {
            self.correction = Some(Correction { at, sections });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{BriefId, ItemId};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_timestamp(second, 0).unwrap()
    }

    fn seen() -> Story {
        Story { title: "A".to_owned(), ..Story::blank(ItemId(1), "1", at(1)) }
    }

    #[track_caller]
    fn check(seen: &Story, now: &Story, edited: &[Section], expected: &[Section]) {
        let mut story = now.clone();
        story.corrected(seen, edited, at(9));
        let sections = story.correction.map(|correction| correction.sections).unwrap_or_default();
        assert_eq!(sections, expected);
    }

    #[test]
    fn what_differs_of_what_was_seen_is_a_correction() {
        let edited = Story { title: "B".to_owned(), ..seen() };
        check(&seen(), &edited, &[], &[Section::Title]);
        let text = Story { html: "<p>x</p>".to_owned(), summary: vec!["x".to_owned()], ..seen() };
        check(&seen(), &text, &[], &[Section::Summary, Section::OriginalPost]);
        check(&seen(), &seen(), &[], &[]);
        let hidden = Story { placement: Placement::Held, ..seen() };
        check(&hidden, &edited, &[], &[]);
    }

    #[test]
    fn a_first_brief_is_no_correction_and_another_one_or_none_is() {
        let with = |id: &str| Story { brief: Some(BriefId::new(id).unwrap()), ..seen() };
        check(&seen(), &with("a"), &[], &[]);
        let other = [Section::Summary, Section::KeyTerms];
        check(&with("a"), &with("b"), &[], &other);
        check(&with("a"), &seen(), &[], &other);
        check(&with("a"), &with("a"), &[Section::Questions], &[Section::Questions]);
        let text = Story { summary: vec!["x".to_owned()], ..with("a") };
        check(&with("a"), &text, &[], &[]);
    }

    #[test]
    fn the_last_correction_stays_until_there_is_another() {
        let corrected =
            Correction { at: at(5), sections: vec![Section::Summary, Section::KeyTerms] };
        let before = Story { correction: Some(corrected.clone()), ..seen() };
        let mut story = seen();
        story.corrected(&before, &[], at(9));
        assert_eq!(story.correction, Some(corrected));
    }

    #[test]
    fn versions_of_a_brief_are_told_apart_by_their_sections() {
        let brief = Brief::new(BriefId::new("b").unwrap(), "T", "S");
        let after = Brief {
            title: "Other".to_owned(),
            key_terms: vec!["t".to_owned()],
            summary: "New".to_owned(),
            urls: vec!["https://example.org/".to_owned()],
            ..brief.clone()
        };
        let differing = Section::differing(&brief, &after);
        assert_eq!(differing, [Section::Summary, Section::KeyTerms]);
        for section in Section::ALL {
            assert_eq!(Section::parse(section.as_str()), Some(section));
        }
    }
}
