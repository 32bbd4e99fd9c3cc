//! Which briefs are worth a closer look: a sum over postings, rare words first.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::bag::Bag;
use super::index::Index;
use super::sets::Slot;
use super::terms::FINDS;
use crate::model::BriefId;

/// Candidates that are scored exactly.
const MAX_CANDIDATES: usize = 60;
/// How much of all briefs the words of an item may lead to, by the frozen table: the sum of the
/// shares of texts that they stand in. Commoner words are left out then.
const BUDGET: f64 = 0.5;

impl Index {
    /// Returns the briefs that share most with an item, at most 60, most alike first.
    ///
    /// Which words are looked up depends on the item and the table alone, never on what else is
    /// stored, so that a brief is a candidate or not in whatever order things came.
    pub(super) fn candidates(&self, item: &Bag) -> Vec<Slot> {
        let mut shared: Vec<u16> = vec![0; self.entries.len()];
        let mut spent = 0.0;
        for word in item.rarest_first() {
            if word.rarity < FINDS || spent > BUDGET {
                break;
            }
            spent += share(word.rarity);
            for slot in self.by_stem.get(&word.stem) {
                if let Some(sum) = usize::try_from(*slot).ok().and_then(|at| shared.get_mut(at)) {
                    *sum = sum.saturating_add(u16::from(word.rarity));
                }
            }
        }
        // The worst on top; among equals the order of the ids, which no arrival changes.
        let mut best: BinaryHeap<Reverse<(u16, Reverse<&BriefId>, Slot)>> = BinaryHeap::new();
        let mut least = 1;
        for (slot, sum) in (0..).zip(&shared) {
            if *sum < least {
                continue;
            }
            let Some(entry) = self.entry(slot) else { continue };
            best.push(Reverse((*sum, Reverse(&entry.id), slot)));
            if best.len() > MAX_CANDIDATES {
                best.pop();
                least = best.peek().map_or(1, |Reverse((sum, ..))| *sum);
            }
        }
        best.into_sorted_vec().into_iter().map(|Reverse((.., slot))| slot).collect()
    }
}

/// Returns the share of texts that a word of a rarity stands in.
fn share(rarity: u8) -> f64 {
    libm::exp(-f64::from(rarity) / 16.0)
}
