//! Item ↔ brief: index, score, evidence.
//!
//! An item meets the stored brief of its story, with evidence; in doubt it abstains, because a
//! wrong brief is worse than a generated one. The order of decision is: pin → URL → guid →
//! (language gate) → excerpt → words → abstain, and a block holds against each of them but a
//! person's pin.
//!
//! Pure, and a function of the briefs alone: rarity comes from a table that ships with the
//! program, so a score does not depend on what else is stored. Item ↔ item (one story from
//! several publishers) is not here yet.

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
