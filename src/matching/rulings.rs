//! People's word on which item has which brief.

use std::collections::{HashMap, HashSet};

use crate::model::BriefId;

/// People's word on which item has which brief, beside what the briefs say themselves.
#[derive(Debug, Default)]
pub struct Rulings {
    pub(super) pins: HashMap<String, BriefId>,
    pub(super) blocks: HashMap<String, HashSet<BriefId>>,
}

impl Rulings {
    /// Records a pin (`Some(true)`), a block (`Some(false)`), or takes both back.
    pub fn set(&mut self, item: &str, brief: &BriefId, pinned: Option<bool>) {
        if let Some(blocks) = self.blocks.get_mut(item) {
            blocks.remove(brief);
        }
        if self.pins.get(item) == Some(brief) {
            self.pins.remove(item);
        }
        match pinned {
            Some(true) => {
                self.pins.insert(item.to_owned(), brief.clone());
            }
            Some(false) => {
                self.blocks.entry(item.to_owned()).or_default().insert(brief.clone());
            }
            None => {}
        }
    }

    /// Returns whether an item is pinned to a brief (`Some(true)`) or blocked from it.
    pub fn get(&self, item: &str, brief: &BriefId) -> Option<bool> {
        if self.pins.get(item) == Some(brief) {
            return Some(true);
        }
        self.blocks.get(item).is_some_and(|blocks| blocks.contains(brief)).then_some(false)
    }
}
