//! Item ↔ brief and item ↔ item: index, score, evidence.
//!
//! An item meets the stored brief of its story, with evidence; in doubt it abstains, because a
//! wrong brief is worse than a generated one. The order of decision is: block → pin → URL or guid →
//! (language gate) → excerpt → words → abstain; a person's pin holds against a brief's own block.
//!
//! Pure, and a function of the briefs alone: rarity and weights come from tables that ship with
//! the program, so a score depends on the item, its candidates and those, and on no order of
//! arrival.

mod bag;
mod basis;
mod candidates;
mod decide;
mod entry;
mod evidence;
mod index;
mod pairs;
mod recent;
mod rulings;
mod score;
mod sets;
mod stories;
mod terms;
#[cfg(test)]
mod tiers;
mod weights;

pub use basis::Basis;
pub use decide::{Case, Explanation};
pub use index::Index;
pub use pairs::{PAIR, PairFeatures};
pub use recent::{Recent, Traits};
pub use rulings::Rulings;
pub use score::Features;
pub use stories::Kin;
pub use weights::{RANKING, STANDING, Weights};
