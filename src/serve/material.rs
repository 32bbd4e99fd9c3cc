//! What a document is made of: items, their briefs, their publishers.

use std::collections::HashMap;

use super::stories::Taken;
use super::{Plan, publisher};
use crate::model::{Brief, BriefId, Channel, SourceId, Story};
use crate::publish::{Also, Entry, Publisher, also_reported};
use crate::store::{Store, StoreError};

/// Everything that a document says of some items.
pub struct Material {
    taken: Vec<Taken>,
    /// For each of them.
    also: Vec<Vec<Also>>,
    briefs: HashMap<BriefId, Brief>,
    publishers: HashMap<SourceId, Publisher>,
}

impl Material {
    /// Reads what belongs to the items of a channel.
    pub fn gather(
        store: &Store,
        plan: &Plan,
        channel: &Channel,
        mut taken: Vec<Taken>,
    ) -> Result<Self, StoreError> {
        if !channel.full_text {
            for Taken { story, .. } in &mut taken {
                story.article = None;
            }
        }
        let mut briefs: HashMap<BriefId, Brief> = HashMap::new();
        let mut publishers: HashMap<SourceId, Publisher> = HashMap::new();
        for Taken { story, others } in &taken {
            if let Some(id) = story.brief.as_ref().filter(|id| !briefs.contains_key(id)) {
                briefs.extend(store.brief(id)?.map(|stored| (id.clone(), stored.brief)));
            }
            for story in std::iter::once(story).chain(others) {
                if !publishers.contains_key(&story.source) {
                    let said = publisher_of(store, plan, &story.source)?;
                    publishers.insert(story.source.clone(), said);
                }
            }
        }
        let also_of = |others: &[Story]| -> Vec<Also> {
            let said = others.iter().filter_map(|story| {
                Some(also_reported(story, publishers.get(&story.source)?, &plan.site))
            });
            said.collect()
        };
        let also = taken.iter().map(|taken| also_of(&taken.others)).collect();
        Ok(Self { taken, also, briefs, publishers })
    }

    /// Returns the items as documents take them.
    pub fn entries<'m>(&'m self, plan: &Plan) -> Vec<Entry<'m>> {
        let entry = |(Taken { story, .. }, also): (&'m Taken, &'m Vec<Also>)| {
            let stored = story.brief.as_ref().and_then(|id| self.briefs.get(id));
            let brief = stored.or_else(|| plan.generated(story));
            Some(Entry { story, brief, publisher: self.publishers.get(&story.source)?, also })
        };
        self.taken.iter().zip(&self.also).filter_map(entry).collect()
    }
}

/// Returns what documents say of a source.
pub(super) fn publisher_of(
    store: &Store,
    plan: &Plan,
    id: &SourceId,
) -> Result<Publisher, StoreError> {
    let facts = store.state(id)?.map(|state| state.facts).unwrap_or_default();
    Ok(publisher(plan.source(id.as_str()), id.as_str(), &facts))
}
